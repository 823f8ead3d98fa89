"""The inspector's rows: label and value, names wrapped, links that go to nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from surgeon_gui.ui.facts import Fact
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, label, laid_out_once, middle

LABEL_WIDTH = 84
_COPY = QKeySequence.StandardKey.Copy
ROW = 20
MOST_AT_ONCE = 8
LEAST_NAME = 40


class ValueLabel(ElidedLabel):
    """A value that can be copied: Ctrl+C when it has the focus, or its context menu.

    Signals:
        edit_requested(): the user wants to change the value.
    """

    edit_requested = Signal()

    def __init__(self, text: str, font: QFont, *, what: str, editable: bool = False) -> None:
        super().__init__(text, font=font, cut=Qt.TextElideMode.ElideRight)
        self._editable = editable
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{what}: {text}")
        self.copy = QAction(f"Copy {what}", self)
        self.copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(self.full()))

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+C from the window, which would copy the selected nodes."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.matches(_COPY):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(_COPY):
            self.copy.trigger()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(self.copy)
        if self._editable:
            menu.addAction("Change…", self.edit_requested.emit)
        menu.popup(event.globalPos())


class NameLabel(ValueLabel):
    """A long name, broken after slashes; what is copied is the name itself."""

    def __init__(self, text: str, font: QFont) -> None:
        super().__init__(text, font, what="name")
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setContentsMargins(0, 2, 0, 2)
        self._fitted: tuple[str, int] | None = None

    def _elide(self) -> None:
        width = max(self.width(), 80)
        # Each time a row comes or goes, the heights of all are found anew.
        if self._fitted == (self._full, width):
            return
        self._fitted = self._full, width
        metrics = self.fontMetrics()
        lines, line = [], ""
        for piece in self._full.replace("\n", "↵").replace("/", "/\0").split("\0"):
            if line and metrics.horizontalAdvance(line + piece) > width:
                lines.append(line)
                line = ""
            line += piece
        lines.append(line)
        self.setText("\n".join(middle(text, metrics, width) for text in lines))
        self.setToolTip(self._full)


class LinkButton(QPushButton):
    """A tensor's name and type; pressed, it goes to the node.

    Signals:
        edge_requested(): the user wants to know more of the edge it stands for.
    """

    edge_requested = Signal()

    def __init__(
        self, name: str, suffix: str, font: QFont, *, what: str, is_edge: bool = False
    ) -> None:
        super().__init__()
        self._is_edge = is_edge
        self.setProperty("kind", "link")
        self.setFont(font)
        self._name, self._suffix = name, f" · {suffix}" if suffix else ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{what}: {name}{self._suffix}")
        more = "\nE shows the edge" if is_edge else ""
        self.setToolTip(f"{name}{self._suffix}\nShow it in the graph{more}")

    def sizeHint(self) -> QSize:
        return QSize(80, 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_edge and event.key() == Qt.Key.Key_E:
            self.edge_requested.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction("Show in the graph", self.click)
        if self._is_edge:
            menu.addAction("Inspect the edge", self.edge_requested.emit)
        menu.addAction("Copy name", lambda: QGuiApplication.clipboard().setText(self._name))
        menu.popup(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        metrics, width = self.fontMetrics(), self.width() - 4
        room = width - metrics.horizontalAdvance(self._suffix)
        # The last part of a path tells most.
        one_line = self._name.replace("\n", "↵")
        shown = metrics.elidedText(one_line, Qt.TextElideMode.ElideLeft, max(room, LEAST_NAME))
        whole = metrics.elidedText(shown + self._suffix, Qt.TextElideMode.ElideRight, width)
        self.setText(whole.replace("&", "&&"))


class _Row(NamedTuple):
    fact: Fact
    title: QWidget
    value: QWidget


class FactsView(QWidget):
    """Rows of facts.

    Signals:
        followed(str): a link was pressed; the item it leads to.
        edge_followed(object): the user wants to know more of this `Edge`.
        attribute_requested(str): the user wants to change that attribute.
    """

    followed = Signal(str)
    edge_followed = Signal(object)
    attribute_requested = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._facts: Sequence[Fact] = ()
        self._rows: list[_Row] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._fill)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(12, 8, 12, 8)
        self._layout.setHorizontalSpacing(8)
        self._layout.setVerticalSpacing(2)
        self._layout.setColumnMinimumWidth(0, LABEL_WIDTH)
        self._layout.setColumnStretch(1, 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._drop(0)
        self.show_facts(self._facts)

    def facts(self) -> Sequence[Fact]:
        """The rows shown."""
        return self._facts

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Replace the rows that are others; where there are many, the last ones a moment later."""
        self._facts = facts
        kept = 0
        for shown, fact in zip(self._rows, facts, strict=False):
            if shown.fact != fact:
                break
            kept += 1
        self._drop(kept)
        self._fill()

    def _drop(self, start: int) -> None:
        """Take the rows from `start` on away."""
        for shown in self._rows[start:]:
            for widget in (shown.title, shown.value):
                self._layout.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        del self._rows[start:]

    def _fill(self) -> None:
        """Add rows that are missing, not so many at once that the window would stand still."""
        start = len(self._rows)
        with laid_out_once(self._layout):
            for row, fact in enumerate(self._facts[start : start + MOST_AT_ONCE], start):
                self._add(row, fact)
        if len(self._rows) < len(self._facts):
            self._later.start()

    def _add(self, row: int, fact: Fact) -> None:
        role = {"input": "produces", "output": "consumes"}.get(fact.role, "muted")
        title = ElidedLabel(fact.label, role=role, cut=Qt.TextElideMode.ElideRight)
        title.setFixedSize(LABEL_WIDTH, ROW)
        value = self._value(fact)
        if fact.role != "name":
            value.setFixedHeight(ROW)
        self._layout.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addWidget(value, row, 1)
        title.show()
        value.show()
        self._rows.append(_Row(fact, title, value))

    def _value(self, fact: Fact) -> QLabel | QPushButton:
        mono = self._theme.mono_font
        if fact.role in ("input", "output"):
            link = LinkButton(
                fact.text,
                fact.suffix,
                mono,
                what=fact.label or "Tensor",
                is_edge=fact.edge is not None,
            )
            link.clicked.connect(lambda: self.followed.emit(fact.item))
            link.edge_requested.connect(lambda: self.edge_followed.emit(fact.edge))
            return link
        if fact.role == "name":
            return NameLabel(fact.text, mono)
        if fact.role == "strong":
            return label(fact.text, "strong", copyable=True)
        text = f"{fact.text} · {fact.suffix}" if fact.suffix else fact.text
        value = ValueLabel(text, mono, what=fact.label, editable=bool(fact.attribute))
        if fact.attribute:
            value.edit_requested.connect(lambda: self.attribute_requested.emit(fact.attribute))
        return value
