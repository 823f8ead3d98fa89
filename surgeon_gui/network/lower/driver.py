"""From a graph to a network: every reachable node through its converter, every refusal kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.network.ir import Network
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
        shapes: dimensions of inputs by node name; a batch left open becomes 1.
        simplify: fold and merge layers, as an expert would.

    Raises:
        GraphCycle: the graph goes in a circle.
    """
    wanted = tuple(outputs) if outputs is not None else deduce_outputs(graph)
    inlined = inline_functions(with_grids_spread(graph))
    run = Run(inlined, dict(shapes or {}))
    for unit in execution_order(inlined.graph, reached(run.scope, wanted)):
        if isinstance(unit, Frame):
            run.lower_frame(unit)
        else:
            run.lower(inlined.graph[unit])
    refs = tuple(dict.fromkeys(wanted))
    for ref in refs:
        run.mark_output(ref)
    network = None
    layers_of: dict[str, list[str]] = {}
    if not run.problems:
        built = tidy(run.b.builder.build(), refs)
        network = settle(simplified(built) if simplify else built)
        for layer in network.layers:
            for origin in layer.origin:
                layers_of.setdefault(origin, []).append(layer.name)
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
        {name: tuple(names) for name, names in layers_of.items()},
        dict(run.b.notes),
    )
