"""A colour or a sign of the legend."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from surgeon_gui.ui.canvas.ink import status_glyph
from surgeon_gui.ui.theme import Theme

_SIZE = 14


class Swatch(QWidget):
    """A square in a category's or any other colour, or a verdict's sign."""

    def __init__(
        self, theme: Theme, *, category: str = "", status: str = "", color: QColor | None = None
    ) -> None:
        super().__init__()
        self._theme, self._status = theme, status
        self._color = theme.category(category) if category else color
        self.setFixedSize(_SIZE, _SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._color is not None:
            painter.setBrush(self._color)
            painter.drawRoundedRect(QRectF(2, 2, 10, 10), 2, 2)
        else:
            painter.setBrush(self._theme.status(self._status))
            painter.translate(_SIZE / 2, _SIZE / 2)
            painter.drawPath(status_glyph(self._status))
        painter.end()
