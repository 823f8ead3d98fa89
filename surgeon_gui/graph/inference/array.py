"""Ops that move, cut and join tensors."""

from __future__ import annotations

import math

from surgeon_gui.graph.attrs import dtype, whole, wholes
from surgeon_gui.graph.inference.base import (
    SCALAR,
    UNKNOWN,
    Mismatch,
    Types,
    Values,
    broadcast,
    dtype_of,
    elements,
    infers,
    known,
    meet,
    normal_axis,
    ranked,
    same_as,
    scalar,
    shape_from_value,
    sum_dims,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape, TensorType


@infers("Shape", "ShapeN", "Rank", "Size")
def shape_readers(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype(node, "out_type", default=DType.INT32)
    if node.op in ("Rank", "Size"):
        return (TensorType(target, SCALAR),)
    return [
        TensorType(target, Shape((-1 if (rank := tensor.shape.rank) is None else rank,)))
        for tensor in inputs
    ]


@infers("Reshape")
def reshape(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    wanted = elements(values[1])
    if wanted is None:
        return (TensorType(target, shape_from_value(inputs[1].shape, None)),)
    size = inputs[0].shape.size
    open_ = [index for index, dim in enumerate(wanted) if dim is None or dim < 0]
    dims = [-1 if dim is None or dim < 0 else dim for dim in wanted]
    if size is not None:
        rest = math.prod(dim for dim in dims if dim >= 0)
        if len(open_) == 1 and rest and size % rest == 0:
            dims[open_[0]] = size // rest
        elif not open_ and rest != size:
            raise Mismatch(f"{size} elements do not reshape to {Shape(tuple(dims))}")
        elif len(open_) == 1 and rest:
            raise Mismatch(f"{size} elements do not divide by {rest}")
    return (TensorType(target, Shape(tuple(dims))),)


@infers("Squeeze")
def squeeze(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    dims = inputs[0].shape.dims
    if dims is None:
        return (TensorType(target, UNKNOWN),)
    axes = wholes(node, "squeeze_dims", wholes(node, "axis"))
    if axes:
        chosen = {normal_axis(axis, len(dims)) for axis in axes}
        for axis in chosen:
            if dims[axis] > 1:
                raise Mismatch(f"cannot squeeze dimension {axis} of {Shape(dims)}")
        kept = tuple(dim for axis, dim in enumerate(dims) if axis not in chosen)
        return (TensorType(target, Shape(kept)),)
    if any(dim < 0 for dim in dims):
        return (TensorType(target, UNKNOWN),)
    return (TensorType(target, Shape(tuple(dim for dim in dims if dim != 1))),)


@infers("ExpandDims")
def expand_dims(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    dims, axis = inputs[0].shape.dims, scalar(values, 1)
    if dims is None:
        return (TensorType(target, UNKNOWN),)
    if axis is None:
        return (TensorType(target, Shape((-1,) * (len(dims) + 1))),)
    axis = normal_axis(axis, len(dims) + 1)
    return (TensorType(target, Shape((*dims[:axis], 1, *dims[axis:]))),)


@infers("Transpose", "ConjugateTranspose")
def transpose(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    order = known(values[1])
    if order is None:
        rank = inputs[0].shape.rank
        return (TensorType(target, UNKNOWN if rank is None else Shape((-1,) * rank)),)
    dims = ranked(inputs[0].shape, len(order))
    return (TensorType(target, Shape(tuple(dims[axis] for axis in order))),)


@infers("ConcatV2", "Concat")
def concat(node: Node, inputs: Types, values: Values) -> Types:
    first = node.op == "Concat"
    # Scripts for graphsurgeon state ConcatV2's axis as an attribute, beside what it joins.
    stated = not first and "axis" in node.attrs
    parts = inputs if stated else inputs[1:] if first else inputs[:-1]
    axis = scalar(values, 0 if first else len(inputs) - 1)
    if stated:
        axis = whole(node, "axis")
    target = dtype_of(node, inputs, index=1 if first else 0)
    shapes = [part.shape.dims for part in parts]
    found = [dims for dims in shapes if dims is not None]
    if not found:
        return (TensorType(target, UNKNOWN),)
    rank = len(found[0])
    if axis is None:
        return (TensorType(target, Shape((-1,) * rank)),)
    axis = normal_axis(axis, rank)
    rest = meet(*(Shape((*dims[:axis], -1, *dims[axis + 1 :])) for dims in found)).dims or ()
    total = sum_dims([dims[axis] for dims in found]) if len(found) == len(shapes) else -1
    return (TensorType(target, Shape((*rest[:axis], total, *rest[axis + 1 :]))),)


@infers("ConcatOffset")
def concat_offset(node: Node, inputs: Types, values: Values) -> Types:
    return [TensorType(DType.INT32, tensor.shape) for tensor in inputs[1:]]


@infers("Pack")
def pack(node: Node, inputs: Types, values: Values) -> Types:
    dims = meet(*(tensor.shape for tensor in inputs)).dims
    if dims is None:
        return (TensorType(dtype_of(node, inputs), UNKNOWN),)
    axis = normal_axis(whole(node, "axis"), len(dims) + 1)
    out = Shape((*dims[:axis], len(inputs), *dims[axis:]))
    return (TensorType(dtype_of(node, inputs), out),)


@infers("ParallelConcat")
def parallel_concat(node: Node, inputs: Types, values: Values) -> Types:
    dims = meet(*(tensor.shape for tensor in inputs)).dims
    out = UNKNOWN if dims is None else Shape((len(inputs), *dims[1:]))
    return (TensorType(dtype_of(node, inputs), out),)


@infers("Unpack")
def unpack(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    if dims is not None:
        axis = normal_axis(whole(node, "axis"), len(dims))
        dims = (*dims[:axis], *dims[axis + 1 :])
    return (TensorType(dtype_of(node, inputs), Shape(dims)),) * whole(node, "num")


@infers("Split")
def split(node: Node, inputs: Types, values: Values) -> Types:
    count, axis = whole(node, "num_split", 1), scalar(values, 0)
    dims = inputs[1].shape.dims
    if dims is not None:
        if axis is None:
            dims = (-1,) * len(dims)
        else:
            axis = normal_axis(axis, len(dims))
            if dims[axis] % count and dims[axis] >= 0:
                raise Mismatch(f"{dims[axis]} does not split into {count}")
            part = -1 if dims[axis] < 0 else dims[axis] // count
            dims = (*dims[:axis], part, *dims[axis + 1 :])
    return (TensorType(dtype_of(node, inputs, index=1), Shape(dims)),) * count


@infers("SplitV")
def split_v(node: Node, inputs: Types, values: Values) -> Types:
    count, axis = whole(node, "num_split", 1), scalar(values, 2)
    target, dims = dtype_of(node, inputs), inputs[0].shape.dims
    if dims is None:
        return (TensorType(target, UNKNOWN),) * count
    if axis is None:
        return (TensorType(target, Shape((-1,) * len(dims))),) * count
    axis = normal_axis(axis, len(dims))
    sizes = elements(values[1]) or [None] * count
    given = [size for size in sizes if size is not None and size >= 0]
    if len(given) == count - 1 and dims[axis] >= 0:
        rest = dims[axis] - sum(given)
        sizes = [rest if size is None or size < 0 else size for size in sizes]
    return [
        TensorType(
            target,
            Shape((*dims[:axis], -1 if size is None else max(size, -1), *dims[axis + 1 :])),
        )
        for size in sizes
    ]


@infers("Slice")
def slice_(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    begin, size = elements(values[1]), elements(values[2])
    rank = inputs[0].shape.rank
    for known_list, tensor in ((begin, inputs[1]), (size, inputs[2])):
        if known_list is not None:
            rank = len(known_list)
        elif rank is None and tensor.shape.dims and tensor.shape.dims[0] >= 0:
            rank = tensor.shape.dims[0]
    if rank is None:
        return (TensorType(target, UNKNOWN),)
    dims = ranked(inputs[0].shape, rank)
    out = []
    for axis, dim in enumerate(dims):
        length = size[axis] if size else None
        start = begin[axis] if begin else None
        if length == -1:
            out.append(dim - start if dim >= 0 and start is not None else -1)
        else:
            out.append(-1 if length is None else length)
    return (TensorType(target, Shape(tuple(out))),)


@infers("StridedSlice")
def strided_slice(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    begin, end = elements(values[1]), elements(values[2])
    strides = known(values[3]) if len(values) > 3 else None
    dims = inputs[0].shape.dims
    if dims is None or strides is None:
        return (TensorType(target, UNKNOWN),)
    missing: list[int | None] = [None] * len(strides)
    return (
        TensorType(target, Shape(_sliced(node, dims, begin or missing, end or missing, strides))),
    )


def _sliced(
    node: Node,
    dims: tuple[int, ...],
    begin: list[int | None],
    end: list[int | None],
    strides: list[int],
) -> tuple[int, ...]:
    """Return the shape of a StridedSlice (tensorflow/core/util/strided_slice_op.cc)."""
    masks = {
        key: whole(node, f"{key}_mask")
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    count = len(strides)
    special = masks["ellipsis"]
    taken = sum(
        1
        for index in range(count)
        if not special >> index & 1 and not masks["new_axis"] >> index & 1
    )
    out: list[int] = []
    axis = 0
    for index in range(count):
        if special >> index & 1:
            skipped = len(dims) - taken
            out += dims[axis : axis + skipped]
            axis += skipped
        elif masks["new_axis"] >> index & 1:
            out.append(1)
        elif axis >= len(dims):
            raise Mismatch(f"{Shape(dims)} has no dimension {axis} to slice")
        else:
            first = None if masks["begin"] >> index & 1 else begin[index]
            last = None if masks["end"] >> index & 1 else end[index]
            if not masks["shrink_axis"] >> index & 1:
                open_ = (first is None and not masks["begin"] >> index & 1) or (
                    last is None and not masks["end"] >> index & 1
                )
                out.append(_length(dims[axis], first, last, strides[index], open_))
            axis += 1
    return (*out, *dims[axis:])


def _length(dim: int, first: int | None, last: int | None, stride: int, open_: bool) -> int:
    if open_ or stride == 0:
        return -1
    if dim >= 0:
        return len(range(*slice(first, last, stride).indices(dim)))
    # A span counted from one end has a fixed length only if the dimension is long enough for it.
    return -1


@infers("Tile")
def tile(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    multiples = shape_from_value(inputs[1].shape, values[1]).dims
    if multiples is None:
        rank = inputs[0].shape.rank
        return (TensorType(target, UNKNOWN if rank is None else Shape((-1,) * rank)),)
    dims = ranked(inputs[0].shape, len(multiples))
    out = (
        -1 if dim < 0 or times < 0 else dim * times
        for dim, times in zip(dims, multiples, strict=True)
    )
    return (TensorType(target, Shape(tuple(out))),)


@infers("Fill", "BroadcastTo")
def fill(node: Node, inputs: Types, values: Values) -> Types:
    source, target = (1, 0) if node.op == "BroadcastTo" else (0, 1)
    out = shape_from_value(inputs[source].shape, values[source])
    return (TensorType(dtype_of(node, inputs, index=target), out),)


@infers("BroadcastArgs")
def broadcast_args(node: Node, inputs: Types, values: Values) -> Types:
    first, second = (shape_from_value(i.shape, v) for i, v in zip(inputs, values, strict=True))
    rank = broadcast(first, second).rank
    return (TensorType(dtype_of(node, inputs), Shape((-1 if rank is None else rank,))),)


@infers("Pad", "PadV2", "MirrorPad")
def pad(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    amounts = elements(values[1])
    if amounts is None:
        rank = inputs[0].shape.rank
        if rank is None:
            rank = (inputs[1].shape.dims or (-1,))[0]
        return (TensorType(target, UNKNOWN if rank < 0 else Shape((-1,) * rank)),)
    dims = ranked(inputs[0].shape, len(amounts) // 2)
    out = []
    for axis, dim in enumerate(dims):
        before, after = amounts[2 * axis], amounts[2 * axis + 1]
        out.append(-1 if dim < 0 or before is None or after is None else dim + before + after)
    return (TensorType(target, Shape(tuple(out))),)


@infers("ReverseV2", "Reverse", "ReverseSequence", "Roll", "MatrixSetDiag")
def same_shape(node: Node, inputs: Types, values: Values) -> Types:
    return same_as(node, inputs)
