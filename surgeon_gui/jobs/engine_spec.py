"""A look at an engine file: what is asked, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class EngineLayer:
    """A layer of an engine, as TensorRT's inspector tells it.

    Args:
        name: as TensorRT names it.
        type: what it is; empty where the engine was built to tell names alone.
        details: what else is told, as `key: value` lines.
        nodes: the GraphDef nodes it came from, where they are known.
    """

    name: str
    type: str = ""
    details: str = ""
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """Why an engine does not run here, and what to do."""

    reason: str
    hint: str


@dataclass(frozen=True)
class EngineResult(JobResult):
    """What an engine file is.

    Args:
        flavour: `rtx` or `tensorrt`.
        tensorrt: the version that wrote it, None where the file does not say.
        bytes: its size.
        card: what is written beside it; None without.
        obstacles: what keeps it from running here, none where it runs.
        layers: in execution order; empty where they cannot be told.
        layers_problem: why not.
        card_problem: why there is no card, empty where there is one.
    """

    kind: ClassVar[str] = "engine"

    flavour: str
    tensorrt: str | None
    bytes: int
    card: EngineCard | None = None
    obstacles: tuple[Trouble, ...] = ()
    layers: tuple[EngineLayer, ...] = ()
    layers_problem: str | None = None
    card_problem: str = ""

    @property
    def runs_here(self) -> bool:
        return not self.obstacles


@dataclass(frozen=True)
class EngineSpec(JobSpec[EngineResult]):
    """Look at an engine file.

    Args:
        engine: the file.
        plugins: libraries it may need; they are code.
    """

    kind: ClassVar[str] = "engine"

    engine: Path
    plugins: tuple[Path, ...] = ()
