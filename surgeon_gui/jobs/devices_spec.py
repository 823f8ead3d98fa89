"""What this machine has to run engines with: asked of a worker, which may import what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class GpuInfo:
    """A GPU; `capability` as `sm89`."""

    index: int
    name: str
    capability: str
    memory_bytes: int


@dataclass(frozen=True)
class PluginInfo:
    """A plugin creator TensorRT has: `fields` are name and type."""

    name: str
    version: str
    namespace: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FlavourInfo:
    """An installed TensorRT.

    Args:
        id: `rtx` or `tensorrt`.
        title: its name and version.
        version: as it says itself.
        builds_for: compute capabilities it builds for without a GPU; empty: for the GPU here.
        obstacles: why engines of it do not run on each GPU, as `GPU: reason`; empty where they do.
        takes_plugins: whether networks may hold plugins.
        plugins: the creators registered, those of the given libraries too.
        problem: why a plugin library did not load.
    """

    id: str
    title: str
    version: str
    builds_for: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    takes_plugins: bool = False
    plugins: tuple[PluginInfo, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class DevicesResult(JobResult):
    """What was found.

    Args:
        gpus: in CUDA's order.
        driver: its version, None where it is not known.
        problem: why there is no GPU.
        cuda: the Python binding runs use, None where none can be used.
        cuda_problem: why not.
        flavours: every TensorRT that loads.
    """

    kind: ClassVar[str] = "devices"

    gpus: tuple[GpuInfo, ...]
    flavours: tuple[FlavourInfo, ...]
    driver: str | None = None
    problem: str | None = None
    cuda: str | None = None
    cuda_problem: str | None = None


@dataclass(frozen=True)
class DevicesSpec(JobSpec[DevicesResult]):
    """Look at this machine.

    Args:
        plugins: plugin libraries to load first; they are code.
    """

    kind: ClassVar[str] = "devices"

    plugins: tuple[Path, ...] = ()
