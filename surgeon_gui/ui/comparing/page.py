"""The page that compares: before and after side by side, or both as one; the changes listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas_menu import show_canvas_menu
from surgeon_gui.ui.chooser import OPEN_FILTERS, PathChooser
from surgeon_gui.ui.comparing.bar import MERGED, SIDES, CompareBar
from surgeon_gui.ui.comparing.changes import Change, ChangesPanel
from surgeon_gui.ui.comparing.facts import change_facts, namespace_facts, whole_facts
from surgeon_gui.ui.comparing.link import CanvasLink
from surgeon_gui.ui.comparing.notice import Notice
from surgeon_gui.ui.comparing.sources import (
    PRESENT,
    Source,
    file_source,
    graph_of,
    revision_source,
    sources_of,
)
from surgeon_gui.ui.comparing.work import (
    Compared,
    Drawing,
    compare,
    draw_merged,
    draw_sides,
    statuses,
)
from surgeon_gui.ui.facts import Fact
from surgeon_gui.ui.panels.message import ErrorPage
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme

_LIST_WIDTH = 230


class ComparePage(QWidget):
    """Compares a state of the document or a file with another.

    Args:
        session: whose document is compared.
        theme: the colours.
        chooser: asks for files.
        folder: where it begins to ask.

    Signals:
        inspected(str, object): what the inspector is to say: a word for its title and the facts;
            None where it may go back to the graph's selection.
        followed(str): the user wants to see this item in the graph.
        compared(): another comparison is shown, or none.
    """

    inspected = Signal(str, object)
    followed = Signal(str)
    compared = Signal()

    def __init__(
        self,
        session: Session,
        theme: Theme,
        chooser: PathChooser,
        folder: Callable[[], str],
    ) -> None:
        super().__init__()
        self.setAccessibleName("Compare")
        self._session, self._chooser, self._folder = session, chooser, folder
        self._files: list[Path] = []
        self._found: Compared | None = None
        self._is_stale = True
        self._drawn: object = None
        self._pending: list[tuple[GraphCanvas, Drawing, str, list[str] | None]] = []
        self.bar = CompareBar(theme)
        self.changes = ChangesPanel(theme)
        self.before, self.after, self.merged = (_canvas(theme, name) for name in _NAMES)
        self.link = CanvasLink(self.before, self.after)
        self.sides = QSplitter()
        self.sides.setChildrenCollapsible(False)
        for canvas in (self.before, self.after):
            self.sides.addWidget(canvas)
        self.notice = Notice(theme)
        self.error = ErrorPage(
            theme, [("Another file…", self._ask_again), ("Try again", self.refresh)]
        )
        self.stack = QStackedWidget()
        for page in (self.notice, self.error, self.sides, self.merged):
            self.stack.addWidget(page)
        self.body = QSplitter()
        self.body.setChildrenCollapsible(False)
        self.body.addWidget(self.changes)
        self.body.addWidget(self.stack)
        self.body.setStretchFactor(1, 1)
        self.body.setSizes([_LIST_WIDTH, 4 * _LIST_WIDTH])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.body, 1)
        self.bar.sources_changed.connect(self.refresh)
        self.bar.file_requested.connect(self._ask_file)
        self.bar.mode_changed.connect(lambda _mode: self._draw())
        self.bar.part_changed.connect(self._draw)
        self.bar.linked_changed.connect(self.link.set_scrolls)
        self.bar.stepped.connect(self.changes.step)
        self.changes.chosen.connect(self.show_change)
        self.changes.activated.connect(self.followed)
        for canvas in (self.before, self.after, self.merged):
            canvas.selection_changed.connect(
                lambda names, canvas=canvas: self._selected(canvas, names)
            )
            canvas.activated.connect(
                lambda name, it=canvas: self.followed.emit(self._now(it, name))
            )
            canvas.context_menu_requested.connect(
                lambda item, place, canvas=canvas: self._show_menu(canvas, item, place)
            )
        session.opened.connect(self._opened)
        session.changed.connect(lambda _change: self._changed())
        self._opened()

    def set_theme(self, theme: Theme) -> None:
        parts = (self.bar, self.changes, self.before, self.after, self.merged)
        for part in (*parts, self.notice, self.error):
            part.set_theme(theme)

    # What is compared

    def compare_with(self, before: Source, after: Source = PRESENT) -> None:
        """Compare two sources."""
        for source in (before, after):
            if source.path is not None and source.path not in self._files:
                self._files.append(source.path)
        self._offer(before, after)
        self.refresh()

    def compare_file(self, path: Path, *, after: bool = False) -> None:
        """Compare a file with the present state, as what was before unless told."""
        source = file_source(path)
        if after:
            self.compare_with(PRESENT, source)
        else:
            self.compare_with(source)

    def compare_step(self, index: int) -> None:
        """Compare a state of the document with the one before it."""
        document = self._session.document
        if document is not None and 0 < index < len(document.revisions):
            before, after = document.revisions[index - 1 : index + 1]
            self.compare_with(revision_source(document, before), revision_source(document, after))

    def found(self) -> Compared | None:
        """The comparison shown; None while there is none."""
        return self._found

    def is_working(self) -> bool:
        """Whether something is being worked out or laid out."""
        canvases = (self.before, self.after, self.merged)
        is_busy = bool(self._pending) or self._session.tasks.is_busy("compare")
        return is_busy or any(canvas.is_laying_out() for canvas in canvases)

    def _ask_again(self) -> None:
        before, _ = self.bar.chosen()
        self._ask_file(0 if before.path is not None else 1)

    def _ask_file(self, side: int) -> None:
        def chosen(path: Path) -> None:
            sides = list(self.bar.chosen())
            sides[side] = file_source(path)
            self.compare_with(*sides)

        self._chooser.open_file(self, "Compare with", self._folder(), OPEN_FILTERS, chosen)

    def _offer(self, before: Source, after: Source) -> None:
        sources = sources_of(self._session.document, self._files)
        # A preview is in no history.
        sources.extend(source for source in (before, after) if source not in sources)
        self.bar.set_sources(sources, before, after)

    def _opened(self) -> None:
        document = self._session.document
        self._drawn = None
        if document is None:
            self._offer(PRESENT, PRESENT)
        else:
            self._offer(revision_source(document, document.revisions[0]), PRESENT)
        self.refresh()

    def _changed(self) -> None:
        """The document has other states; those chosen stay while they are there."""
        self._offer(*self.bar.chosen())
        if any(source.is_present for source in self.bar.chosen()) or self._drawn is None:
            self.refresh()

    def refresh(self) -> None:
        """Compare anew, or when the page is shown next."""
        document = self._session.document
        self._is_stale = not self.isVisible()
        if document is None:
            self._session.tasks.drop("compare")
            self._show_none("Nothing to compare yet", "Open a graph; its states and files follow.")
            return
        if self._is_stale:
            return
        one, other = (graph_of(source, document) for source in self.bar.chosen())
        mode, depth = self.bar.mode, self.bar.reach()
        self.bar.words.set_full("Comparing…")

        def work() -> tuple[Compared, list[Change], tuple[Drawing, ...]]:
            found = compare(one, other)
            drawings = () if found.is_equal else _drawings(found, mode, depth)
            return found, statuses(found), drawings

        self._session.tasks.run("compare", work, self._show, self._fail)

    def _fail(self, error: SurgeonError) -> None:
        self._show_none("", "")
        self.error.show_error(error)
        self.stack.setCurrentWidget(self.error)

    def _show_none(self, title: str, hint: str) -> None:
        self._found = None
        self.changes.show_changes([])
        self.bar.words.set_full("")
        self.bar.set_ready(0)
        self._drawn = None
        self._pending.clear()
        self.notice.say("unknown", title, hint)
        self.stack.setCurrentWidget(self.notice)
        for canvas in (self.before, self.after, self.merged):
            canvas.set_graph(None)
        self.inspected.emit("", None)
        self.compared.emit()

    # Showing

    def _show(self, result: tuple[Compared, list[Change], tuple[Drawing, ...]]) -> None:
        found, changes, drawings = result
        if found.is_equal:
            self._show_none("", "")
            self.notice.say(
                "takes",
                "The two are equal",
                f"All {len(found.after):,} nodes, their attributes and constants are the same.",
            )
            self._found = found
            self.compared.emit()
            return
        self._found = found
        self.link.set_names(found.changes.renamed)
        self.changes.show_changes(changes)
        self.bar.words.set_full(_words(found))
        self.bar.set_ready(len(changes))
        self._show_drawings(drawings)
        self._inspect("")
        self.compared.emit()

    def _draw(self) -> None:
        """Draw the comparison otherwise."""
        found, mode, depth = self._found, self.bar.mode, self.bar.reach()
        if found is not None and not found.is_equal:
            self._session.tasks.run(
                "compare",
                lambda: _drawings(found, mode, depth),
                self._show_drawings,
                self._session.failed.emit,
            )

    def _show_drawings(self, drawings: Sequence[Drawing]) -> None:
        is_merged = len(drawings) == 1
        titles = [source.title for source in self.bar.chosen()]
        canvases = [self.merged] if is_merged else [self.before, self.after]
        if is_merged:
            titles = [" → ".join(titles)]
        opened = [name for drawing in drawings for name in drawing.opened]
        # What was opened stays open when the document changes.
        shown = (self.bar.chosen(), is_merged, self.bar.reach())
        is_new = self._drawn != shown
        self._drawn = shown
        self.stack.setCurrentWidget(self.merged if is_merged else self.sides)
        self._pending = [
            (canvas, drawing, title, opened if is_new else None)
            for canvas, drawing, title in zip(canvases, drawings, titles, strict=True)
        ]
        self._show_next()

    def _show_next(self) -> None:
        """Begin one drawing at a time, so that the window is not held up; then go to the change."""
        if not self._pending:
            if name := self.changes.current():
                self.show_change(name)
            return
        canvas, drawing, title, opened = self._pending.pop(0)
        tree = drawing.tree
        canvas.set_graph(
            tree.graph, title=title, tree=tree, expanded=opened, overlay=drawing.overlay
        )
        QTimer.singleShot(0, self, self._show_next)

    def show_change(self, name: str) -> None:
        """Bring a node to the middle, in every canvas that has it."""
        found = self._found
        if found is None:
            return
        if self.bar.mode == MERGED:
            self.merged.reveal(name)
        elif name in found.after:
            self.link.lead(self.after)
            self.after.reveal(name)
        else:
            self.link.lead(self.before)
            self.before.reveal(name)
        self._inspect(name)

    def _now(self, canvas: GraphCanvas, name: str) -> str:
        """What a canvas shows by the name the merged graph has for it."""
        found = self._found
        if found is None or canvas is not self.before:
            return name
        return found.changes.renamed.get(name, name)

    def _selected(self, canvas: GraphCanvas, names: tuple[str, ...]) -> None:
        if self.link.is_following or not self.isVisible():
            return
        name = self._now(canvas, names[-1]) if names else ""
        self.changes.mark(name)
        self._inspect(name)

    def _inspect(self, name: str) -> None:
        found = self._found
        if found is None or not self.isVisible():
            return
        facts: list[Fact]
        if not name:
            facts = whole_facts(found)
        elif name.endswith("/"):
            facts = namespace_facts(found, name)
        else:
            facts = change_facts(found, name)
        self.inspected.emit("comparison" if not name else "change", facts)

    def _show_menu(self, canvas: GraphCanvas, item: str, place: QPoint) -> None:
        graph, name = self._session.graph, self._now(canvas, item)
        is_there = graph is not None and (name in graph or name.endswith("/"))
        show_canvas_menu(
            self,
            "compare-menu",
            canvas,
            item,
            place,
            of_item=[("Show in the graph", lambda: self.followed.emit(name), is_there)],
            of_all=[
                ("Next change", lambda: self.changes.step(1), True),
                ("Previous change", lambda: self.changes.step(-1), True),
            ],
        )

    # Qt's events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.refresh()
        else:
            self._inspect(self.changes.current())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.inspected.emit("", None)


_NAMES = ("Before", "After", "Both graphs in one")


def _canvas(theme: Theme, name: str) -> GraphCanvas:
    made = GraphCanvas(theme=theme)
    made.setAccessibleName(name)
    made.set_empty_text("", "")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


def _drawings(found: Compared, mode: str, depth: int | None) -> tuple[Drawing, ...]:
    return draw_sides(found) if mode == SIDES else (draw_merged(found, depth),)


def _words(found: Compared) -> str:
    changes = found.changes
    counts = ((changes.added, "added"), (changes.removed, "removed"), (changes.changed, "changed"))
    words = [f"{len(names):,} {word}" for names, word in counts if names]
    if found.outputs:
        words.append(found.outputs)
    return ", ".join(words)
