"""Names and ops at a readable size when the picture is too far away for its own writing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.labels import HEAD, PAD
from surgeon_gui.view.series import short_label

_NARROWEST = 44.0
_LOWEST = 12.0
_LOWEST_OPEN = 64.0
_ROOM = 17.0
_CLOSED_SIZE = 0.8
_SHORTEST = 8
_MOST = 150

# A caption of this many pixels, in heads at least as high.
_CAPTION = 8.2
_CAPTION_FROM = 8.0 / HEAD


def paint_captions(
    painter: QPainter, plan: Plan, marks: Marks, ink: Ink, area: QRectF, scale: float
) -> None:
    """Write the ops of the nodes in `area` into their heads, if those are high enough."""
    if scale < _CAPTION_FROM:
        return
    painter.save()
    font = ink.font("bold")
    painter.setFont(font)
    grow = _CAPTION / (font.pointSizeF() * 96 / 72 * scale)
    half = ink.height("bold") / 2 * grow
    for at in map(int, plan.closed_in(area)):
        if plan.picture.items[at] < 0:
            continue
        label, rect = plan.label(at), plan.box_rect(at)
        text = ink.elided(label.head, (rect.width() - PAD) / grow)
        if text == "…":
            continue
        item = plan.picture.items[at]
        painter.setPen(ink.tints.node(marks.tints, item, label.category).writing)
        left, top = rect.left() + PAD / 2, rect.top() + HEAD / 2 - half
        painter.translate(left, top)
        painter.scale(grow, grow)
        painter.drawStaticText(QPointF(0, 0), ink.text(text, "bold"))
        painter.scale(1 / grow, 1 / grow)
        painter.translate(-left, -top)
    painter.restore()


def paint_names(
    painter: QPainter, plan: Plan, marks: Marks, ink: Ink, area: QRectF, scale: float
) -> None:
    """Write the names of the groups in `area` that are large enough on the screen for it."""
    picture = plan.picture
    written: list[QRectF] = []
    painter.save()
    painter.setFont(ink.font("bold"))
    height = ink.height("bold")
    candidates = [*plan.open_in(area), *plan.closed_in(area)] if scale > 0 else []
    for at in map(int, candidates):
        if len(written) >= _MOST:
            break
        if picture.items[at] >= 0:
            continue
        rect = plan.box_rect(at)
        wide, high = rect.width() * scale, rect.height() * scale
        is_open = bool(plan.is_open[at])
        if wide < _NARROWEST or high < (_LOWEST_OPEN if is_open else _LOWEST):
            continue
        tree, item = plan.scene.tree, picture.items[at]
        label = tree.label(item)
        # A closed group has room for little, so its writing is smaller.
        size = 1.0 if is_open else min(_CLOSED_SIZE, high / _ROOM)
        room = (wide - 12) / size
        if tree.group(item).series and ink.metrics.width(label, "bold") > room:
            label = short_label(label)
        name = ink.metrics.elided(label, "bold", room)
        if len(name) < min(len(label), _SHORTEST):
            continue
        width = ink.metrics.width(name, "bold") * size
        left = rect.left() * scale + (4 if is_open else (wide - width) / 2)
        top = rect.top() * scale + (3 if is_open else (high - height * size) / 2)
        place = QRectF(left - 3, top, width + 6, height * size)
        if any(place.intersects(other) for other in written):
            continue
        written.append(place)
        painter.save()
        painter.scale(1 / scale, 1 / scale)
        if is_open:
            painter.setPen(Qt.PenStyle.NoPen)
            fill = QColor(ink.theme.group_fill(plan.tree.depth(picture.items[at])))
            fill.setAlphaF(0.88)
            painter.setBrush(fill)
            painter.drawRoundedRect(place, 3, 3)
        tint = ink.tints.of(marks.tints, picture.items[at]) if marks.tints is not None else None
        painter.setPen(tint.writing if tint and not is_open else ink.theme.color("text"))
        painter.translate(left, top)
        painter.scale(size, size)
        painter.drawStaticText(QPointF(0, 0), ink.text(name, "bold"))
        painter.restore()
    painter.restore()
