"""The sample graphs that come with the program."""

from __future__ import annotations

from pathlib import Path


def samples_dir() -> Path:
    """Return the folder of the samples: in the source tree, or beside the installed code."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / "samples"
    return installed if installed.is_dir() else package.parent / "samples"


_SUMMARIES = {
    "boxes3d": "3D boxes, the tutorial's graph",
    "classifier": "residual, batch norms to fold",
    "detector": "an SSD, its ends for plugins",
    "digits": "trained, to try eight bits",
    "segmentation": "a U-Net of odd sizes",
}


def summary(sample: Path) -> str:
    """Return in a line what a sample shows; empty for one not known."""
    return _SUMMARIES.get(sample.stem, "")


def samples() -> list[Path]:
    return sorted(samples_dir().glob("*.pb"))
