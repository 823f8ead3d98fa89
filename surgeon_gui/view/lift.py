"""Edges between nodes, lifted to the level where they are drawn.

The level of a group holds the edges between two of its children, and those that come in from
outside or go out. Where an edge crosses the border of an open group it has a port: one per
producer, so that a tensor read in several places enters once. What a level holds depends on the
graph alone, not on what is open, so it is found once.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from surgeon_gui.view.layers import reversed_edges
from surgeon_gui.view.pace import BATCH, Pace, completed
from surgeon_gui.view.tree import ROOT, Tree

# More producers than this share a single port.
MOST_PORTS = 24
_SHARED = -1


class Link(NamedTuple):
    """An edge of the graph between two drawn nodes, by position in `Tree.nodes`."""

    source: int
    target: int
    is_control: bool


class Port(NamedTuple):
    """A place where edges cross a group's border.

    Attributes:
        producer: the node whose tensors cross here; `_SHARED` for all together.
        back: whether the edges run against the flow: in at the bottom, out at the top.
    """

    producer: int
    back: bool


@dataclass(slots=True)
class Level:
    """The edges a group draws when it is open.

    Attributes:
        inside: (child index, child index) → links between nodes in the one and in the other.
        back: the pairs of `inside` that are drawn upwards.
        entering: links from outside → index of the child the target is in.
        leaving: links to the outside → index of the child the source is in.
        ins, outs: the ports, in order of the producer's place in the flow.
    """

    inside: dict[tuple[int, int], list[Link]] = field(default_factory=dict)
    back: set[tuple[int, int]] = field(default_factory=set)
    entering: list[tuple[Link, int]] = field(default_factory=list)
    leaving: list[tuple[Link, int]] = field(default_factory=list)
    in_port: dict[int, Port] = field(default_factory=dict)
    out_port: dict[tuple[int, bool], Port] = field(default_factory=dict)
    ins: tuple[Port, ...] = ()
    outs: tuple[Port, ...] = ()


class Lift:
    """Levels of a tree, found when they are asked for."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._levels: dict[int, Level] = {}
        self._starts: dict[int, list[int]] = {}
        self._out: list[list[Link]] = []
        self._in: list[list[Link]] = []

    def _link(self) -> Pace[None]:
        """Find the links of all nodes, in steps."""
        tree = self.tree
        place, flow = tree.place, tree.flow
        outwards: list[list[Link]] = [[] for _ in tree.nodes]
        yield 0.0
        inwards: list[list[Link]] = [[] for _ in tree.nodes]
        for target, node in enumerate(tree.nodes):
            if target % BATCH == 0:
                yield 0.0
            seen: dict[int, bool] = {}
            for source in flow.inputs[node]:
                if source >= 0 and place[source] >= 0:
                    seen[place[source]] = False
            for source in flow.controls[node]:
                if place[source] >= 0:
                    seen.setdefault(place[source], True)
            for at, is_control in seen.items():
                if at != target:
                    link = Link(at, target, is_control)
                    outwards[at].append(link)
                    inwards[target].append(link)
        self._out, self._in = outwards, inwards

    def level_steps(self, group: int) -> Pace[Level]:
        """Return the level of a group, in steps."""
        if len(self._out) != len(self.tree.nodes):
            yield from self._link()
        found = self._levels.get(group)
        if found is None:
            found = self._levels[group] = yield from self._level(group)
        return found

    def inputs(self, node: int) -> list[Link]:
        """The links that end at a node."""
        return self._in[node]

    def outputs(self, node: int) -> list[Link]:
        """The links that start at a node."""
        return self._out[node]

    def child_index(self, group: int, node: int) -> int:
        """Which child of `group` holds `node`, which must be inside."""
        starts = self._starts.get(group)
        if starts is None:
            tree = self.tree
            starts = [tree.range_of(child)[0] for child in tree.group(group).children]
            self._starts[group] = starts
        return bisect_right(starts, node) - 1

    def common(self, group: int, node: int) -> int:
        """The innermost group around `group` that also holds `node`."""
        tree = self.tree
        while group != ROOT:
            outer = tree.group(group)
            if outer.start <= node < outer.stop:
                break
            group = outer.parent
        return group

    def level(self, group: int) -> Level:
        """Return the level of a group."""
        return completed(self.level_steps(group))

    def _level(self, group: int) -> Pace[Level]:
        level = Level()
        around = self.tree.group(group)
        start, stop = around.start, around.stop
        owner = [0] * (stop - start)
        for index, child in enumerate(around.children):
            first, last = self.tree.range_of(child)
            owner[first - start : last - start] = [index] * (last - first)
        inside = level.inside
        for node in range(start, stop):
            if (node - start) % BATCH == BATCH - 1:
                yield 0.0
            child = owner[node - start]
            for link in self._out[node]:
                target = link.target
                if start <= target < stop:
                    other = owner[target - start]
                    if other != child:
                        inside.setdefault((child, other), []).append(link)
                else:
                    level.leaving.append((link, child))
            for link in self._in[node]:
                if not start <= link.source < stop:
                    level.entering.append((link, child))
        yield 0.0
        level.back = yield from self._back(group, level)
        yield 0.0
        if group != ROOT:
            # Which way an edge crosses the border is said by the levels around it.
            yield from self.level_steps(around.parent)
            self._ports(group, level)
        return level

    def _back(self, group: int, level: Level) -> Pace[set[tuple[int, int]]]:
        """Turn round what closes a loop, and what closes a cycle the lifting made."""
        tree, order = self.tree, self.tree.flow.order
        firsts, looked_at = [], 0
        for index, child in enumerate(tree.group(group).children):
            start, stop = tree.range_of(child)
            firsts.append((min(map(order.__getitem__, tree.nodes[start:stop])), index))
            looked_at += stop - start
            if looked_at >= BATCH:
                looked_at = 0
                yield 0.0
        rank = [0] * len(firsts)
        for position, (_, index) in enumerate(sorted(firsts)):
            rank[index] = position
        yield 0.0
        nodes = tree.nodes
        closing = {
            pair
            for pair, links in level.inside.items()
            if all(order[nodes[link.target]] < order[nodes[link.source]] for link in links)
        }
        pairs = sorted(level.inside, key=lambda pair: (rank[pair[0]], rank[pair[1]]))
        ranked = [(rank[b], rank[a]) if (a, b) in closing else (rank[a], rank[b]) for a, b in pairs]
        return closing ^ {pairs[index] for index in reversed_edges(len(rank), ranked)}

    def is_back(self, group: int, link: Link) -> bool:
        """Whether a link across the border of `group` is drawn upwards there."""
        inner, outer = link.source, link.target
        start, stop = self.tree.range_of(group)
        common = self.common(group, outer if start <= inner < stop else inner)
        pair = self.child_index(common, link.source), self.child_index(common, link.target)
        return pair in self.level(common).back

    def _ports(self, group: int, level: Level) -> None:
        order, nodes = self.tree.flow.order, self.tree.nodes

        def flow_place(port: Port) -> tuple[int, bool]:
            return order[nodes[port.producer]] if port.producer >= 0 else -1, port.back

        sources: dict[int, Port] = {}
        for link, _ in level.entering:
            if link.source not in sources:
                sources[link.source] = Port(link.source, self.is_back(group, link))
        if len(sources) > MOST_PORTS:
            sources = {source: Port(_SHARED, port.back) for source, port in sources.items()}
        level.in_port = sources
        level.ins = tuple(sorted(set(sources.values()), key=flow_place))
        leaving = {(link.source, self.is_back(group, link)) for link, _ in level.leaving}
        shared = len(leaving) > MOST_PORTS
        level.out_port = {
            (source, back): Port(_SHARED if shared else source, back) for source, back in leaving
        }
        level.outs = tuple(sorted(set(level.out_port.values()), key=flow_place))
