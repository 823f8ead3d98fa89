"""Run an engine on the GPU and compare what it computes."""

from __future__ import annotations

import statistics
from contextlib import closing
from dataclasses import replace

from surgeon_gui.compare.report import Tolerance, compare_tensors
from surgeon_gui.hybrid.bundle import is_bundle
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import RunResult, RunSpec
from surgeon_gui.worker.registry import task
from surgeon_gui.worker.sides import CPU_SUFFIXES, open_side
from surgeon_gui.worker.timing import Stopwatch


@task("run")
def run_engine(spec: RunSpec, report: Report) -> RunResult:
    """Return what was measured, and the comparison with the reference where one is named.

    What is no engine runs on the CPU: a network in ONNX Runtime, a graph in TensorFlow. A hybrid
    bundle runs in TensorFlow, its segments on the GPU where there is one.
    """
    # Each imports what the other does without.
    if spec.engine.suffix.lower() in CPU_SUFFIXES or is_bundle(spec.engine):
        from surgeon_gui.worker.cpu_run import run
    else:
        from surgeon_gui.engine.run import run
    done = run(spec, report)
    if spec.reference is None:
        return done.result
    report.progress("Computing the reference")
    watch = Stopwatch()
    opened = open_side(spec.reference, report, plugins=spec.plugins)
    with closing(opened) as side:
        references = side.run(done.feeds, tuple(done.outputs), watch)
    limits = Tolerance(spec.max_rel, spec.min_cosine)
    rows = compare_tensors(done.outputs, references, done.outputs, limits).rows
    return replace(
        done.result,
        comparison=rows,
        compared_with=side.title,
        reference_ms=statistics.median(watch.times) if watch.times else None,
    )
