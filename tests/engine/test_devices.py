"""Finding GPUs: by the CUDA runtime, by nvidia-smi, or none with the reason."""

from __future__ import annotations

import importlib
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from surgeon_gui.engine.devices import Device, current_capability, find_devices
from surgeon_gui.engine.flavours import runs_on

OK, NO_DRIVER = 0, 35


class Runtime:
    """The part of cuda.bindings.runtime that is used, with given GPUs."""

    cudaError_t = SimpleNamespace(cudaSuccess=OK)

    def __init__(self, *gpus: SimpleNamespace, error: int = OK) -> None:
        self._gpus, self._error = gpus, error

    def __getattr__(self, name: str) -> Any:
        return {
            "cudaGetDeviceCount": lambda: (self._error, len(self._gpus)),
            "cudaGetDeviceProperties": lambda index: (OK, self._gpus[index]),
            "cudaGetErrorString": lambda error: (OK, b"no CUDA-capable device is detected"),
        }[name]


def gpu(name: str, major: int, minor: int) -> SimpleNamespace:
    return SimpleNamespace(
        name=name.encode() + b"\0\0", major=major, minor=minor, totalGlobalMem=8 << 30
    )


def with_runtime(monkeypatch: pytest.MonkeyPatch, runtime: object) -> None:
    def find(name: str) -> object:
        assert name == "cuda.bindings.runtime"
        if isinstance(runtime, Exception):
            raise runtime
        return runtime

    monkeypatch.setattr(importlib, "import_module", find)


def with_smi(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str | None) -> None:
    """Put a program nvidia-smi on the path, or none."""
    program = folder / "nvidia-smi"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = str(program) if script is not None else None
    monkeypatch.setattr(shutil, "which", lambda name: found)


SMI = """case "$1" in
  --query-gpu=driver_version) echo "580.65.06";;
  *) echo "0, NVIDIA GeForce RTX 4090, 8.9, 24564, 580.65.06";;
esac"""


def test_the_runtime_counts_the_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_runtime(monkeypatch, Runtime(gpu("NVIDIA A10", 8, 6), gpu("NVIDIA H200", 9, 0)))
    with_smi(monkeypatch, tmp_path, SMI)
    found = find_devices()
    assert found.devices == (
        Device(0, "NVIDIA A10", "sm86", 8 << 30),
        Device(1, "NVIDIA H200", "sm90", 8 << 30),
    )
    assert (found.source, found.driver, found.problem) == ("cuda-python", "580.65.06", None)
    assert current_capability() == "sm86"


def test_nvidia_smi_answers_where_there_is_no_cuda_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_runtime(monkeypatch, ModuleNotFoundError("No module named 'cuda'"))
    with_smi(monkeypatch, tmp_path, SMI)
    found = find_devices()
    assert found.devices == (Device(0, "NVIDIA GeForce RTX 4090", "sm89", 24564 << 20),)
    assert (found.source, found.driver) == ("nvidia-smi", "580.65.06")


def test_a_machine_without_a_gpu_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_runtime(monkeypatch, Runtime(error=NO_DRIVER))
    with_smi(monkeypatch, tmp_path, None)
    found = find_devices()
    assert found.devices == ()
    assert found.problem is not None
    assert "no CUDA-capable device" in found.problem
    assert "nvidia-smi is not installed" in found.problem
    assert current_capability() is None


def test_a_broken_driver_is_no_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_runtime(monkeypatch, OSError("libcuda.so.1: cannot open shared object file"))
    with_smi(monkeypatch, tmp_path, 'echo "Failed to initialize NVML"; exit 9')
    found = find_devices()
    assert found.devices == ()
    assert found.problem is not None
    assert "Failed to initialize NVML" in found.problem


def test_this_machine_can_be_asked() -> None:
    found = find_devices()
    assert bool(found.devices) == (found.problem is None)


def test_plans_of_tensorrt_for_rtx_run_on_its_gpus_only() -> None:
    assert runs_on("rtx", "sm89")
    assert not runs_on("rtx", "sm90")
    assert runs_on("tensorrt", "sm90")
    assert runs_on("rtx", None)
