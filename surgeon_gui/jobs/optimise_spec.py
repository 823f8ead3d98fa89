"""What the job that runs TensorFlow's graph optimiser is asked and answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from surgeon_gui.jobs.freeze_spec import PassInfo
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class OptimiseResult(JobResult):
    """The optimised graph.

    Args:
        path: a `.pb`.
        passes: what each pass did.
    """

    kind: ClassVar[str] = "optimise"

    path: Path
    passes: tuple[PassInfo, ...]


@dataclass(frozen=True)
class OptimiseSpec(JobSpec[OptimiseResult]):
    """Run TensorFlow's graph optimiser (Grappler).

    Args:
        graph: a frozen `.pb`.
        result: the `.pb` to write.
        outputs: tensors to keep by name (`name` or `name:1`); empty takes the deduced outputs.
    """

    kind: ClassVar[str] = "optimise"

    graph: Path
    result: Path
    outputs: tuple[str, ...] = ()
