"""What the target does not take, grouped by cause, each with its cure one click away."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.targets.base import Problem, SupportReport
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label

MOST_ROWS = 150
# Rows are made in slices of this length, so that a long list does not hold the window up.
FILL_SECONDS = 0.006
FILL_PAUSE_MS = 12
_ORDER = {"refuses": 0, "unknown": 1, "cured": 2, "caveat": 3}


@dataclass(frozen=True)
class Group:
    """Problems with one cause.

    Attributes:
        status: the mark: `refuses`, `cured`, `caveat` or `unknown`.
        title: what is wrong.
        advice: what to do.
        rule: id of the rule that cures all of them, or empty.
        nodes: where, empty for what concerns the whole graph.
        op: the op of those nodes.
    """

    status: str
    title: str
    advice: str
    rule: str
    nodes: tuple[str, ...]
    op: str = ""

    @property
    def input(self) -> str:
        """The graph input whose shape or dtype is the problem, or empty."""
        return self.nodes[0] if len(self.nodes) == 1 and self.op.startswith("Placeholder") else ""


def group_problems(report: SupportReport) -> list[Group]:
    """Return a report's problems by cause, the gravest first."""
    found: dict[tuple[str, ...], list[str]] = {}
    for problem in report.problems:
        remedy, rule = problem.remedy or "", problem.rule or ""
        key = (_status(problem, report), problem.reason, remedy, rule, problem.op)
        nodes = found.setdefault(key, [])
        if problem.node:
            nodes.append(problem.node)
    groups = [
        Group(status, title, advice, rule, tuple(dict.fromkeys(nodes)), op)
        for (status, title, advice, rule, op), nodes in found.items()
    ]
    return sorted(groups, key=lambda group: _ORDER.get(group.status, 9))


def _status(problem: Problem, report: SupportReport) -> str:
    verdict = report.verdicts.get(problem.node)
    if verdict is not None and verdict.status.value in _ORDER:
        return verdict.status.value
    if problem.severity == "error":
        return "cured" if problem.rule else "refuses"
    return "unknown" if problem.severity == "unknown" else "caveat"


class ProblemRow(QFrame):
    """One group; pressed or on Enter, it shows its nodes.

    Signals:
        shown(tuple): the user wants to see these nodes.
        previewed(str), fixed(str): a button for the rule of that id.
        shape_requested(str): the user wants to set the shape of that input.
    """

    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)
    shape_requested = Signal(str)

    def __init__(self, group: Group, theme: Theme, ratio: float) -> None:
        super().__init__()
        self.setObjectName("row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{group.title} {group.advice}")
        self.group = group
        mark = QLabel()
        mark.setPixmap(status_pixmap(group.status, theme, 16, ratio))
        mark.setFixedWidth(36)
        mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        title = label(group.title, "strong", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(title)
        if group.advice:
            words.addWidget(label(group.advice, "muted", wrap=True))
        words.addStretch(1)
        nodes = ElidedLabel(_names(group.nodes), font=theme.mono_font)
        nodes.setToolTip("\n".join(group.nodes[:30]))
        count = label(_count(group.nodes))
        count.setFixedWidth(84)
        rule = ElidedLabel(group.rule, font=theme.mono_font)
        rule.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 8, 12, 8)
        layout.setSpacing(12)
        top = Qt.AlignmentFlag.AlignTop
        layout.addWidget(mark, 0, top)
        layout.addLayout(words, 10)
        layout.addWidget(nodes, 6, top)
        layout.addWidget(count, 0, top)
        layout.addWidget(rule, 4, top)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        if group.rule:
            buttons.addWidget(
                button(
                    "Preview",
                    lambda: self.previewed.emit(group.rule),
                    tip=f"Show on the graph what rule {group.rule} would change",
                    name=f"Preview {group.rule}",
                )
            )
            buttons.addWidget(
                button(
                    "Fix",
                    lambda: self.fixed.emit(group.rule),
                    kind="small-primary",
                    tip=f"Apply rule {group.rule}; undo takes it back",
                    name=f"Fix with {group.rule}",
                )
            )
        elif group.input:
            buttons.addWidget(
                button(
                    "Set shape…",
                    lambda: self.shape_requested.emit(group.input),
                    kind="small-primary",
                    tip="Set the shape and dtype of this input",
                    name=f"Set the shape of {group.input}",
                )
            )
        elif group.nodes:
            buttons.addWidget(
                button(
                    "Show",
                    lambda: self.shown.emit(group.nodes),
                    tip="Show these nodes in the graph",
                    name=f"Show {_count(group.nodes)}",
                )
            )
        holder = QWidget()
        holder.setLayout(buttons)
        buttons.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(132)
        layout.addWidget(holder, 0, top)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.group.nodes:
            self.shown.emit(self.group.nodes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in enter and self.group.nodes:
            self.shown.emit(self.group.nodes)
        else:
            super().keyPressEvent(event)


class ProblemsPanel(QWidget):
    """The list of groups.

    Signals:
        count_changed(str): how many problems, for the tab.
        shown(tuple): the user wants to see these nodes.
        previewed(str), fixed(str): a rule's id.
        shape_requested(str): an input's name.
    """

    count_changed = Signal(str)
    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)
    shape_requested = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Problems")
        self._session = session
        self._theme = theme
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows: list[ProblemRow] = []
        self._waiting: deque[Group] = deque()
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
            groups = group_problems(report)
            self.count_changed.emit(str(len(groups)) if groups else "")
            self._rows = []
            notes = []
            if not groups:
                notes.append(self._note("takes", f"{report.target.title} takes the whole graph."))
            elif len(groups) > MOST_ROWS:
                notes.append(self._note("", f"and {len(groups) - MOST_ROWS} more"))
            self._begin(notes)
            self._waiting.extend(groups[:MOST_ROWS])
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
            made = self._row(self._waiting.popleft())
            self._list.insertWidget(len(self._rows), made)
            self._rows.append(made)
        if self._waiting:
            self._next.start()
        elif self._place:
            self._scroll.verticalScrollBar().setValue(self._place)

    def _row(self, group: Group) -> ProblemRow:
        made = ProblemRow(group, self._theme, self.devicePixelRatioF())
        made.shown.connect(self.shown)
        made.previewed.connect(self.previewed)
        made.fixed.connect(self.fixed)
        made.shape_requested.connect(self.shape_requested)
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


def _count(nodes: tuple[str, ...]) -> str:
    return "" if not nodes else "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"


def _names(nodes: tuple[str, ...]) -> str:
    shown = ", ".join(nodes[:2])
    return f"{shown} …" if len(nodes) > 2 else shown
