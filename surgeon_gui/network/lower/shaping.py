"""Reshapes, transposes, squeezes, space and depth."""

from __future__ import annotations

import math
from collections.abc import Sequence

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, held_dtype


@converter("Reshape")
def reshape(node: Call, b: Lower) -> Value:
    data = node.input(0)
    wanted = node.constant_ints(1, "the shape")
    known = math.prod(dim for dim in wanted if dim >= 0)
    if wanted.count(-1) > 1 or any(dim < -1 for dim in wanted):
        raise node.refuse(f"The shape {list(wanted)} leaves more than one dimension open.")
    if min(data.shape, default=0) < 0:
        return _reshaped_rows(node, b, data, wanted)
    if -1 in wanted and known and data.size % known == 0:
        wanted = tuple(data.size // known if dim == -1 else dim for dim in wanted)
    elif -1 in wanted and known == 0 and data.size == 0:
        wanted = tuple(0 if dim == -1 else dim for dim in wanted)
    if math.prod(wanted) != data.size or -1 in wanted:
        raise node.refuse(
            f"{list(data.shape)} cannot be reshaped to {list(wanted)}.",
            "Give the inputs the shape the graph was made for, with --shape.",
        )
    return b.view(data, wanted)


def _reshaped_rows(node: Call, b: Lower, data: Value, wanted: Sequence[int]) -> Value:
    """Reshape a tensor one of whose sizes depends on data; what makes a row stays one."""
    row, rows = (math.prod(dim for dim in dims if dim >= 0) for dims in (data.shape, wanted))
    if data.shape.count(-1) != 1 or -1 not in wanted or row != rows:
        raise node.refuse(
            f"How many elements it reads depends on data ({list(data.shape)}, -1 for what does), "
            f"it cannot make {list(wanted)} of them.",
            "Make its input an output and compute the rest outside of the network.",
        )
    return b.view(data, tuple(wanted))


@converter("Squeeze")
def squeeze(node: Call, b: Lower) -> Value:
    data = node.input(0)
    listed = node.ints("squeeze_dims", ()) or node.ints("axis", ())
    gone = {node.axis(axis, data.rank) for axis in listed}
    if not listed:
        gone = {axis for axis, dim in enumerate(data.shape) if dim == 1}
    if any(data.shape[axis] != 1 for axis in gone):
        raise node.refuse(f"It squeezes {sorted(gone)} of {list(data.shape)}, not all of size 1.")
    return b.view(data, tuple(dim for axis, dim in enumerate(data.shape) if axis not in gone))


@converter("ExpandDims")
def expand_dims(node: Call, b: Lower) -> Value:
    data = node.input(0)
    axis = node.axis(node.constant_int(1, "the axis"), data.rank + 1)
    return b.view(data, (*data.shape[:axis], 1, *data.shape[axis:]))


@converter("Transpose", "ConjugateTranspose")
def transpose(node: Call, b: Lower) -> Value:
    data = node.input(0)
    order = node.constant_ints(1, "the permutation")
    if sorted(order) != list(range(data.rank)):
        raise node.refuse(f"{list(order)} is no permutation of rank {data.rank}.")
    return b.permute(data, order)


@converter("DepthToSpace")
def depth_to_space(node: Call, b: Lower) -> Value:
    data, layout = node.input(0), node.text("data_format", "NHWC")
    block = node.integer("block_size")
    batch, height, width, depth = _nhwc(node, b, data, layout).shape
    if depth % (block * block):
        raise node.refuse(f"{depth} channels do not divide into blocks of {block}x{block}.")
    inner = depth // (block * block)
    split = b.view(_nhwc(node, b, data, layout), (batch, height, width, block, block, inner))
    mixed = b.permute(split, (0, 1, 3, 2, 4, 5))
    return _from_nhwc(b, b.view(mixed, (batch, height * block, width * block, inner)), layout)


@converter("SpaceToDepth")
def space_to_depth(node: Call, b: Lower) -> Value:
    data, layout = node.input(0), node.text("data_format", "NHWC")
    block = node.integer("block_size")
    batch, height, width, depth = _nhwc(node, b, data, layout).shape
    if height % block or width % block:
        raise node.refuse(f"{height}x{width} does not divide into blocks of {block}x{block}.")
    rows, columns = height // block, width // block
    split = b.view(_nhwc(node, b, data, layout), (batch, rows, block, columns, block, depth))
    mixed = b.permute(split, (0, 1, 3, 2, 4, 5))
    return _from_nhwc(b, b.view(mixed, (batch, rows, columns, block * block * depth)), layout)


def _nhwc(node: Call, b: Lower, data: Value, layout: str) -> Value:
    if data.rank != 4 or layout not in ("NHWC", "NCHW"):
        raise node.refuse(f"{node.op} of a {layout} tensor of rank {data.rank} is not supported.")
    return data if layout == "NHWC" else b.permute(data, (0, 2, 3, 1))


def _from_nhwc(b: Lower, data: Value, layout: str) -> Value:
    return data if layout == "NHWC" else b.permute(data, (0, 3, 1, 2))


@converter("Cast")
def cast(node: Call, b: Lower) -> Value:
    data, dtype = node.input(0), node.dtype("DstT")
    if dtype is DType.BOOL and data.dtype is not DType.BOOL:
        same = b.elementwise(
            layers.ElementWiseOperation.EQUAL, data, b.scalar(0, data.dtype), suffix="zero"
        )
        return b.unary(layers.UnaryOperation.NOT, same)
    if held_dtype(dtype) is not dtype and dtype is not DType.FLOAT64:
        b.note(f"What does not fit {dtype.text} is kept here, TensorFlow wraps it around.")
    return b.cast(b.live(data), dtype, suffix="")
