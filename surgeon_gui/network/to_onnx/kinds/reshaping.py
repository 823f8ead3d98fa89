"""Layers that move elements without computing."""

from __future__ import annotations

from typing import Any

import numpy as np

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
)
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter

_FAR = np.iinfo(np.int64).max
"""An end past every dimension; its negative lies before the first element."""

_PAD_MODES = {
    SampleMode.FILL: "constant",
    SampleMode.CLAMP: "edge",
    SampleMode.REFLECT: "reflect",
    SampleMode.WRAP: "wrap",
}


@LAYERS.register("Shuffle")
def shuffle(kind: Shuffle, out: LayerWriter) -> None:
    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    if kind.first_transpose is not None:
        steps.append(("Transpose", [], {"perm": kind.first_transpose}))
    if len(out.inputs) == 2:
        literal = not kind.zero_is_placeholder
        steps.append(("Reshape", [out.as_int64(1)], {"allowzero": 1} if literal else {}))
    elif kind.reshape_dims is not None:
        # Without a zero the attribute means nothing, and old readers know no `allowzero`.
        literal = 0 in kind.reshape_dims and not kind.zero_is_placeholder
        dims = out.ints(kind.reshape_dims, "dims")
        steps.append(("Reshape", [dims], {"allowzero": 1} if literal else {}))
    if kind.second_transpose is not None:
        steps.append(("Transpose", [], {"perm": kind.second_transpose}))
    if any("allowzero" in attributes for _, _, attributes in steps):
        out.need(14)
    data = out.names[0]
    for op, inputs, attributes in steps[:-1]:
        data = out.node(op, [data, *inputs], **attributes)
    op, inputs, attributes = steps[-1] if steps else ("Identity", [], {})
    out.result(op, [data, *inputs], **attributes)


@LAYERS.register("Slice")
def slice_(kind: Slice, out: LayerWriter) -> None:
    if len(out.inputs) == 3:
        _slice_by_tensors(kind, out)
        return
    data = out.names[0]
    start = kind.start
    shape = out.inputs[0].shape
    if kind.mode is not SampleMode.STRICT_BOUNDS:
        pre, post = _reach(kind, shape, out)
        start = tuple(first + pad for first, pad in zip(kind.start, pre, strict=True))
        if any(pre) or any(post):
            data = _padded(kind, data, out.ints([*pre, *post], "pads"), out)
            shape = tuple(
                dim if dim < 0 else before + dim + after
                for before, dim, after in zip(pre, shape, post, strict=True)
            )
    axes = [
        axis
        for axis, window in enumerate(zip(start, kind.size, kind.stride, shape, strict=True))
        if window != (0, shape[axis], 1, shape[axis])
    ]
    if not axes:
        out.result("Identity", [data])
        return
    ends = [_end(start[axis], kind.size[axis], kind.stride[axis]) for axis in axes]
    vectors = (
        ([start[axis] for axis in axes], "starts"),
        (ends, "ends"),
        (axes, "axes"),
        ([kind.stride[axis] for axis in axes], "steps"),
    )
    out.result("Slice", [data, *(out.ints(values, hint) for values, hint in vectors)])


def _end(start: int, size: int, stride: int) -> int:
    """Return ONNX's exclusive end; one before element 0 must not read as counted from the end."""
    end = start + size * stride
    return end if end >= 0 else -_FAR


def _reach(kind: Slice, shape: Dims, out: LayerWriter) -> tuple[list[int], list[int]]:
    """Return how far the slice reads before and after each dimension."""
    pre, post = [], []
    for start, size, stride, dim in zip(kind.start, kind.size, kind.stride, shape, strict=True):
        last = start + (size - 1) * stride
        low, high = (min(start, last), max(start, last)) if size else (0, -1)
        if dim < 0 and high >= 0 and kind.mode in (SampleMode.REFLECT, SampleMode.WRAP):
            raise out.cannot(f"{kind.mode.name} needs known dimensions in ONNX.")
        # An unknown dimension may be 0: padding by the whole reach is always enough.
        before, after = max(0, -low), max(0, high + 1 - max(dim, 0))
        if kind.mode is SampleMode.REFLECT and max(before, after) >= max(dim, 1):
            raise out.cannot("ONNX reflects at most once: the padding is wider than the tensor.")
        pre.append(before)
        post.append(after)
    return pre, post


