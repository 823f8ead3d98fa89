"""The way an edge takes between the rows of a layout.

Edges run straight down through a row and bend only in the gap between two rows, where no box can
be in their way. Curves are flattened here, once, because painting polylines is several times faster
than painting curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LANE = 12.0
_PITCH = 20.0
_MARGIN = 14.0
_ROOMY = 16.0


def _cubic(steps: int) -> tuple[tuple[float, float], ...]:
    """Points of a cubic that starts and ends upright: how much of the upper x is left, and the y.

    The handles are half the height; points are closest where the curve bends most, at its ends.
    """
    found = []
    for step in range(1, steps):
        t = (1 - math.cos(math.pi * step / steps)) / 2
        found.append(((1 - t) ** 2 * (1 + 2 * t), 1.5 * t * (1 - t) + t**3))
    return tuple(found)


_NEAR, _FAR = _cubic(8), _cubic(14)


@dataclass(slots=True)
class Edge:
    """An edge while it is routed, always seen from its upper end.

    Attributes:
        upper, lower: the boxes it joins.
        chain: the vertices it runs through, empty for one that goes round by a side lane.
        turned: whether it runs from `lower` to `upper`, against the flow.
        upper_dx, lower_dx: where it touches the boxes, from their middles; None while undecided.
        roomy: whether the gap below its upper end should leave room for a label.
    """

    upper: int
    lower: int
    chain: list[int]
    turned: bool = False
    upper_dx: float | None = None
    lower_dx: float | None = None
    roomy: bool = False


def attach(edges: Sequence[Edge], middles: Sequence[float], widths: Sequence[float]) -> None:
    """Decide where edges touch their boxes: outputs leave from the middle, inputs spread out."""
    sides: dict[tuple[int, bool], list[Edge]] = {}
    for edge in edges:
        if edge.upper_dx is None:
            sides.setdefault((edge.upper, False), []).append(edge)
        if edge.lower_dx is None:
            sides.setdefault((edge.lower, True), []).append(edge)
    for (box, is_top), found in sides.items():
        # Producers: all edges of one leave together. What arrives spreads; so does what turns back.
        leaving = [edge for edge in found if edge.turned == is_top]
        arriving = [edge for edge in found if edge.turned != is_top]
        if not is_top and leaving:
            _put(leaving, is_top, [0.0] * len(leaving))
            _beside(arriving, is_top, widths[box])
        elif is_top and arriving:
            _spread(arriving, is_top, box, middles, widths[box])
            _beside(leaving, is_top, widths[box])
        else:
            _beside(leaving + arriving, is_top, widths[box])


def _put(edges: Sequence[Edge], is_top: bool, offsets: Sequence[float]) -> None:
    for edge, dx in zip(edges, offsets, strict=True):
        if is_top:
            edge.lower_dx = dx
        else:
            edge.upper_dx = dx


def _beside(edges: Sequence[Edge], is_top: bool, width: float) -> None:
    """Put edges against the flow to the right of the middle, apart from those with it."""
    if edges:
        pitch = min(_PITCH, max(width / 2 - _MARGIN, 0.0) / len(edges))
        _put(edges, is_top, [pitch * at for at in range(1, len(edges) + 1)])


def _spread(
    edges: list[Edge], is_top: bool, box: int, middles: Sequence[float], width: float
) -> None:
    def seen_from(edge: Edge) -> float:
        """Where the edge comes from, left or right of the box's middle."""
        if not edge.chain:
            return float("inf")
        before = edge.chain[-2]
        dx = edge.upper_dx or 0.0 if len(edge.chain) == 2 else 0.0
        return middles[before] + dx - middles[box]

    ordered = sorted(edges, key=seen_from)
    offsets = [seen_from(edge) for edge in ordered]
    room = max(width / 2 - _MARGIN, 0.0)
    straight = min(range(len(ordered)), key=lambda at: abs(offsets[at]))
    if abs(offsets[straight]) < 1.0:
        most = max(straight, len(ordered) - 1 - straight, 1)
        pitch = min(_PITCH, room / most)
        _put(ordered, is_top, [(at - straight) * pitch for at in range(len(ordered))])
        return
    pitch = min(_PITCH, 2 * room / max(len(ordered) - 1, 1))
    _put(ordered, is_top, [(at - (len(ordered) - 1) / 2) * pitch for at in range(len(ordered))])


