"""The GPUs of this machine, asked of the CUDA runtime, else of nvidia-smi."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_QUERY = "index,name,compute_cap,memory.total,driver_version"
_TIMEOUT = 10.0
_FAILURES = (ImportError, OSError, RuntimeError, ValueError, subprocess.SubprocessError)


@dataclass(frozen=True)
class Device:
    """One GPU.

    Attributes:
        index: as CUDA counts.
        name: the product's name.
        capability: compute capability as `sm86`.
        memory_bytes: its whole memory.
    """

    index: int
    name: str
    capability: str
    memory_bytes: int


@dataclass(frozen=True)
class Devices:
    """What was found.

    Attributes:
        devices: the GPUs, in CUDA's order.
        driver: the driver's version, or None where it is not known.
        source: `cuda-python` or `nvidia-smi`; None when neither found a GPU.
        problem: why there is none, in words for the user; None when there is one.
    """

    devices: tuple[Device, ...]
    driver: str | None = None
    source: str | None = None
    problem: str | None = None


def find_devices() -> Devices:
    """Return the GPUs; a machine without one gets the reason instead of an error."""
    problems = []
    for source, probe in _PROBES.items():
        try:
            found = probe()
        except (
            ImportError,
            OSError,
            RuntimeError,
            ValueError,
            subprocess.SubprocessError,
        ) as error:
            problems.append(f"{source}: {error}")
            continue
        if found.devices:
            return found
    detail = f" ({'; '.join(problems)})" if problems else ""
    return Devices((), problem=f"No NVIDIA GPU can be used here{detail}.")


def current_capability() -> str | None:
    """Return the compute capability of the first GPU, None without one."""
    devices = find_devices().devices
    return devices[0].capability if devices else None


def _by_runtime() -> Devices:
    runtime = importlib.import_module("cuda.bindings.runtime")
    count = _checked(runtime, runtime.cudaGetDeviceCount())
    devices = []
    for index in range(count):
        found = _checked(runtime, runtime.cudaGetDeviceProperties(index))
        name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
        devices.append(
            Device(
                index,
                name.rstrip("\0"),
                f"sm{found.major}{found.minor}",
                int(found.totalGlobalMem),
            )
        )
    return Devices(tuple(devices), _driver_version(), "cuda-python")


def _checked(runtime: Any, answer: tuple[Any, Any]) -> Any:
    error, value = answer
    if error != runtime.cudaError_t.cudaSuccess:
        _, name = runtime.cudaGetErrorString(error)
        raise RuntimeError(name.decode() if isinstance(name, bytes) else str(name))
    return value


def _driver_version() -> str | None:
    try:
        rows = _ask_smi("driver_version")
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return None
    return rows[0][0] if rows else None


def _by_smi() -> Devices:
    rows = _ask_smi(_QUERY)
    devices = tuple(
        Device(int(index), name, f"sm{capability.replace('.', '')}", int(memory) << 20)
        for index, name, capability, memory, _ in rows
    )
    return Devices(devices, rows[0][4] if rows else None, "nvidia-smi")


def _ask_smi(query: str) -> list[list[str]]:
    program = shutil.which("nvidia-smi")
    if program is None:
        raise RuntimeError("nvidia-smi is not installed")
    done = subprocess.run(
        [program, f"--query-gpu={query}", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError((done.stdout or done.stderr).strip().split("\n")[0])
    return [[item.strip() for item in line.split(",")] for line in done.stdout.splitlines() if line]


_PROBES: dict[str, Callable[[], Devices]] = {"cuda-python": _by_runtime, "nvidia-smi": _by_smi}
