"""Passes that fold per-channel arithmetic and padding into convolutions and matrix products."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Layer
from surgeon_gui.network.layers import (
    ActivationType,
    Constant,
    Convolution,
    Deconvolution,
    ElementWiseOperation,
    MatrixMultiply,
    MatrixOperation,
    Pooling,
    PoolingType,
    SampleMode,
)
from surgeon_gui.network.simplify.bench import Bench


@dataclass(frozen=True, eq=False)
class Affine:
    """x * factor + offset per channel of dimension `axis`; either may be a single number.

    Attributes:
        data: the input that is x.
    """

    data: str
    axis: int
    factor: Array
    offset: Array


_ONE = np.ones(1, np.float64)
_ZERO = np.zeros(1, np.float64)


def affine_of(bench: Bench, layer: Layer, axis: int) -> Affine | None:
    """Return what a layer does to each channel, if that is all it does."""
    kind = layer.kind
    if isinstance(kind, layers.Scale):
        if kind.power is not None or kind.channel_axis != axis:
            return None
        return Affine(
            layer.inputs[0], axis, kind.scale.astype(np.float64), kind.shift.astype(np.float64)
        )
    if not isinstance(kind, layers.ElementWise):
        return None
    left, right = layer.inputs
    constant = bench.constant(right)
    data = left
    if constant is None:
        constant, data = bench.constant(left), right
    if constant is None or bench.constant(data) is not None:
        return None
    numbers = _per_channel(constant.weights_, axis)
    if numbers is None or layer.outputs[0].shape != bench.tensors[data].shape:
        return None
    if kind.op is ElementWiseOperation.SUM:
        return Affine(data, axis, _ONE, numbers)
    if kind.op is ElementWiseOperation.PROD:
        return Affine(data, axis, numbers, _ZERO)
    if kind.op is ElementWiseOperation.SUB:
        if data == left:
            return Affine(data, axis, _ONE, -numbers)
        return Affine(data, axis, -_ONE, numbers)
    if kind.op is ElementWiseOperation.DIV and data == left and np.all(numbers):
        return Affine(data, axis, 1 / numbers, _ZERO)
    return None


def _per_channel(array: Array, axis: int) -> Array | None:
    """Return the array as a vector along `axis`, or None if it varies along another dimension."""
    if array.dtype.kind != "f":
        return None
    if array.ndim and array.size != array.shape[axis]:
        return None
    return array.astype(np.float64).reshape(-1)


def fold_affines(bench: Bench) -> None:
    """Fold biases, scales and batch norms into the convolution or matrix product before them."""
    for found in bench.each():
        layer: Layer | None = found
        while layer is not None:
            layer = _fold_affine(bench, layer)


def _fold_affine(bench: Bench, layer: Layer) -> Layer | None:
    kind = layer.kind
    if isinstance(kind, Convolution | Deconvolution):
        axis = 1
        if kind.kernel is None or kind.kernel.dtype != np.float32:
            return None
    elif isinstance(kind, MatrixMultiply):
        axis = len(layer.outputs[0].shape) - 1
    else:
        return None
    reader = bench.only_reader(layer.outputs[0].name)
    affine = affine_of(bench, reader, axis) if reader is not None else None
    if reader is None or affine is None:
        return None
    if isinstance(kind, MatrixMultiply):
        return _fold_into_product(bench, layer, kind, reader, affine)
    return bench.absorb(layer, reader, _folded(kind, affine))


def _folded(kind: Convolution | Deconvolution, affine: Affine) -> Convolution | Deconvolution:
    assert kind.kernel is not None
    count = kind.num_output_maps
    kernel = kind.kernel
    if affine.factor is not _ONE:
        factor = np.broadcast_to(affine.factor, (count,)).astype(np.float32)
        if isinstance(kind, Convolution):
            per_map = factor.reshape(-1, *(1,) * (kernel.ndim - 1))
            kernel = np.multiply(kernel, per_map, order="C")
        else:
            groups = kind.num_groups
            split = kernel.reshape(groups, -1, *kernel.shape[1:])
            shaped = factor.reshape(groups, 1, -1, *(1,) * (kernel.ndim - 2))
            kernel = np.multiply(split, shaped, order="C").reshape(kernel.shape)
    before = 0.0 if kind.bias is None else kind.bias.astype(np.float64)
    bias = np.broadcast_to(before * affine.factor + affine.offset, (count,))
    if kind.bias is None and affine.offset is _ZERO:
        return replace(kind, kernel=kernel)
    return replace(kind, kernel=kernel, bias=np.ascontiguousarray(bias, dtype=np.float32))


def _fold_into_product(
    bench: Bench, layer: Layer, kind: MatrixMultiply, reader: Layer, affine: Affine
) -> Layer | None:
    """Fold a factor into the constant right side; an offset stays a layer of its own."""
    right = bench.producer(layer.inputs[1])
    constant = bench.constant(layer.inputs[1])
    if (
        right is None
        or constant is None
        or affine.offset is not _ZERO
        or len(bench.readers(layer.inputs[1])) != 1
        or constant.weights_.dtype != np.float32
    ):
        return None
    factor = affine.factor.astype(np.float32)
    if kind.op1 is MatrixOperation.TRANSPOSE:
        factor = factor.reshape(-1, 1)
    bench.replace(right, Constant(weights_=constant.weights_ * factor))
    return bench.absorb(layer, reader, kind)


def fold_paddings(bench: Bench) -> None:
    """Fold padding with zeros into the convolution or pool that reads it.

    A max pool pads with minus infinity, which is the same only for inputs that are never negative.
    """
    for layer in bench.each():
        kind = layer.kind
        if not isinstance(kind, Convolution | Pooling):
            continue
        if max(kind.stride) > 1 and not bench.padded_by_size.isdisjoint(layer.origin):
            continue
        padding = bench.producer(layer.inputs[0])
        if padding is None or not isinstance(padding.kind, layers.Slice):
            continue
        pads = _zero_padding(bench, padding, padding.kind)
        if pads is None:
            continue
        data = padding.inputs[0]
        pre = tuple(a + b for a, b in zip(kind.pre_padding, pads[0], strict=True))
        post = tuple(a + b for a, b in zip(kind.post_padding, pads[1], strict=True))
        changed: Convolution | Pooling
        if isinstance(kind, Convolution):
            changed = replace(kind, pre_padding=pre, post_padding=post)
        else:
            if any(kind.pre_padding) or any(kind.post_padding):
                continue
            window = zip(kind.window_size, pre, post, strict=True)
            if any(max(before, after) >= width for width, before, after in window):
                continue
            if kind.type is PoolingType.MAX and not _never_negative(bench, data):
                continue
            changed = replace(
                kind, pre_padding=pre, post_padding=post, average_count_excludes_padding=False
            )
        bench.replace(layer, changed, [data, *layer.inputs[1:]], merged=[padding])


def _zero_padding(
    bench: Bench, layer: Layer, kind: layers.Slice
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the zeros a Slice adds around the spatial dimensions, if that is all it does."""
    if kind.mode is not SampleMode.FILL or kind.fill_value != 0 or len(layer.inputs) != 1:
        return None
    shape = bench.tensors[layer.inputs[0]].shape
    before = tuple(-start for start in kind.start)
    after = tuple(size - dim - pre for size, dim, pre in zip(kind.size, shape, before, strict=True))
    if any(step != 1 for step in kind.stride) or min((*before, *after), default=0) < 0:
        return None
    if any(before[:2]) or any(after[:2]) or len(shape) < 4:
        return None
    return before[2:], after[2:]


