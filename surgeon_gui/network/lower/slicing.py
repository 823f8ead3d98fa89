"""Slices, splits, pads, tiles, reversals."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, SampleMode
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


@converter("Slice")
def slice_(node: Call, b: Lower) -> Value:
    data = node.input(0)
    begin = node.constant_ints(1, "the begin")
    wanted = node.constant_ints(2, "the size")
    if len(begin) != data.rank or len(wanted) != data.rank:
        raise node.refuse(f"Begin and size must have {data.rank} items.")
    size = tuple(
        dim - start if length == -1 else length
        for dim, start, length in zip(data.shape, begin, wanted, strict=True)
    )
    for dim, start, length in zip(data.shape, begin, size, strict=True):
        if start < 0 or length < 0 or start + length > dim:
            raise node.refuse(f"It cuts {start}…{start + length} out of a dimension of {dim}.")
    return b.slice(data, begin, size)


def strided_plan(node: Call, shape: Dims) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return start, size, stride per input dimension, and the result's shape.

    begin, end and strides may be shorter than the rank; the masks say which items to ignore, to
    insert as a new dimension of 1, to drop after cutting one element, or where `...` stands.
    """
    begin = node.constant_ints(1, "the begin")
    end = node.constant_ints(2, "the end")
    step = node.constant_ints(3, "the strides")
    masks = {
        name: node.integer(f"{name}_mask", 0)
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    items = range(len(begin))
    consumed = sum(1 for i in items if not (masks["ellipsis"] | masks["new_axis"]) & 1 << i)
    start: list[int] = []
    size: list[int] = []
    stride: list[int] = []
    result: list[int] = []

    def keep(dim: int) -> None:
        start.append(0)
        size.append(dim)
        stride.append(1)
        result.append(dim)

    for i in items:
        bit = 1 << i
        if masks["ellipsis"] & bit:
            for _ in range(len(shape) - consumed):
                keep(shape[len(start)])
            continue
        if masks["new_axis"] & bit:
            result.append(1)
            continue
        if len(start) == len(shape):
            raise node.refuse(f"It slices more dimensions than {list(shape)} has.")
        dim = shape[len(start)]
        if masks["shrink_axis"] & bit:
            place = begin[i] + dim if begin[i] < 0 else begin[i]
            if not 0 <= place < dim:
                raise node.refuse(f"It takes element {begin[i]} of a dimension of {dim}.")
            start.append(place)
            size.append(1)
            stride.append(1)
            continue
        if step[i] == 0:
            raise node.refuse("A stride is 0.")
        cut = slice(
            None if masks["begin"] & bit else begin[i],
            None if masks["end"] & bit else end[i],
            step[i],
        )
        first, last, by = cut.indices(dim)
        length = len(range(first, last, by))
        start.append(first if length else 0)
        size.append(length)
        stride.append(by if length > 1 else 1)
        result.append(length)
    for dim in shape[len(start) :]:
        keep(dim)
    return start, size, stride, result


@converter("StridedSlice")
def strided_slice(node: Call, b: Lower) -> Value:
    data = node.input(0)
    start, size, stride, result = strided_plan(node, data.shape)
    return b.view(b.slice(data, start, size, stride), tuple(result))


@converter("Split", "SplitV")
def split(node: Call, b: Lower) -> tuple[Value, ...]:
    if node.op == "Split":
        data, axis = node.input(1), node.constant_int(0, "the axis")
        axis = node.axis(axis, data.rank)
        count = node.integer("num_split")
        if data.shape[axis] % count:
            raise node.refuse(f"{data.shape[axis]} does not divide into {count} equal parts.")
        sizes = [data.shape[axis] // count] * count
    else:
        data, axis = node.input(0), node.constant_int(2, "the axis")
        axis = node.axis(axis, data.rank)
        sizes = list(node.constant_ints(1, "the sizes"))
        if -1 in sizes:
            open_ = sizes.index(-1)
            sizes[open_] = data.shape[axis] - sum(size for size in sizes if size >= 0)
        if sum(sizes) != data.shape[axis] or min(sizes, default=0) < 0:
            raise node.refuse(f"The parts {sizes} do not make up {data.shape[axis]}.")
    return _parts(b, data, axis, sizes)


def _parts(b: Lower, data: Value, axis: int, sizes: list[int]) -> tuple[Value, ...]:
    parts, start = [], 0
    for port, size in enumerate(sizes):
        begin = [0] * data.rank
        begin[axis] = start
        shape = list(data.shape)
        shape[axis] = size
        parts.append(b.slice(data, begin, shape, suffix=f"part_{port}" if port else ""))
        start += size
    return tuple(parts)


def unstack(b: Lower, data: Value, axis: int) -> tuple[Value, ...]:
    """Return the slices along one dimension, without it."""
    kept = tuple(dim for place, dim in enumerate(data.shape) if place != axis)
    return tuple(b.view(part, kept) for part in _parts(b, data, axis, [1] * data.shape[axis]))


@converter("Unpack")
def unpack(node: Call, b: Lower) -> tuple[Value, ...]:
    data = node.input(0)
    axis = node.axis(node.integer("axis", 0), data.rank)
    if node.integer("num", data.shape[axis]) != data.shape[axis]:
        raise node.refuse(
            f"It unpacks {node.integer('num')} parts, dimension {axis} has {data.shape[axis]}.",
            "Give the input the shape the graph was made for.",
        )
    return unstack(b, data, axis)


@converter("Pad", "PadV2")
def pad(node: Call, b: Lower) -> Value:
    data = node.input(0)
    before, after = _paddings(node, data)
    fill = 0.0
    if node.op == "PadV2":
        fill = float(node.constant(2, "the padding value").reshape(-1)[0])
    size = [low + dim + high for low, dim, high in zip(before, data.shape, after, strict=True)]
    return b.slice(data, [-low for low in before], size, mode=SampleMode.FILL, fill=fill)


def _paddings(node: Call, data: Value) -> tuple[list[int], list[int]]:
    pairs = node.constant_ints(1, "the paddings")
    if len(pairs) != 2 * data.rank:
        raise node.refuse(f"The paddings have {len(pairs)} items, not {2 * data.rank}.")
    return list(pairs[::2]), list(pairs[1::2])


@converter("MirrorPad")
def mirror_pad(node: Call, b: Lower) -> Value:
    """REFLECT leaves the edge out of the mirror image, SYMMETRIC has it twice."""
    data = b.live(node.input(0))
    before, after = _paddings(node, data)
    if node.text("mode", "REFLECT") == "REFLECT":
        size = [low + dim + high for low, dim, high in zip(before, data.shape, after, strict=True)]
        return b.slice(data, [-low for low in before], size, mode=SampleMode.REFLECT)
    result = data
    changed = [axis for axis in range(data.rank) if before[axis] or after[axis]]
    for axis in changed:
        dim = data.shape[axis]
        indices = np.pad(np.arange(dim, dtype=np.int32), (before[axis], after[axis]), "symmetric")
        suffix = "" if axis == changed[-1] else f"axis_{axis}"
        result = take(b, result, Value.known(indices), axis, suffix=suffix)
    return result


def take(b: Lower, data: Value, indices: Value, axis: int, *, suffix: str = "") -> Value:
    """Gather elements of a list of indices along one dimension; the layout stays."""
    data = b.live(data)
    kind = layers.Gather(axis=data.axes[axis])
    tensor = b.add(kind, b.tensor(data), b.logical(indices), suffix=suffix)
    return Value.of(tensor, data.dtype, data.axes)


@converter("Tile")
def tile(node: Call, b: Lower) -> Value:
    data = node.input(0)
    multiples = node.constant_ints(1, "the multiples")
    if len(multiples) != data.rank:
        raise node.refuse(f"The multiples must have {data.rank} items.")
    size = [dim * count for dim, count in zip(data.shape, multiples, strict=True)]
    return repeat(b, data, size)


def repeat(b: Lower, data: Value, size: list[int] | Dims) -> Value:
    """Repeat a tensor until it has `size`."""
    mode = SampleMode.WRAP
    return b.slice(data, (0,) * data.rank, tuple(size), mode=mode)


@converter("BroadcastTo")
def broadcast_to(node: Call, b: Lower) -> Value:
    data = node.input(0)
    return broadcast(b, data, node.constant_ints(1, "the shape"))


def broadcast(b: Lower, data: Value, shape: Dims) -> Value:
    """Return `data` repeated to `shape` by numpy's rule."""
    b.broadcast_shape(data.shape, shape)
    wide = b.view(data, (1,) * (len(shape) - data.rank) + data.shape)
    return repeat(b, wide, shape)


@converter("Fill")
def fill(node: Call, b: Lower) -> Value:
    return broadcast(b, node.input(1), node.constant_ints(0, "the dims"))


@converter("ReverseV2", "Reverse")
def reverse(node: Call, b: Lower) -> Value:
    data = node.input(0)
    if node.op == "Reverse":
        flags = node.constant(1, "the dims").reshape(-1)
        axes = {axis for axis, turned in enumerate(flags) if turned}
    else:
        axes = set(node.axes(1, data.rank))
    axes = {axis for axis in axes if data.shape[axis] > 1}
    start = [dim - 1 if axis in axes else 0 for axis, dim in enumerate(data.shape)]
    stride = [-1 if axis in axes else 1 for axis in range(data.rank)]
    return b.slice(data, start, data.shape, stride)


@converter("Roll")
def roll(node: Call, b: Lower) -> Value:
    """A slice that wraps around, begun further on."""
    data = node.input(0)
    shifts = node.constant_ints(1, "the shift")
    axes = [node.axis(axis, data.rank) for axis in node.constant_ints(2, "the axis")]
    start = [0] * data.rank
    for shift, axis in zip(shifts, axes, strict=True):
        start[axis] = (start[axis] - shift) % max(data.shape[axis], 1)
    return b.slice(data, start, data.shape, mode=SampleMode.WRAP)


@converter("Range", "LinSpace")
def sequence(node: Call, b: Lower) -> Value:
    """Known limits are folded, unless an open dimension is among them."""
    arrays = [value.array for value in node.inputs if value.array is not None]
    folded = evaluate(node.node, arrays) if len(arrays) == len(node.inputs) else None
    if folded is not None:
        count = counted(b, folded[0].size)
        if node.op == "Range":
            dtype = node.input(0).dtype
            stepped = b.elementwise(Op.PROD, b.cast(count, dtype), node.input(2), suffix="stepped")
            return b.elementwise(Op.SUM, stepped, node.input(0))
        return _spread(b, count, node.input(0), node.input(1))
    raise node.refuse(
        f"The limits of {node.op} are computed from data, TensorRT needs them when it builds.",
        "Replace the limits by constants.",
    )


def counted(b: Lower, length: int) -> Value:
    """Return 0, 1, 2 … as int32, computed so that the length may be an open dimension."""
    ones = b.live(Value.known(np.ones(length, np.int32)))
    kind = layers.Cumulative(op=layers.CumulativeOperation.SUM, axis=0, exclusive=True)
    return b.pointwise(kind, ones, suffix="count")


def _spread(b: Lower, count: Value, start: Value, stop: Value) -> Value:
    """Return numbers at even distances, the last of which is `stop`."""
    dtype = start.dtype
    last = b.cast(b.reduce(ReduceOperation.MAX, count, (0,), True, suffix="last"), dtype)
    last = b.elementwise(Op.MAX, last, b.scalar(1, dtype), suffix="parts")
    part = b.elementwise(Op.DIV, b.cast(count, dtype), last, suffix="part")
    width = b.elementwise(Op.SUB, b.live(stop), start, suffix="width")
    return b.elementwise(Op.SUM, b.elementwise(Op.PROD, part, width, suffix="stepped"), start)
