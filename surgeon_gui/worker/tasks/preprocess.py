"""Run a graphsurgeon preprocess script: it is code, so it never runs in the window's process."""

from __future__ import annotations

from surgeon_gui.compat.preprocess import run_script
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import PreprocessResult, PreprocessSpec
from surgeon_gui.worker.registry import task


@task("preprocess")
def preprocess(spec: PreprocessSpec, report: Report) -> PreprocessResult:
    """Return where the changed graph is, and what is odd about it."""
    report.progress("Opening the graph")
    graph = open_graph(spec.graph)
    report.progress(f"Running {spec.script.name}")
    done = run_script(graph, spec.script)
    report.progress("Writing the result")
    save_graphdef(done.graph, spec.result)
    dangling = tuple(f"{node}: {text}" for text, node in done.dangling)
    return PreprocessResult(spec.result, dangling, done.duplicates)
