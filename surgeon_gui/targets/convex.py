"""Grouping the nodes of a directed graph into convex groups that cannot grow.

A group is convex when no path leaves it and comes back. Then each group can become one node and
the graph stays free of circles, which is what TensorRT segments inside a TensorFlow graph need.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from graphlib import TopologicalSorter

NONE = -1
"""The group of a vertex that is in none."""


def convex_groups(
    edges: Sequence[Sequence[int]],
    colours: Sequence[Hashable | None],
    links: Sequence[Sequence[int]] | None = None,
    begun: Sequence[int] | None = None,
) -> list[int]:
    """Return the group of each vertex, `NONE` for those that may be in no group.

    Groups are connected, of one colour and convex; no two linked groups of one colour could be
    merged into a convex one. The numbers ascend with the groups' first vertices.

    Args:
        edges: per vertex the vertices that come after it; every edge goes to a higher number.
        colours: per vertex what only its like may share a group with, None for no group.
        links: the edges along which groups grow; None takes all.
        begun: groups as returned before, to go on from; a vertex in `NONE` begins by itself.
    """
    links = edges if links is None else links
    roots = _by_level(edges, colours, links) if begun is None else _roots(begun)
    groups = _Groups(edges, colours, roots)
    groups.merge_along(links)
    return groups.numbers()


def group_order(edges: Sequence[Sequence[int]], groups: Sequence[int]) -> list[int]:
    """Return the groups' numbers so that what a group depends on comes before it."""
    node = [(1, index) if group == NONE else (0, group) for index, group in enumerate(groups)]
    sorter: TopologicalSorter[tuple[int, int]] = TopologicalSorter()
    for index, afters in enumerate(edges):
        sorter.add(node[index])
        for after in afters:
            if node[after] != node[index]:
                sorter.add(node[after], node[index])
    return [number for kind, number in sorter.static_order() if kind == 0]


def _roots(groups: Sequence[int]) -> list[int]:
    first: dict[int, int] = {}
    return [
        index if group == NONE else first.setdefault(group, index)
        for index, group in enumerate(groups)
    ]


def _by_level(
    edges: Sequence[Sequence[int]],
    colours: Sequence[Hashable | None],
    links: Sequence[Sequence[int]],
) -> list[int]:
    """Return the first vertex of each vertex's group, in linear time; groups may still merge.

    A level counts how often colours were left on the way to a vertex, the most of all ways. It
    never sinks along a path, so what lies on one level in one colour is convex.
    """
    count = len(edges)
    level = [0] * count
    for vertex in range(count):
        for after in edges[vertex]:
            leaves = colours[vertex] is not None and colours[vertex] != colours[after]
            level[after] = max(level[after], level[vertex] + leaves)
    root = list(range(count))
    for vertex in range(count):
        if colours[vertex] is None:
            continue
        for after in links[vertex]:
            if colours[after] == colours[vertex] and level[after] == level[vertex]:
                _unite(root, vertex, after)
    return [_find(root, vertex) for vertex in range(count)]


def _find(root: list[int], vertex: int) -> int:
    while root[vertex] != vertex:
        root[vertex] = root[root[vertex]]
        vertex = root[vertex]
    return vertex


def _unite(root: list[int], one: int, other: int) -> int:
    first, second = sorted((_find(root, one), _find(root, other)))
    root[second] = first
    return first


class _Groups:
    """The graph with its groups contracted, which never has a circle."""

    def __init__(
        self,
        edges: Sequence[Sequence[int]],
        colours: Sequence[Hashable | None],
        roots: list[int],
    ) -> None:
        self._colours = colours
        self._root = roots
        count = len(edges)
        # The lowest and highest vertex of each group: a path only ever ascends.
        self._first = list(range(count))
        self._last = list(range(count))
        self._after: list[set[int]] = [set() for _ in range(count)]
        self._before: list[set[int]] = [set() for _ in range(count)]
        for vertex in range(count):
            mine = roots[vertex]
            self._first[mine] = min(self._first[mine], vertex)
            self._last[mine] = max(self._last[mine], vertex)
            for after in edges[vertex]:
                if roots[after] != mine:
                    self._after[mine].add(roots[after])
                    self._before[roots[after]].add(mine)

    def merge_along(self, links: Sequence[Sequence[int]]) -> None:
        """Merge linked groups of one colour until none can be merged."""
        pairs = [
            (vertex, after)
            for vertex, afters in enumerate(links)
            if self._colours[vertex] is not None
            for after in afters
            if self._colours[after] == self._colours[vertex]
        ]
        changed = True
        while changed:
            changed = False
            tried: set[tuple[int, int]] = set()
            left = []
            for one, other in pairs:
                upper, lower = _find(self._root, one), _find(self._root, other)
                if upper == lower:
                    continue
                left.append((one, other))
                if (upper, lower) in tried:
                    continue
                tried.add((upper, lower))
                if not self._is_detour(upper, lower):
                    self._merge(upper, lower)
                    changed = True
            pairs = left

    def _is_detour(self, upper: int, lower: int) -> bool:
        """Whether a path from the one to the other passes through a third group."""
        end = self._last[lower]
        pending = [group for group in self._after[upper] if group != lower]
        seen = set(pending)
        while pending:
            group = pending.pop()
            if self._first[group] > end:
                continue
            for after in self._after[group]:
                if after == lower:
                    return True
                if after not in seen:
                    seen.add(after)
                    pending.append(after)
        return False

    def _merge(self, one: int, other: int) -> None:
        kept = _unite(self._root, one, other)
        gone = other if kept == one else one
        self._first[kept] = min(self._first[kept], self._first[gone])
        self._last[kept] = max(self._last[kept], self._last[gone])
        for after in self._after[gone]:
            self._before[after].discard(gone)
            if after != kept:
                self._before[after].add(kept)
                self._after[kept].add(after)
        for before in self._before[gone]:
            self._after[before].discard(gone)
            if before != kept:
                self._after[before].add(kept)
                self._before[kept].add(before)
        self._after[kept].discard(gone)
        self._before[kept].discard(gone)
        self._after[gone].clear()
        self._before[gone].clear()

    def numbers(self) -> list[int]:
        """Return the group of each vertex, numbered by first vertex."""
        numbers: dict[int, int] = {}
        found = []
        for vertex, colour in enumerate(self._colours):
            if colour is None:
                found.append(NONE)
                continue
            found.append(numbers.setdefault(_find(self._root, vertex), len(numbers)))
        return found
