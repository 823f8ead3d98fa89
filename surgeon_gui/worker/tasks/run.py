"""Run an engine on the GPU and compare what it computes."""

from __future__ import annotations

from dataclasses import replace

from surgeon_gui.compare.report import Tolerance, compare_tensors
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.worker.registry import task
from surgeon_gui.worker.sides import open_side


@task("run")
def run_engine(spec: RunSpec, report: Report) -> RunResult:
    """Return what was measured, and the comparison with the reference where one is named."""
    from surgeon_gui.engine.run import run

    done = run(spec, report)
    if spec.reference is None:
        return done.result
    report.progress("Computing the reference")
    with open_side(spec.reference, report) as side:
        references = side.run(done.feeds, tuple(done.outputs))
    limits = Tolerance(spec.max_rel, spec.min_cosine)
    rows = compare_tensors(done.outputs, references, done.outputs, limits).rows
    return replace(done.result, comparison=rows, compared_with=side.title)
