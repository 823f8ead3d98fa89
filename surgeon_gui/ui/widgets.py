"""Small widgets every panel uses, so that they look and behave the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.scrolling import ScrollArea

GRID = 4
FIELD_HEIGHT = 28


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    *,
    kind: str = "small",
    tip: str = "",
    name: str = "",
) -> QPushButton:
    """Return a push button that calls `clicked`.

    Args:
        text: what it says.
        clicked: called without arguments.
        kind: how it looks, a word of the style sheet: small, small-primary, primary, link.
        tip: the tooltip.
        name: what a screen reader says, where `text` alone does not tell.
    """
    made = QPushButton(text)
    made.setProperty("kind", kind)
    made.setToolTip(tip)
    made.setAccessibleName(name or text)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    made.setAutoDefault(False)
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def label(text: str = "", role: str = "", *, wrap: bool = False, copyable: bool = False) -> QLabel:
    """Return a label; `role` is one of the style sheet's: muted, strong, pill, produces."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    if copyable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


class SpinBox(QSpinBox):
    """A number whose digits begin where the text of other fields does."""

    def __init__(self) -> None:
        super().__init__()
        # A style sheet's padding does not reach the field inside.
        self.lineEdit().setTextMargins(9, 0, 0, 0)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), FIELD_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), FIELD_HEIGHT)


def set_role(widget: QWidget, role: str) -> None:
    """Change a widget's role and have the style sheet applied again."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def rule() -> QFrame:
    """Return a thin horizontal line."""
    line = QFrame()
    line.setObjectName("rule")
    return line


def row(*items: QWidget | None, spacing: int = 2 * GRID) -> QWidget:
    """Return the widgets side by side; None is a stretch."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if item is None:
            layout.addStretch(1)
        else:
            layout.addWidget(item)
    return holder


def column(*items: QWidget, spacing: int = GRID, margin: int = 0) -> QWidget:
    """Return the widgets below each other."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for item in items:
        layout.addWidget(item)
    return holder


class FormColumn(QWidget):
    """A form beside results: it scrolls where it is high, its buttons stay in sight below.

    It takes what height there is, and gives up width to what stands beside it.

    Args:
        form: the fields.
        foot: the buttons.
        width: the most it takes, in pixels.
    """

    def __init__(self, form: QFormLayout, foot: QWidget, width: int = 436) -> None:
        super().__init__()
        form.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 3 * GRID)
        form.setHorizontalSpacing(3 * GRID)
        form.setVerticalSpacing(6)
        holder = QWidget()
        holder.setLayout(form)
        scrolled = ScrollArea(holder)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        foot.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scrolled, 1)
        layout.addWidget(rule())
        layout.addWidget(foot)
        self._holder, self._width = holder, width
        self.setMaximumWidth(width)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)

    def sizeHint(self) -> QSize:
        return QSize(self._width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        least = self._holder.minimumSizeHint().width() + bar
        return QSize(min(least, self._width), super().minimumSizeHint().height())


@contextmanager
def laid_out_once(layout: QLayout) -> Iterator[None]:
    """Lay out what is added and shown meanwhile once, at the end.

    Qt lays everything around a widget out at the moment it is shown: for ten rows ten times. A row
    that is not shown explicitly is shown by Qt in an event of its own, which is no better.
    """
    layout.setEnabled(False)
    try:
        yield
    finally:
        layout.setEnabled(True)
        widget: QWidget | None = layout.parentWidget()
        # Now, as a row that is not in its place yet might be painted.
        while widget is not None and widget.isVisible() and (own := widget.layout()) is not None:
            own.activate()
            widget = widget.parentWidget()


def takes_what_is_left(widget: QWidget, least: int = 96) -> QWidget:
    """Have a widget fill its place, however small: its page scrolls below `least` pixels only."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    widget.setMinimumHeight(least)
    return widget


class BesideOrBelow(QWidget):
    """Two widgets: side by side where there is room, else the second below the first.

    Args:
        first: what is read first; it keeps its place at the top.
        second: takes the height that is left.
        width: pixels from which on they stand side by side.
    """

    def __init__(self, first: QWidget, second: QWidget, width: int = 720) -> None:
        super().__init__()
        self._least = width
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3 * GRID)
        self._layout.addWidget(first)
        self._layout.addWidget(second, 1)

    def is_beside(self) -> bool:
        return self._layout.direction() == QBoxLayout.Direction.LeftToRight

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_beside = event.size().width() >= self._least
        if is_beside != self.is_beside():
            direction = QBoxLayout.Direction
            self._layout.setDirection(direction.LeftToRight if is_beside else direction.TopToBottom)
            self._layout.setStretch(0, int(is_beside))


def middle(text: str, metrics: QFontMetrics, width: int) -> str:
    """Return `text` cut in the middle: names differ at their ends."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width)


class ElidedLabel(QLabel):
    """A label that cuts its text instead of pushing its neighbours.

    Args:
        text: what it says.
        font: its font.
        role: see `label`.
        cut: where; names differ at their ends, so they are cut in the middle.
    """

    def __init__(
        self,
        text: str = "",
        *,
        font: QFont | None = None,
        role: str = "",
        cut: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        if font is not None:
            self.setFont(font)
        if role:
            self.setProperty("role", role)
        self._cut = cut
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        # Cut when the width is known: the first resize comes before the first painting.
        self._full = text
        self.setAccessibleName(text)
        self.setText(text.replace("\n", "↵"))

    def set_full(self, text: str) -> None:
        """Show `text`; what does not fit is in the tooltip."""
        self._full = text
        self.setAccessibleName(text)
        self._elide()

    def full(self) -> str:
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def _elide(self) -> None:
        one_line = self._full.replace("\n", "↵")
        shown = self.fontMetrics().elidedText(one_line, self._cut, max(self.width(), 8))
        if shown != self.text():
            self.setText(shown)
        hint = self._full if shown != self._full else ""
        if hint != self.toolTip():
            self.setToolTip(hint)


class ComboBox(QComboBox):
    """A combo box drawn like the buttons beside it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def offer(self, items: Iterable[tuple[str, object]]) -> None:
        """Offer other items, words and data, and keep the choice where it is among them."""
        present = self.currentData()
        self.clear()
        for words, data in items:
            self.addItem(words, data)
        self.setCurrentIndex(max(self.findData(present), 0))

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + 3 * GRID, FIELD_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), FIELD_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        line = palette.highlight() if self.hasFocus() else palette.mid()
        painter.setPen(QPen(line.color(), 1))
        hover = self.underMouse() and self.isEnabled()
        painter.setBrush(palette.midlight() if hover else palette.window())
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        group = palette.ColorGroup.Normal if self.isEnabled() else palette.ColorGroup.Disabled
        painter.setPen(palette.color(group, palette.ColorRole.Text))
        if not self.isEditable():
            inner = self.rect().adjusted(10, 0, -24, 0)
            shown = self.fontMetrics().elidedText(
                self.currentText(), Qt.TextElideMode.ElideRight, inner.width()
            )
            alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(inner, alignment, shown)
        x, y = self.width() - 15.0, self.height() / 2 - 1.5
        painter.setPen(QPen(palette.color(group, palette.ColorRole.Text), 1.4))
        painter.drawPolyline([QPointF(x - 3.5, y), QPointF(x, y + 3.5), QPointF(x + 3.5, y)])
