"""Files tests read: those in tests/data are always there, those in ../shared may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared"


def data_path(relative: str) -> Path:
    """Return a file that is part of this repository."""
    return DATA / relative


def shared_path(relative: str) -> Path:
    """Return a file of the folder `shared` beside the repository; skip the test if it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"../shared/{relative} is not there")
    return path


def shared_models(pattern: str) -> list[Path]:
    """Return the files under `shared/models` that match a glob, for parametrizing; maybe none."""
    return sorted((SHARED / "models").glob(pattern))
