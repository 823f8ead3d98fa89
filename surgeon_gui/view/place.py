"""Second half of the layout: where in its row each box stands (Brandes and Köpf, 2001).

Differences from the paper: boxes have widths; edges may leave and enter off the middle of a box
(`shift`); blocks are compacted by longest path, then pulled together; constants do not steer
(`weak` vertices neither align nor are aligned to, or weights would push the main line aside).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from surgeon_gui.view.layers import Layers
from surgeon_gui.view.pace import Pace


@dataclass(frozen=True, slots=True)
class Spacing:
    """What `place_rows` must respect.

    Attributes:
        width: per vertex.
        gap: least distance between two boxes in a row.
        lane: least distance between an edge and what is beside it.
        attach: (upper, lower) vertices → where the edge between them leaves the upper and enters
            the lower one, from their middles; edges not in it join the middles.
        weak: per vertex, whether it must not steer.
        spine: (upper, lower) vertices along the main line, which is to be straight above all.
    """

    width: Sequence[float]
    gap: float
    lane: float
    attach: Mapping[tuple[int, int], tuple[float, float]]
    weak: Sequence[bool]
    spine: frozenset[tuple[int, int]] = frozenset()


def place_rows(layers: Layers, spacing: Spacing) -> Pace[list[float]]:
    """Return the x of each vertex's middle; the leftmost edge is at 0."""
    if not layers.rows:
        return []
    marked = _conflicts(layers) - spacing.spine | _crossing_spine(layers, spacing.spine)
    yield 0.0
    found: list[list[float]] = []
    for upwards in (False, True):
        for leftwards in (False, True):
            found.append((yield from _aligned(layers, spacing, marked, upwards, leftwards)))
            yield len(found) / 4
    width = spacing.width
    spans = []
    for xs in found:
        low = min(x - w / 2 for x, w in zip(xs, width, strict=True))
        high = max(x + w / 2 for x, w in zip(xs, width, strict=True))
        spans.append((high - low, low, high))
    narrowest = min(range(4), key=lambda k: spans[k][0])
    _, low, high = spans[narrowest]
    for k, xs in enumerate(found):
        # Assignments made from the left keep their left side, the others their right.
        offset = low - spans[k][1] if k % 2 == 0 else high - spans[k][2]
        if offset:
            found[k] = [x + offset for x in xs]
    middle = []
    for four in zip(*found, strict=True):
        ordered = sorted(four)
        middle.append((ordered[1] + ordered[2]) / 2)
    left = min(x - w / 2 for x, w in zip(middle, width, strict=True))
    return [x - left for x in middle]


def _conflicts(layers: Layers) -> set[tuple[int, int]]:
    """Edges that cross a segment between two dummies; those segments stay straight instead."""
    marked: set[tuple[int, int]] = set()
    count = layers.count
    place: dict[int, int] = {}
    for row in layers.rows:
        if place and any(v >= count for v in row):
            last = len(place) - 1
            left, at = 0, 0
            for stop, vertex in enumerate(row):
                inner = (
                    next((u for u in layers.up[vertex] if u >= count), -1)
                    if vertex >= count
                    else -1
                )
                if stop == len(row) - 1 or inner >= 0:
                    right = place[inner] if inner >= 0 else last
                    while at <= stop:
                        other = row[at]
                        for above in layers.up[other]:
                            if not left <= place[above] <= right and not (
                                other >= count and above >= count
                            ):
                                marked.add((above, other))
                        at += 1
                    left = right
        place = {vertex: at for at, vertex in enumerate(row)}
    return marked


def _crossing_spine(layers: Layers, spine: frozenset[tuple[int, int]]) -> set[tuple[int, int]]:
    """Edges that cross the main line: they give way."""
    marked: set[tuple[int, int]] = set()
    if not spine:
        return marked
    below = dict(spine)
    place: dict[int, int] = {}
    for row, following in pairwise(layers.rows):
        place = {vertex: at for at, vertex in enumerate(following)}
        main = next((at for at, vertex in enumerate(row) if vertex in below), None)
        if main is None:
            continue
        target = place[below[row[main]]]
        for at, vertex in enumerate(row):
            for other in layers.down[vertex]:
                if (at < main) != (place[other] < target) or (at > main) != (place[other] > target):
                    marked.add((vertex, other))
    return marked - spine


