"""Types after an edit: only what the edit touches is inferred again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.shapes import FLOW, Types, Walk, fed_nodes, infer_types
from surgeon_gui.graph.values import Array, Shape


def update_types(
    before: Types, graph: Graph, shapes: Mapping[str, Shape] | None = None
) -> tuple[Types, frozenset[str]]:
    """Do what `infer_types` does for a graph that came from `before.graph` by an edit.

    Only what the edit touches is inferred again; where control flow is touched, everything is.

    Args:
        before: the types of the graph before the edit, inferred with the same `shapes`.
        graph: the graph now.
        shapes: as for `infer_types`.

    Returns:
        The types, and the nodes whose types or values are others than before.

    Raises:
        GraphCycle: the nodes form a circle that is no loop.
    """
    given = shapes or {}
    old = before.graph
    types = Types(graph)
    if before.dead or before.problems or old.versions != graph.versions:
        return _anew(before, graph, given)
    types.adopt(before)
    now = fed_nodes(graph)
    walk = Walk(types, given, now)
    inputs = now ^ before.inputs
    stale: set[str] = set()
    for name in topological_order(graph):
        node = graph[name]
        same = old.get(name) is node and name not in inputs
        if same and not (stale and any(ref.node in stale for ref in node.inputs)):
            continue
        if node.op in FLOW:
            return _anew(before, graph, given)
        known, values = types.outputs(name), _values_of(types, name)
        walk.forget(node)
        walk.visit_node(node)
        if node.is_const or known != types.outputs(name) or _differ(values, types, name):
            stale.add(name)
    return types, frozenset(stale)


def _anew(before: Types, graph: Graph, given: Mapping[str, Shape]) -> tuple[Types, frozenset[str]]:
    """Infer everything, and see of which nodes something else is known now."""
    types = infer_types(graph, given)
    stale = {ref.node for ref in types.dead ^ before.dead} | (types.inputs ^ before.inputs)
    for node in graph:
        name = node.name
        if node.is_const:
            changed = before.graph.get(name) is not node
        else:
            changed = (
                before.outputs(name) != types.outputs(name)
                or before.problems.get(name) != types.problems.get(name)
                or _differ(_values_of(before, name), types, name)
            )
        if changed:
            stale.add(name)
    return types, frozenset(name for name in stale if name in graph)


def _values_of(types: Types, name: str) -> list[Array | None]:
    ports = range(len(types.outputs(name)))
    return [types.known.get(TensorRef(name, port)) for port in ports]


def _differ(values: Sequence[Array | None], types: Types, name: str) -> bool:
    now = _values_of(types, name)
    if len(now) != len(values):
        return True
    return any(
        (one is None) != (other is None)
        or (one is not None and other is not None and not _are_equal(one, other))
        for one, other in zip(values, now, strict=True)
    )


def _are_equal(one: Array, other: Array) -> bool:
    masks = [np.ma.getmaskarray(each).tobytes() for each in (one, other)]
    return masks[0] == masks[1] and bool(np.ma.allequal(one, other))
