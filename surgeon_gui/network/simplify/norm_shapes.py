"""Passes that give a normalization the shape an expert would: no reshapes, one set of weights.

Keras computes a layer norm as the batch norm of a reshaped tensor, and a group norm with the
channels split in two dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Dims, Layer, Tensor
from surgeon_gui.network.layers import (
    ElementWise,
    ElementWiseOperation,
    Normalization,
    Scale,
    Shuffle,
    permutation_is_identity,
)
from surgeon_gui.network.layers.dims import permuted
from surgeon_gui.network.simplify.bench import Bench

Order = tuple[int, ...]


def unfold_norms(bench: Bench) -> None:
    """Normalise a tensor as it is instead of reshaping it before and back after."""
    for layer in bench.each():
        if isinstance(layer.kind, Normalization) and layer.kind.num_groups == 1:
            _unfold(bench, layer, layer.kind)


def fold_affines_after_norms(bench: Bench) -> None:
    """Fold constant factors and offsets that follow a normalization into its weights."""
    for found in bench.each():
        layer: Layer | None = found
        while layer is not None:
            layer = _folded(bench, layer)


@dataclass(frozen=True, eq=False)
class _Unfolded:
    """A normalization of the tensor before the reshape.

    Attributes:
        kind: with weights and axes for the dimensions in `order`.
        order: dimension i of what is normalised is dimension `order[i]` of the tensor.
    """

    kind: Normalization
    order: Order


def _unfold(bench: Bench, layer: Layer, kind: Normalization) -> None:
    before = bench.producer(layer.inputs[0])
    after = bench.only_reader(layer.outputs[0].name)
    if before is None or after is None or min(layer.outputs[0].shape) < 1:
        return
    ahead, back = before.kind, after.kind
    if not (isinstance(ahead, Shuffle) and isinstance(back, Shuffle)):
        return
    if ahead.second_transpose or back.first_transpose or before.inputs[1:] or after.inputs[1:]:
        return
    source = bench.tensors[before.inputs[0]]
    shape = permuted(source.shape, ahead.first_transpose)
    last = tuple(range(len(after.outputs[0].shape)))
    out_order = back.second_transpose or last
    returned = permuted(after.outputs[0].shape, _inverse(out_order))
    if returned != shape or min(shape) < 1:
        return
    found = _of_last_axes(kind, layer.outputs[0].shape, shape) or _of_groups(
        kind, layer.outputs[0].shape, shape
    )
    if found is None:
        return
    first = ahead.first_transpose or tuple(range(len(shape)))
    into = tuple(first[axis] for axis in found.order)
    place = _inverse(found.order)
    out_of = tuple(place[axis] for axis in out_order)
    data = source
    if not permutation_is_identity(into):
        data = _inserted(bench, before, into, f"{layer.name}/ordered")
    if permutation_is_identity(out_of):
        bench.remove(after)
        made = after.outputs[0]
        bench.replace(layer, found.kind, [data.name], merged=[before, after], outputs=(made,))
        return
    made = replace(layer.outputs[0], shape=data.shape)
    bench.replace(layer, found.kind, [data.name], merged=[before], outputs=(made,))
    bench.sources.pop(made.name, None)
    bench.replace(after, Shuffle(first_transpose=out_of))


def _inserted(bench: Bench, before: Layer, order: Order, name: str) -> Tensor:
    """Add a transpose of what `before` reads; return what it makes."""
    while name in bench.tensors or name in bench.layers:
        name += "_"
    source = bench.tensors[before.inputs[0]]
    made = Tensor(source.dtype, permuted(source.shape, order), name)
    kind = Shuffle(first_transpose=order)
    bench.insert(Layer(name, kind, (source.name,), (made,), before.origin))
    return made


def _inverse(order: Order) -> Order:
    return tuple(order.index(axis) for axis in range(len(order)))


def _of_last_axes(kind: Normalization, inner: Dims, shape: Dims) -> _Unfolded | None:
    """Return the layer norm where what is normalised lies together at the end."""
    axes = [axis for axis in kind.axes if inner[axis] > 1]
    others = [axis for axis in range(len(inner)) if axis not in kind.axes and inner[axis] > 1]
    if not axes or (others and max(others) > min(axes)):
        return None
    count = math.prod(inner[axis] for axis in axes)
    start = next((i for i in range(len(shape)) if math.prod(shape[i:]) == count), None)
    if start is None:
        return None
    weights = []
    for array in (kind.scale, kind.bias):
        if np.all(array == array.flat[0]):
            weights.append(np.full((1,) * len(shape), array.flat[0], array.dtype))
        elif array.size == math.prod(array.shape[axis] for axis in kind.axes):
            wide = np.broadcast_to(
                array, tuple(dim if axis in axes else 1 for axis, dim in enumerate(inner))
            )
            weights.append(wide.reshape((1,) * start + shape[start:]))
        else:
            return None
    wide_shape = np.broadcast_shapes(weights[0].shape, weights[1].shape)
    scale, bias = (np.ascontiguousarray(np.broadcast_to(array, wide_shape)) for array in weights)
    last = tuple(range(start, len(shape)))
    return _Unfolded(replace(kind, scale=scale, bias=bias, axes=last), tuple(range(len(shape))))


def _of_groups(kind: Normalization, inner: Dims, shape: Dims) -> _Unfolded | None:
    """Return the group norm where the last dimension was split in groups and their channels."""
    rank = len(shape)
    if len(inner) != rank + 1 or inner[:-2] != shape[:-1] or rank < 3:
        return None
    groups, channels = inner[-2], shape[-1]
    if kind.axes != (*range(1, rank - 1), rank):
        return None
    weights = []
    for array in (kind.scale, kind.bias):
        if any(size != 1 for size in array.shape[:-2]):
            return None
        wide = np.broadcast_to(array, (*array.shape[:-2], *inner[-2:]))
        weights.append(np.ascontiguousarray(wide.reshape(1, channels, *(1,) * (rank - 2))))
    whole = groups == 1
    axes = tuple(range(1 if whole else 2, rank))
    parts = 1 if groups in (1, channels) else groups
    made = replace(kind, scale=weights[0], bias=weights[1], axes=axes, num_groups=parts)
    return _Unfolded(made, (0, rank - 1, *range(1, rank - 1)))


def _folded(bench: Bench, layer: Layer) -> Layer | None:
    """Return the normalization with its only reader folded in; None: there is nothing to fold."""
    kind = layer.kind
    reader = bench.only_reader(layer.outputs[0].name) if isinstance(kind, Normalization) else None
    if reader is None or not isinstance(kind, Normalization):
        return None
    affine = _affine(bench, reader, layer.outputs[0].name)
    if affine is None or reader.outputs[0].shape != layer.outputs[0].shape:
        return None
    factor, offset = affine
    scale, bias = kind.scale * factor, kind.bias * factor + offset
    shape = np.broadcast_shapes(scale.shape, bias.shape)
    full = layer.outputs[0].shape
    if len(shape) != len(full) or any(
        size not in (1, dim) for size, dim in zip(shape, full, strict=True)
    ):
        return None
    if kind.num_groups > 1 and shape != kind.scale.shape:
        return None
    scale, bias = (
        np.ascontiguousarray(np.broadcast_to(array, shape), dtype=kind.scale.dtype)
        for array in (scale, bias)
    )
    return bench.absorb(layer, reader, replace(kind, scale=scale, bias=bias))


def _affine(bench: Bench, layer: Layer, data: str) -> tuple[Array, Array] | None:
    """Return factor and offset where that is all a layer does, arrays that broadcast."""
    kind = layer.kind
    one, none = np.ones((), np.float64), np.zeros((), np.float64)
    if isinstance(kind, Scale) and kind.power is None:
        trailing = len(layer.outputs[0].shape) - kind.channel_axis - 1
        shape = kind.scale.shape + (1,) * trailing if kind.scale.ndim else ()
        return kind.scale.reshape(shape), kind.shift.reshape(shape)
    if not isinstance(kind, ElementWise) or layer.inputs[0] == layer.inputs[1]:
        return None
    other = layer.inputs[1] if layer.inputs[0] == data else layer.inputs[0]
    constant = bench.constant(other)
    if constant is None or constant.weights_.dtype.kind != "f":
        return None
    array = constant.weights_.astype(np.float64)
    if kind.op is ElementWiseOperation.PROD:
        return array, none
    if kind.op is ElementWiseOperation.SUM:
        return one, array
    if kind.op is ElementWiseOperation.SUB:
        return (one, -array) if layer.inputs[0] == data else (-one, array)
    return None
