"""Concatenation, stacking, gathering."""

from __future__ import annotations

from collections import Counter

import numpy as np

from surgeon_gui.graph.evaluate import LARGEST_RESULT
from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.arithmetic import choose
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import take
from surgeon_gui.network.lower.value import Value


def concatenate(b: Lower, values: list[Value], axis: int, *, suffix: str = "") -> Value:
    """Join along one of TensorFlow's dimensions, in the layout most of the data has."""
    filled = [value for value in values if value.shape[axis]] or values[:1]
    if len(filled) == 1:
        return filled[0]
    weights: Counter[tuple[int, ...]] = Counter()
    for value in filled:
        if value.array is None:
            weights[value.axes] += value.size
    axes = weights.most_common(1)[0][0] if weights else tuple(range(values[0].rank))
    tensors = [b.tensor(value, axes) for value in filled]
    kind = layers.Concatenation(axis=axes[axis])
    return Value.of(b.add(kind, *tensors, suffix=suffix), values[0].dtype, axes)


@converter("ConcatV2", "Concat")
def concat(node: Call, b: Lower) -> Value:
    first = node.op == "Concat"
    # Scripts for graphsurgeon state ConcatV2's axis as an attribute, beside what it joins.
    stated = not first and "axis" in node.node.attrs
    values = list(node.inputs if stated else node.inputs[1:] if first else node.inputs[:-1])
    if not values:
        raise node.refuse(f"{node.op} has nothing to join.")
    where = node.integer("axis") if stated else node.constant_int(0 if first else -1, "the axis")
    axis = node.axis(where, values[0].rank)
    return concatenate(b, values, axis)


@converter("Pack")
def pack(node: Call, b: Lower) -> Value:
    shape = node.input(0).shape
    axis = node.axis(node.integer("axis", 0), len(shape) + 1)
    wide = (*shape[:axis], 1, *shape[axis:])
    return concatenate(b, [b.view(value, wide) for value in node.inputs], axis)


@converter("GatherV2", "Gather", "ResourceGather")
def gather(node: Call, b: Lower) -> Value:
    data, indices = node.input(0), b.live(node.input(1))
    axis = node.axis(node.constant_int(2, "the axis"), data.rank) if node.op == "GatherV2" else 0
    shared = node.integer("batch_dims", 0)
    if shared < 0:
        shared += indices.rank
    known = node.input(1).array
    if known is not None and known.size == 1 and not shared:
        # One known index is a slice.
        start = [0] * data.rank
        start[axis] = int(known.reshape(-1)[0])
        size = [1 if place == axis else dim for place, dim in enumerate(data.shape)]
        shape = (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :])
        return b.view(b.slice(data, start, size), shape)
    if indices.rank == 1 and not shared:
        return take(b, data, indices, axis)
    kind = layers.Gather(axis=axis, num_elementwise_dims=shared)
    return Value.of(b.add(kind, b.logical(data), b.logical(indices)), data.dtype)


@converter("GatherNd")
def gather_nd(node: Call, b: Lower) -> Value:
    data, indices = node.input(0), node.input(1)
    kind = layers.Gather(mode=layers.GatherMode.ND)
    return Value.of(b.add(kind, b.logical(data), b.logical(indices)), data.dtype)


@converter("OneHot")
def one_hot(node: Call, b: Lower) -> Value:
    """Compared with 0, 1, 2 …: an index outside gives a row of `off`, as TensorFlow does."""
    indices, on, off = node.input(0), node.input(2), node.input(3)
    depth = node.constant_int(1, "the depth")
    if depth > LARGEST_RESULT:
        raise node.refuse(f"A depth of {depth} is more than can be worked with.")
    axis = node.integer("axis", -1)
    axis = indices.rank if axis == -1 else node.axis(axis, indices.rank + 1)
    shape = [1] * (indices.rank + 1)
    shape[axis] = depth
    steps = np.arange(depth, dtype=indices.dtype.numpy).reshape(shape)
    wide = (*indices.shape[:axis], 1, *indices.shape[axis:])
    same = b.elementwise(
        Op.EQUAL, b.view(indices, wide), Value.known(steps, indices.dtype), suffix="same"
    )
    if on.dtype is DType.BOOL:
        on, off = b.cast(on, DType.INT32), b.cast(off, DType.INT32)
        return b.cast(choose(b, same, on, off, suffix="chosen"), DType.BOOL, suffix="")
    return choose(b, same, on, off)


@converter("ScatterNd")
def scatter_nd(node: Call, b: Lower) -> Value:
    """TensorRT overwrites where TensorFlow adds: the same when no index comes twice."""
    indices = node.constant(0, "the indices")
    updates = node.input(1)
    shape = node.constant_ints(2, "the shape")
    rows = indices.reshape(-1, indices.shape[-1])
    if len(np.unique(rows, axis=0)) != len(rows):
        raise node.refuse("Its indices repeat, and TensorRT does not add what meets there.")
    zeros = Value.known(np.zeros(shape, dtype=updates.dtype.numpy), updates.dtype)
    kind = layers.Scatter(mode=layers.ScatterMode.ND)
    tensor = b.add(kind, b.logical(zeros), b.logical(node.input(0)), b.logical(updates))
    return Value.of(tensor, updates.dtype)


@converter("TensorScatterUpdate")
def tensor_scatter_update(node: Call, b: Lower) -> Value:
    data, indices, updates = (node.input(index) for index in range(3))
    kind = layers.Scatter(mode=layers.ScatterMode.ND)
    tensor = b.add(kind, b.logical(data), b.logical(indices), b.logical(updates))
    return Value.of(tensor, data.dtype)


@converter("ReverseSequence")
def reverse_sequence(node: Call, b: Lower) -> Value:
    data, lengths = node.input(0), node.input(1)
    kind = layers.ReverseSequence(
        batch_axis=node.integer("batch_dim", 0), sequence_axis=node.integer("seq_dim")
    )
    counts = b.cast(b.live(lengths), DType.INT32)
    return Value.of(b.add(kind, b.logical(data), b.logical(counts)), data.dtype)


@converter("Where")
def where(node: Call, b: Lower) -> Value:
    """The places of what is not 0, as many as there are; few ops can read so open a size."""
    data = b.live(node.input(0))
    if not data.rank:
        raise node.refuse("It looks for what is not 0 in a single number.", "Give it a vector.")
    columns = b.add(layers.NonZero(), b.logical(data))
    rows = b.permute(Value.of(columns, DType.INT32), (1, 0))
    return b.cast(Value.of(b.logical(rows), DType.INT32), DType.INT64)
