"""Constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.network.layers import Constant


@READERS.register("CONSTANT")
def constant(layer: Any, reader: LayerReader) -> Constant:
    array = reader.weights(layer.weights, tuple(layer.shape))
    if array is None:
        empty = layer.weights
        dtype = empty.dtype if isinstance(empty, np.ndarray) else np.float32
        array = np.zeros(tuple(layer.shape), dtype)
    return Constant(weights_=array)
