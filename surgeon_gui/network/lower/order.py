"""In which order nodes are lowered: producers first, a TF1 loop as one unit."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.network.lower.branches import control_guards
from surgeon_gui.network.lower.scope import Scope

ENTERS = frozenset({"Enter", "RefEnter"})
EXITS = frozenset({"Exit", "RefExit"})


@dataclass(frozen=True)
class Frame:
    """The nodes of one TF1 while loop, in execution order, from its Enters to its Exits."""

    name: str
    members: tuple[str, ...]


def reached(scope: Scope, outputs: Sequence[TensorRef]) -> set[str]:
    """Return the nodes the outputs read, by data edges.

    Control inputs only count where they say on which branch of a conditional a node lies.
    """
    found = {ref.node for ref in outputs if ref.node in scope}
    pending = list(found)
    while pending:
        node = scope.get(pending.pop())
        assert node is not None
        predicates = [ref for ref, _ in control_guards(scope, node)]
        for ref in (*node.inputs, *predicates):
            if ref.node not in found and ref.node in scope:
                found.add(ref.node)
                pending.append(ref.node)
    return found


def execution_order(graph: Graph, wanted: set[str]) -> list[str | Frame]:
    """Return the wanted nodes, producers first; the nodes of a loop stand together as a Frame.

    Raises:
        GraphCycle: the graph goes in a circle that is no loop.
    """
    order = [name for name in topological_order(graph) if name in wanted]
    frame_of = _frames(graph, order)
    if not frame_of:
        return list(order)
    members: dict[str, list[str]] = {}
    for name in order:
        members.setdefault(frame_of.get(name, name), []).append(name)
    readers: dict[str, set[str]] = {unit: set() for unit in members}
    waits = dict.fromkeys(members, 0)
    for unit, names in members.items():
        sources = {
            frame_of.get(ref.node, ref.node)
            for name in names
            for ref in graph[name].inputs
            if ref.node in wanted
        }
        for source in sources - {unit}:
            readers[source].add(unit)
            waits[unit] += 1
    ready = deque(unit for unit, count in waits.items() if not count)
    result: list[str | Frame] = []
    while ready:
        unit = ready.popleft()
        framed = members[unit][0] in frame_of
        result.append(Frame(unit, tuple(members[unit])) if framed else unit)
        for reader in readers[unit]:
            waits[reader] -= 1
            if not waits[reader]:
                ready.append(reader)
    return result


def _frames(graph: Graph, order: Sequence[str]) -> dict[str, str]:
    """Return for every node inside a loop the name of its outermost frame."""
    outer: dict[str, str] = {}
    frame_of = _inside(graph, order, outer)
    # An Enter fed from outside does not show that its loop lies in another: look again.
    return _inside(graph, order, outer) if outer else frame_of


def _inside(graph: Graph, order: Sequence[str], outer: dict[str, str]) -> dict[str, str]:
    """Follow the edges from Enters to Exits; `outer` maps loops to the loops around them."""
    frame_of: dict[str, str] = {}
    depths: dict[str, int] = {}
    for name in order:
        node = graph[name]
        inside = [ref.node for ref in node.inputs if depths.get(ref.node, 0)]
        depth = max((depths[source] for source in inside), default=0)
        if inside:
            frame_of[name] = min(frame_of[source] for source in inside)
        if node.op in ENTERS:
            own = f"frame {node.attrs.get('frame_name', b'')!r}"
            if inside and frame_of[name] != own:
                outer[own] = frame_of[name]
            frame_of[name] = outer.get(own, own)
            depth = max(depth, 1 if own in outer else 0)
        # An Exit outside any loop is an error of the graph; it leaves nothing.
        depths[name] = max(depth + (node.op in ENTERS) - (node.op in EXITS), 0)
    return frame_of
