"""From a graph to a network: every reachable node through its converter, every refusal kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import open_batch
from surgeon_gui.network.lower.inline import inline_functions
from surgeon_gui.network.lower.order import Frame, execution_order, reached
from surgeon_gui.network.lower.plugins_anchors import with_grids_spread
from surgeon_gui.network.lower.run import Run
from surgeon_gui.network.simplify import settle, tidy
from surgeon_gui.network.simplify import simplify as simplified


@dataclass(frozen=True, eq=False)
class Lowering:
    """What became of a graph.

    Attributes:
        network: the network, or None when there are problems.
        problems: why not, at most one per node, in execution order.
        types: dtype and shape of every tensor that was reached.
        vanished: nodes that need no layer: constants, shape arithmetic, identities, and what other
            nodes' layers absorbed whole.
        unjudged: nodes nothing can be said about, because a tensor they read has no known shape.
        layers_of: for every node with layers, their names in the network.
        notes: what the user should know about a node that was lowered.
    """

    network: Network | None
    problems: tuple[Unsupported, ...]
    types: Mapping[TensorRef, TensorType]
    vanished: frozenset[str]
    unjudged: frozenset[str]
    layers_of: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str]


def network_from_graph(
    graph: Graph,
    *,
    outputs: Sequence[TensorRef] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    simplify: bool = True,
) -> Lowering:
    """Lower what the outputs need; collect every problem instead of stopping at the first.

    Args:
        graph: a frozen graph.
        outputs: the tensors to compute; None: the graph's own, or deduced.
        shapes: dimensions of inputs by node name; a batch left open becomes 1. Where a batch is
            given as -1 it stays open: the network's input has that dimension dynamic.
        simplify: fold and merge layers, as an expert would.

    Raises:
        GraphCycle: the graph goes in a circle.
    """
    given = dict(shapes or {})
    if any(shape.dims and shape.dims[0] < 0 for shape in given.values()):
        return _with_open_batch(graph, outputs, given, simplify)
    wanted = tuple(outputs) if outputs is not None else deduce_outputs(graph)
    inlined = inline_functions(with_grids_spread(graph))
    run = Run(inlined, given)
    for unit in execution_order(inlined.graph, reached(run.scope, wanted)):
        if isinstance(unit, Frame):
            run.lower_frame(unit)
        else:
            run.lower(inlined.graph[unit])
    refs = tuple(dict.fromkeys(wanted))
    for ref in refs:
        run.mark_output(ref)
    network = None
    layers_of: Mapping[str, tuple[str, ...]] = {}
    if not run.problems:
        built = tidy(run.b.builder.build(), refs)
        network = settle(simplified(built) if simplify else built)
        layers_of = _layers_of(network)
    # Nodes of functions are not in the graph the user sees: their call speaks for them.
    judged = {name for name in run.done - run.unjudged if name not in run.owners}
    judged -= set(run.problems)
    with_layers = set(layers_of) if network is not None else run.with_layers
    return Lowering(
        network,
        tuple(run.problems.values()),
        run.types,
        frozenset(judged - with_layers),
        frozenset(name for name in run.unjudged if name not in run.owners),
        layers_of,
        dict(run.b.notes),
    )


def _with_open_batch(
    graph: Graph, outputs: Sequence[TensorRef] | None, shapes: Mapping[str, Shape], simplify: bool
) -> Lowering:
    """Lower a graph some of whose inputs have a batch of -1, all of them the same."""

    def at(batch: int) -> Lowering:
        known = {
            name: Shape((batch, *shape.dims[1:])) if shape.dims and shape.dims[0] < 0 else shape
            for name, shape in shapes.items()
        }
        return network_from_graph(graph, outputs=outputs, shapes=known, simplify=simplify)

    single = at(1)
    if single.network is None:
        return single
    one, other = (at(batch) for batch in open_batch.BATCHES)
    problems: tuple[Unsupported, ...] = one.problems or other.problems
    if one.network is not None and other.network is not None:
        try:
            types = open_batch.open_types([item.types for item in (single, one, other)])
            network = open_batch.open_batch(one.network, other.network)
            return replace(one, network=network, types=types, layers_of=_layers_of(network))
        except Unsupported as problem:
            problems = (problem,)
    told = tuple(
        open_batch.refusal(
            item.node,
            f"It suits no other batch than 1 ({open_batch.BATCHES[0]} was tried): {item.reason}",
        )
        for item in problems
    )
    return replace(single, network=None, problems=told)


def _layers_of(network: Network) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for layer in network.layers:
        for origin in layer.origin:
            found.setdefault(origin, []).append(layer.name)
    return {name: tuple(names) for name, names in found.items()}
