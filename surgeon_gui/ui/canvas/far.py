"""Painting from far: blocks of colour and straight lines, kept as tiles of pixels."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from time import perf_counter

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from surgeon_gui.ui.canvas.differences import marked_pen, split_edges
from surgeon_gui.ui.canvas.ink import BADGE, Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.labels import HEAD
from surgeon_gui.view.overlay import DIFFERENCES

FAR_BELOW = 0.44
_TILE = 256
_MOST_TILES = 400
_MOST_SETS = 4
_EDGE = 40.0
# Pixels of a badge; from this scale on there is room for its sign.
_BADGE = 12
_BADGE_FROM = 0.12
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
    edges, different = split_edges(plan, marks, edges)
    painter.drawLines(_lines(plan, edges))
    for status in DIFFERENCES if len(different) else ():
        alike = [at for at in map(int, different) if marks.edge(plan.strand(at)) == status]
        painter.setPen(marked_pen(ink, status, 0.7))
        painter.drawLines(_lines(plan, alike))
    closed = plan.closed_in(area)
    painter.setPen(Qt.PenStyle.NoPen)
    bodies: list[QRectF] = []
    groups: dict[int, list[QRectF]] = {}
    heads: dict[int, list[QRectF]] = {}
    tints = marks.tints
    marked: dict[str, list[QRectF]] = {}
    for at in map(int, closed):
        item, rect = items[at], plan.box_rect(at)
        rect.setWidth(max(rect.width(), pixel))
        rect.setHeight(max(rect.height(), pixel))
        if item < 0:
            tint = ink.tints.of(tints, item) if tints is not None else None
            fill = tint.fill if tint is not None else theme.group_fill(plan.tree.depth(item))
            groups.setdefault(fill.rgb(), []).append(rect)
            summary = marks.summary(item)
            worst = summary.worst if summary.is_drawn else None
        else:
            label = plan.label(at)
            head = QRectF(rect)
            head.setHeight(max(HEAD, 2 * pixel) if rect.height() > 3 * pixel else rect.height())
            if label.rows and rect.height() > 3 * pixel:
                bodies.append(rect)
            paint = ink.tints.node(tints, item, label.category)
            heads.setdefault(paint.fill.rgb(), []).append(head)
            mark = marks.mark(item)
            worst = mark.status if mark is not None else None
        if worst is not None:
            size = max(18.0, (_BADGE if scale >= _BADGE_FROM else 4) * pixel)
            marked.setdefault(worst, []).append(
                QRectF(rect.right() - size / 2, rect.top() - size / 2, size, size)
            )
    outline = QPen(theme.color("group_line"), 0)
    painter.setPen(outline)
    for color, rects in groups.items():
        painter.setBrush(QColor.fromRgb(color))
        painter.drawRects(rects)
    painter.setPen(QPen(theme.color("node_line"), 0))
    painter.setBrush(theme.color("node"))
    painter.drawRects(bodies)
    painter.setPen(Qt.PenStyle.NoPen)
    for color, rects in heads.items():
        painter.setBrush(QColor.fromRgb(color))
        painter.drawRects(rects)
    for status, rects in marked.items():
        if scale < _BADGE_FROM:
            painter.setBrush(theme.status(status))
            painter.drawRects(rects)
            continue
        sprite = ink.badge(status, rects[0].width() * scale / (2 * BADGE + 3))
        for rect in rects:
            painter.drawPixmap(rect, sprite, QRectF(sprite.rect()))


def _lines(plan: Plan, edges: Iterable[int]) -> list[QLineF]:
    """The edges as straight pieces: each bend is one."""
    lines = []
    origins = plan.picture.origins
    for at in map(int, edges):
        x, y = origins[at]
        points = plan.bends(at)
        for (x0, y0), (x1, y1) in pairwise(points):
            lines.append(QLineF(x + x0, y + y0, x + x1, y + y1))
    return lines


class Tiles:
    """Pixel tiles of the picture at the scale shown, and those of a few scales before.

    Only so many tiles are made per frame as fit its time; until the rest are there, tiles of
    another scale stand for them.
    """

    def __init__(self) -> None:
        self._sets: OrderedDict[float, dict[tuple[int, int], QPixmap]] = OrderedDict()

    def clear(self) -> None:
        self._sets.clear()

    def paint(
        self,
        painter: QPainter,
        plan: Plan,
        marks: Marks,
        ink: Ink,
        area: QRectF,
        *,
        patient: bool = False,
    ) -> bool:
        """Paint `area`; return whether everything was there.

        `patient` makes every missing tile now, however long that takes.
        """
        ratio = painter.device().devicePixelRatioF()
        scale = painter.worldTransform().m11() * ratio
        area = area.intersected(plan.rect.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE))
        if area.isEmpty():
            return True
        tiles = self._sets.setdefault(scale, {})
        self._sets.move_to_end(scale)
        while len(self._sets) > _MOST_SETS or (
            len(self._sets) > 1 and sum(map(len, self._sets.values())) > _MOST_TILES
        ):
            self._sets.popitem(last=False)
        if len(tiles) > _MOST_TILES:
            tiles.clear()
        missing = [key for key in _keys(area, _TILE / scale) if key not in tiles]
        started, made = perf_counter(), 0
        for key in missing:
            if made and not patient and perf_counter() - started > _BUDGET_S:
                break
            tiles[key] = _tile(plan, marks, ink, key, scale, ratio)
            made += 1
        complete = made == len(missing)
        if not complete:
            self._stand_in(painter, area)
        _draw(painter, tiles, area, scale, ratio)
        return complete

    def _stand_in(self, painter: QPainter, area: QRectF) -> None:
        """Paint what other scales have of `area`, stretched without care."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for scale, tiles in list(self._sets.items())[:-1]:
            size = _TILE / scale
            for column, row in _keys(area, size, most=_MOST_TILES):
                tile = tiles.get((column, row))
                if tile is not None:
                    place = QRectF(column * size, row * size, size, size)
                    painter.drawPixmap(place, tile, QRectF(0, 0, _TILE, _TILE))