def row_gaps(
    edges: Sequence[Edge],
    middles: Sequence[float],
    row_of: Sequence[int],
    rows: int,
    least: float,
) -> list[float]:
    """Return the height of the gap below each row but the last: more where edges go far aside."""
    farthest = [0.0] * rows
    roomy = [False] * rows
    for edge in edges:
        row = row_of[edge.upper]
        roomy[row] = roomy[row] or edge.roomy
        xs = _stations(edge, middles)
        for at in range(len(xs) - 1):
            farthest[row + at] = max(farthest[row + at], abs(xs[at + 1] - xs[at]))
    return [
        least + (_ROOMY if roomy[row] else 0.0) + min(44.0, farthest[row] * 0.07)
        for row in range(max(rows - 1, 0))
    ]


def _stations(edge: Edge, middles: Sequence[float]) -> list[float]:
    """The x of the edge in each row it touches."""
    if not edge.chain:
        return []
    xs = [middles[vertex] for vertex in edge.chain]
    xs[0] += edge.upper_dx or 0.0
    xs[-1] += edge.lower_dx or 0.0
    return xs


def route(
    edge: Edge,
    middles: Sequence[float],
    row_of: Sequence[int],
    row_top: Sequence[float],
    row_bottom: Sequence[float],
    heights: Sequence[float],
) -> tuple[float, ...]:
    """Return the points `x0, y0, x1, y1, …` of an edge with a chain, from source to target."""
    xs = _stations(edge, middles)
    row = row_of[edge.upper]
    points = [xs[0], row_top[row] + heights[edge.upper]]
    for at in range(1, len(xs)):
        x0, x1 = xs[at - 1], xs[at]
        y0, y1 = row_bottom[row + at - 1], row_top[row + at]
        if abs(x1 - x0) > 0.5:
            _to(points, x0, y0)
            for blend, drop in _NEAR if abs(x1 - x0) < 40.0 else _FAR:
                points += (x1 + (x0 - x1) * blend, y0 + (y1 - y0) * drop)
            _to(points, x1, y1)
    _to(points, xs[-1], row_top[row_of[edge.lower]])
    return _turned(points) if edge.turned else tuple(points)


def _to(points: list[float], x: float, y: float) -> None:
    if points[-2] != x or points[-1] != y:
        points += (x, y)


def _turned(points: list[float]) -> tuple[float, ...]:
    found: list[float] = []
    for at in range(len(points) - 2, -1, -2):
        found += points[at : at + 2]
    return tuple(found)


def side_lanes(
    edges: Sequence[Edge], around: Sequence[int], row_of: Sequence[int], right: float
) -> tuple[dict[int, float], float]:
    """Give the edges at `around` an x right of everything; return them and the new width."""
    lanes: list[int] = []
    found: dict[int, float] = {}
    waiting = sorted(
        around,
        key=lambda index: (row_of[edges[index].upper], -row_of[edges[index].lower], index),
    )
    for index in waiting:
        first, last = row_of[edges[index].upper], row_of[edges[index].lower]
        free = next((at for at, busy in enumerate(lanes) if busy < first), len(lanes))
        if free == len(lanes):
            lanes.append(last)
        else:
            lanes[free] = last
        found[index] = right + LANE * (free + 1)
    return found, right + LANE * (len(lanes) + 1) if lanes else right


def route_round(
    edge: Edge,
    lane: float,
    middles: Sequence[float],
    row_of: Sequence[int],
    row_top: Sequence[float],
    row_bottom: Sequence[float],
    heights: Sequence[float],
) -> tuple[float, ...]:
    """Return the points of an edge that goes round by the side lane at x = `lane`."""
    upper, lower = row_of[edge.upper], row_of[edge.lower]
    x0 = middles[edge.upper] + (edge.upper_dx or 0.0)
    x1 = middles[edge.lower] + (edge.lower_dx or 0.0)
    out_y = (row_bottom[upper] + row_top[upper + 1]) / 2
    in_y = (row_bottom[lower - 1] + row_top[lower]) / 2
    corners = [
        (x0, row_top[upper] + heights[edge.upper]),
        (x0, out_y),
        (lane, out_y),
        (lane, in_y),
        (x1, in_y),
        (x1, row_top[lower]),
    ]
    points = _rounded(corners)
    return _turned(points) if edge.turned else tuple(points)


def _rounded(corners: Sequence[tuple[float, float]]) -> list[float]:
    points = list(corners[0])
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        near = _towards(corner, before)
        far = _towards(corner, after)
        points += near
        for t in (0.25, 0.5, 0.75):
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
            points += (
                a * near[0] + b * corner[0] + c * far[0],
                a * near[1] + b * corner[1] + c * far[1],
            )
        points += far
    points += corners[-1]
    return points


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    if length == 0:
        return start
    part = min(7.0, length / 2) / length
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
