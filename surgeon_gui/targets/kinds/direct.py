"""The direct route: GraphDef to Network to TensorRT. The converters' dry run is the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from surgeon_gui.graph.query import reachable
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.targets.base import (
    FOLDED,
    TAKES,
    TARGETS,
    VANISHES,
    Judgement,
    Page,
    Question,
    Status,
    Target,
    Verdict,
)
from surgeon_gui.targets.contracts import add_contracts, has_plugins
from surgeon_gui.targets.flavours import FLAVOURS, Flavour, installed
from surgeon_gui.targets.pitfalls import add_pitfalls

_UNJUDGED = Verdict(
    Status.UNKNOWN,
    "The shape of a tensor it reads is not known.",
    "Cure the problems before it, or give the inputs' shapes.",
)


def judge(flavour: Flavour | None, question: Question) -> Judgement:
    """Lower the graph without TensorRT and collect what the converters refuse.

    Args:
        flavour: the TensorRT whose lacks count too; None: what every one of them has.
        question: what is asked.
    """
    graph = question.graph
    lowering = network_from_graph(
        graph, outputs=question.outputs, shapes=question.shapes, simplify=False
    )
    lacks = {} if flavour is None else _lacks(flavour, lowering)
    refused = {
        problem.node: Verdict(Status.REFUSES, problem.reason, problem.remedy, problem.rule)
        for problem in lowering.problems
    }
    live = reachable(graph, [ref.node for ref in question.outputs])
    verdicts = {}
    for node in graph:
        name = node.name
        if name in refused:
            verdicts[name] = refused[name]
        elif name not in live:
            verdicts[name] = VANISHES
        elif name in lacks and lacks[name].status is Status.REFUSES:
            verdicts[name] = lacks[name]
        elif name in lowering.unjudged:
            verdicts[name] = _UNJUDGED
        elif name in lowering.notes:
            verdicts[name] = Verdict(Status.CAVEAT, lowering.notes[name])
        elif name in lacks:
            verdicts[name] = lacks[name]
        else:
            verdicts[name] = FOLDED if name in lowering.vanished else TAKES
    if has_plugins(graph):
        add_contracts("direct", graph, question.types, verdicts)
    return Judgement(_advised(question, verdicts), types=lowering.types)


def _advised(question: Question, verdicts: dict[str, Verdict]) -> Mapping[str, Verdict]:
    """Add advice from the pitfalls where the converters have none; nothing else changes."""
    graph = question.graph
    bare = [
        node
        for node in graph
        if (verdict := verdicts[node.name]).status is Status.REFUSES and verdict.remedy is None
    ]
    if bare:
        # With the shapes as they are in the file: pitfalls are those of the graph.
        types = infer_types(graph) if question.shapes else question.types
        add_pitfalls("direct", graph, types, verdicts, advise_only=True)
    return verdicts


def _lacks(flavour: Flavour, lowering: Lowering) -> Mapping[str, Verdict]:
    """Return what this TensorRT has not got, by the node that needs it."""
    network = lowering.network
    if network is None:
        return {}
    tensors = network.tensors
    found: dict[str, Verdict] = {}
    for layer in network.layers:
        verdict = flavour.verdict(layer, tensors)
        if verdict is None:
            continue
        for origin in layer.origin[:1]:
            if origin not in found or verdict.status is Status.REFUSES:
                found[origin] = verdict
    return found


@TARGETS.register("direct")
def direct() -> Sequence[Target]:
    here = installed()
    title = "Direct · " + (here.title if here else "no TensorRT installed")
    summary = (
        "Graph Surgeon's own road: GraphDef to TensorRT layers, built by the TensorRT that is "
        "installed (8.6, 10, 11, or TensorRT for RTX). No UFF and no ONNX parser in between."
    )
    page = here.flavour.page if here else Page(needs="pip install tensorrt-rtx, or tensorrt.")
    first = Target(
        "direct", title, "direct", summary, partial(judge, here.flavour if here else None), page
    )
    others = [
        Target(
            flavour.id,
            f"Direct · {flavour.title}",
            "direct",
            flavour.summary,
            partial(judge, flavour),
            flavour.page,
        )
        for flavour in FLAVOURS
    ]
    return [first, *others]
