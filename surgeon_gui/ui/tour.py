"""The tour: three cards that point at the parts of the window a newcomer needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row

WIDTH = 340
GAP = 12


@dataclass(frozen=True)
class Step:
    """A card.

    Attributes:
        title, words: what it says.
        place: returns the widget it points at.
    """

    title: str
    words: str
    place: Callable[[], QWidget]


class _Frame(QWidget):
    """A border around what a card points at; the mouse goes through."""

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent"), 3))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(2, 2, -2, -2), 6, 6)


class Tour(QFrame):
    """One card at a time; Enter goes on, Escape ends.

    Args:
        steps: the cards.
        theme: the colours.
        window: what they lie over.

    Signals:
        ended(): it was gone through or left.
    """

    ended = Signal()

    def __init__(self, steps: tuple[Step, ...], theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setAccessibleName("Tour")
        self.setFixedWidth(WIDTH)
        self._steps = steps
        self._window = window
        self.at = 0
        self._frame = _Frame(window, theme)
        self.title = label(role="strong", wrap=True)
        self.words = label(wrap=True)
        self.count = label(role="muted")
        self.skip = button("End the tour", self.end, kind="button")
        self.back = button("Back", lambda: self.show_step(self.at - 1), kind="button")
        self.next = button("Next", self._go_on, kind="primary")
        self.next.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.words)
        layout.addSpacing(4)
        layout.addWidget(self.count)
        layout.addWidget(row(self.skip, None, self.back, self.next))
        window.installEventFilter(self)

    def show_step(self, number: int) -> None:
        """Show a card, counted from 0."""
        self.at = max(0, min(number, len(self._steps) - 1))
        step = self._steps[self.at]
        self.title.setText(step.title)
        self.words.setText(step.words)
        self.count.setText(f"{self.at + 1} of {len(self._steps)}")
        self.setAccessibleDescription(f"{step.title}. {step.words}")
        is_last = self.at == len(self._steps) - 1
        self.next.setText("Done" if is_last else "Next")
        self.back.setEnabled(self.at > 0)
        self.skip.setVisible(not is_last)
        self._place()
        self._frame.show()
        self._frame.raise_()
        self.show()
        self.raise_()
        self.next.setFocus()

    def end(self) -> None:
        """Take the cards away."""
        self._window.removeEventFilter(self)
        self.hide()
        self._frame.hide()
        self._frame.deleteLater()
        self.ended.emit()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go_on()
        else:
            super().keyPressEvent(event)

    def _go_on(self) -> None:
        if self.at == len(self._steps) - 1:
            self.end()
        else:
            self.show_step(self.at + 1)

    def _place(self) -> None:
        """Put the card beside what it points at, where there is most room."""
        self.adjustSize()
        target = self._steps[self.at].place()
        around = QRect(target.mapTo(self._window, QPoint(0, 0)), target.size())
        self._frame.setGeometry(around)
        room = self._window.rect().adjusted(GAP, GAP, -GAP, -GAP)
        card = QRect(QPoint(0, 0), self.sizeHint().expandedTo(self.size()))
        card.setWidth(WIDTH)
        spots = (
            QPoint(around.right() + GAP, around.top() + GAP),
            QPoint(around.left() - GAP - card.width(), around.top() + GAP),
            QPoint(around.left() + GAP, around.top() - GAP - card.height()),
            QPoint(around.left() + GAP, around.bottom() + GAP),
        )
        for spot in spots:
            if room.contains(QRect(spot, card.size())):
                self.move(spot)
                return
        self.move(around.center() - QPoint(card.width() // 2, card.height() // 2))
