"""The graph's edges as integers, and an order of its nodes that loops do not upset."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from surgeon_gui.graph.model import Graph
from surgeon_gui.view.pace import BATCH, Pace, completed

# TensorFlow 1 loops close with NextIteration → Merge; nothing else may close one.
_CLOSES_LOOP = frozenset({"NextIteration", "RefNextIteration"})


@dataclass(frozen=True)
class Flow:
    """Who feeds whom, by position in `Graph.nodes`; edges to missing nodes are left out.

    Attributes:
        inputs: per node its data producers, one entry per input, -1 where the input is missing.
        controls: per node the nodes it waits for.
        consumers: per node its consumers (data and control), each once, ascending.
        order: per node its place in an order that runs from producers to consumers, except along
            the edges that close a loop.
    """

    inputs: tuple[tuple[int, ...], ...]
    controls: tuple[tuple[int, ...], ...]
    consumers: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]


def flow_from_graph(graph: Graph) -> Flow:
    """Return the integer form of the graph's edges."""
    return completed(flow_steps(graph))


def flow_steps(graph: Graph) -> Pace[Flow]:
    """The same as `flow_from_graph`, in steps."""
    index = graph.positions
    find = index.get
    yield 0.0
    inputs: list[tuple[int, ...]] = []
    controls: list[tuple[int, ...]] = []
    consumers: list[dict[int, None]] = [{} for _ in graph.nodes]
    yield 0.0
    for position, node in enumerate(graph.nodes):
        data = tuple([find(ref.node, -1) for ref in node.inputs])
        waits = tuple([index[name] for name in node.controls if name in index])
        inputs.append(data)
        controls.append(waits)
        for source in data:
            if source >= 0:
                consumers[source][position] = None
        for source in waits:
            consumers[source][position] = None
        if position % BATCH == 0:
            yield position / len(graph)
    yield 1.0
    listed: list[tuple[int, ...]] = []
    for start in range(0, len(consumers), BATCH):
        listed += map(tuple, consumers[start : start + BATCH])
        yield 1.0
    found = tuple(listed)
    yield 1.0
    closing = [node.op in _CLOSES_LOOP for node in graph.nodes]
    yield 1.0
    order = yield from _order(found, closing)
    return Flow(tuple(inputs), tuple(controls), found, order)


def _order(consumers: tuple[tuple[int, ...], ...], closing: list[bool]) -> Pace[tuple[int, ...]]:
    """Return each node's place: Kahn's order, ties by position, cycles cut where they are met."""
    count = len(consumers)
    waiting = [0] * count
    for source, targets in enumerate(consumers):
        if source % BATCH == 0:
            yield 0.0
        if not closing[source]:
            for target in targets:
                waiting[target] += 1
    ready = [node for node in range(count) if not waiting[node]]
    placed = [-1] * count
    place, next_unplaced = 0, 0
    while place < count:
        if not ready:
            # A cycle no NextIteration closes: cut it at the first node still waiting.
            while placed[next_unplaced] >= 0:
                next_unplaced += 1
            waiting[next_unplaced] = 0
            ready.append(next_unplaced)
        node = heapq.heappop(ready)
        if placed[node] >= 0:
            continue
        placed[node] = place
        place += 1
        if place % BATCH == 0:
            yield place / count
        if closing[node]:
            continue
        for target in consumers[node]:
            waiting[target] -= 1
            if waiting[target] == 0 and placed[target] < 0:
                heapq.heappush(ready, target)
    return tuple(placed)
