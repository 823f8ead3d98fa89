"""The graphs of a partition: each segment by itself, and the whole with a node for each segment."""

from __future__ import annotations

from collections.abc import Mapping

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import reachable
from surgeon_gui.graph.values import AttrValue, DType, TensorType
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.targets.partition import Partition, Segment

ENGINE_OP = "TRTEngineOp"
"""The op TF-TRT gave its segments; ours has the same attributes, less the serialized engine."""

Kinds = Mapping[TensorRef, TensorType]


def segment_graph(graph: Graph, segment: Segment, kinds: Kinds) -> Graph:
    """Return a segment as a graph of its own, its inputs as placeholders.

    Nodes keep their names. The placeholder of an input is called as `input_names` says.

    Args:
        graph: the graph the segment is part of.
        segment: the segment.
        kinds: dtype and shape of the segment's inputs.
    """
    names = input_names(segment)
    feeds = {ref: TensorRef(name) for ref, name in names.items()}
    inside = {*segment.nodes, *segment.constants}
    nodes = [
        Node(name, "Placeholder", (), {"dtype": kinds[ref].dtype, "shape": kinds[ref].shape})
        for ref, name in names.items()
    ]
    for node in graph:
        if node.name in inside:
            inputs = [feeds.get(ref, ref) for ref in node.inputs]
            controls = [name for name in node.controls if name in inside]
            attrs = {key: value for key, value in node.attrs.items() if key != "_class"}
            nodes.append(node.replace(inputs=inputs, controls=controls, attrs=attrs))
    return Graph(tuple(nodes), graph.versions, graph.library, outputs=segment.outputs)


def input_names(segment: Segment) -> dict[TensorRef, str]:
    """Return the name of the placeholder, and of the engine's input, for each input."""
    taken = {*segment.nodes, *segment.constants}
    found: dict[TensorRef, str] = {}
    for ref in segment.inputs:
        name = ref.node if ref.port == 0 else f"{ref.node}_{ref.port}"
        while name in taken:
            name = f"{name}_"
        taken.add(name)
        found[ref] = name
    return found


def hybrid_graph(
    partition: Partition, kinds: Kinds, outputs: tuple[TensorRef, ...], attrs: EngineAttrs
) -> Graph:
    """Return the graph with one node for each segment.

    A graph's output that a segment makes keeps its name: an identity of that name reads the engine.

    Args:
        partition: the division.
        kinds: dtype and shape of the segments' inputs and outputs.
        outputs: what the graph must compute.
        attrs: attributes of each engine node, by segment.
    """
    graph = partition.graph
    owner = {name: segment for segment in partition.segments for name in segment.nodes}
    moved = {
        ref: TensorRef(segment.name, port)
        for segment in partition.segments
        for port, ref in enumerate(segment.outputs)
    }
    kept = {*partition.remaining, *partition.kept_constants}
    placed: set[str] = set()
    nodes: list[Node] = []
    for node in graph:
        segment = owner.get(node.name)
        if segment is None and node.name in kept:
            controls = dict.fromkeys(_owner_name(owner, name) for name in node.controls)
            nodes.append(
                node.replace(
                    inputs=[moved.get(ref, ref) for ref in node.inputs],
                    controls=[name for name in controls if _stays(graph, owner, kept, name)],
                )
            )
        elif segment is not None and segment.name not in placed:
            placed.add(segment.name)
            nodes.append(_engine_node(segment, moved, owner, kinds, attrs.get(segment.name, {})))
    nodes += _named_outputs(outputs, owner, moved, kinds)
    made = Graph(tuple(nodes), graph.versions, graph.library, outputs=outputs)
    needed = reachable(made, [ref.node for ref in outputs])
    live = tuple(node for node in made if node.name in needed)
    return without_stale_colocation(
        graph, Graph(live, graph.versions, graph.library, outputs=outputs)
    )


EngineAttrs = Mapping[str, Mapping[str, AttrValue]]


def _owner_name(owner: Mapping[str, Segment], name: str) -> str:
    segment = owner.get(name)
    return name if segment is None else segment.name


def _stays(graph: Graph, owner: Mapping[str, Segment], kept: set[str], name: str) -> bool:
    """Whether a control input is still there; copied constants need not be waited for."""
    return name in kept or name not in graph


def _engine_node(
    segment: Segment,
    moved: Mapping[TensorRef, TensorRef],
    owner: Mapping[str, Segment],
    kinds: Kinds,
    extra: Mapping[str, AttrValue],
) -> Node:
    attrs: dict[str, AttrValue] = {
        "InT": tuple(kinds[ref].dtype for ref in segment.inputs),
        "OutT": tuple(kinds[ref].dtype for ref in segment.outputs),
        "input_shapes": tuple(kinds[ref].shape for ref in segment.inputs),
        "output_shapes": tuple(kinds[ref].shape for ref in segment.outputs),
        **extra,
    }
    controls = dict.fromkeys(_owner_name(owner, name) for name in segment.controls)
    return Node(
        segment.name,
        ENGINE_OP,
        [moved.get(ref, ref) for ref in segment.inputs],
        attrs,
        controls=controls,
    )


def _named_outputs(
    outputs: tuple[TensorRef, ...],
    owner: Mapping[str, Segment],
    moved: Mapping[TensorRef, TensorRef],
    kinds: Kinds,
) -> list[Node]:
    """Return a node for each output a segment makes, so that it is found by its old name."""
    ports: dict[str, set[int]] = {}
    for ref in outputs:
        if ref.node in owner:
            ports.setdefault(ref.node, set()).add(ref.port)
    found = []
    for name, wanted in ports.items():
        # Ports nobody asked for are filled with one that was, to keep the numbers.
        first = min(wanted)
        sources = [
            TensorRef(name, port if port in wanted else first) for port in range(max(wanted) + 1)
        ]
        dtypes: tuple[DType, ...] = tuple(kinds[source].dtype for source in sources)
        inputs = [moved[source] for source in sources]
        if len(inputs) == 1:
            found.append(Node(name, "Identity", inputs, {"T": dtypes[0]}))
        else:
            found.append(Node(name, "IdentityN", inputs, {"T": dtypes}))
    return found