def _never_negative(bench: Bench, tensor: str) -> bool:
    """Whether an activation guarantees it, maybe behind pools and concatenations."""
    layer = bench.producer(tensor)
    if layer is None:
        return False
    kind = layer.kind
    if isinstance(kind, Pooling):
        return _never_negative(bench, layer.inputs[0])
    if isinstance(kind, layers.Activation):
        if kind.type is ActivationType.CLIP:
            return kind.alpha >= 0
        return kind.type in (ActivationType.RELU, ActivationType.SIGMOID, ActivationType.SOFTPLUS)
    return False


def fold_transposed_features(bench: Bench) -> None:
    """Reorder the rows of a constant matrix instead of transposing the features it multiplies."""
    for layer in bench.each():
        if not isinstance(layer.kind, MatrixMultiply):
            continue
        shuffle = bench.producer(layer.inputs[0])
        constant = bench.constant(layer.inputs[1])
        if shuffle is None or constant is None or len(shuffle.inputs) != 1:
            continue
        kind = shuffle.kind
        if (
            not isinstance(kind, layers.Shuffle)
            or kind.first_transpose is None
            or kind.second_transpose is not None
            or kind.reshape_dims is None
            or layer.kind.op0 is not MatrixOperation.NONE
            or constant.weights_.ndim != 2
        ):
            continue
        order = kind.first_transpose
        shape = bench.tensors[shuffle.inputs[0]].shape
        if order[0] != 0 or shuffle.outputs[0].shape != (shape[0], _product(shape[1:])):
            continue
        if len(bench.readers(layer.inputs[1])) != 1 or bench.only_reader(layer.inputs[0]) is None:
            continue
        rows_axis = 1 if layer.kind.op1 is MatrixOperation.TRANSPOSE else 0
        places = np.arange(_product(shape[1:])).reshape([shape[axis] for axis in order[1:]])
        back = np.argsort(order[1:])
        rows = places.transpose(back).reshape(-1)
        right = bench.producer(layer.inputs[1])
        assert right is not None
        bench.replace(right, Constant(weights_=np.take(constant.weights_, rows, axis=rows_axis)))
        flat = layers.Shuffle(reshape_dims=kind.reshape_dims)
        bench.sources.pop(shuffle.outputs[0].name, None)
        bench.replace(shuffle, flat)


def _product(dims: tuple[int, ...]) -> int:
    size = 1
    for dim in dims:
        size *= dim
    return size
