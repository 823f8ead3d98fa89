"""Painting from far: blocks of colour and straight lines, kept as tiles of pixels."""

from __future__ import annotations

import math
from collections import OrderedDict
from time import perf_counter

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Indices, Plan
from surgeon_gui.view.labels import HEAD

FAR_BELOW = 0.35
_TILE = 256
_MOST_TILES = 600
_BUDGET_S = 0.010


def paint_far(
    painter: QPainter, plan: Plan, marks: Marks, ink: Ink, area: QRectF, scale: float
) -> None:
    """Paint the part of the picture in `area` at `scale` pixels per unit, without writing."""
    theme, items = ink.theme, plan.picture.items
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    pixel = 1.0 / scale
    pen = QPen(theme.color("group_line"), 0)
    painter.setPen(pen)
    for at in map(int, plan.open_in(area)):
        painter.setBrush(theme.group_fill(plan.tree.depth(items[at])))
        painter.drawRect(plan.box_rect(at))
    edges = plan.edges_in(area, least=2 * pixel)
    painter.setPen(QPen(theme.color("edge", 0.7), 0))
    painter.drawLines(_lines(plan, edges))
    closed = plan.closed_in(area)
    painter.setPen(Qt.PenStyle.NoPen)
    bodies: list[QRectF] = []
    groups: dict[int, list[QRectF]] = {}
    heads: dict[str, list[QRectF]] = {}
    marked: dict[str, list[QRectF]] = {}
    for at in map(int, closed):
        item, rect = items[at], plan.box_rect(at)
        rect.setWidth(max(rect.width(), pixel))
        rect.setHeight(max(rect.height(), pixel))
        if item < 0:
            groups.setdefault(plan.tree.depth(item), []).append(rect)
            summary = marks.summary(item)
            worst = summary.worst if summary.is_drawn else None
        else:
            label = plan.label(at)
            head = QRectF(rect)
            head.setHeight(max(HEAD, 2 * pixel) if rect.height() > 3 * pixel else rect.height())
            if label.rows and rect.height() > 3 * pixel:
                bodies.append(rect)
            heads.setdefault(label.category, []).append(head)
            mark = marks.mark(item)
            worst = mark.status if mark is not None else None
        if worst is not None:
            size = max(18.0, 4 * pixel)
            marked.setdefault(worst, []).append(
                QRectF(rect.right() - size / 2, rect.top() - size / 2, size, size)
            )
    outline = QPen(theme.color("group_line"), 0)
    painter.setPen(outline)
    for depth, rects in groups.items():
        painter.setBrush(theme.group_fill(depth))
        painter.drawRects(rects)
    painter.setPen(QPen(theme.color("node_line"), 0))
    painter.setBrush(theme.color("node"))
    painter.drawRects(bodies)
    painter.setPen(Qt.PenStyle.NoPen)
    for category, rects in heads.items():
        painter.setBrush(theme.category(category))
        painter.drawRects(rects)
    for status, rects in marked.items():
        painter.setBrush(theme.status(status))
        painter.drawRects(rects)


def _lines(plan: Plan, edges: Indices) -> list[QLineF]:
    lines = []
    routes, origins = plan.picture.routes, plan.picture.origins
    for at in map(int, edges):
        points, (x, y) = routes[at], origins[at]
        middle = (len(points) // 4) * 2
        ax, ay = x + points[0], y + points[1]
        bx, by = x + points[middle], y + points[middle + 1]
        cx, cy = x + points[-2], y + points[-1]
        lines.append(QLineF(ax, ay, bx, by))
        lines.append(QLineF(bx, by, cx, cy))
    return lines


class Tiles:
    """Pixel tiles of the picture at a few scales; a scale in between shows the next larger one.

    Only so many tiles are made per frame as fit its time; until the rest are there, a coarser tile
    or nothing stands for them.
    """

    def __init__(self) -> None:
        self._tiles: OrderedDict[tuple[int, int, int], QPixmap] = OrderedDict()

    def clear(self) -> None:
        self._tiles.clear()

    def paint(
        self,
        painter: QPainter,
        plan: Plan,
        marks: Marks,
        ink: Ink,
        area: QRectF,
        scale: float,
        *,
        patient: bool = False,
    ) -> bool:
        """Paint `area`; return whether everything was there.

        `scale` is in device pixels per scene unit; `patient` makes every missing tile now, however
        long that takes.
        """
        step = math.ceil(2 * math.log2(scale))
        tile_scale = 2.0 ** (step / 2)
        size = _TILE / tile_scale
        started = perf_counter()
        complete = True
        area = area.intersected(plan.rect.adjusted(-40, -40, 40, 40))
        if area.isEmpty():
            return True
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for row in range(math.floor(area.top() / size), math.floor(area.bottom() / size) + 1):
            for column in range(
                math.floor(area.left() / size), math.floor(area.right() / size) + 1
            ):
                key = (step, column, row)
                tile = self._tiles.get(key)
                if tile is None:
                    if not patient and perf_counter() - started > _BUDGET_S:
                        complete = False
                        continue
                    tile = self._make(plan, marks, ink, column, row, tile_scale)
                    self._tiles[key] = tile
                    if len(self._tiles) > _MOST_TILES:
                        self._tiles.popitem(last=False)
                else:
                    self._tiles.move_to_end(key)
                painter.drawPixmap(
                    QRectF(column * size, row * size, size, size), tile, QRectF(0, 0, _TILE, _TILE)
                )
        return complete

    @staticmethod
    def _make(plan: Plan, marks: Marks, ink: Ink, column: int, row: int, scale: float) -> QPixmap:
        tile = QPixmap(_TILE, _TILE)
        tile.fill(QColor(ink.theme.canvas))
        size = _TILE / scale
        painter = QPainter(tile)
        painter.scale(scale, scale)
        painter.translate(-column * size, -row * size)
        paint_far(painter, plan, marks, ink, QRectF(column * size, row * size, size, size), scale)
        painter.end()
        return tile
