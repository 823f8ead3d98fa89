"""What the canvas paints with: fonts, shapes and writing, each made once per theme."""

from __future__ import annotations

import math
from functools import lru_cache

import qtawesome
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QStaticText,
    QTransform,
)

from surgeon_gui.ui.canvas.tint import TintInk
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.labels import HEAD, Metrics

RADIUS = 5.0
GROUP_RADIUS = 9.0
BADGE = 9.0
_STRIPE = 9
_CHARACTERS = "".join(map(chr, range(32, 0x180))) + "…×“”\u2009▸▾"
_ICONS = {
    "caveat": "fa6s.exclamation",
    "cured": "fa6s.screwdriver-wrench",
    "refuses": "fa6s.xmark",
    "unknown": "fa6s.question",
    "added": "fa6s.plus",
    "removed": "fa6s.minus",
    "changed": "mdi6.tilde",
}


class Ink:
    """Fonts and cached writing of one theme.

    Attributes:
        theme: the colours.
        bold, plain, mono: the fonts of heads, rows and values.
        metrics: their widths, for the layout.
        tints: the colours of overlays, and of heads by kind of op.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.bold = _sized(theme.ui_font, 12.5, QFont.Weight.DemiBold)
        self.plain = _sized(theme.ui_font, 11.5, QFont.Weight.Normal)
        self.mono = _sized(theme.mono_font, 11.0, QFont.Weight.Normal)
        self.metrics = Metrics(_widths(self.bold), _widths(self.plain), _widths(self.mono))
        self._fonts = {"bold": self.bold, "plain": self.plain, "mono": self.mono}
        self._ascents = {name: QFontMetricsF(font).ascent() for name, font in self._fonts.items()}
        self._heights = {name: QFontMetricsF(font).height() for name, font in self._fonts.items()}
        self._texts: dict[tuple[str, str], QStaticText] = {}
        self._known_widths: dict[tuple[str, str], float] = {}
        self._elided: dict[tuple[str, int], str] = {}
        self._badges: dict[tuple[str, float], QPixmap] = {}
        self.tints = TintInk(theme)
        self.hatch = QBrush(_stripes(QColor(255, 255, 255, 66)))
        self.dark_hatch = QBrush(_stripes(QColor(0, 0, 0, 40)))

    def font(self, name: str) -> QFont:
        return self._fonts[name]

    def height(self, name: str) -> float:
        return self._heights[name]

    def text(self, text: str, font: str) -> QStaticText:
        """Return `text` laid out in a font, to be painted with that font set."""
        found = self._texts.get((text, font))
        if found is None:
            found = QStaticText(text)
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            found.prepare(QTransform(), self._fonts[font])
            self._texts[text, font] = found
        return found

    def width(self, text: str, font: str) -> float:
        """The width of writing, remembered."""
        found = self._known_widths.get((text, font))
        if found is None:
            if len(self._known_widths) > 50_000:
                self._known_widths.clear()
            found = self._known_widths[text, font] = self.metrics.width(text, font)
        return found

    def elided(self, text: str, room: float) -> str:
        """Return a head cut to about `room`, remembered by whole units."""
        key = (text, int(room))
        found = self._elided.get(key)
        if found is None:
            if len(self._elided) > 20_000:
                self._elided.clear()
            found = self._elided[key] = self.metrics.elided(text, "bold", key[1])
        return found

    def badge(self, status: str, pixels: float) -> QPixmap:
        """Return a verdict's round badge for `pixels` device pixels per unit, middle on middle."""
        found = self._badges.get((status, pixels))
        if found is None:
            if len(self._badges) > 64:
                self._badges.clear()
            found = self._badges[status, pixels] = self._draw_badge(status, pixels)
        return found

    def _draw_badge(self, status: str, pixels: float) -> QPixmap:
        size = 2 * math.ceil((BADGE + 1.5) * pixels)
        drawn = QPixmap(size, size)
        drawn.fill(QColor(0, 0, 0, 0))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(size / 2, size / 2)
        painter.scale(pixels, pixels)
        color = self.theme.status(status)
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(self.theme.color("node"))
        painter.drawEllipse(QPointF(0, 0), BADGE, BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPath(status_glyph(status))
        painter.end()
        return drawn

    def pen(self, color: str, width: float = 1.0) -> QPen:
        """Return a cosmetic pen; width 1 is the one Qt strokes quickly."""
        pen = QPen(self.theme.color(color), width)
        pen.setCosmetic(True)
        return pen


def _stripes(color: QColor) -> QPixmap:
    """A tile of diagonal stripes: over a head they show a mark without its colour."""
    drawn = QPixmap(_STRIPE, _STRIPE)
    drawn.fill(QColor(0, 0, 0, 0))
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 2.6))
    for shift in (-_STRIPE, 0, _STRIPE):
        painter.drawLine(QPointF(shift - 2, _STRIPE + 2), QPointF(shift + _STRIPE + 2, -2))
    painter.end()
    return drawn


def _sized(font: QFont, pixels: float, weight: QFont.Weight) -> QFont:
    made = QFont(font)
    made.setPixelSize(round(pixels))
    # Half pixels only exist in points; 96 dpi is what a logical pixel is defined by.
    made.setPointSizeF(pixels * 72.0 / 96.0)
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def _widths(font: QFont) -> dict[str, float]:
    metrics = QFontMetricsF(font)
    return {character: metrics.horizontalAdvance(character) for character in _CHARACTERS}


@lru_cache(maxsize=512)
def head_path(width: float, is_whole: bool) -> QPainterPath:
    """The coloured head of a node at the origin; round below too if there is no body."""
    path = QPainterPath()
    if is_whole:
        path.addRoundedRect(QRectF(0, 0, width, HEAD), RADIUS, RADIUS)
        return path
    path.moveTo(0, HEAD)
    path.lineTo(0, RADIUS)
    path.arcTo(QRectF(0, 0, 2 * RADIUS, 2 * RADIUS), 180, -90)
    path.lineTo(width - RADIUS, 0)
    path.arcTo(QRectF(width - 2 * RADIUS, 0, 2 * RADIUS, 2 * RADIUS), 90, -90)
    path.lineTo(width, HEAD)
    path.closeSubpath()
    return path


@lru_cache(maxsize=16)
def status_glyph(status: str) -> QPainterPath:
    """The sign of a verdict, centred on the origin, about 10 units high."""
    name = _ICONS[status]
    font = QFont(qtawesome.font(name.partition(".")[0], 16))
    font.setPixelSize(64)
    path = QPainterPath()
    path.addText(QPointF(0, 0), font, qtawesome.charmap(name))
    box = path.boundingRect()
    scale = 9.5 / max(box.width(), box.height(), 1.0)
    move = QTransform().scale(scale, scale).translate(-box.center().x(), -box.center().y())
    return move.map(path)


@lru_cache(maxsize=4)
def chevron(is_open: bool) -> QPainterPath:
    """The little triangle of a group, centred on the origin."""
    path = QPainterPath()
    turn = math.pi / 2 if is_open else 0.0
    corners = [(4.0, 0.0), (-3.0, -4.0), (-3.0, 4.0)]
    points = [
        QPointF(
            x * math.cos(turn) - y * math.sin(turn),
            x * math.sin(turn) + y * math.cos(turn),
        )
        for x, y in corners
    ]
    path.moveTo(points[0])
    path.lineTo(points[1])
    path.lineTo(points[2])
    path.closeSubpath()
    return path
