"""Commands that compare, and what the history offers at each state."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from surgeon_gui.document import Revision
from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.actions import Command, MenuSpec
from surgeon_gui.ui.chooser import OPEN_FILTERS
from surgeon_gui.ui.comparing.bar import MERGED, SIDES
from surgeon_gui.ui.comparing.sources import PRESENT, Source, file_source, revision_source

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

COMPARE_MENU = MenuSpec(
    "&Compare",
    (
        *("compare.opened", "compare.step", "compare.disk", "compare.file", "-"),
        *("compare.sides", "compare.merged", "compare.linked", "compare.only", "-"),
        *("compare.next", "compare.previous"),
    ),
)


def compare_commands(window: MainWindow) -> list[Command]:
    """Return the commands that compare; connects the history's menu to the page."""
    session, page = window.session, window.compare
    bar = page.bar
    window.history.compared.connect(partial(_from_history, window))

    def has_graph() -> bool:
        return session.graph is not None

    def has_file() -> bool:
        return session.path is not None and session.path.is_file()

    def has_edits() -> bool:
        return session.document is not None and session.document.index > 0

    def is_shown() -> bool:
        return page.isVisible() and page.found() is not None

    return [
        Command(
            "compare.opened",
            "With the graph as &opened",
            partial(_compare_opened, window),
            "F8",
            "git-diff",
            has_graph,
            tip="Compare the graph with what was opened",
        ),
        Command(
            "compare.step",
            "What the &last edit changed",
            partial(_compare_step, window),
            None,
            "",
            has_edits,
            tip="Compare the graph with the state before the last edit",
        ),
        Command(
            "compare.disk",
            "With the file on &disk",
            partial(_compare_disk, window),
            None,
            "",
            has_file,
            tip="Compare the graph with its file as it is now",
        ),
        Command(
            "compare.file",
            "With a &file…",
            partial(_choose, window, PRESENT),
            "Shift+F8",
            "",
            has_graph,
            tip="Compare the graph with another file",
        ),
        Command(
            "compare.sides",
            "&Side by side",
            partial(bar.set_mode, SIDES),
            checked=lambda: bar.mode == SIDES,
        ),
        Command(
            "compare.merged",
            "&Merged into one",
            partial(bar.set_mode, MERGED),
            checked=lambda: bar.mode == MERGED,
        ),
        Command(
            "compare.linked",
            "Move both &together",
            bar.linked.toggle,
            checked=bar.linked.isChecked,
        ),
        Command("compare.only", "Onl&y what changed", bar.only.toggle, checked=bar.only.isChecked),
        Command("compare.next", "&Next change", partial(page.changes.step, 1), "F7", "", is_shown),
        Command(
            "compare.previous",
            "&Previous change",
            partial(page.changes.step, -1),
            "Shift+F7",
            "",
            is_shown,
        ),
    ]


def _show(window: MainWindow, before: Source, after: Source = PRESENT) -> None:
    window.center.pages.show_page("compare")
    window.compare.compare_with(before, after)


def preview_edit(window: MainWindow, edit: Edit) -> None:
    """Show what an edit would change, without applying it."""
    graph = window.session.graph
    if graph is None:
        return

    def shown(after: Graph) -> None:
        preview_graph(window, edit.title, edit, after)

    window.session.tasks.run(
        "compare-preview", lambda: edit.apply(graph), shown, window.session.failed.emit
    )


def preview_set(window: MainWindow, name: str) -> None:
    """Show what a rule set would change, and offer to apply it."""
    preview_edit(window, ApplyRules((name,)))

    def apply() -> None:
        window.message.hide()
        window.surgery.apply_rule(name)

    window.message.show_note(
        f"The rule set {name} would change this.",
        "Its parameters are in the rules panel.",
        choices=[("Apply", apply)],
    )


def preview_graph(window: MainWindow, title: str, edit: Edit, after: Graph) -> None:
    """Show the graph that edits, of which `edit` is the last, would lead to."""
    window.compare.bar.set_mode(MERGED)
    _show(window, PRESENT, Source(f"Preview: {title}", Revision(edit, after)))


def _compare_opened(window: MainWindow) -> None:
    document = window.session.document
    if document is not None:
        _show(window, revision_source(document, document.revisions[0]))


def _compare_step(window: MainWindow) -> None:
    document = window.session.document
    if document is not None and document.index:
        _show(window, revision_source(document, document.revisions[document.index - 1]))


def _compare_disk(window: MainWindow) -> None:
    path = window.session.path
    if path is not None:
        _show(window, Source(f"On disk: {path.name}", path=path))


def _choose(window: MainWindow, after: Source) -> None:
    def chosen(path: Path) -> None:
        _show(window, file_source(path), after)

    window.chooser.open_file(window, "Compare with", window.state.folder, OPEN_FILTERS, chosen)


def _from_history(window: MainWindow, revision: Revision, what: str) -> None:
    """Compare a state of the history with `present`, `previous`, `opened` or a `file`."""
    document = window.session.document
    if document is None or revision not in document.revisions:
        return
    chosen = revision_source(document, revision)
    at = document.revisions.index(revision)
    if what == "file":
        _choose(window, chosen)
    elif what == "present":
        _show(window, chosen)
    else:
        other = document.revisions[at - 1 if what == "previous" else 0]
        _show(window, revision_source(document, other), chosen)
