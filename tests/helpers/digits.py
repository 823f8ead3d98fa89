"""The trained digits network and data to measure its accuracy on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from samples.digits import draw
from tests.helpers.shared import ROOT


def trained_digits(folder: Path) -> Path:
    """Put the network (`digits.pb`), `train.npz` and `test.npz` into a folder and return it."""
    shutil.copy(ROOT / "samples" / "digits.pb", folder)
    for name, count, seed in (("train", 400, 2), ("test", 1000, 3)):
        images, labels = draw(count, seed)
        arrays: dict[str, Any] = {"image": images, "labels": labels}
        np.savez(folder / f"{name}.npz", **arrays)
    return folder
