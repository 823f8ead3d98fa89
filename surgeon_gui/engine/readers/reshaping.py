"""Layers that move elements without computing."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.errors import EngineError
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.layers import (
    Concatenation,
    CoordinateTransformation,
    InterpolationMode,
    Resize,
    RoundMode,
    SampleMode,
    Shape,
    Shuffle,
    Slice,
    permutation_is_identity,
)


def _order(permutation: Any, rank: int) -> tuple[int, ...] | None:
    """Return a transpose of `rank` dimensions (TensorRT's has always 8); None if it moves none."""
    order = tuple(permutation)[:rank]
    return None if permutation_is_identity(order) else order


@READERS.register("SHUFFLE")
def shuffle(layer: Any, reader: LayerReader) -> Shuffle:
    dims = reader.folded(1)
    if dims is None and not reader.has_input(1) and layer.reshape_dims is not None:
        dims = tuple(layer.reshape_dims)
    return Shuffle(
        first_transpose=_order(layer.first_transpose, reader.rank),
        reshape_dims=dims,
        second_transpose=_order(layer.second_transpose, len(layer.get_output(0).shape)),
        zero_is_placeholder=layer.zero_is_placeholder,
    )


@READERS.register("SQUEEZE", "UNSQUEEZE")
def squeeze(layer: Any, reader: LayerReader) -> Shuffle:
    """The Network says this as a Shuffle; only TensorRT's own parser makes these layers."""
    reader.constant(1)
    shape = tuple(layer.get_output(0).shape)
    if list(shape).count(-1) > 1:
        raise EngineError("This layer has several dynamic dimensions.", where=layer.name)
    return Shuffle(reshape_dims=shape)


@READERS.register("SLICE")
def slice_(layer: Any, reader: LayerReader) -> Slice:
    start, size, stride = (reader.folded(index) for index in (1, 2, 3))
    by_tensors = start is None and size is None and reader.has_input(1) and reader.has_input(2)
    if by_tensors:
        start, size = (), tuple(layer.get_output(0).shape)
    else:
        start = _static(start, "start", 1, layer, reader)
        size = _static(size, "shape", 2, layer, reader)
    stride = _static(stride, "stride", 3, layer, reader)
    # TensorRT's own parser slices some axes alone; only newer versions can.
    axes = getattr(layer, "axes", None)
    if axes is not None and len(axes) > 0:
        whole = tuple(reader.inputs[0].shape)
        start = () if by_tensors else _at(axes, start, (0,) * len(whole))
        size = size if by_tensors else _at(axes, size, whole)
        stride = _at(axes, stride, (1,) * len(whole))
    mode = reader.member(SampleMode, layer.mode)
    filled = mode is SampleMode.FILL and reader.has_input(4)
    return Slice(
        start=start,
        size=size,
        stride=stride,
        mode=mode,
        fill_value=reader.constant(4).item() if filled else 0.0,
    )


def _at(axes: Dims, values: Dims, others: Dims) -> Dims:
    """Return `others` with `values` at `axes`."""
    places = dict(zip((axis % len(others) for axis in axes), values, strict=True))
    return tuple(places.get(axis, value) for axis, value in enumerate(others))


def _static(folded: Dims | None, name: str, index: int, layer: Any, reader: LayerReader) -> Dims:
    if folded is not None:
        return folded
    if reader.has_input(index):
        raise EngineError(f"The slice's {name} alone is a tensor.", where=layer.name)
    return tuple(getattr(layer, name))


@READERS.register("CONCATENATION")
def concatenation(layer: Any, reader: LayerReader) -> Concatenation:
    return Concatenation(axis=layer.axis)


@READERS.register("RESIZE")
def resize(layer: Any, reader: LayerReader) -> Resize:
    shape = reader.folded(1)
    if shape is None:
        shape = tuple(layer.get_output(0).shape)
    return Resize(
        shape=shape,
        resize_mode=reader.member(InterpolationMode, layer.resize_mode),
        coordinate_transformation=reader.member(
            CoordinateTransformation, layer.coordinate_transformation
        ),
        nearest_rounding=reader.member(RoundMode, layer.nearest_rounding),
        cubic_coeff=layer.cubic_coeff,
        exclude_outside=layer.exclude_outside,
    )


@READERS.register("SHAPE")
def shape(layer: Any, reader: LayerReader) -> Shape:
    return Shape()
