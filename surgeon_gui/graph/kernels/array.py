"""Ops that move, cut, join and index tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surgeon_gui.graph.attrs import dtype, whole, wholes, word
from surgeon_gui.graph.evaluate import NotKnown, evaluates, room_for
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType, TensorValue


def _list(value: Array) -> list[int]:
    return [int(item) for item in np.ravel(value)]


@evaluates("Const")
def const(node: Node, inputs: Sequence[Array]) -> Array:
    value = node.attrs.get("value")
    if isinstance(value, TensorValue):
        return value.array
    raise ValueError("there is no value")


@evaluates("Shape", "ShapeN", "Size", "Rank")
def shape_readers(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    kind = dtype(node, "out_type", default=DType.INT32).numpy
    if node.op == "Size":
        return [np.array(inputs[0].size, dtype=kind)]
    if node.op == "Rank":
        return [np.array(inputs[0].ndim, dtype=kind)]
    return [np.array(x.shape, dtype=kind) for x in inputs]


@evaluates("Reshape")
def reshape(node: Node, inputs: Sequence[Array]) -> Array:
    return inputs[0].reshape(_list(inputs[1]))


@evaluates("Squeeze")
def squeeze(node: Node, inputs: Sequence[Array]) -> Array:
    axes = wholes(node, "squeeze_dims", wholes(node, "axis"))
    return np.squeeze(inputs[0], axis=axes or None)


@evaluates("ExpandDims")
def expand_dims(node: Node, inputs: Sequence[Array]) -> Array:
    return np.expand_dims(inputs[0], int(np.ravel(inputs[1])[0]))


@evaluates("Transpose", "ConjugateTranspose")
def transpose(node: Node, inputs: Sequence[Array]) -> Array:
    found = np.transpose(inputs[0], _list(inputs[1]))
    return np.conj(found) if node.op == "ConjugateTranspose" else found


@evaluates("ConcatV2", "Concat")
def concat(node: Node, inputs: Sequence[Array]) -> Array:
    if node.op == "ConcatV2" and "axis" in node.attrs:
        # So do scripts for graphsurgeon state it, beside what is joined.
        return np.concatenate(inputs, axis=whole(node, "axis"))
    parts, axis = (inputs[1:], inputs[0]) if node.op == "Concat" else (inputs[:-1], inputs[-1])
    return np.concatenate(parts, axis=int(axis))


@evaluates("ConcatOffset")
def concat_offset(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axis, total, found = int(inputs[0]), 0, []
    for shape in inputs[1:]:
        offset = np.zeros_like(shape)
        offset[axis] = total
        total += int(shape[axis])
        found.append(offset)
    return found


@evaluates("Pack", "ParallelConcat")
def pack(node: Node, inputs: Sequence[Array]) -> Array:
    if node.op == "ParallelConcat":
        return np.concatenate(inputs, axis=0)
    return np.stack(inputs, axis=whole(node, "axis"))


@evaluates("Unpack")
def unpack(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axis = whole(node, "axis")
    return [np.take(inputs[0], index, axis) for index in range(inputs[0].shape[axis])]


@evaluates("Split")
def split(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return np.split(inputs[1], whole(node, "num_split", 1), axis=int(inputs[0]))


@evaluates("SplitV")
def split_v(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    x, sizes, axis = inputs[0], _list(inputs[1]), int(inputs[2])
    rest = x.shape[axis] - sum(size for size in sizes if size >= 0)
    sizes = [rest if size < 0 else size for size in sizes]
    if sum(sizes) != x.shape[axis]:
        raise ValueError(f"sizes {sizes} do not fill {x.shape[axis]}")
    return np.split(x, np.cumsum(sizes[:-1]).tolist(), axis=axis)


@evaluates("Slice")
def slice_(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    spans = zip(_list(inputs[1]), _list(inputs[2]), x.shape, strict=True)
    cuts = []
    for begin, size, dim in spans:
        end = dim if size == -1 else begin + size
        if not 0 <= begin <= end <= dim:
            raise ValueError(f"slice {begin}:{end} is outside {dim}")
        cuts.append(slice(begin, end))
    return x[tuple(cuts)]


@evaluates("StridedSlice")
def strided_slice(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    begin, end, strides = (_list(value) for value in inputs[1:4])
    masks = {
        key: whole(node, f"{key}_mask")
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    index: list[slice | int | None] = []
    rest = x.ndim - sum(
        1
        for bit in range(len(begin))
        if not masks["ellipsis"] >> bit & 1 and not masks["new_axis"] >> bit & 1
    )
    for bit in range(len(begin)):
        if masks["ellipsis"] >> bit & 1:
            index += [slice(None)] * rest
        elif masks["new_axis"] >> bit & 1:
            index.append(None)
        elif masks["shrink_axis"] >> bit & 1:
            index.append(begin[bit])
        else:
            first = None if masks["begin"] >> bit & 1 else begin[bit]
            last = None if masks["end"] >> bit & 1 else end[bit]
            index.append(slice(first, last, strides[bit]))
    return np.asarray(x[tuple(index)])


@evaluates("Gather", "GatherV2")
def gather(node: Node, inputs: Sequence[Array]) -> Array:
    x, indices = inputs[0], inputs[1]
    axis = int(inputs[2]) if len(inputs) > 2 else 0
    axis += x.ndim if axis < 0 else 0
    batch = whole(node, "batch_dims")
    batch += indices.ndim if batch < 0 else 0
    if indices.size and not 0 <= indices.min() <= indices.max() < x.shape[axis]:
        raise ValueError(f"an index is outside {x.shape[axis]}")
    if not batch:
        return np.take(x, indices, axis)
    lead = x.shape[:batch]
    parts = [np.take(x[place], indices[place], axis - batch) for place in np.ndindex(*lead)]
    return np.stack(parts).reshape(*lead, *parts[0].shape)


@evaluates("GatherNd")
def gather_nd(node: Node, inputs: Sequence[Array]) -> Array:
    x, indices = inputs
    if whole(node, "batch_dims"):
        raise NotKnown("batch dimensions are not known here")
    if (indices < 0).any():
        raise ValueError("an index is negative")
    return np.asarray(x[tuple(np.moveaxis(indices, -1, 0))])


@evaluates("ScatterNd")
def scatter_nd(node: Node, inputs: Sequence[Array]) -> Array:
    indices, updates, shape = inputs
    room_for(_list(shape))
    found = np.zeros(_list(shape), dtype=updates.dtype)
    np.add.at(found, tuple(np.moveaxis(indices, -1, 0)), updates)
    return found


@evaluates("TensorScatterUpdate", "TensorScatterAdd")
def tensor_scatter(node: Node, inputs: Sequence[Array]) -> Array:
    found = inputs[0].copy()
    place = tuple(np.moveaxis(inputs[1], -1, 0))
    if node.op == "TensorScatterAdd":
        np.add.at(found, place, inputs[2])
    else:
        found[place] = inputs[2]
    return found


@evaluates("Tile")
def tile(node: Node, inputs: Sequence[Array]) -> Array:
    times = _list(inputs[1])
    room_for([inputs[0].size, *times])
    return np.tile(inputs[0], times)


@evaluates("Fill")
def fill(node: Node, inputs: Sequence[Array]) -> Array:
    room_for(_list(inputs[0]))
    return np.full(_list(inputs[0]), inputs[1], dtype=inputs[1].dtype)


@evaluates("BroadcastTo")
def broadcast_to(node: Node, inputs: Sequence[Array]) -> Array:
    room_for(_list(inputs[1]))
    return np.broadcast_to(inputs[0], _list(inputs[1])).copy()


@evaluates("BroadcastArgs")
def broadcast_args(node: Node, inputs: Sequence[Array]) -> Array:
    found = np.broadcast_shapes(tuple(_list(inputs[0])), tuple(_list(inputs[1])))
    return np.array(found, dtype=inputs[0].dtype)


@evaluates("Pad", "PadV2", "MirrorPad")
def pad(node: Node, inputs: Sequence[Array]) -> Array:
    x, amounts = inputs[0], inputs[1].reshape(-1, 2).tolist()
    room_for([size + sum(both) for size, both in zip(x.shape, amounts, strict=True)])
    if node.op == "MirrorPad":
        if word(node, "mode") == "REFLECT":
            return np.pad(x, amounts, mode="reflect")
        return np.pad(x, amounts, mode="symmetric")
    fill_value = inputs[2] if node.op == "PadV2" else np.zeros((), dtype=x.dtype)
    return np.pad(x, amounts, constant_values=fill_value)


@evaluates("ReverseV2")
def reverse(node: Node, inputs: Sequence[Array]) -> Array:
    return np.flip(inputs[0], tuple(_list(inputs[1])))


@evaluates("ReverseSequence")
def reverse_sequence(node: Node, inputs: Sequence[Array]) -> Array:
    found = inputs[0].copy()
    time, batch = whole(node, "seq_dim"), whole(node, "batch_dim")
    moved = np.moveaxis(found, (batch, time), (0, 1))
    for row, length in enumerate(_list(inputs[1])):
        moved[row, :length] = moved[row, :length][::-1].copy()
    return found


@evaluates("Roll")
def roll(node: Node, inputs: Sequence[Array]) -> Array:
    return np.roll(inputs[0], _list(inputs[1]), _list(inputs[2]))


@evaluates("Range")
def range_(node: Node, inputs: Sequence[Array]) -> Array:
    start, limit, delta = (value.reshape(()) for value in inputs)
    if delta == 0:
        raise ValueError("the step is 0")
    if inputs[0].dtype.kind in "iu":
        steps = range(int(start), int(limit), int(delta))
        room_for([max(-(-(steps.stop - steps.start) // steps.step), 0)])
        return np.array(steps, dtype=start.dtype)
    count = max(int(np.ceil(np.abs((float(limit) - float(start)) / float(delta)))), 0)
    if (limit - start) * delta < 0:
        count = 0
    room_for([count])
    # Each element is the one before plus the step, rounded every time (sequence_ops.cc).
    found = np.empty(count, dtype=start.dtype)
    value = start
    for index in range(count):
        found[index] = value
        value = value + delta
    return found


@evaluates("LinSpace")
def lin_space(node: Node, inputs: Sequence[Array]) -> Array:
    start, stop, count = inputs[0], inputs[1], int(inputs[2])
    if count <= 1:
        return start.reshape(1).copy()
    room_for([count])
    step = ((stop - start) / (count - 1)).astype(start.dtype)
    found = (start + step * np.arange(count, dtype=start.dtype)).astype(start.dtype)
    found[-1] = stop
    return np.asarray(found)


@evaluates("OneHot")
def one_hot(node: Node, inputs: Sequence[Array]) -> Array:
    indices, depth, on, off = inputs[0], int(inputs[1]), inputs[2], inputs[3]
    room_for([indices.size, depth])
    axis = whole(node, "axis", -1)
    hits = np.expand_dims(indices, axis if axis >= 0 else indices.ndim)
    shape = [1] * hits.ndim
    shape[axis if axis >= 0 else indices.ndim] = depth
    return np.where(hits == np.arange(depth).reshape(shape), on, off)


@evaluates("Where")
def where(node: Node, inputs: Sequence[Array]) -> Array:
    return np.argwhere(inputs[0]).astype(np.int64)


@evaluates("Unique", "UniqueWithCounts")
def unique(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    kind = dtype(node, "out_idx", default=DType.INT32).numpy or np.dtype(np.int32)
    _, first, inverse, counts = np.unique(
        inputs[0], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    found = [inputs[0][first[order]], place[inverse].reshape(-1).astype(kind)]
    if node.op == "UniqueWithCounts":
        found.append(counts[order].astype(kind))
    return found


@evaluates("InvertPermutation")
def invert_permutation(node: Node, inputs: Sequence[Array]) -> Array:
    return np.argsort(inputs[0]).astype(inputs[0].dtype)


@evaluates("DynamicStitch", "ParallelDynamicStitch")
def dynamic_stitch(node: Node, inputs: Sequence[Array]) -> Array:
    half = len(inputs) // 2
    size = max((int(part.max()) + 1 for part in inputs[:half] if part.size), default=0)
    rest = inputs[half].shape[inputs[0].ndim :]
    found = np.zeros((size, *rest), dtype=inputs[half].dtype)
    for indices, data in zip(inputs[:half], inputs[half:], strict=True):
        found[indices.reshape(-1)] = data.reshape(-1, *rest)
    return found


@evaluates("MatrixDiag", "MatrixDiagPart", "MatrixBandPart")
def diagonals(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    if node.op == "MatrixDiag":
        return np.asarray(x[..., np.newaxis] * np.eye(x.shape[-1], dtype=x.dtype))
    if node.op == "MatrixDiagPart":
        return np.diagonal(x, axis1=-2, axis2=-1).copy()
    rows, columns = np.indices(x.shape[-2:])
    lower, upper = int(inputs[1]), int(inputs[2])
    kept = ((lower < 0) | (rows - columns <= lower)) & ((upper < 0) | (columns - rows <= upper))
    return np.where(kept, x, np.zeros((), dtype=x.dtype))
