"""Normalization by the mean and variance of the tensor at hand."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.network.layers import Normalization


@READERS.register("NORMALIZATION")
def normalization(layer: Any, reader: LayerReader) -> Normalization:
    return Normalization(
        scale=reader.constant(1),
        bias=reader.constant(2),
        axes=reader.axes(layer.axes),
        epsilon=layer.epsilon,
        num_groups=layer.num_groups,
    )
