"""One row of the problems list: what is wrong, where, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.targets.groups import Group
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label

MOST_NAMES = 30
"""Nodes listed by name; more are counted."""


def open_input(group: Group) -> str:
    """Return the graph input whose shape or dtype is the problem, or nothing."""
    is_input = len(group.nodes) == 1 and any(op.startswith("Placeholder") for op in group.ops)
    return group.nodes[0] if is_input else ""


class ProblemRow(QFrame):
    """One group of problems; pressed or on Enter, it shows its nodes.

    Signals:
        shown(tuple): the user wants to see these nodes.
        previewed(str), fixed(str): a button for the rule of that id.
        shape_requested(str): the user wants to set the shape of that input.
        ignored(object): the user wants this `Group` ignored; of what is ignored, to count again.
    """

    shown = Signal(tuple)
    previewed = Signal(str)
    fixed = Signal(str)
    shape_requested = Signal(str)
    ignored = Signal(object)

    def __init__(
        self, group: Group, theme: Theme, ratio: float, *, is_ignored: bool = False
    ) -> None:
        super().__init__()
        self.setObjectName("row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{group.reason} {group.remedy or ''}")
        self.group = group
        self.is_ignored = is_ignored
        self._theme = theme
        self._why: QWidget | None = None
        mark = QLabel()
        mark.setPixmap(status_pixmap("vanishes" if is_ignored else group.status, theme, 16, ratio))
        mark.setFixedWidth(36)
        mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._words = QVBoxLayout()
        self._words.setSpacing(0)
        self._words.addWidget(label(group.reason, "muted" if is_ignored else "strong", wrap=True))
        if not is_ignored and (way_out := _way_out(group)):
            self._words.addWidget(label(way_out, "muted", wrap=True))
        nodes = ElidedLabel(_names(group.nodes), font=theme.mono_font)
        nodes.setToolTip("\n".join(group.nodes[:MOST_NAMES]))
        count = label(_count(group.nodes))
        count.setFixedWidth(76)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 8, 12, 8)
        layout.setSpacing(12)
        top = Qt.AlignmentFlag.AlignTop
        layout.addWidget(mark, 0, top)
        layout.addLayout(self._words, 10)
        layout.addWidget(nodes, 5, top)
        layout.addWidget(count, 0, top)
        layout.addWidget(self._buttons(), 0, top)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def _buttons(self) -> QWidget:
        group = self.group
        made: list[QWidget] = []
        if self.is_ignored:
            made.append(
                button(
                    "Take back",
                    lambda: self.ignored.emit(group),
                    tip="Count it again",
                    name=f"Take back: {group.reason}",
                )
            )
        elif group.rule:
            rule = group.rule
            named = f"rule {rule}" if rule in bundled_rules() else f"the rule set {rule}"
            where = "wherever it fits" if rule in bundled_rules() else "as one step"
            made += [
                button(
                    "Fix…",
                    lambda: self.previewed.emit(rule),
                    tip=f"Show on the graph what {named} would change, then apply it",
                    name=f"Preview {rule}",
                ),
                button(
                    "Fix all alike",
                    lambda: self.fixed.emit(rule),
                    kind="small-primary",
                    tip=f"Apply {named} {where}; undo takes it back",
                    name=f"Fix with {rule}",
                ),
            ]
        elif name := open_input(group):
            made.append(
                button(
                    "Set shape…",
                    lambda: self.shape_requested.emit(name),
                    kind="small-primary",
                    tip="Set the shape and dtype of this input",
                    name=f"Set the shape of {name}",
                )
            )
        if group.nodes and not self.is_ignored:
            made.append(
                button(
                    "Show",
                    lambda: self.shown.emit(group.nodes),
                    tip="Show these nodes in the graph",
                    name=f"Show {_count(group.nodes)}",
                )
            )
        if not self.is_ignored:
            self.why_button = button(
                "Why", self.explain, tip="Say what decides, and how sure it is"
            )
            made.append(self.why_button)
        if group.nodes and not self.is_ignored:
            made.append(
                button(
                    "Ignore here",
                    lambda: self.ignored.emit(group),
                    tip="Stop counting it at these nodes; the list keeps it, and the edit script",
                    name=f"Ignore at {_count(group.nodes)}",
                )
            )
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addStretch(1)
        for each in made:
            line.addWidget(each)
        holder.setFixedWidth(336)
        return holder

    def explain(self) -> None:
        """Say what decides, where that is written and how sure it is; again, and it goes."""
        if self._why is not None:
            self._why.deleteLater()
            self._why = None
            return
        self._why = label(why_words(self.group), wrap=True, copyable=True)
        self._why.setContentsMargins(0, 4, 0, 0)
        self._words.addWidget(self._why)

    def why_text(self) -> str:
        """What `explain` shows now, or nothing."""
        return why_words(self.group) if self._why is not None else ""

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


def why_words(group: Group) -> str:
    """Return what decides on a group's verdict, its source, how sure that is, and all nodes."""
    if group.source:
        lines = [f"Source: {group.source}."]
        if group.confidence:
            lines.append(f"Confidence: {group.confidence}.")
    else:
        lines = ["Found by a dry run of this program's own converter."]
    if group.rule in bundled_rules():
        lines.append(f"Decided by trying: rule {group.rule} fits here.")
        if group.remedy:
            lines.append(f"By hand: {group.remedy}")
    if group.nodes:
        more = len(group.nodes) - MOST_NAMES
        named = ", ".join(group.nodes[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        ops = ", ".join(f"{op} × {count}" if count > 1 else op for op, count in group.ops.items())
        lines.append(f"At {ops + ': ' if ops else ''}{named}")
    return "\n".join(lines)


def _way_out(group: Group) -> str:
    """Return what to do: what the rule does where one cures it, else the advice."""
    rule = bundled_rules().get(group.rule or "")
    if rule is not None:
        return f"Rule {rule.id}: {rule.summary}"
    return group.remedy or ""


def _count(nodes: tuple[str, ...]) -> str:
    return "" if not nodes else "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"


def _names(nodes: tuple[str, ...]) -> str:
    shown = ", ".join(nodes[:2])
    return f"{shown} …" if len(nodes) > 2 else shown
