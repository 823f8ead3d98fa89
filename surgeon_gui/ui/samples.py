"""The sample graphs that come with the program."""

from __future__ import annotations

from pathlib import Path


def samples_dir() -> Path:
    """Return the folder of the samples: in the source tree, or beside the installed code."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / "samples"
    return installed if installed.is_dir() else package.parent / "samples"


def samples() -> list[Path]:
    return sorted(samples_dir().glob("*.pb"))
