"""Ops that index, scatter and enumerate, and those between space, batch and depth."""

from __future__ import annotations

import math

from surgeon_gui.graph.attrs import dtype, whole, word
from surgeon_gui.graph.inference.base import (
    UNKNOWN,
    Mismatch,
    Types,
    Values,
    dtype_of,
    elements,
    infers,
    known,
    meet,
    normal_axis,
    ranked,
    same_as,
    scalar,
    scaled,
    shape_from_value,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.graph.windows import channel_axis


@infers("Gather", "GatherV2", "ResourceGather")
def gather(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs, "Tparams", "dtype")
    axis = scalar(values, 2) if len(inputs) > 2 else 0
    dims, indices = inputs[0].shape.dims, inputs[1].shape.dims
    batch = whole(node, "batch_dims")
    if dims is None or indices is None:
        return (TensorType(target, UNKNOWN),)
    if axis is None:
        rank = len(dims) + len(indices) - 1 - max(batch, 0)
        return (TensorType(target, Shape((-1,) * rank)),)
    axis = normal_axis(axis, len(dims))
    if batch < 0:
        batch += len(indices)
    return (TensorType(target, Shape((*dims[:axis], *indices[batch:], *dims[axis + 1 :]))),)


@infers("GatherNd")
def gather_nd(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs, "Tparams")
    dims, indices = inputs[0].shape.dims, inputs[1].shape.dims
    if dims is None or indices is None or not indices or indices[-1] < 0:
        return (TensorType(target, UNKNOWN),)
    return (TensorType(target, Shape((*indices[:-1], *dims[indices[-1] :]))),)


@infers("ScatterNd")
def scatter_nd(node: Node, inputs: Types, values: Values) -> Types:
    out = shape_from_value(inputs[2].shape, values[2])
    return (TensorType(dtype_of(node, inputs, index=1), out),)


@infers("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub")
def tensor_scatter(node: Node, inputs: Types, values: Values) -> Types:
    return same_as(node, inputs)


@infers("Range")
def range_(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs, "Tidx")
    if target is DType.INVALID:
        target = DType.INT32
    if target.is_integer:
        limits = [scalar(values, index) for index in range(3)]
        start, limit, delta = limits
        if start is not None and limit is not None and delta:
            return (TensorType(target, Shape((len(range(start, limit, delta)),))),)
    elif all(value is not None and not hasattr(value, "mask") for value in values):
        first, last, step = (float(value) for value in values if value is not None)
        if step:
            return (TensorType(target, Shape((max(math.ceil((last - first) / step), 0),))),)
    return (TensorType(target, Shape((-1,))),)


@infers("LinSpace")
def lin_space(node: Node, inputs: Types, values: Values) -> Types:
    count = scalar(values, 2)
    return (TensorType(dtype_of(node, inputs), Shape((-1 if count is None else count,))),)


@infers("OneHot")
def one_hot(node: Node, inputs: Types, values: Values) -> Types:
    target, dims, depth = dtype_of(node, inputs, index=2), inputs[0].shape.dims, scalar(values, 1)
    if dims is None:
        return (TensorType(target, UNKNOWN),)
    axis = whole(node, "axis", -1)
    axis = len(dims) if axis == -1 else axis
    out = (*dims[:axis], -1 if depth is None else depth, *dims[axis:])
    return (TensorType(target, Shape(out)),)


@infers("Where")
def where(node: Node, inputs: Types, values: Values) -> Types:
    rank = inputs[0].shape.rank
    return (TensorType(DType.INT64, Shape((-1, -1 if rank is None else rank))),)


@infers("Unique", "UniqueWithCounts", "UniqueV2")
def unique(node: Node, inputs: Types, values: Values) -> Types:
    index = dtype(node, "out_idx", default=DType.INT32)
    found = [
        TensorType(dtype_of(node, inputs), Shape((-1,))),
        TensorType(index, inputs[0].shape if node.op != "UniqueV2" else Shape((-1,))),
    ]
    if node.op == "UniqueWithCounts":
        found.append(TensorType(index, Shape((-1,))))
    if node.op == "UniqueV2":
        found[0] = TensorType(found[0].dtype, UNKNOWN)
    return found


@infers("InvertPermutation")
def invert_permutation(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), Shape(ranked(inputs[0].shape, 1))),)


