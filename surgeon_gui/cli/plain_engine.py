"""One segment that is a whole graph, built as an engine with no TensorFlow around it."""

from __future__ import annotations

from pathlib import Path

from surgeon_gui.cli.progress import job_progress
from surgeon_gui.errors import ConvertError
from surgeon_gui.hybrid.plan import HybridPlan
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, gpu_names
from surgeon_gui.jobs.store import job_directory
from surgeon_gui.network.store import save_network
from surgeon_gui.settings import load_settings
from surgeon_gui.targets.partition import BORDER

_SHOWN = 8


def build_plain_engine(plan: HybridPlan, path: Path, gpu: str, precision: str) -> BuildResult:
    """Build the plan's one segment.

    Args:
        plan: of a graph that is one segment but for its borders.
        path: where the engine goes.
        gpu: compute capabilities, separated by commas; empty for the default.
        precision: as in a build.

    Raises:
        ConvertError: more than the graph's borders would be left out, or a shape is not known.
        JobError: the worker crashed.
    """
    partition = plan.partition
    if not partition.is_whole:
        left = [
            f"{name} ({partition.graph[name].op})"
            for name, reason in partition.remaining.items()
            if reason != BORDER
        ]
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        raise ConvertError(
            f"A plain engine would leave out {', '.join(left[:_SHOWN]) or 'everything'}{more}.",
            hint="Cure what is left out, or make a bundle with -o FOLDER.",
        )
    network = plan.networks.get(partition.segments[0].name)
    if network is None:
        raise ConvertError("Its shapes are known only at run time.", hint="Fix them with --shape.")
    with job_directory("build") as work:
        save_network(network, work / "segment.network")
        spec = BuildSpec(
            work / "segment.network",
            path.absolute(),
            gpus=gpu_names(gpu),
            precision=precision,
            plugins=tuple(map(Path, load_settings().settings.plugins)),
        )
        with job_progress() as on_event:
            return run_job(spec, on_event, directory=work)
