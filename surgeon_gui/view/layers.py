"""First half of the layout: which layer each box is in, and in what order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from surgeon_gui.view.pace import BATCH, Pace

_SWEEPS = 24
_PATIENCE = 5


@dataclass(slots=True)
class Layers:
    """Boxes and the dummies that stand where a long edge passes a layer.

    Attributes:
        rows: per layer its vertices from left to right; those ≥ `count` are dummies.
        count: how many vertices are boxes.
        up, down: per vertex its neighbours in the layer above and below.
        chains: per edge the vertices it runs through from upper to lower end, both included; empty
            for an edge that was cut.
    """

    rows: list[list[int]]
    count: int
    up: list[list[int]]
    down: list[list[int]]
    chains: list[list[int]]


def reversed_edges(count: int, edges: Sequence[tuple[int, int]]) -> set[int]:
    """Return the edges to turn round so that none is left in a cycle.

    They are those a depth-first walk from the vertices without inputs, then from the rest in
    ascending order, finds to lead back to a vertex it is still inside of.
    """
    out: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    has_input = [False] * count
    back: set[int] = set()
    for index, (source, target) in enumerate(edges):
        out[source].append((target, index))
        has_input[target] = True
    state = [0] * count
    starts = [v for v in range(count) if not has_input[v]] + [
        v for v in range(count) if has_input[v]
    ]
    for start in starts:
        if state[start]:
            continue
        state[start] = 1
        stack = [(start, iter(out[start]))]
        while stack:
            vertex, following = stack[-1]
            for target, index in following:
                if state[target] == 1:
                    back.add(index)
                elif state[target] == 0:
                    state[target] = 1
                    stack.append((target, iter(out[target])))
                    break
            else:
                state[vertex] = 2
                stack.pop()
    return back


def assign_layers(
    count: int, edges: Sequence[tuple[int, int]], top: Iterable[int], bottom: Iterable[int]
) -> list[int]:
    """Return the layer of each vertex of an acyclic graph.

    Longest path from the top; then a vertex with at most one input goes down to just above its
    nearest consumer, which puts constants and shape arithmetic beside what reads them. `top`
    vertices have the first layer to themselves, `bottom` ones the last.
    """
    first, last = set(top), set(bottom)
    out: list[list[int]] = [[] for _ in range(count)]
    inputs = [0] * count
    for source, target in edges:
        out[source].append(target)
        inputs[target] += 1
    waiting = list(inputs)
    layer = [0 if v in first or not first else 1 for v in range(count)]
    ready = [v for v in range(count) if not waiting[v]]
    order = []
    for vertex in ready:
        order.append(vertex)
        for target in out[vertex]:
            layer[target] = max(layer[target], layer[vertex] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for vertex in reversed(order):
        if inputs[vertex] <= 1 and vertex not in first and vertex not in last:
            below = [layer[target] for target in out[vertex] if target not in last]
            if below:
                layer[vertex] = max(layer[vertex], min(below) - 1)
    if last:
        others = max((layer[v] for v in range(count) if v not in last), default=-1)
        lowest = max(others + 1, max(layer[v] for v in last))
        for vertex in last:
            layer[vertex] = lowest
    return layer


def build_layers(
    count: int,
    edges: Sequence[tuple[int, int]],
    layer: Sequence[int],
    is_cut: Callable[[int], bool],
) -> Layers:
    """Return rows with dummies on the edges that are not cut, not yet ordered."""
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    up: list[list[int]] = [[] for _ in range(count)]
    down: list[list[int]] = [[] for _ in range(count)]
    chains: list[list[int]] = []
    dummy_rows: list[int] = []
    for index, (source, target) in enumerate(edges):
        if is_cut(index):
            chains.append([])
            continue
        chain = [source]
        for between in range(layer[source] + 1, layer[target]):
            dummy = len(up)
            up.append([])
            down.append([])
            dummy_rows.append(between)
            chain.append(dummy)
        chain.append(target)
        chains.append(chain)
        for above, below in itertools.pairwise(chain):
            down[above].append(below)
            up[below].append(above)
    where = [*layer, *dummy_rows]
    for vertex in _walk(count, up, down, where):
        rows[where[vertex]].append(vertex)
    return Layers(rows, count, up, down, chains)


def _walk(count: int, up: list[list[int]], down: list[list[int]], where: list[int]) -> list[int]:
    """Return all vertices in a depth-first order along the flow, the longest way first."""
    height = [0] * len(up)
    for vertex in sorted(range(len(up)), key=lambda v: -where[v]):
        for above in up[vertex]:
            height[above] = max(height[above], height[vertex] + 1)
    found: list[int] = []
    seen = [False] * len(up)
    for start in sorted(range(len(up)), key=lambda v: (where[v], v >= count, v)):
        if seen[start]:
            continue
        stack = [start]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = True
            found.append(vertex)
            stack.extend(sorted((v for v in down[vertex] if not seen[v]), key=lambda v: height[v]))
    return found


def order_rows(layers: Layers) -> Pace[int]:
    """Order the rows of `layers` for few crossings, in place; return the crossings left.

    Barycentre sweeps down and up with adjacent swaps after each, twice from the same start: equal
    means keep their order the first time and are turned round in every other pair of sweeps the
    second. Each gets stuck where the other often does not; the best order seen is kept.
    """
    start = [list(row) for row in layers.rows]
    best = yield from _swept(layers, turns=False)
    if best:
        kept = [list(row) for row in layers.rows]
        layers.rows[:] = start
        again = yield from _swept(layers, turns=True)
        if again < best:
            return again
        layers.rows[:] = kept
    return best


def _swept(layers: Layers, *, turns: bool) -> Pace[int]:
    rows, up, down = layers.rows, layers.up, layers.down
    best = crossings(rows, down)
    yield 0.0
    kept = [list(row) for row in rows]
    idle = 0
    for sweep in range(_SWEEPS):
        if best == 0 or idle >= _PATIENCE:
            break
        yield sweep / _SWEEPS
        place = [0] * len(up)
        for row in rows:
            for at, vertex in enumerate(row):
                place[vertex] = at
        downwards = sweep % 2 == 0
        neighbours = up if downwards else down
        ties = -1 if turns and sweep % 4 >= 2 else 1
        done = 0
        for row in rows if downwards else reversed(rows):
            _sort_row(row, neighbours, place, ties)
            done += len(row)
            if done >= BATCH:
                done = 0
                yield sweep / _SWEEPS
        for row in (*rows, *rows):
            _swap_neighbours(row, up, down, place)
            done += len(row)
            if done >= BATCH:
                done = 0
                yield sweep / _SWEEPS
        yield sweep / _SWEEPS
        now = crossings(rows, down)
        if now < best:
            best, kept, idle = now, [list(row) for row in rows], 0
        else:
            idle += 1
    layers.rows[:] = kept
    return best


def _sort_row(row: list[int], neighbours: list[list[int]], place: list[int], ties: int) -> None:
    """Sort by the mean place of the neighbours; vertices without any keep their place.

    Equal ones keep their order where `ties` is 1, and are turned round where it is -1.
    """
    free = [at for at, vertex in enumerate(row) if neighbours[vertex]]
    weighted = sorted(
        (sum(place[n] for n in neighbours[row[at]]) / len(neighbours[row[at]]), ties * at, row[at])
        for at in free
    )
    for at, (_, _, vertex) in zip(free, weighted, strict=True):
        row[at] = vertex
    for at, vertex in enumerate(row):
        place[vertex] = at


def _swap_neighbours(
    row: list[int], up: list[list[int]], down: list[list[int]], place: list[int]
) -> None:
    for at in range(len(row) - 1):
        left, right = row[at], row[at + 1]
        gain = _gain(up[left], up[right], place) + _gain(down[left], down[right], place)
        if gain > 0:
            row[at], row[at + 1] = right, left
            place[left], place[right] = at + 1, at


def _gain(left: list[int], right: list[int], place: list[int]) -> int:
    """Crossings saved by swapping two vertices with these neighbours in one adjacent row."""
    if not left or not right:
        return 0
    gain = 0
    for a in left:
        pa = place[a]
        for b in right:
            pb = place[b]
            gain += (pa > pb) - (pa < pb)
    return gain


def crossings(rows: Sequence[Sequence[int]], down: Sequence[Sequence[int]]) -> int:
    """Return how many pairs of edges cross between adjacent rows (Barth, Mutzel, Jünger)."""
    place: dict[int, int] = {}
    total = 0
    for row in reversed(rows):
        if place:
            total += _between(row, down, place)
        place = {vertex: at for at, vertex in enumerate(row)}
    return total


def _between(row: Sequence[int], down: Sequence[Sequence[int]], place: dict[int, int]) -> int:
    ends = [at for vertex in row for at in sorted(place[v] for v in down[vertex])]
    size = 1
    while size < len(place):
        size *= 2
    tree = [0] * (2 * size)
    total = 0
    for end in ends:
        at = end + size
        while at:
            if at % 2 == 0:
                total += tree[at + 1]
            tree[at] += 1
            at //= 2
    return total
