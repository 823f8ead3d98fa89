"""Freeze a SavedModel, a Keras model or a checkpoint; optimise the graph if asked."""

from __future__ import annotations

from surgeon_gui.freeze.source import source_kind
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec, PassInfo
from surgeon_gui.worker.registry import task


@task("freeze")
def freeze(spec: FreezeSpec, report: Report) -> FreezeResult:
    """Return what was frozen; the graph is at `spec.result`."""
    from surgeon_gui.freeze.checkpoint import freeze_checkpoint
    from surgeon_gui.freeze.functions import freeze_keras, freeze_saved_model
    from surgeon_gui.freeze.optimise import PASSES, optimise

    kind = source_kind(spec.source)
    report.progress("Loading the model")
    if kind == "saved_model":
        folder = spec.source if spec.source.is_dir() else spec.source.parent
        frozen = freeze_saved_model(
            folder,
            tags=spec.tags,
            signature=spec.signature,
            outputs=spec.outputs,
            lower_control_flow=spec.lower_control_flow,
        )
    elif kind == "keras":
        frozen = freeze_keras(
            spec.source, outputs=spec.outputs, lower_control_flow=spec.lower_control_flow
        )
    else:
        frozen = freeze_checkpoint(spec.source, graph=spec.graph, outputs=spec.outputs)
    graph = frozen.graph
    passes: tuple[PassInfo, ...] = ()
    if spec.optimize:
        graph, reports = optimise(
            graph,
            on_pass=lambda name, place: report.progress(f"Optimising: {name}", place, len(PASSES)),
        )
        passes = tuple(PassInfo(item.name, item.nodes_before, item.nodes_after) for item in reports)
    report.progress("Writing the graph")
    size = save_graphdef(graph, spec.result)
    return FreezeResult(
        path=spec.result,
        bytes=size,
        source=frozen.source,
        nodes_before=frozen.nodes_before,
        nodes_after=len(graph),
        inputs=tuple(node.name for node in deduce_inputs(graph)),
        outputs=tuple(map(str, graph.outputs or ())),
        signature=frozen.signature,
        signatures=frozen.signatures,
        passes=passes,
    )
