"""The direct route: GraphDef to Network to TensorRT. The converters' dry run is the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.graph.query import reachable
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.targets.base import (
    FOLDED,
    TAKES,
    TARGETS,
    VANISHES,
    Judgement,
    Question,
    Status,
    Target,
    Verdict,
)


def judge(question: Question) -> Judgement:
    """Lower the graph without TensorRT and collect what the converters refuse."""
    graph = question.graph
    lowering = network_from_graph(graph, outputs=question.outputs, shapes=question.shapes)
    refused = {
        problem.node: Verdict(Status.REFUSES, problem.reason, problem.remedy, problem.rule)
        for problem in lowering.problems
    }
    live = reachable(graph, [ref.node for ref in question.outputs])
    verdicts = {}
    for node in graph:
        if node.name in refused:
            verdicts[node.name] = refused[node.name]
        elif node.name not in live:
            verdicts[node.name] = VANISHES
        elif node.name in lowering.unjudged:
            verdicts[node.name] = _UNJUDGED
        elif node.name in lowering.notes:
            verdicts[node.name] = Verdict(Status.CAVEAT, lowering.notes[node.name])
        else:
            verdicts[node.name] = FOLDED if node.name in lowering.vanished else TAKES
    return Judgement(verdicts, types=lowering.types)


_UNJUDGED = Verdict(
    Status.UNKNOWN,
    "The shape of a tensor it reads is not known.",
    "Cure the problems before it, or give the inputs' shapes.",
)


@TARGETS.register("direct")
def direct() -> Sequence[Target]:
    return [
        Target(
            "direct",
            "TensorRT, direct",
            "direct",
            "Graph Surgeon's own road: GraphDef to TensorRT layers, built by the TensorRT that is "
            "installed (8.6, 10, 11, or TensorRT for RTX). No UFF and no ONNX parser in between.",
            judge,
        )
    ]
