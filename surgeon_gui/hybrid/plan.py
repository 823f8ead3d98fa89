"""What a hybrid run will consist of: the segments that really convert, and their networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from surgeon_gui.errors import ConvertError, NotConvertible, Unsupported
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.targets import inspect
from surgeon_gui.targets.partition import Partition, PartitionOptions, Segment, Suggestion
from surgeon_gui.targets.partitioner import Partitioner
from surgeon_gui.targets.segments import input_names, segment_graph

Kinds = Mapping[TensorRef, TensorType]


@dataclass(frozen=True)
class HybridPlan:
    """A partition each of whose segments has been lowered.

    Attributes:
        graph: the whole graph.
        outputs: what it must compute.
        partition: the segments and the rest.
        kinds: dtype and shape of the segments' inputs and outputs.
        networks: the network of each segment whose shapes are known; the others are lowered when
            their shapes are met.
        suggestions: what one more cure would join.
    """

    graph: Graph = field(repr=False)
    outputs: tuple[TensorRef, ...]
    partition: Partition
    kinds: Kinds = field(repr=False)
    networks: Mapping[str, Network] = field(repr=False)
    suggestions: tuple[Suggestion, ...] = ()


def plan_hybrid(
    graph: Graph,
    target: str = "direct",
    options: PartitionOptions | None = None,
    *,
    outputs: Sequence[TensorRef] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    max_batch_size: int = 1,
    suggest: bool = True,
) -> HybridPlan:
    """Divide a graph by a target's verdicts and lower every segment.

    A segment that does not lower by itself loses the nodes to blame, which then stay in TensorFlow
    with the reason, and the graph is divided again.

    Args:
        graph: a frozen graph.
        target: whose verdicts are taken.
        options: how to divide.
        outputs: what must be computed; None deduces it.
        shapes: placeholder shapes that override the graph's.
        max_batch_size: the batch of a segment that cannot leave it open.
        suggest: look for cures that would join segments.

    Raises:
        UsageError: there is no such target.
    """
    options = options or PartitionOptions()
    wanted = tuple(deduce_outputs(graph) if outputs is None else outputs)
    report = inspect(graph, target, outputs=wanted, shapes=shapes)
    partitioner = Partitioner(graph, report, wanted, shapes)
    refused: dict[str, str] = {}
    lowered: dict[tuple[str, ...], Network | None] = {}
    while True:
        partition = partitioner.divide(options, refused)
        kinds = _kinds(partition, partitioner.types)
        blamed: dict[str, str] = {}
        for segment in partition.segments:
            if segment.nodes in lowered:
                continue
            try:
                lowered[segment.nodes] = lower_segment(graph, segment, kinds, max_batch_size)
            except ConvertError as error:
                blamed |= _blamed(segment, error)
        if not blamed:
            break
        refused |= blamed
    networks = {
        segment.name: network
        for segment in partition.segments
        if (network := lowered[segment.nodes]) is not None
    }
    cures = partitioner.suggest(partition, options) if suggest else ()
    return HybridPlan(graph, wanted, partition, kinds, networks, cures)


def lower_segment(
    graph: Graph, segment: Segment, kinds: Kinds, max_batch_size: int = 1
) -> Network | None:
    """Return the network of a segment, or None where its shapes are not known well enough.

    An unknown first dimension stays open where the layers allow it, else it is `max_batch_size`.

    Raises:
        ConvertError: a node does not lower.
    """
    shapes = [kinds[ref].shape for ref in segment.inputs]
    if any(shape.dims is None or any(dim < 0 for dim in shape.dims[1:]) for shape in shapes):
        return None
    if any(not shape.is_static for shape in shapes):
        try:
            return _lowered(graph, segment, kinds)
        except ConvertError:
            kinds = {ref: _with_batch(kinds[ref], max_batch_size) for ref in segment.inputs}
    return _lowered(graph, segment, kinds)


def _with_batch(kind: TensorType, batch: int) -> TensorType:
    dims = kind.shape.dims or ()
    fixed = tuple(batch if dim < 0 else dim for dim in dims)
    return replace(kind, shape=Shape(fixed))


def _lowered(graph: Graph, segment: Segment, kinds: Kinds) -> Network:
    part = segment_graph(graph, segment, kinds)
    names = input_names(segment)
    shapes = {name: kinds[ref].shape for ref, name in names.items()}
    lowering = network_from_graph(part, outputs=segment.outputs, shapes=shapes)
    if lowering.network is None:
        if len(lowering.problems) == 1:
            raise lowering.problems[0]
        raise NotConvertible(lowering.problems)
    return lowering.network


def _blamed(segment: Segment, error: ConvertError) -> dict[str, str]:
    """Return the nodes that keep a segment from lowering; all of it where none is named."""
    members = set(segment.nodes)
    problems: Sequence[Unsupported] = ()
    if isinstance(error, NotConvertible):
        problems = error.problems
    elif isinstance(error, Unsupported):
        problems = (error,)
    found = {item.node: item.reason for item in problems if item.node in members}
    return found or dict.fromkeys(segment.nodes, f"Its segment does not convert: {error.message}")


def _kinds(partition: Partition, types: Types) -> dict[TensorRef, TensorType]:
    return {
        ref: types.type(ref)
        for segment in partition.segments
        for ref in (*segment.inputs, *segment.outputs)
    }


@dataclass(frozen=True)
class Division:
    """A plan without its networks: what a window shows.

    Attributes:
        partition, outputs, kinds, suggestions: as in `HybridPlan`.
        layers: how many layers each segment's network has; those built at run time are absent.
    """

    partition: Partition
    outputs: tuple[TensorRef, ...]
    kinds: Kinds = field(repr=False)
    suggestions: tuple[Suggestion, ...]
    layers: Mapping[str, int]


def divide_graph(
    graph: Graph, target: str, options: PartitionOptions, max_batch_size: int = 1
) -> Division:
    """Plan a hybrid run and return what there is to say of it.

    Raises:
        UsageError: there is no such target.
    """
    plan = plan_hybrid(graph, target, options, max_batch_size=max_batch_size)
    layers = {name: len(network.layers) for name, network in plan.networks.items()}
    return Division(plan.partition, plan.outputs, plan.kinds, plan.suggestions, layers)
