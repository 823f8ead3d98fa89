"""How often each op occurs, as bars in the colours the graph is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.labels import kind_of
from surgeon_gui.view.words import count_text

MOST_BARS = 12
_ROW = 20
_SIDE, _ABOVE, _BELOW = 12, 4, 8
_GAP = 8
_NAME_SHARE = 0.45
_THICK = 8


class OpBars(QWidget):
    """A row per op, the most frequent first; the rarest are told together in the last.

    Args:
        theme: the colours.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[tuple[str, int], ...] = ()
        self._rest = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Ops by number")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def rows(self) -> tuple[tuple[str, int], ...]:
        """The ops that have a bar, with their numbers."""
        return self._rows

    def show_counts(self, counts: Sequence[tuple[str, int]]) -> None:
        """Show ops with their numbers, the most frequent first; fewer than two need no bars."""
        self._rows = tuple(counts[:MOST_BARS])
        others = counts[MOST_BARS:]
        self._rest = _rest_words(others) if others else ""
        told = "\n".join(f"{op} × {count_text(number)}" for op, number in counts)
        self.setToolTip(told)
        self.setAccessibleDescription(told)
        self.setVisible(len(counts) > 1)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        rows = len(self._rows) + bool(self._rest)
        return QSize(120, _ABOVE + rows * _ROW + _BELOW)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.mono_font)
        metrics = QFontMetrics(theme.mono_font)
        room = QRectF(self.rect()).adjusted(_SIDE, _ABOVE, -_SIDE, -_BELOW)
        most = max((number for _, number in self._rows), default=1)
        names = min(
            max((metrics.horizontalAdvance(op) for op, _ in self._rows), default=0),
            _NAME_SHARE * room.width(),
        )
        figures = max(
            (metrics.horizontalAdvance(count_text(number)) for _, number in self._rows), default=0
        )
        left, wide = room.left() + names + _GAP, room.width() - names - figures - 2 * _GAP
        middle = Qt.AlignmentFlag.AlignVCenter
        for at, (op, number) in enumerate(self._rows):
            top = room.top() + at * _ROW
            painter.setPen(theme.color("text"))
            name = metrics.elidedText(op, Qt.TextElideMode.ElideMiddle, round(names) + 1)
            painter.drawText(QRectF(room.left(), top, names + 2, _ROW), middle, name)
            painter.setPen(theme.color("muted"))
            figure = QRectF(room.right() - figures - 2, top, figures + 2, _ROW)
            painter.drawText(figure, middle | Qt.AlignmentFlag.AlignRight, count_text(number))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.category(kind_of(op)))
            bar = QRectF(left, top + (_ROW - _THICK) / 2, max(wide * number / most, 2.0), _THICK)
            painter.drawRoundedRect(bar, 2, 2)
        if self._rest:
            painter.setFont(theme.ui_font)
            painter.setPen(theme.color("muted"))
            last = QRectF(room.left(), room.top() + len(self._rows) * _ROW, room.width(), _ROW)
            painter.drawText(last, middle, self._rest)
        painter.end()


def _rest_words(others: Sequence[tuple[str, int]]) -> str:
    nodes = sum(number for _, number in others)
    if len(others) == 1:
        return f"and {others[0][0]} × {count_text(nodes)}"
    return f"and {count_text(nodes)} nodes of {len(others)} other ops"