def _aligned(
    layers: Layers,
    spacing: Spacing,
    marked: set[tuple[int, int]],
    upwards: bool,
    leftwards: bool,
) -> Pace[list[float]]:
    """One of the four assignments: aligned to the row above or below, from the left or right."""
    rows = [row[::-1] if leftwards else row for row in layers.rows]
    if upwards:
        rows.reverse()
    sign = -1.0 if leftwards else 1.0
    root, shift = _blocks(layers, spacing, marked, rows, upwards, sign)
    yield 0.0
    xs = _compacted(spacing, layers.count, rows, root, shift)
    return [sign * x for x in xs]


def _blocks(
    layers: Layers,
    spacing: Spacing,
    marked: set[tuple[int, int]],
    rows: list[list[int]],
    upwards: bool,
    sign: float,
) -> tuple[list[int], list[float]]:
    """Return each vertex's block (its first vertex) and its offset in it."""
    total = len(layers.up)
    neighbours = layers.down if upwards else layers.up
    root = list(range(total))
    shift = [0.0] * total
    taken = [False] * total
    weak, attach = spacing.weak, spacing.attach
    below = dict(spacing.spine)
    above = {lower: upper for upper, lower in spacing.spine}
    # What continues the main line must not be taken before the main line comes to it.
    toward, onward = (below, above) if upwards else (above, below)
    previous: list[int] = []
    place: dict[int, int] = {}
    for row in rows:
        limit = -1
        for vertex in row:
            if weak[vertex] or not previous:
                continue
            main = toward.get(vertex)
            if main is not None:
                near = [place[main]]
            else:
                near = sorted({place[n] for n in neighbours[vertex] if not weak[n]})
            if not near:
                continue
            middle = len(near) - 1
            for at in dict.fromkeys((middle // 2, (middle + 1) // 2)):
                other = previous[near[at]]
                pair = (vertex, other) if upwards else (other, vertex)
                if taken[other] or near[at] <= limit or pair in marked:
                    continue
                if main is None and other in onward:
                    continue
                upper, lower = attach.get(pair, (0.0, 0.0))
                step = lower - upper if upwards else upper - lower
                taken[other] = True
                root[vertex] = root[other]
                shift[vertex] = shift[other] + sign * step
                limit = near[at]
                break
        place = {vertex: at for at, vertex in enumerate(row)}
        previous = row
    return root, shift


def _compacted(
    spacing: Spacing, count: int, rows: list[list[int]], root: list[int], shift: list[float]
) -> list[float]:
    """Place the blocks as far left as they go, then move them right to what they lean on."""
    width = spacing.width
    after: dict[int, dict[int, float]] = {}
    before: dict[int, int] = {}
    for row in rows:
        for left, right in pairwise(row):
            gap = spacing.gap if left < count and right < count else spacing.lane
            need = (width[left] + width[right]) / 2 + gap + shift[left] - shift[right]
            a, b = root[left], root[right]
            targets = after.setdefault(a, {})
            if b not in targets:
                before[b] = before.get(b, 0) + 1
                targets[b] = need
            elif need > targets[b]:
                targets[b] = need
    blocks = dict.fromkeys(root[v] for row in rows for v in row)
    ready = [block for block in blocks if not before.get(block)]
    x = dict.fromkeys(blocks, 0.0)
    for block in ready:
        for target, need in after.get(block, {}).items():
            x[target] = max(x[target], x[block] + need)
            before[target] -= 1
            if not before[target]:
                ready.append(target)
    for block in reversed(ready):
        if block in after:
            nearest = min(x[target] - need for target, need in after[block].items())
            x[block] = max(x[block], nearest)
    return [x[root[v]] + shift[v] for v in range(len(root))]
