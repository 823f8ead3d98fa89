"""What the target does not take, grouped by cause, each with its cure one click away."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from surgeon_gui.targets.base import SupportReport
from surgeon_gui.targets.groups import Group
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.panels.problem_row import ProblemRow
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label, laid_out_once

MOST_ROWS = 150
# Rows are made in slices of this length, so that a long list does not hold the window up.
FILL_SECONDS = 0.006
FILL_PAUSE_MS = 12


class ProblemsPanel(QWidget):
    """The list of groups.

    Signals:
        count_changed(str): how many problems, for the tab.
        shown(tuple): the user wants to see these nodes.
        previewed(str), fixed(str): a rule's id.
        shape_requested(str): an input's name.
        ignored(object), heeded(object): the `Group` to ignore, or to count again.
    """

    count_changed = Signal(str)
    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)
    shape_requested = Signal(str)
    ignored = Signal(object)
    heeded = Signal(object)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Problems")
        self._session = session
        self._theme = theme
        self._scroll = ScrollArea()
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows: list[ProblemRow] = []
        self._waiting: deque[tuple[Group, bool]] = deque()
        self._list = QVBoxLayout()
        self._place = 0
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(FILL_PAUSE_MS)
        self._next.timeout.connect(self._fill)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)
        session.opened.connect(self.refresh)
        session.changed.connect(lambda _change: self.refresh())
        session.support_changed.connect(self.refresh)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.refresh()

    def rows(self) -> list[ProblemRow]:
        return self._rows

    def sizeHint(self) -> QSize:
        return QSize(800, 220)

    @property
    def is_filling(self) -> bool:
        """Whether rows are still being made."""
        return bool(self._waiting)

    def refresh(self) -> None:
        """Show the report as it is now; the old list stays until a new one is there."""
        report = self._session.support
        self._waiting.clear()
        if self._session.graph is None:
            self._rows = []
            self.count_changed.emit("")
            self._begin([self._note("", "Open a graph to see what the target will not take.")])
        elif report is not None:
            groups = self._session.problems
            self.count_changed.emit(str(len(groups)) if groups else "")
            self._rows = []
            notes = []
            if not groups:
                notes.append(self._note("takes", _all_taken(report)))
            elif len(groups) > MOST_ROWS:
                notes.append(self._note("", f"and {len(groups) - MOST_ROWS} more"))
            self._begin(notes)
            self._waiting.extend((group, False) for group in groups[:MOST_ROWS])
            self._waiting.extend((group, True) for group in self._session.ignored[:MOST_ROWS])
            # Not at once: a new report has the canvas to paint as well.
            self._next.start()
        elif not self._rows:
            self._begin([self._note("", f"Checking for {self._session.target.title}…")])

    def _begin(self, notes: list[QWidget]) -> None:
        """Start a new list that ends in these notes."""
        self._place = self._scroll.verticalScrollBar().value()
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        for note in notes:
            self._list.addWidget(note)
        self._list.addStretch(1)
        self._scroll.setWidget(content)

    def _fill(self) -> None:
        """Make rows for a few milliseconds, and go on in the next turn of the event loop."""
        until = time.perf_counter() + FILL_SECONDS
        while self._waiting and time.perf_counter() < until:
            group, is_ignored = self._waiting.popleft()
            made = self._row(group, is_ignored)
            with laid_out_once(self._list):
                self._list.insertWidget(len(self._rows), made)
                made.show()
            self._rows.append(made)
        if self._waiting:
            self._next.start()
        elif self._place:
            self._scroll.verticalScrollBar().setValue(self._place)

    def _row(self, group: Group, is_ignored: bool) -> ProblemRow:
        made = ProblemRow(group, self._theme, self.devicePixelRatioF(), is_ignored=is_ignored)
        made.shown.connect(self.shown)
        made.previewed.connect(self.previewed)
        made.fixed.connect(self.fixed)
        made.shape_requested.connect(self.shape_requested)
        made.ignored.connect(self.heeded if is_ignored else self.ignored)
        return made

    def _note(self, status: str, words: str) -> QWidget:
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        if status:
            mark = QLabel()
            mark.setPixmap(status_pixmap(status, self._theme, 16, self.devicePixelRatioF()))
            layout.addWidget(mark)
        layout.addWidget(label(words, "muted"), 1)
        return holder


def _all_taken(report: SupportReport) -> str:
    if report.supported:
        besides = " What is ignored stands below." if report.ignored else ""
        return f"{report.target.title} takes the whole graph.{besides}"
    return f"Nothing else: what {report.target.title} refuses is ignored, and would still fail."
