"""The picture in the form that painting and hit testing want: arrays to cull by, shapes to draw."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPolygonF

from surgeon_gui.view.labels import BODY_PAD, HEAD, ROW, Label
from surgeon_gui.view.pace import BATCH, Pace
from surgeon_gui.view.picture import Picture, Strand
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.tree import Tree

Indices = npt.NDArray[np.intp]


class Plan:
    """A picture with what is needed to paint what is visible quickly, once `prepare` is done.

    Boxes and edges are culled by comparing whole columns of bounds, which for 50 000 of them takes
    a fraction of a millisecond and needs no index to keep up to date.

    Attributes:
        scene, tree, picture: what it shows.
        index: item → its box.
        is_open: per box whether it is an open group.
        edge_bounds: per edge left, top, right, bottom.
    """

    def __init__(self, scene: Scene, picture: Picture) -> None:
        self.scene, self.picture = scene, picture
        self.tree: Tree = scene.tree
        count, edges = len(picture.items), len(picture.strands)
        self._rects = np.zeros((count, 4))
        self._bounds = np.zeros((count, 4))
        self.is_open = np.zeros(count, dtype=bool)
        self.index: dict[int, int] = {}
        self.edge_bounds = np.zeros((edges, 4))
        self._polygons: dict[int, QPolygonF] = {}
        self._lines: dict[int, list[QLineF]] = {}
        self._bends: dict[int, list[tuple[float, float]]] = {}
        self._closed = np.zeros(count, dtype=bool)
        self._moved: dict[int, QRectF] = {}
        self._owners = np.zeros(0, dtype=np.intp)
        self._ends = np.zeros((0, 2), dtype=np.intp)

    def prepare(self) -> Pace[None]:
        """Index the boxes and find the bounds and the links of all edges, in steps."""
        yield from self._index_boxes()
        yield from self._bound_edges()
        yield from self._link_edges()

    def _index_boxes(self) -> Pace[None]:
        items, rects, is_open = self.picture.items, self.picture.rects, self.picture.is_open
        for start in range(0, len(items), BATCH):
            part = slice(start, start + BATCH)
            self.index.update(zip(items[part], range(start, start + BATCH), strict=False))
            self._rects[part] = rects[part]
            self.is_open[part] = is_open[part]
            yield 1.0
        self._closed = ~self.is_open
        self._bounds = self._rects.copy()
        self._bounds[:, 2:] += self._rects[:, :2]

    def _bound_edges(self) -> Pace[None]:
        routes, origins = self.picture.routes, self.picture.origins
        known: dict[int, tuple[float, float, float, float]] = {}
        for start in range(0, len(routes), BATCH):
            part = slice(start, start + BATCH)
            rows = []
            for points, (x, y) in zip(routes[part], origins[part], strict=True):
                local = known.get(id(points))
                if local is None:
                    xs, ys = points[::2], points[1::2]
                    local = known[id(points)] = (min(xs), min(ys), max(xs), max(ys))
                rows.append((local[0] + x, local[1] + y, local[2] + x, local[3] + y))
            self.edge_bounds[part] = rows
            yield 1.0

    def _link_edges(self) -> Pace[None]:
        strands = self.picture.strands
        owners, ends = [self._owners], [self._ends]
        for start in range(0, len(strands), BATCH):
            links = [
                (at, source, target)
                for at, strand in enumerate(strands[start : start + BATCH], start)
                for source, target, _ in strand.links
            ]
            found = np.array(links, dtype=np.intp).reshape(-1, 3)
            owners.append(found[:, 0])
            ends.append(found[:, 1:])
            yield 1.0
        self._owners, self._ends = np.concatenate(owners), np.concatenate(ends)

    @property
    def rect(self) -> QRectF:
        """The whole picture."""
        return QRectF(0, 0, self.picture.width, self.picture.height)

    @property
    def rects(self) -> npt.NDArray[np.float64]:
        """Left, top, width, height per box."""
        return self._rects

    def moved(self, rects: dict[int, QRectF]) -> Plan:
        """Return the same plan with some boxes elsewhere, for painting only."""
        other = copy(self)
        other._moved = rects
        return other

    def box_rect(self, at: int) -> QRectF:
        return QRectF(self._moved.get(at) or QRectF(*self.picture.rects[at]))

    def item_rect(self, item: int) -> QRectF:
        """The rectangle of an item; empty where it is not shown."""
        at = self.index.get(item)
        return QRectF() if at is None else self.box_rect(at)

    def label(self, at: int) -> Label:
        return self.scene.labels.get(self.picture.items[at])

    def kind(self, at: int) -> str:
        """The category of a box, empty for a group."""
        return self.scene.labels.kind(self.picture.items[at])

    def strand(self, at: int) -> Strand:
        return self.picture.strands[at]

    def polygon(self, at: int) -> QPolygonF:
        """The points of an edge, relative to its origin; shared by edges of equal shape."""
        points = self.picture.routes[at]
        found = self._polygons.get(id(points))
        if found is None:
            found = QPolygonF(
                [QPointF(x, y) for x, y in zip(points[::2], points[1::2], strict=True)]
            )
            self._polygons[id(points)] = found
        return found

    def lines(self, at: int) -> list[QLineF]:
        """The same as single lines."""
        points = self.picture.routes[at]
        found = self._lines.get(id(points))
        if found is None:
            pairs = pairwise(zip(points[::2], points[1::2], strict=True))
            found = self._lines[id(points)] = [QLineF(*start, *end) for start, end in pairs]
        return found

    def bends(self, at: int) -> list[tuple[float, float]]:
        """The points of an edge without those inside its curves, relative to its origin."""
        points = self.picture.routes[at]
        found = self._bends.get(id(points))
        if found is None:
            pairs = list(zip(points[::2], points[1::2], strict=True))
            found = self._bends[id(points)] = [
                here
                for before, here, after in zip(
                    [pairs[0], *pairs], pairs, [*pairs[1:], pairs[-1]], strict=False
                )
                if before[0] == here[0] or here[0] == after[0]
            ]
        return found

    def closed_in(self, area: QRectF, margin: float = 0.0) -> Indices:
        """Nodes and closed groups that touch `area`."""
        return _touching(self._bounds, area, margin, self._closed)

    def among(self, items: Iterable[int], area: QRectF, margin: float) -> list[int]:
        """Those of the items that touch `area`; all that are shown while they are moving."""
        shown = [item for item in items if item in self.index]
        if self._moved:
            return shown
        places = np.fromiter(map(self.index.__getitem__, shown), np.intp, len(shown))
        touching = _mask(self._bounds[places], area, margin).tolist()
        return [item for item, touches in zip(shown, touching, strict=True) if touches]

    def open_in(self, area: QRectF) -> Indices:
        """Open groups that touch `area`, outer ones first."""
        return _touching(self._bounds, area, 0.0, self.is_open)

    def edges_in(self, area: QRectF, least: float = 0.0) -> Indices:
        """Edges whose bounds touch `area`; those shorter than `least` are left out."""
        bounds = self.edge_bounds
        hit = _mask(bounds, area, 8.0)
        if least:
            longest = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
            hit &= longest >= least
        return np.nonzero(hit)[0]

    def edges_of(self, items: Iterable[int]) -> tuple[list[int], list[int]]:
        """The edges that lead into and out of `items` taken together."""
        inside = np.zeros(len(self.tree.nodes), dtype=bool)
        for item in items:
            start, stop = self.tree.range_of(item)
            inside[start:stop] = True
        from_inside, to_inside = inside[self._ends[:, 0]], inside[self._ends[:, 1]]
        into = np.unique(self._owners[to_inside & ~from_inside])
        out_of = np.unique(self._owners[from_inside & ~to_inside])
        return into.tolist(), np.setdiff1d(out_of, into).tolist()

    def edges_with(self, links: Iterable[tuple[int, int]]) -> list[int]:
        """The edges that stand for one of these links: (source, target), places in the tree."""
        count = len(self.tree.nodes)
        wanted = np.array([source * count + target for source, target in links], dtype=np.intp)
        keys = self._ends[:, 0] * count + self._ends[:, 1]
        return [int(at) for at in np.unique(self._owners[np.isin(keys, wanted)])]

    def box_at(self, point: QPointF) -> int | None:
        """The innermost box at a point."""
        x, y = point.x(), point.y()
        bounds = self._bounds
        inside = (
            (bounds[:, 0] <= x) & (x <= bounds[:, 2]) & (bounds[:, 1] <= y) & (y <= bounds[:, 3])
        )
        found = np.nonzero(inside)[0]
        # Boxes come after those they are in.
        return int(found[-1]) if len(found) else None

    def portal_at(self, point: QPointF) -> tuple[int, ...]:
        """The items the portal at a point leads to: where it comes from, or all it goes to."""
        at = self._portal_near(point)
        if at is None:
            return ()
        strand = self.picture.strands[at]
        return (strand.source,) if strand.has_arrow else self._ends_of(at)

    def portal_home(self, point: QPointF) -> int | None:
        """The item the portal at a point belongs to."""
        at = self._portal_near(point)
        if at is None:
            return None
        strand = self.picture.strands[at]
        return self._shown(strand.links[0].target) if strand.has_arrow else strand.source

    def _portal_near(self, point: QPointF) -> int | None:
        for at in map(int, self.edges_in(QRectF(point, point).adjusted(-90, -16, 3, 3))):
            strand = self.picture.strands[at]
            if not strand.is_portal:
                continue
            left, top, right, bottom = self.edge_bounds[at]
            # What is written at its side belongs to it.
            wide, below = (90, 0) if strand.has_arrow else (36, 8)
            if left - 6 <= point.x() <= right + wide and top - 6 <= point.y() <= bottom + below:
                return at
        return None

    def _ends_of(self, stub: int) -> tuple[int, ...]:
        """Where the portals end whose source has this stub."""
        links = set(self.picture.strands[stub].links)
        found: dict[int, None] = {}
        for strand in self.picture.strands:
            if strand.is_portal and strand.has_arrow and links.issuperset(strand.links):
                for link in strand.links:
                    found[self._shown(link.target)] = None
        return tuple(found)

    def _shown(self, item: int) -> int:
        """The closed namespace that hides an item, or the item itself."""
        return next(
            (
                outer
                for outer in reversed(self.tree.ancestors(item))
                if outer in self.index and not self.is_open[self.index[outer]]
            ),
            item,
        )

    def row_at(self, at: int, point: QPointF) -> str:
        """The constant of the row of a node at a point; empty for none."""
        item = self.picture.items[at]
        if item < 0:
            return ""
        _, top, _, _ = self.picture.rects[at]
        row = int((point.y() - top - HEAD - BODY_PAD) // ROW)
        rows = self.label(at).rows
        return rows[row].constant if 0 <= row < len(rows) else ""


def _mask(bounds: npt.NDArray[np.float64], area: QRectF, margin: float) -> npt.NDArray[np.bool_]:
    return (
        (bounds[:, 0] <= area.right() + margin)
        & (bounds[:, 2] >= area.left() - margin)
        & (bounds[:, 1] <= area.bottom() + margin)
        & (bounds[:, 3] >= area.top() - margin)
    )


def _touching(
    bounds: npt.NDArray[np.float64], area: QRectF, margin: float, among: npt.NDArray[np.bool_]
) -> Indices:
    return np.nonzero(_mask(bounds, area, margin) & among)[0]
