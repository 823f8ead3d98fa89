"""What this machine can build and run, found out without importing TensorRT; Qt-free."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
from dataclasses import dataclass

_FLAVOURS = (
    ("rtx", "TensorRT for RTX", ("tensorrt-rtx", "tensorrt_rtx")),
    ("tensorrt", "TensorRT", ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")),
)


@dataclass(frozen=True)
class Flavour:
    """An installed TensorRT: `rtx` or `tensorrt`."""

    id: str
    title: str
    version: str

    def __str__(self) -> str:
        return f"{self.title} {self.version}"

    @property
    def parses_uff(self) -> bool:
        """Whether NVIDIA's UFF parser is part of it; TensorRT 8.6 is the last with one."""
        major = self.version.partition(".")[0]
        return self.id == "tensorrt" and major.isdecimal() and int(major) <= 8


@dataclass(frozen=True)
class Gpu:
    """A GPU as the driver names it; `capability` as in `sm89`."""

    name: str
    capability: str
    memory: str


@dataclass(frozen=True)
class Machine:
    """What is there."""

    gpus: tuple[Gpu, ...] = ()
    flavours: tuple[Flavour, ...] = ()

    def words(self, default_gpus: tuple[str, ...]) -> str:
        """One line for the status bar.

        Args:
            default_gpus: what is built for when no GPU is there.
        """
        gpu = ", ".join(f"{gpu.name} ({gpu.capability})" for gpu in self.gpus) or "No GPU"
        if not self.flavours:
            return f"{gpu} · TensorRT is not installed"
        flavour = self.flavours[0]
        if self.gpus:
            return f"{gpu} · {flavour}"
        return f"{gpu} · {flavour} builds for {', '.join(default_gpus)}"


def find_machine() -> Machine:
    """Return what is there; takes up to a few seconds, so call it off the UI thread."""
    return Machine(_gpus(), _flavours())


def _flavours() -> tuple[Flavour, ...]:
    found = []
    for key, title, packages in _FLAVOURS:
        for package in packages:
            try:
                version = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                continue
            found.append(Flavour(key, title, ".".join(version.split(".")[:3])))
            break
    return tuple(found)


def _gpus() -> tuple[Gpu, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,compute_cap,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    gpus = []
    for line in answer.stdout.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3:
            gpus.append(Gpu(parts[0], f"sm{parts[1].replace('.', '')}", parts[2]))
    return tuple(gpus)
