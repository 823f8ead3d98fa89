"""Checks on ranks, dimensions, batch axis and padding."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.targets.checks.context import CHECKS, Context, Facts, compare


@CHECKS.register("input_rank")
def input_rank(context: Context, facts: Facts) -> bool | None:
    rank = context.rank(facts["index"])
    return None if rank is None else compare(rank, facts["op"], facts["value"])


@CHECKS.register("input_rank_range")
def input_rank_range(context: Context, facts: Facts) -> bool | None:
    """Constants do not count: they are weights, not inputs of a segment."""
    operands = range(len(context.node.inputs))
    ranks = [context.rank(index) for index in operands if context.constant(index) is None]
    if any(rank is not None and not facts["min"] <= rank <= facts["max"] for rank in ranks):
        return False
    return None if None in ranks else True


@CHECKS.register("dim_static")
def dim_static(context: Context, facts: Facts) -> bool | None:
    found = context.type(facts["index"])
    if found is None or found.shape.dims is None:
        return None
    dim = facts["dim"]
    axis = context.data_format.index(dim) if isinstance(dim, str) else int(dim)
    return axis < len(found.shape.dims) and found.shape.dims[axis] >= 0


@CHECKS.register("shapes_static")
def shapes_static(context: Context, facts: Facts) -> bool | None:
    first = 1 if facts.get("ignore_batch") else 0
    for index in range(len(context.node.inputs)):
        found = context.type(index)
        if found is None or found.shape.dims is None:
            return False
        if any(dim < 0 for dim in found.shape.dims[first:]):
            return False
    return True


@CHECKS.register("no_zero_dim")
def no_zero_dim(context: Context, facts: Facts) -> bool | None:
    shapes = [context.types.type(ref).shape.dims for ref in context.node.inputs]
    return not any(dims is not None and 0 in dims for dims in shapes)


def _placeholder_dims(context: Context) -> tuple[int, ...] | None:
    return context.types.type(TensorRef(context.node.name)).shape.dims


@CHECKS.register("placeholder_static")
def placeholder_static(context: Context, facts: Facts) -> bool | None:
    dims = _placeholder_dims(context)
    first = 1 if facts.get("ignore_batch") else 0
    return dims is not None and all(dim >= 0 for dim in dims[int(first) :])


@CHECKS.register("placeholder_ranked")
def placeholder_ranked(context: Context, facts: Facts) -> bool | None:
    return _placeholder_dims(context) is not None


@CHECKS.register("placeholder_dim_unknown")
def placeholder_dim_unknown(context: Context, facts: Facts) -> bool | None:
    if context.node.op != "Placeholder":
        return False
    dims = _placeholder_dims(context)
    if dims is None:
        return True
    wanted = facts["dims"]
    if wanted == ["1.."] or wanted == "1..":
        return any(dim < 0 for dim in dims[1:])
    return any(dims[axis] < 0 for axis in wanted if isinstance(axis, int) and axis < len(dims))


@CHECKS.register("output_shape_unknown")
def output_shape_unknown(context: Context, facts: Facts) -> bool | None:
    if "op" in facts and context.node.op != facts["op"]:
        return False
    dims = _placeholder_dims(context)
    if dims is None:
        return True
    unknown = [dim < 0 for dim in dims]
    return all(unknown) if facts.get("all_dims") else any(unknown)


@CHECKS.register("axis_not_batch")
def axis_not_batch(context: Context, facts: Facts) -> bool | None:
    where = facts["axis_from"]
    if "attr" in where:
        value = context.attr(where["attr"])
        axes = list(value) if isinstance(value, tuple) else [0 if value is None else value]
    else:
        found = context.array(where["input"])
        if found is None:
            return None
        axes = [int(axis) for axis in found.flat]
    data = 1 if where.get("input") == 0 else 0
    rank = context.rank(data)
    if any(axis < 0 for axis in axes) and rank is None:
        return None
    return all((axis + (rank or 0) if axis < 0 else axis) != 0 for axis in axes)


@CHECKS.register("perm_batch_fixed")
def perm_batch_fixed(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    return None if found is None or not found.size else int(found.flat[0]) == 0


@CHECKS.register("reshape_keeps_batch")
def reshape_keeps_batch(context: Context, facts: Facts) -> bool | None:
    before, wanted = context.type(0), context.array(1)
    after = context.types.type(TensorRef(context.node.name)).shape.dims
    if before is None or not before.shape.dims or not after:
        return None
    if wanted is not None and wanted.size and int(wanted.flat[0]) == -1:
        return True
    batch, kept = before.shape.dims[0], after[0]
    return None if batch < 0 or kept < 0 else batch == kept


@CHECKS.register("slice_keeps_batch")
def slice_keeps_batch(context: Context, facts: Facts) -> bool | None:
    before = context.type(0)
    after = context.types.type(TensorRef(context.node.name)).shape.dims
    if before is None or not before.shape.dims or after is None:
        return None
    if len(after) < len(before.shape.dims):
        return False
    batch = before.shape.dims[0]
    return None if batch < 0 or after[0] < 0 else batch == after[0]


@CHECKS.register("reshape_unknown_count")
def reshape_unknown_count(context: Context, facts: Facts) -> bool | None:
    if context.node.op != "Reshape":
        return False
    known = context.types.value(context.node.inputs[1]) if len(context.node.inputs) > 1 else None
    if known is None:
        after = context.types.type(TensorRef(context.node.name)).shape.dims
        return (
            None
            if after is None
            else compare(sum(dim < 0 for dim in after), facts["op"], facts["value"])
        )
    return compare(int(np.count_nonzero(np.asarray(known) == -1)), facts["op"], facts["value"])


def _same_pads(context: Context) -> list[int] | None:
    """Total SAME padding per spatial dimension; empty for another padding; None if unknown."""
    if context.attr("padding") != b"SAME":
        return []
    data = context.type(2 if context.node.op == "Conv2DBackpropInput" else 0)
    kernel = context.constant(1) if "Conv" in context.node.op else None
    windows = kernel.shape[:2] if kernel is not None else None
    axes = context.spatial_axes
    ksize = context.attr("ksize")
    if ksize is not None:
        windows = tuple(ksize[axis] for axis in axes)
    strides, dilations = context.attr("strides"), context.attr("dilations")
    if data is None or data.shape.dims is None or windows is None or strides is None:
        return None
    pads = []
    for axis, window in zip(axes, windows, strict=True):
        size = data.shape.dims[axis]
        if size < 0:
            return None
        stride = strides[axis]
        if stride < 1:
            return None
        dilation = dilations[axis] if dilations else 1
        pads.append(max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0))
    return pads


@CHECKS.register("same_pad_symmetric")
def same_pad_symmetric(context: Context, facts: Facts) -> bool | None:
    pads = _same_pads(context)
    return None if pads is None else all(pad % 2 == 0 for pad in pads)


@CHECKS.register("same_pad_asymmetric")
def same_pad_asymmetric(context: Context, facts: Facts) -> bool | None:
    pads = _same_pads(context)
    return None if pads is None else any(pad % 2 for pad in pads)
