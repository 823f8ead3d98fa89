"""Edges of the selection and the edge that is chosen, over the plain ones, and arrowheads."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen, QPolygonF

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.lights import Lights
from surgeon_gui.ui.canvas.plan import Plan

_ARROW = 8.0


def paint_lit_edges(
    painter: QPainter, plan: Plan, ink: Ink, area: QRectF, lights: Lights, *, with_arrows: bool
) -> None:
    """Paint lit edges over the plain ones.

    What the selection feeds is orange, what it reads green, the edge under the mouse and the chosen
    one have the accent's colour, the latter with a glow.
    """
    shown = area.adjusted(-8, -8, 8, 8)
    ratio = painter.device().devicePixelRatioF()
    hover = [] if lights.hover_edge is None else [lights.hover_edge]
    for edges, name, width, alpha in (
        (lights.out_edges, "consumes", 2.0, 1.0),
        (lights.in_edges, "produces", 2.0, 1.0),
        (hover, "accent", 2.5, 0.6),
        (lights.chosen_edges, "accent", 8.0, 0.28),
        (lights.chosen_edges, "accent", 3.0, 1.0),
    ):
        color = ink.theme.color(name, alpha)
        pen = QPen(QBrush(color), width * ratio)
        pen.setCosmetic(True)
        dashed = QPen(pen)
        dashed.setDashPattern([3.0, 2.0])
        for at in edges:
            strand = plan.strand(at)
            left, top, right, bottom = plan.edge_bounds[at]
            place = QRectF(left, top, right - left + 0.1, bottom - top + 0.1)
            if not strand.is_portal and not shown.intersects(place):
                continue
            painter.setPen(dashed if strand.is_control else pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if strand.is_portal and strand.has_arrow:
                painter.drawPath(_through(plan, at))
            x, y = plan.picture.origins[at]
            painter.translate(x, y)
            painter.drawPolyline(plan.polygon(at))
            painter.translate(-x, -y)
            if strand.has_arrow and with_arrows:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
                paint_arrow(painter, plan, at)


def _through(plan: Plan, at: int) -> QPainterPath:
    """The whole way of a portal, from its source, for when it is lit."""
    points, (x, y) = plan.picture.routes[at], plan.picture.origins[at]
    end = QPointF(x + points[0], y + points[1])
    rect = plan.item_rect(plan.strand(at).source)
    path = QPainterPath(end)
    if not rect.isNull():
        start = QPointF(rect.center().x(), rect.bottom())
        lean = max((end.y() - start.y()) / 3, 40.0)
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(0, lean), end - QPointF(0, lean), end)
    return path


def paint_arrow(painter: QPainter, plan: Plan, at: int) -> None:
    """Paint the arrowhead of an edge with the brush that is set."""
    points, (x, y) = plan.picture.routes[at], plan.picture.origins[at]
    tip_x, tip_y = x + points[-2], y + points[-1]
    back = _ARROW if points[-1] >= points[-3] else -_ARROW
    painter.drawPolygon(
        QPolygonF(
            [
                QPointF(tip_x, tip_y),
                QPointF(tip_x - _ARROW / 2, tip_y - back),
                QPointF(tip_x + _ARROW / 2, tip_y - back),
            ]
        )
    )
