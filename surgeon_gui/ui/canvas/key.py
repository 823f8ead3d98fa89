"""What the colours of an overlay mean: its entries, and the legend as pictures in files have it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.tint import STEPS, TintInk
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.coloring import MAX, OTHER, KindTints, NumberTints, Scale, Tints, amount
from surgeon_gui.view.words import one_line

_LONGEST = 34
_PAD, _LINE, _SWATCH, _BAR = 12.0, 18.0, 11.0, 10.0
_SCALE_WIDTH = 220.0


def short(words: str) -> str:
    """Return words cut in the middle to what a legend has room for."""
    words = one_line(words)
    if len(words) <= _LONGEST:
        return words
    keep = _LONGEST * 2 // 5
    return f"{words[:keep]}…{words[keep + 1 - _LONGEST :]}"


def tint_entries(theme: Theme, tints: Tints) -> list[tuple[QColor, str]]:
    """Return each kind's colour and words, and those of nodes the overlay says nothing of."""
    inks = TintInk(theme)
    entries = []
    if isinstance(tints, KindTints):
        for place, kind in enumerate(tints.kinds):
            words = tints.coloring.words.get(kind, kind)
            words = f"{tints.others} others" if kind == OTHER and tints.others else words
            entries.append((inks.kind(tints, place).fill, short(words)))
    if tints.plain:
        words = f"no value, {tints.plain:,} node{'s' * (tints.plain != 1)}"
        entries.append((theme.category("constant"), words))
    return entries


def tint_notes(tints: Tints) -> list[str]:
    """Return what else is to be said of an overlay."""
    notes = []
    if isinstance(tints, KindTints):
        is_worst = tints.coloring.are_verdicts
        what = "the worst inside" if is_worst else "what most nodes inside have"
    else:
        is_max = tints.coloring.gather == MAX
        what = "the largest inside" if is_max else "the sum (Σ) of what is inside"
    notes.append(f"A closed group shows {what}.")
    if tints.coloring.note:
        notes.append(one_line(tints.coloring.note))
    return notes


def paint_scale(painter: QPainter, theme: Theme, scale: Scale, place: QRectF) -> None:
    """Paint the colours of a scale from left to right, the numbers at its ends below."""
    colors = [paint.fill for paint in TintInk(theme).scale]
    bar = QRectF(place.left() + 0.5, place.top() + 1.5, place.width() - 1, _BAR)
    fade = QLinearGradient(bar.topLeft(), bar.topRight())
    for step, color in enumerate(colors):
        fade.setColorAt(step / (STEPS - 1), color)
    is_flat = scale.low == scale.high
    painter.setPen(QPen(QColor(theme.line), 1))
    painter.setBrush(colors[-1] if is_flat else fade)
    painter.drawRoundedRect(bar, 3, 3)
    painter.setPen(QColor(theme.text))
    under = QRectF(place.left(), place.top() + _BAR + 3, place.width(), 15)
    side = Qt.AlignmentFlag
    low, high = (amount(end, scale.unit) for end in (scale.low, scale.high))
    painter.drawText(under, side.AlignRight | side.AlignTop, high)
    if not is_flat:
        painter.drawText(under, side.AlignLeft | side.AlignTop, low)
        if scale.is_log:
            painter.setPen(QColor(theme.muted))
            painter.drawText(under, side.AlignHCenter | side.AlignTop, "log")


def key_size(tints: Tints, ink: Ink) -> QSizeF:
    """Return how large `paint_key` paints."""
    entries, notes = tint_entries(ink.theme, tints), tint_notes(tints)
    widths = [ink.width(note, "plain") for note in notes]
    widths.append(ink.width(short(tints.coloring.title), "bold"))
    widths += [ink.width(words, "plain") + _SWATCH + 8 for _, words in entries]
    lines = 1 + len(notes) + len(entries)
    height = lines * _LINE
    if isinstance(tints, NumberTints):
        widths.append(_SCALE_WIDTH)
        height += _BAR + 20
    return QSizeF(max(widths) + 2 * _PAD, height + 2 * _PAD)


def paint_key(painter: QPainter, tints: Tints, ink: Ink, corner: QPointF) -> None:
    """Paint a legend with its upper left corner at `corner`."""
    theme = ink.theme
    size = key_size(tints, ink)
    painter.setPen(QPen(QColor(theme.line), 1))
    painter.setBrush(QColor(theme.window))
    painter.drawRoundedRect(QRectF(corner, size), 6, 6)
    left, y = corner.x() + _PAD, corner.y() + _PAD
    wide = size.width() - 2 * _PAD
    side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

    def write(words: str, font: str, color: str, by: float = 0.0) -> None:
        painter.setFont(ink.font(font))
        painter.setPen(QColor(color))
        painter.drawText(QRectF(left + by, y, wide - by, _LINE), side, words)

    write(short(tints.coloring.title), "bold", theme.text)
    y += _LINE
    if isinstance(tints, NumberTints):
        painter.setFont(ink.font("plain"))
        paint_scale(painter, theme, tints.scale, QRectF(left, y, wide, _BAR + 18))
        y += _BAR + 20
    for color, words in tint_entries(theme, tints):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(left, y + (_LINE - _SWATCH) / 2, _SWATCH, _SWATCH), 2, 2)
        write(words, "plain", theme.text, _SWATCH + 8)
        y += _LINE
    for note in tint_notes(tints):
        write(note, "plain", theme.muted)
        y += _LINE
