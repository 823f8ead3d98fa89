"""Look at an engine file."""

from __future__ import annotations

from surgeon_gui.jobs.engine_spec import EngineResult, EngineSpec
from surgeon_gui.jobs.report import Report
from surgeon_gui.worker.registry import task


@task("engine")
def look_at_engine(spec: EngineSpec, report: Report) -> EngineResult:
    """Return what the file is and whether it runs here."""
    from surgeon_gui.engine.about import about

    return about(spec, report)
