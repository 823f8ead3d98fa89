"""From a graph to a network: every reachable node through its converter, every refusal kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Shape
from surgeon_gui.network.lower.inline import inline_functions
from surgeon_gui.network.lower.loops import WHILES
from surgeon_gui.network.lower.open_sizes import lower_open
from surgeon_gui.network.lower.order import Frame, execution_order, reached
from surgeon_gui.network.lower.plugins_anchors import with_grids_spread
from surgeon_gui.network.lower.result import Lowering
from surgeon_gui.network.lower.result import layers_of as nodes_layers
from surgeon_gui.network.lower.run import Run
from surgeon_gui.network.lower.value import Growing
from surgeon_gui.network.simplify import settle, tidy
from surgeon_gui.network.simplify import simplify as simplified

_LOOPS = frozenset({*WHILES, "LoopCond"})


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
        shapes: dimensions of inputs by node name; a batch left open becomes 1. A dimension given
            as -1 stays open: the network's input has it dynamic.
        simplify: fold and merge layers, as an expert would.

    Raises:
        GraphCycle: the graph goes in a circle.
    """
    given = dict(shapes or {})
    wanted = tuple(outputs) if outputs is not None else deduce_outputs(graph)
    if all(min(shape.dims or (0,)) >= 0 for shape in given.values()):
        return _lowered(graph, wanted, given, simplify)
    padded_same = _padded_same(graph)
    # With the batch alone open, windows know their padding.
    spatial = any(min(shape.dims[1:], default=0) < 0 for shape in given.values() if shape.dims)
    by_size = padded_same if spatial else frozenset()

    def attempt(known: Mapping[str, Shape], growing: Growing) -> Lowering:
        return _lowered(graph, wanted, {**given, **known}, simplify, by_size, growing)

    loops = any(node.op in _LOOPS for node in graph)
    return lower_open(attempt, given, padded_same, loops=loops)


def _lowered(
    graph: Graph,
    wanted: Sequence[TensorRef],
    given: Mapping[str, Shape],
    simplify: bool,
    padded_by_size: Set[str] = frozenset(),
    growing: Growing = MappingProxyType({}),
) -> Lowering:
    """Lower at known sizes; `simplify` tells of nodes padded by size, `Lower` of growing ones."""
    inlined = inline_functions(with_grids_spread(graph))
    run = Run(inlined, dict(given), growing)
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
        network = settle(simplified(built, padded_by_size) if simplify else built)
        layers_of = nodes_layers(network)
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


def _padded_same(graph: Graph) -> frozenset[str]:
    return frozenset(node.name for node in graph if node.attrs.get("padding") == b"SAME")
