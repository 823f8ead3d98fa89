"""Run TensorFlow's graph optimiser on a frozen graph."""

from __future__ import annotations

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import resolve_output
from surgeon_gui.jobs.optimise_spec import OptimiseResult, OptimiseSpec
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import PassInfo
from surgeon_gui.worker.registry import task


@task("optimise")
def optimise(spec: OptimiseSpec, report: Report) -> OptimiseResult:
    """Return what each pass did; the graph is at `spec.result`."""
    from surgeon_gui.freeze import optimise as grappler

    report.progress("Opening the graph")
    graph = open_graph(spec.graph)
    if spec.outputs:
        graph = graph.with_outputs(tuple(resolve_output(graph, name) for name in spec.outputs))
    report.progress("Loading TensorFlow")
    count = len(grappler.PASSES)
    graph, reports = grappler.optimise(
        graph,
        on_pass=lambda name, place: report.progress(f"TensorFlow's pass {name}", place, count),
    )
    report.progress("Writing the graph")
    save_graphdef(graph, spec.result)
    passes = tuple(PassInfo(item.name, item.nodes_before, item.nodes_after) for item in reports)
    return OptimiseResult(spec.result, passes)
