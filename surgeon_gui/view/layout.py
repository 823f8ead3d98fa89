"""A layered layout of boxes and the edges between them, flow from top to bottom.

Everything here is plain geometry: what the boxes stand for is `scene.py`'s matter. The same sketch
always gives the same layout, and equal sketches share one (blocks of a network repeat).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise

from surgeon_gui.view.layers import (
    Layers,
    assign_layers,
    build_layers,
    order_rows,
    reversed_edges,
)
from surgeon_gui.view.pace import FEW, Pace, completed
from surgeon_gui.view.place import Spacing, place_rows
from surgeon_gui.view.route import (
    LANE,
    Edge,
    attach,
    route,
    route_round,
    row_gaps,
    side_lanes,
)
from surgeon_gui.view.sketch import Layout, Sketch

BOX_GAP = 24.0
ROW_GAP = 28.0
PORT_GAP = 12.0
LONGEST_EDGE = 30
DUMMIES_PER_BOX = 8
CROWD = 8
STUB = 14.0
_COMPONENT_GAP = 40.0


class Layouts:
    """Layouts by sketch, each made once."""

    def __init__(self) -> None:
        self._known: dict[Sketch, Layout] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, sketch: Sketch) -> Pace[Layout]:
        """Return the layout of a sketch, made in steps if it is new."""
        found = self._known.get(sketch)
        if found is None:
            found = self._known[sketch] = yield from layout_steps(sketch)
        return found


def layout(sketch: Sketch) -> Layout:
    """Return the layout of a sketch; unconnected parts stand side by side."""
    return completed(layout_steps(sketch))


def layout_steps(sketch: Sketch) -> Pace[Layout]:
    """The same as `layout`, in steps."""
    parts = _components(sketch)
    if not parts:
        return Layout()
    if len(parts) == 1:
        return (yield from _connected(sketch))
    laid: list[_Laid] = []
    for boxes, wires in parts:
        part = yield from _connected(_part(sketch, boxes, wires))
        laid.append((boxes, wires, part))
    xs = [0.0] * len(sketch.sizes)
    ys = [0.0] * len(sketch.sizes)
    routes: list[tuple[float, ...]] = [()] * len(sketch.wires)
    places, width, height = _packed(sketch, laid)
    stubs: list[tuple[int, tuple[float, ...]]] = []
    for (boxes, wires, part), (left, top) in zip(laid, places, strict=True):
        stubs += [(boxes[box], _moved(points, left, top)) for box, points in part.stubs]
        for box, x, y in zip(boxes, part.xs, part.ys, strict=True):
            xs[box], ys[box] = x + left, y + top
        for index, points in zip(wires, part.routes, strict=True):
            routes[index] = _moved(points, left, top)
    # Ways out lie on the common lower edge.
    for box in sketch.bottoms:
        ys[box] = height
    for index, wire in enumerate(sketch.wires):
        for end, place in ((wire.target, -1), (wire.source, 1)):
            if end in sketch.bottoms and routes[index][place] != height:
                lengthened = list(routes[index])
                lengthened[place] = height
                routes[index] = tuple(lengthened)
    crossings = sum(part.crossings for _, _, part in laid)
    portals = frozenset(wires[index] for _, wires, part in laid for index in part.portals)
    return Layout(
        width, height, tuple(xs), tuple(ys), tuple(routes), crossings, portals, tuple(stubs)
    )


def _moved(points: tuple[float, ...], left: float, top: float) -> tuple[float, ...]:
    found = list(points)
    found[::2] = [x + left for x in points[::2]]
    found[1::2] = [y + top for y in points[1::2]]
    return tuple(found)


_Laid = tuple[list[int], list[int], Layout]


def _components(sketch: Sketch) -> list[tuple[list[int], list[int]]]:
    """Return the boxes and wires of each connected part, in order of its first box."""
    leader = list(range(len(sketch.sizes)))

    def find(box: int) -> int:
        while leader[box] != box:
            leader[box] = leader[leader[box]]
            box = leader[box]
        return box

    for wire in sketch.wires:
        a, b = find(wire.source), find(wire.target)
        if a != b:
            leader[max(a, b)] = min(a, b)
    parts: dict[int, tuple[list[int], list[int]]] = {}
    for box in range(len(sketch.sizes)):
        parts.setdefault(find(box), ([], []))[0].append(box)
    for index, wire in enumerate(sketch.wires):
        parts[find(wire.source)][1].append(index)
    return list(parts.values())


def _part(sketch: Sketch, boxes: list[int], wires: list[int]) -> Sketch:
    new = {box: index for index, box in enumerate(boxes)}

    def kept(old: Iterable[int]) -> frozenset[int]:
        return frozenset(new[box] for box in old if box in new)

    return Sketch(
        tuple(sketch.sizes[box] for box in boxes),
        tuple(
            replace(
                sketch.wires[w],
                source=new[sketch.wires[w].source],
                target=new[sketch.wires[w].target],
            )
            for w in wires
        ),
        kept(sketch.tops),
        kept(sketch.bottoms),
        kept(sketch.weak),
        kept(sketch.mains),
    )


def _packed(sketch: Sketch, laid: list[_Laid]) -> tuple[list[tuple[float, float]], float, float]:
    """Place the parts: those with ways in or out in one row, the others in shelves beside them."""
    ports = sketch.tops | sketch.bottoms
    bound = [any(box in ports for box in boxes) for boxes, _, _ in laid]
    free = [part for (_, _, part), tied in zip(laid, bound, strict=True) if not tied]
    area = sum((part.width + _COMPONENT_GAP) * (part.height + _COMPONENT_GAP) for part in free)
    places = [(0.0, 0.0)] * len(laid)
    x, height = 0.0, 0.0
    for index, (_, _, part) in enumerate(laid):
        if bound[index]:
            places[index] = (x, 0.0)
            x += part.width + _COMPONENT_GAP
            height = max(height, part.height)
    left, wide = x, max([(1.6 * area) ** 0.5, *(part.width for part in free)], default=0.0)
    top, shelf, right = 0.0, 0.0, x
    for index, (_, _, part) in enumerate(laid):
        if bound[index]:
            continue
        if x > left and x - left + part.width > wide:
            x, top, shelf = left, top + shelf + _COMPONENT_GAP, 0.0
        places[index] = (x, top)
        x += part.width + _COMPONENT_GAP
        shelf = max(shelf, part.height)
        right = max(right, x)
        height = max(height, top + shelf)
    return places, max(right, x) - _COMPONENT_GAP, height


def _connected(sketch: Sketch) -> Pace[Layout]:
    sizes, count = sketch.sizes, len(sketch.sizes)
    turned = [wire.back for wire in sketch.wires]
    pairs = [(w.target, w.source) if w.back else (w.source, w.target) for w in sketch.wires]
    for index in reversed_edges(count, pairs):
        turned[index] = not turned[index]
        pairs[index] = pairs[index][::-1]
    yield 0.0
    layer = assign_layers(count, pairs, sketch.tops, sketch.bottoms)
    portals = _portals(sketch, pairs, layer)

    yield 0.0
    longest = _longest(count, pairs, layer, portals)

    def is_cut(index: int) -> bool:
        upper, lower = pairs[index]
        return index in portals or layer[lower] - layer[upper] > longest

    layers = build_layers(count, pairs, layer, is_cut)
    yield 0.0
    crossings = yield from order_rows(layers)
    edges = [
        Edge(
            upper,
            lower,
            chain,
            back,
            wire.target_dx if back else wire.source_dx,
            wire.source_dx if back else wire.target_dx,
            wire.roomy,
        )
        for wire, (upper, lower), chain, back in zip(
            sketch.wires, pairs, layers.chains, turned, strict=True
        )
    ]
    total = len(layers.up)
    widths = [size[0] for size in sizes] + [0.0] * (total - count)
    heights = [size[1] for size in sizes] + [0.0] * (total - count)
    yield 0.0
    middles = yield from place_rows(layers, _spacing(sketch, layers, edges, widths))
    yield 0.0
    attach(edges, middles, widths)
    yield 0.0
    row_of = [0] * total
    for row, vertices in enumerate(layers.rows):
        for vertex in vertices:
            row_of[vertex] = row
    gaps = row_gaps(edges, middles, row_of, len(layers.rows), ROW_GAP)
    yield 0.0
    # The border is no row of boxes: what comes in or goes out straight needs no gap to bend in.
    if sketch.tops:
        gaps[0] -= ROW_GAP - PORT_GAP
    if sketch.bottoms:
        gaps[-1] -= ROW_GAP - PORT_GAP
    row_top, row_bottom, y = [], [], 0.0
    for row, vertices in enumerate(layers.rows):
        row_top.append(y)
        y += max((heights[v] for v in vertices), default=0.0)
        row_bottom.append(y)
        y += gaps[row] if row < len(gaps) else 0.0
    right = max((x + w / 2 for x, w in zip(middles, widths, strict=True)), default=0.0)
    around = [index for index, edge in enumerate(edges) if not edge.chain and index not in portals]
    lanes, right = side_lanes(edges, around, row_of, right)
    yield 0.0
    routes: list[tuple[float, ...]] = []
    for index, edge in enumerate(edges):
        if index % FEW == 0:
            yield 0.0
        if index in portals:
            x = middles[edge.lower] + (edge.lower_dx or 0.0)
            y = row_top[row_of[edge.lower]]
            routes.append((x, y - STUB, x, y))
        elif edge.chain:
            routes.append(route(edge, middles, row_of, row_top, row_bottom, heights))
        else:
            lane = lanes[index]
            routes.append(route_round(edge, lane, middles, row_of, row_top, row_bottom, heights))
    stubs = []
    for box in sorted({edges[index].upper for index in portals}):
        y = row_top[row_of[box]] + heights[box]
        stubs.append((box, (middles[box], y, middles[box], y + STUB)))
    return Layout(
        right,
        row_bottom[-1] if row_bottom else 0.0,
        tuple(middles[box] - widths[box] / 2 for box in range(count)),
        tuple(row_top[row_of[box]] for box in range(count)),
        tuple(routes),
        crossings,
        portals,
        tuple(stubs),
    )


def _longest(
    count: int, pairs: list[tuple[int, int]], layer: list[int], portals: frozenset[int]
) -> int:
    """How many layers an edge may span and still run among the boxes; others go round.

    What goes round crosses whatever lies between it and the side, so there should be few. But each
    layer passed costs time: at least those up to `LONGEST_EDGE`, then as many as boxes allow.
    """
    spans = Counter(
        layer[lower] - layer[upper]
        for index, (upper, lower) in enumerate(pairs)
        if index not in portals
    )
    left, longest = DUMMIES_PER_BOX * count, LONGEST_EDGE
    for span in sorted(spans):
        left -= span * spans[span]
        if span > LONGEST_EDGE and left < 0:
            break
        longest = max(longest, span)
    return longest


def _portals(sketch: Sketch, pairs: list[tuple[int, int]], layer: list[int]) -> frozenset[int]:
    """The wires to be cut: far ones of a box with many."""
    leaving = Counter(upper for upper, _ in pairs)
    arriving = Counter(lower for _, lower in pairs)
    return frozenset(
        index
        for index, (upper, lower) in enumerate(pairs)
        if layer[lower] - layer[upper] > 1
        and not sketch.wires[index].back
        and lower not in sketch.bottoms
        and max(leaving[upper], arriving[lower]) > CROWD
    )


def _spacing(sketch: Sketch, layers: Layers, edges: list[Edge], widths: list[float]) -> Spacing:
    attached: dict[tuple[int, int], tuple[float, float]] = {}
    weak = [box in sketch.weak for box in range(len(sketch.sizes))]
    weak += [False] * (len(widths) - len(weak))
    spine = _spine(sketch, layers, edges)
    # Of several edges between the same two boxes the one of the main line decides.
    for edge in (*edges, *spine):
        chain = edge.chain
        if not chain:
            continue
        if edge.upper_dx is not None or edge.lower_dx is not None:
            first, last = (chain[0], chain[1]), (chain[-2], chain[-1])
            attached[first] = (edge.upper_dx or 0.0, attached.get(first, (0.0, 0.0))[1])
            attached[last] = (attached.get(last, (0.0, 0.0))[0], edge.lower_dx or 0.0)
        if weak[edge.upper]:
            for dummy in chain[1:-1]:
                weak[dummy] = True
    line = frozenset(pair for edge in spine for pair in pairwise(edge.chain))
    return Spacing(widths, BOX_GAP, LANE, attached, weak, line)


def _spine(sketch: Sketch, layers: Layers, edges: list[Edge]) -> list[Edge]:
    """The main line: the way down with most boxes on it, from where data comes in if it does.

    Of ways as long as each other it takes the one that leaves a box below where it came in, and of
    those the middle one, so that branches alike stand on both sides of it.
    """
    place = {box: at for row in layers.rows for at, box in enumerate(row)}
    row_of = {box: at for at, row in enumerate(layers.rows) for box in row if box < layers.count}
    out: list[list[Edge]] = [[] for _ in range(layers.count)]
    for wire, edge in zip(sketch.wires, edges, strict=True):
        if edge.chain and not edge.turned and not wire.is_minor and edge.upper not in sketch.weak:
            out[edge.upper].append(edge)
    starts = sketch.tops or sketch.mains
    length = [sketch.sizes[box][1] + ROW_GAP for box in range(layers.count)]
    best: dict[int, list[Edge]] = {}
    for box in sorted(row_of, key=lambda box: -row_of[box]):
        for edge in out[box]:
            candidate = length[edge.lower] + sketch.sizes[box][1] + ROW_GAP
            if candidate > length[box]:
                length[box], best[box] = candidate, [edge]
            elif candidate == length[box] and box in best:
                best[box].append(edge)
    sources = [box for box in row_of if box in starts] or list(row_of)
    if not sources:
        return []
    box = max(sources, key=lambda candidate: (length[candidate], -candidate))
    found: list[Edge] = []
    came_in = 0.0
    while box in best:
        ways = [place[edge.chain[1]] for edge in best[box]]
        middle = (min(ways) + max(ways)) / 2
        edge = min(best[box], key=partial(_detour, came_in, middle, place))
        found.append(edge)
        box, came_in = edge.lower, edge.lower_dx or 0.0
    return found


def _detour(
    came_in: float, middle: float, place: Mapping[int, int], edge: Edge
) -> tuple[float, float]:
    """How far an edge leads away from where the main line came in, and from the middle of all."""
    return abs((edge.upper_dx or 0.0) - came_in), abs(place[edge.chain[1]] - middle)
