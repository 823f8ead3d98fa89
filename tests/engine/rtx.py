"""TensorRT for RTX for tests; they skip where it is not installed."""

from __future__ import annotations

from typing import Any

import pytest

from surgeon_gui.engine.flavours import Flavour, load_flavour
from surgeon_gui.engine.log import logger_for


def rtx() -> Flavour:
    """Return TensorRT for RTX, or skip the test."""
    pytest.importorskip("tensorrt_rtx")
    return load_flavour("rtx")


def new_builder(flavour: Flavour) -> Any:
    """Return a Builder with the process's logger."""
    return flavour.module.Builder(logger_for(flavour.module))
