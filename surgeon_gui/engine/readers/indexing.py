"""Layers that read or write where other tensors say."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.network.layers import (
    NMS,
    BoundingBoxFormat,
    Gather,
    GatherMode,
    NonZero,
    OneHot,
    ReverseSequence,
    Scatter,
    ScatterMode,
)


@READERS.register("GATHER")
def gather(layer: Any, reader: LayerReader) -> Gather:
    return Gather(
        axis=layer.axis,
        mode=reader.member(GatherMode, layer.mode),
        num_elementwise_dims=layer.num_elementwise_dims,
    )


@READERS.register("SCATTER")
def scatter(layer: Any, reader: LayerReader) -> Scatter:
    return Scatter(mode=reader.member(ScatterMode, layer.mode), axis=layer.axis)


@READERS.register("ONE_HOT")
def one_hot(layer: Any, reader: LayerReader) -> OneHot:
    axis = layer.axis if layer.axis >= 0 else layer.axis + reader.rank + 1
    return OneHot(axis=axis, depth=layer.get_output(0).shape[axis])


@READERS.register("REVERSE_SEQUENCE")
def reverse_sequence(layer: Any, reader: LayerReader) -> ReverseSequence:
    return ReverseSequence(batch_axis=layer.batch_axis, sequence_axis=layer.sequence_axis)


@READERS.register("NMS")
def nms(layer: Any, reader: LayerReader) -> NMS:
    return NMS(
        topk_box_limit=layer.topk_box_limit,
        bounding_box_format=reader.member(BoundingBoxFormat, layer.bounding_box_format),
    )


@READERS.register("NON_ZERO")
def non_zero(layer: Any, reader: LayerReader) -> NonZero:
    return NonZero()
