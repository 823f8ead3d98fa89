"""A part of a graph as a graph of its own, about which the same can be said."""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_stateful
from surgeon_gui.graph.shapes import FLOW, Types


def cut_out(
    graph: Graph, names: set[str], types: Types, outputs: Sequence[TensorRef]
) -> Graph | None:
    """Return the nodes as a graph of their own, with inputs where others fed them.

    Args:
        graph: the whole graph.
        names: the nodes.
        types: what is known of its tensors.
        outputs: of the whole graph.

    Returns:
        None where that cannot be: control flow, side effects, sizes left open.
    """
    inside = _with_shape_arithmetic(graph, names, types)
    if inside is None:
        return None
    made: dict[str, Node] = {}
    nodes: list[Node] = []
    ends: list[TensorRef] = [ref for ref in outputs if ref.node in inside]
    for node in graph:
        if node.name not in inside:
            continue
        if node.op in FLOW or (is_stateful(node.op) and node.op != "Placeholder"):
            return None
        inputs = []
        for ref in node.inputs:
            if ref.node not in inside and ref.node in graph:
                stand_in = made.get(str(ref)) or _stand_in(ref, types)
                if stand_in is None:
                    return None
                made[str(ref)] = stand_in
                ref = TensorRef(stand_in.name)
            inputs.append(ref)
        nodes.append(node if tuple(inputs) == node.inputs else node.replace(inputs=tuple(inputs)))
        outer = {
            ref
            for reader in graph.consumers(node.name)
            if reader.name not in inside
            for ref in reader.inputs
            if ref.node == node.name
        }
        # What is known beforehand is no tensor at run time, so it is no output either.
        ends += [ref for ref in sorted(outer, key=str) if types.value(ref) is None]
    if any(control not in inside for node in nodes for control in node.controls):
        nodes = [
            node.replace(controls=tuple(name for name in node.controls if name in inside))
            for node in nodes
        ]
    return Graph((*made.values(), *nodes), graph.versions, outputs=tuple(dict.fromkeys(ends)))


def _with_shape_arithmetic(graph: Graph, names: set[str], types: Types) -> set[str] | None:
    """Add constants, and what computes shapes, up to where data comes in."""
    found = set(names)
    pending = list(names)
    while pending:
        for ref in graph[pending.pop()].inputs:
            source = graph.get(ref.node)
            if source is None or ref.node in found:
                continue
            if source.is_const or types.partial(ref) is not None or types.value(ref) is not None:
                found.add(ref.node)
                pending.append(ref.node)
        if len(found) > 4 * len(names) + 1000:
            return None
    return found


def _stand_in(ref: TensorRef, types: Types) -> Node | None:
    """Return an input of the tensor's type; None where its shape is open besides the batch."""
    kind = types.type(ref)
    dims = kind.shape.dims
    if dims is None or any(dim < 0 for dim in dims[1:]) or kind.dtype.numpy is None:
        return None
    name = f"{ref.node}:{ref.port}".replace(":", "__stand_in_")
    return Node(name, "Placeholder", attrs={"dtype": kind.dtype, "shape": kind.shape})
