"""What a run is fed, and the preset of it that is kept for each model."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.errors import ProtocolError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.codec import decode, encode
from surgeon_gui.settings import config_dir

logger = logging.getLogger(__name__)

KEPT = 200
"""Presets kept, the newest."""


@dataclass(frozen=True)
class Feeding:
    """Where the inputs come from; what neither file nor images give is drawn.

    Args:
        inputs: `.npz` or `.npy` of arrays.
        images: image files for one input.
        seed: of the drawn values.
        distribution: of the drawn values.
    """

    inputs: Path | None = None
    images: ImageFeed | None = None
    seed: int = 0
    distribution: str = "uniform"


def load_preset(model: Path) -> Feeding | None:
    """Return how this model was fed last, None where that is not known."""
    data = _presets().get(str(model.absolute()))
    if data is None:
        return None
    try:
        return decode(Feeding, data)
    except ProtocolError as error:
        logger.warning("The preset of %s cannot be read: %s", model, error)
        return None


def save_preset(model: Path, feeding: Feeding) -> None:
    """Keep how a model is fed.

    Raises:
        SaveError: it cannot be written.
    """
    name = str(model.absolute())
    presets = {key: value for key, value in _presets().items() if key != name}
    presets[name] = encode(feeding)
    newest = dict(list(presets.items())[-KEPT:])
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, [json.dumps(newest, indent=1).encode()])


def _path() -> Path:
    return config_dir() / "presets.json"


def _presets() -> dict[str, Any]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("The presets cannot be read: %s", error)
        return {}
    return found if isinstance(found, dict) else {}
