"""Names of groups at a readable size when the picture is too far away for its own writing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.plan import Plan

_NARROWEST = 44.0
_LOWEST = 16.0
_MOST = 150


def paint_names(painter: QPainter, plan: Plan, ink: Ink, area: QRectF, scale: float) -> None:
    """Write the names of the groups in `area` that are large enough on the screen for it."""
    picture = plan.picture
    written: list[QRectF] = []
    painter.save()
    painter.setFont(ink.font("bold"))
    painter.setPen(ink.theme.color("text"))
    height = ink.height("bold")
    candidates = [*plan.open_in(area), *plan.closed_in(area)] if scale > 0 else []
    for at in map(int, candidates):
        if len(written) >= _MOST:
            break
        if picture.items[at] >= 0:
            continue
        rect = plan.box_rect(at)
        if rect.width() * scale < _NARROWEST or rect.height() * scale < _LOWEST:
            continue
        label = plan.scene.tree.label(picture.items[at])
        name = ink.metrics.elided(label, "bold", rect.width() * scale - 10)
        if name == "…":
            continue
        width = ink.metrics.width(name, "bold")
        is_open = bool(plan.is_open[at])
        left = rect.left() + (5 / scale if is_open else (rect.width() - width / scale) / 2)
        top = rect.top() + (1 / scale if is_open else (rect.height() - height / scale) / 2)
        place = QRectF(left, top, width / scale, height / scale)
        if any(place.intersects(other) for other in written):
            continue
        written.append(place)
        painter.save()
        painter.translate(left, top)
        painter.scale(1 / scale, 1 / scale)
        painter.drawStaticText(QPointF(0, 0), ink.text(name, "bold"))
        painter.restore()
    painter.restore()
