"""A pass that recognises normalization written as arithmetic.

A mean, the mean of squared differences from it and a root are found first. What is computed from
those is followed as sums of products of x, the mean and the reciprocal root r, each with a
constant factor: whatever order it is written in, `scale * x * r - scale * mean * r + bias` is a
normalization.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Layer
from surgeon_gui.network.layers import (
    ElementWise,
    ElementWiseOperation,
    Normalization,
    Reduce,
    ReduceOperation,
    Scale,
    Unary,
    UnaryOperation,
)
from surgeon_gui.network.simplify.bench import Bench

Term = tuple[int, int, int]
"""How often x, the mean and the reciprocal root stand in a product."""

Sum = dict[Term, Array]
"""The constant factor of each product; they broadcast to x."""

_ONE: Term = (0, 0, 0)
_X: Term = (1, 0, 0)
_MEAN: Term = (0, 1, 0)
_ROOT: Term = (0, 0, 1)
_CENTRED = ((1, 0, 1), (0, 1, 1))


def recognise_norms(bench: Bench) -> None:
    """Make one layer of each normalization."""
    for layer in bench.each():
        found = _moments(bench, layer)
        if found is not None:
            _replace(bench, found)


@dataclass
class _Moments:
    """What a normalization begins with.

    Attributes:
        x: the tensor that is normalised.
        sums: what is known of tensors.
        root: the tensor that is the root of variance and epsilon.
        layers: the layers these stand for.
    """

    x: str
    axes: tuple[int, ...]
    epsilon: float
    root: str
    sums: dict[str, Sum]
    layers: list[Layer] = field(default_factory=list)


def _mean_of(layer: Layer | None) -> Reduce | None:
    kind = None if layer is None else layer.kind
    if isinstance(kind, Reduce) and kind.op is ReduceOperation.AVG and kind.keep_dims:
        return kind
    return None


def _moments(bench: Bench, variance: Layer) -> _Moments | None:
    """Return the moments whose variance a layer computes, or None where it computes none."""
    kind = _mean_of(variance)
    square = bench.producer(variance.inputs[0]) if kind is not None else None
    if kind is None or square is None:
        return None
    difference = bench.producer(square.inputs[0])
    if difference is None or not _is(difference, ElementWiseOperation.SUB) or not _squares(square):
        return None
    x, mean = difference.inputs
    if _mean_of(bench.producer(mean)) is None:
        x, mean = mean, x
    maker = bench.producer(mean)
    average = _mean_of(maker)
    if maker is None or average is None or maker.inputs[0] != x or average.axes != kind.axes:
        return None
    shifted = bench.only_reader(variance.outputs[0].name)
    if shifted is None or not _is(shifted, ElementWiseOperation.SUM):
        return None
    other = [name for name in shifted.inputs if name != variance.outputs[0].name]
    epsilon = bench.constant(other[0]) if other else None
    root = bench.only_reader(shifted.outputs[0].name)
    if epsilon is None or epsilon.weights_.size != 1 or root is None:
        return None
    if not isinstance(root.kind, Unary) or root.kind.op is not UnaryOperation.SQRT:
        return None
    one = np.ones(())
    return _Moments(
        x,
        kind.axes,
        float(epsilon.weights_.reshape(())),
        root.outputs[0].name,
        {x: {_X: one}, mean: {_MEAN: one}},
        [maker, difference, square, variance, shifted, root],
    )


def _is(layer: Layer, op: ElementWiseOperation) -> bool:
    return isinstance(layer.kind, ElementWise) and layer.kind.op is op


def _squares(layer: Layer) -> bool:
    return _is(layer, ElementWiseOperation.PROD) and layer.inputs[0] == layer.inputs[1]


def _replace(bench: Bench, moments: _Moments) -> None:
    """Put a Normalization where the arithmetic ends, if that is all it computes."""
    _follow(bench, moments)
    known = {layer.name for layer in moments.layers}
    ends = []
    for layer in moments.layers:
        name = layer.outputs[0].name
        readers = [reader.name for reader in bench.readers(name)]
        if name in bench.outputs or any(reader not in known for reader in readers):
            ends.append(layer)
    if len(ends) != 1:
        return
    (end,) = ends
    x = bench.tensors[moments.x]
    weights = _weights(moments.sums.get(end.outputs[0].name, {}), x.shape)
    dtype = x.dtype.numpy
    if weights is None or end.outputs[0].shape != x.shape or dtype is None:
        return
    scale, bias = (np.ascontiguousarray(array, dtype=dtype) for array in weights)
    kind = Normalization(scale=scale, bias=bias, axes=moments.axes, epsilon=moments.epsilon)
    merged = [layer for layer in moments.layers if layer is not end]
    bench.replace(end, kind, [moments.x], merged=merged)
    bench.prune()


def _follow(bench: Bench, moments: _Moments) -> None:
    """Find out what the layers compute that read what is known, and those that read them."""
    pending = [moments.root, *(name for name in moments.sums if name != moments.x)]
    while pending:
        for reader in bench.readers(pending.pop()):
            name = reader.outputs[0].name
            if name in moments.sums:
                continue
            found = _computed(bench, reader, moments)
            if found is not None:
                moments.sums[name] = found
                if all(layer.name != reader.name for layer in moments.layers):
                    moments.layers.append(reader)
                pending.append(name)


def _computed(bench: Bench, layer: Layer, moments: _Moments) -> Sum | None:
    """Return what a layer makes; None where it is no such sum."""
    kind, sums = layer.kind, moments.sums
    if isinstance(kind, Unary):
        if kind.op is UnaryOperation.RECIP and layer.inputs[0] == moments.root:
            return {_ROOT: np.ones(())}
        known = sums.get(layer.inputs[0])
        if kind.op is UnaryOperation.NEG and known is not None:
            return {term: -factor for term, factor in known.items()}
        return None
    if isinstance(kind, Scale):
        known = sums.get(layer.inputs[0])
        if known is None or kind.power is not None:
            return None
        rank = len(layer.outputs[0].shape)
        scale, shift = (
            _along(array, kind.channel_axis, rank) for array in (kind.scale, kind.shift)
        )
        return _plus({term: factor * scale for term, factor in known.items()}, {_ONE: shift})
    if not isinstance(kind, ElementWise):
        return None
    left, right = (_operand(bench, name, sums) for name in layer.inputs)
    if kind.op is ElementWiseOperation.DIV and layer.inputs[1] == moments.root:
        return None if left is None else _times(left, {_ROOT: np.ones(())})
    if left is None or right is None:
        return None
    if kind.op is ElementWiseOperation.SUM:
        return _plus(left, right)
    if kind.op is ElementWiseOperation.SUB:
        return _plus(left, {term: -factor for term, factor in right.items()})
    if kind.op is ElementWiseOperation.PROD:
        return _times(left, right)
    return None


def _along(array: Array, axis: int, rank: int) -> Array:
    wide = array.astype(np.float64)
    return wide.reshape((1,) * axis + array.shape + (1,) * (rank - axis - 1)) if wide.ndim else wide


def _operand(bench: Bench, name: str, sums: dict[str, Sum]) -> Sum | None:
    constant = bench.constant(name)
    if constant is not None and constant.weights_.dtype.kind == "f":
        return {_ONE: constant.weights_.astype(np.float64)}
    return sums.get(name)


def _plus(left: Sum, right: Sum) -> Sum:
    result = dict(left)
    for term, factor in right.items():
        result[term] = result[term] + factor if term in result else factor
    return result


def _times(left: Sum, right: Sum) -> Sum | None:
    """Return the product; None where it is no line in x."""
    result: Sum = {}
    for (x, mean, root), factor in left.items():
        for (more_x, more_mean, more_root), other in right.items():
            term = (x + more_x, mean + more_mean, root + more_root)
            if term[0] + term[1] > 1 or term[2] > 1:
                return None
            product = factor * other
            result[term] = result[term] + product if term in result else product
    return result


def _weights(found: Sum, shape: tuple[int, ...]) -> tuple[Array, Array] | None:
    """Return scale and bias of a normalization of a tensor of this shape, of its rank."""
    terms = {term: factor for term, factor in found.items() if np.any(factor)}
    scale, back = (terms.pop(term, None) for term in _CENTRED)
    bias = terms.pop(_ONE, np.zeros(()))
    if terms or scale is None or back is None:
        return None
    there, negative = np.broadcast_arrays(scale, -back)
    if not np.allclose(there, negative, rtol=1e-6, atol=0):
        return None
    wide = tuple(np.broadcast_shapes(scale.shape, bias.shape, (1,) * len(shape)))
    if len(wide) != len(shape) or any(
        size not in (1, dim) for size, dim in zip(wide, shape, strict=True)
    ):
        return None
    return np.broadcast_to(scale, wide), np.broadcast_to(bias, wide)
