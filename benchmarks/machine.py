"""What machine and which versions a figure was measured with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from datetime import date
from pathlib import Path

import psutil

PACKAGES = (
    "surgeon-gui",
    "numpy",
    "PySide6-Essentials",
    "onnx",
    "onnxruntime",
    "tensorflow",
    "keras",
    "tensorrt-rtx",
    "tensorrt",
)


def machine() -> list[tuple[str, str]]:
    """Return name and value of what decides how fast things are here."""
    facts = [
        ("date", date.today().isoformat()),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{psutil.virtual_memory().total / 1e9:.1f} GB"),
        ("GPU", _gpu()),
        ("system", _system()),
        ("Python", platform.python_version()),
    ]
    return facts + [(name, _version(name)) for name in PACKAGES]


def load() -> str:
    """Return how many processes wanted a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _gpu() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none"
    query = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return ("; ".join(done.stdout.split("\n")).strip("; ") if not done.returncode else "") or "none"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return f"{name or platform.system()}, {platform.release()}, {platform.machine()}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
