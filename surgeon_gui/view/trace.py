"""Where tensors come from and go to: what feeds a node, what it feeds, the paths between nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from surgeon_gui.graph.model import Graph, Node

UPWARDS = -1
DOWNWARDS = 1


def trace(
    graph: Graph, names: Iterable[str], direction: int, depth: int | None = None
) -> dict[str, int]:
    """Return the nodes reached from `names` along edges, each with its distance.

    Args:
        graph: the graph; references to nodes it has not are passed over.
        names: where to start; at distance 0.
        direction: `UPWARDS` to what is read, `DOWNWARDS` to who reads.
        depth: how far to go; None to the graph's inputs or outputs.
    """
    near = _readers(graph) if direction > 0 else _read(graph)
    found = {name: 0 for name in names if name in graph}
    front = list(found)
    distance = 0
    while front and (depth is None or distance < depth):
        distance += 1
        ahead = dict.fromkeys(other for name in front for other in near(graph[name]))
        front = [name for name in ahead if name not in found]
        found.update(dict.fromkeys(front, distance))
    return found


def paths_between(graph: Graph, one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """Return the nodes of all paths from one set of nodes to the other, whichever way they lead."""
    one, other = tuple(one), tuple(other)
    found: set[str] = set()
    for start, end in ((one, other), (other, one)):
        below = trace(graph, start, DOWNWARDS).keys()
        if not below.isdisjoint(end):
            found |= below & trace(graph, end, UPWARDS).keys()
    return frozenset(found)


def shortest_path(graph: Graph, one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Return a path of the fewest edges between two sets of nodes, in the order of the data.

    Of both ways the shorter; empty where none leads from one to the other.
    """
    one, other = tuple(one), tuple(other)
    ways = _shortest(graph, one, other), _shortest(graph, other, one)
    return min((way for way in ways if way), key=len, default=())


def _shortest(graph: Graph, start: Iterable[str], end: Iterable[str]) -> tuple[str, ...]:
    found, near = trace(graph, start, DOWNWARDS), _read(graph)
    reached = [name for name in end if name in found]
    if not reached:
        return ()
    way = [min(reached, key=found.__getitem__)]
    while distance := found[way[-1]]:
        way.append(next(name for name in near(graph[way[-1]]) if found.get(name) == distance - 1))
    return tuple(reversed(way))


def _read(graph: Graph) -> Callable[[Node], Iterable[str]]:
    def near(node: Node) -> Iterable[str]:
        names = (*(ref.node for ref in node.inputs), *node.controls)
        return (name for name in names if name in graph)

    return near


def _readers(graph: Graph) -> Callable[[Node], Iterable[str]]:
    return lambda node: (other.name for other in graph.consumers(node.name))