def _padded(kind: Slice, data: str, pads: str, out: LayerWriter) -> str:
    inputs = [data, pads]
    if kind.mode is SampleMode.WRAP:
        out.need(19)
    if kind.mode is SampleMode.FILL:
        value = kind.fill_value
        if value == 0 and out.inputs[0].dtype.is_floating and out.is_pooled:
            # ONNX Runtime takes zeros before a pool for the pool's own padding, which counts for
            # nothing; it compares bytes, and those of -0 are others.
            value = -0.0
        inputs.append(out.scalar(value, "fill"))
    return out.node("Pad", inputs, mode=_PAD_MODES[kind.mode])


def _slice_by_tensors(kind: Slice, out: LayerWriter) -> None:
    """Slice whose start and size are tensors, all in int64 arithmetic on vectors."""
    data, start, size = out.names[0], out.as_int64(1), out.as_int64(2)
    stride = out.ints(kind.stride, "steps")
    if kind.mode is not SampleMode.STRICT_BOUNDS:
        if min(kind.stride) < 0:
            raise out.cannot("Padding by tensors needs positive strides in ONNX.")
        zero, one = out.ints([0], "zero"), out.ints([1], "one")
        steps = out.node("Sub", [size, one])
        last = out.node("Add", [start, out.node("Mul", [steps, stride])])
        beyond = out.node("Sub", [out.node("Add", [last, one]), out.node("Shape", [data])])
        pre = out.node("Max", [out.node("Neg", [start]), zero])
        pads = out.node("Concat", [pre, out.node("Max", [beyond, zero])], axis=0)
        data = _padded(kind, data, pads, out)
        start = out.node("Add", [start, pre])
    end = out.node("Add", [start, out.node("Mul", [size, stride])])
    if min(kind.stride) < 0:
        before = out.node("Less", [end, out.ints([0], "zero")])
        end = out.node("Where", [before, out.ints([-_FAR], "far"), end])
    axes = out.ints(range(len(kind.stride)), "axes")
    out.result("Slice", [data, start, end, axes, stride])


@LAYERS.register("Concatenation")
def concatenation(kind: Concatenation, out: LayerWriter) -> None:
    out.result("Concat", out.names, axis=kind.axis)


_RESIZE_MODES = {
    InterpolationMode.NEAREST: "nearest",
    InterpolationMode.LINEAR: "linear",
    InterpolationMode.CUBIC: "cubic",
}
_COORDINATES = {
    CoordinateTransformation.ALIGN_CORNERS: "align_corners",
    CoordinateTransformation.ASYMMETRIC: "asymmetric",
    CoordinateTransformation.HALF_PIXEL: "half_pixel",
}
_ROUNDING = {
    RoundMode.HALF_UP: "round_prefer_ceil",
    RoundMode.HALF_DOWN: "round_prefer_floor",
    RoundMode.FLOOR: "floor",
    RoundMode.CEIL: "ceil",
}


@LAYERS.register("Resize")
def resize(kind: Resize, out: LayerWriter) -> None:
    sizes = out.as_int64(1) if len(out.inputs) == 2 else out.ints(kind.shape, "sizes")
    cubic = kind.resize_mode is InterpolationMode.CUBIC
    nearest = kind.resize_mode is InterpolationMode.NEAREST
    out.result(
        "Resize",
        [out.names[0], "", "", sizes],
        mode=_RESIZE_MODES[kind.resize_mode],
        coordinate_transformation_mode=_COORDINATES[kind.coordinate_transformation],
        nearest_mode=_ROUNDING[kind.nearest_rounding] if nearest else None,
        cubic_coeff_a=kind.cubic_coeff if cubic else None,
        exclude_outside=1 if cubic and kind.exclude_outside else None,
    )


@LAYERS.register("Shape")
def shape_(kind: Shape, out: LayerWriter) -> None:
    out.result("Shape", out.names)