def _keys(area: QRectF, size: float, most: int = 0) -> list[tuple[int, int]]:
    """The columns and rows of tiles of `size` that cover `area`; none if more than `most`."""
    columns = range(math.floor(area.left() / size), math.floor(area.right() / size) + 1)
    rows = range(math.floor(area.top() / size), math.floor(area.bottom() / size) + 1)
    if most and len(columns) * len(rows) > most:
        return []
    return [(column, row) for row in rows for column in columns]


def _draw(
    painter: QPainter,
    tiles: dict[tuple[int, int], QPixmap],
    area: QRectF,
    scale: float,
    ratio: float,
) -> None:
    """Put tiles on whole pixels of the device, so that they are copied, not resampled."""
    world = painter.worldTransform()
    left, top = round(world.dx() * ratio), round(world.dy() * ratio)
    painter.save()
    painter.resetTransform()
    for column, row in _keys(area, _TILE / scale):
        tile = tiles.get((column, row))
        if tile is not None:
            place = QPointF((column * _TILE + left) / ratio, (row * _TILE + top) / ratio)
            painter.drawPixmap(place, tile)
    painter.restore()


def _tile(
    plan: Plan, marks: Marks, ink: Ink, key: tuple[int, int], scale: float, ratio: float
) -> QPixmap:
    tile = QPixmap(_TILE, _TILE)
    tile.fill(QColor(ink.theme.canvas))
    size = _TILE / scale
    place = QRectF(key[0] * size, key[1] * size, size, size)
    painter = QPainter(tile)
    painter.scale(scale, scale)
    painter.translate(-place.left(), -place.top())
    paint_far(painter, plan, marks, ink, place, scale)
    painter.end()
    tile.setDevicePixelRatio(ratio)
    return tile
