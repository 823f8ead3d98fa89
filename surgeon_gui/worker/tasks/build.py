"""Build an engine with TensorRT."""

from __future__ import annotations

from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import BuildResult, BuildSpec
from surgeon_gui.worker.registry import task


@task("build")
def build_engine(spec: BuildSpec, report: Report) -> BuildResult:
    """Return what was built; the plan is at `spec.engine`."""
    from surgeon_gui.engine.build import build

    return build(spec, report)
