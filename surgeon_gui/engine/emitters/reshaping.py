"""Layers that move elements without computing."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.network.layers import (
    Concatenation,
    Resize,
    SampleMode,
    Shape,
    Shuffle,
    Slice,
)


@EMITTERS.register("Shuffle")
def shuffle(kind: Shuffle, out: LayerEmitter) -> Any:
    made = out.net.add_shuffle(out.inputs[0])
    if made is None:
        return None
    made.zero_is_placeholder = kind.zero_is_placeholder
    if kind.first_transpose is not None:
        made.first_transpose = kind.first_transpose
    if len(out.inputs) == 2:
        made.set_input(1, out.inputs[1])
    elif kind.reshape_dims is not None:
        made.reshape_dims = kind.reshape_dims
    if kind.second_transpose is not None:
        made.second_transpose = kind.second_transpose
    return made


@EMITTERS.register("Slice")
def slice_(kind: Slice, out: LayerEmitter) -> Any:
    tensors = out.inputs[1:]
    start = (0,) * len(kind.stride) if tensors else kind.start
    size = (0,) * len(kind.stride) if tensors else kind.size
    made = out.net.add_slice(out.inputs[0], start, size, kind.stride)
    if made is None:
        return None
    made.mode = out.member(kind.mode)
    for index, tensor in enumerate(tensors, 1):
        made.set_input(index, tensor)
    if kind.mode is SampleMode.FILL:
        made.set_input(4, out.scalar(kind.fill_value, out.input_spec(0).dtype, "fill"))
    return made


@EMITTERS.register("Concatenation")
def concatenation(kind: Concatenation, out: LayerEmitter) -> Any:
    made = out.net.add_concatenation(out.inputs)
    if made is not None:
        made.axis = kind.axis
    return made


@EMITTERS.register("Resize")
def resize(kind: Resize, out: LayerEmitter) -> Any:
    made = out.net.add_resize(out.inputs[0])
    if made is None:
        return None
    made.resize_mode = out.member(kind.resize_mode)
    made.coordinate_transformation = out.member(kind.coordinate_transformation)
    made.nearest_rounding = out.member(kind.nearest_rounding)
    made.cubic_coeff = kind.cubic_coeff
    made.exclude_outside = kind.exclude_outside
    if len(out.inputs) == 2:
        made.set_input(1, out.inputs[1])
    else:
        made.shape = kind.shape
    return made


@EMITTERS.register("Shape")
def shape(kind: Shape, out: LayerEmitter) -> Any:
    return out.net.add_shape(out.inputs[0])