@infers("DynamicStitch", "ParallelDynamicStitch")
def dynamic_stitch(node: Node, inputs: Types, values: Values) -> Types:
    half = len(inputs) // 2
    rest = UNKNOWN
    for index, data in zip(inputs[:half], inputs[half:], strict=True):
        if index.shape.dims is not None and data.shape.dims is not None:
            rest = meet(rest, Shape(data.shape.dims[len(index.shape.dims) :]))
    size = -1
    if all(value is not None for value in values[:half]):
        found = [known(value) for value in values[:half]]
        size = max((max(part, default=-1) for part in found if part is not None), default=-1) + 1
        size = size if all(part is not None for part in found) else -1
    out = UNKNOWN if rest.dims is None else Shape((size, *rest.dims))
    return (TensorType(dtype_of(node, inputs, index=half), out),)


@infers("SpaceToBatchND", "BatchToSpaceND")
def space_batch(node: Node, inputs: Types, values: Values) -> Types:
    target, dims = dtype_of(node, inputs), inputs[0].shape.dims
    block, amounts = elements(values[1]), elements(values[2])
    if dims is None:
        return (TensorType(target, UNKNOWN),)
    if block is None:
        return (TensorType(target, Shape((-1,) * len(dims))),)
    out = list(dims)
    to_batch = node.op == "SpaceToBatchND"
    for index, size in enumerate(block):
        dim, axis = dims[index + 1], index + 1
        before, after = amounts[2 * index : 2 * index + 2] if amounts else (None, None)
        if size is None:
            out[0] = out[axis] = -1
        elif to_batch:
            out[0] = scaled(out[0], size)
            unknown = dim < 0 or before is None or after is None
            out[axis] = -1 if unknown else (dim + (before or 0) + (after or 0)) // size
        else:
            out[0] = -1 if out[0] < 0 else out[0] // size
            unknown = dim < 0 or before is None or after is None
            out[axis] = -1 if unknown else dim * size - (before or 0) - (after or 0)
    return (TensorType(target, Shape(tuple(out))),)


@infers("DepthToSpace", "SpaceToDepth")
def depth_space(node: Node, inputs: Types, values: Values) -> Types:
    layout, block = word(node, "data_format", "NHWC"), whole(node, "block_size", 1)
    dims = list(ranked(inputs[0].shape, 4))
    channel = channel_axis(layout, 4)
    down = node.op == "SpaceToDepth"
    for axis in range(1, 4):
        factor = block * block if axis == channel else block
        if (axis == channel) == down:
            dims[axis] = scaled(dims[axis], factor)
        elif dims[axis] >= 0:
            if dims[axis] % factor:
                raise Mismatch(f"{dims[axis]} does not divide by {factor}")
            dims[axis] //= factor
    return (TensorType(dtype_of(node, inputs), Shape(tuple(dims))),)


@infers("SparseToDense")
def sparse_to_dense(node: Node, inputs: Types, values: Values) -> Types:
    out = shape_from_value(inputs[1].shape, values[1])
    return (TensorType(dtype_of(node, inputs, index=2), out),)


@infers("DynamicPartition")
def dynamic_partition(node: Node, inputs: Types, values: Values) -> Types:
    dims, places = inputs[0].shape.dims, inputs[1].shape.rank
    out = UNKNOWN if dims is None or places is None else Shape((-1, *dims[places:]))
    return (TensorType(dtype_of(node, inputs), out),) * whole(node, "num_partitions", 1)


@infers("UnsortedSegmentSum", "UnsortedSegmentMax")
def unsorted_segment(node: Node, inputs: Types, values: Values) -> Types:
    dims, places, count = inputs[0].shape.dims, inputs[1].shape.rank, scalar(values, 2)
    out = UNKNOWN
    if dims is not None and places is not None:
        out = Shape((-1 if count is None else count, *dims[places:]))
    return (TensorType(dtype_of(node, inputs), out),)


@infers("StridedSliceGrad")
def strided_slice_grad(node: Node, inputs: Types, values: Values) -> Types:
    out = shape_from_value(inputs[0].shape, values[0])
    return (TensorType(dtype_of(node, inputs, index=4), out),)
