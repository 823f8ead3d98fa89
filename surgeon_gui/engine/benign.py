"""Benign differences between a layer of ours and what TensorRT's ONNX parser makes of its export.

`meaning` makes parameters that mean the same the same; `exported` names the layers that the parser
makes where ONNX has no single operator. Each says why.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Kind, Layer, Tensor
from surgeon_gui.network.layers import (
    NMS,
    Activation,
    ActivationType,
    Constant,
    Convolution,
    Dequantize,
    ElementWise,
    ElementWiseOperation,
    Gather,
    GatherMode,
    Identity,
    InterpolationMode,
    MatrixMultiply,
    MatrixOperation,
    Normalization,
    PaddingMode,
    Pooling,
    PoolingType,
    Quantize,
    Reduce,
    ReduceOperation,
    Resize,
    SampleMode,
    Scale,
    Shape,
    Shuffle,
    Slice,
    Unary,
    UnaryOperation,
)
from surgeon_gui.network.layers.dims import window_padding

Tensors = dict[str, Tensor]

_USES: dict[ActivationType, tuple[str, ...]] = {
    ActivationType.LEAKY_RELU: ("alpha",),
    ActivationType.ELU: ("alpha",),
    ActivationType.SELU: ("alpha", "beta"),
    ActivationType.SOFTPLUS: ("alpha", "beta"),
    ActivationType.CLIP: ("alpha", "beta"),
    ActivationType.HARD_SIGMOID: ("alpha", "beta"),
    ActivationType.SCALED_TANH: ("alpha", "beta"),
    ActivationType.THRESHOLDED_RELU: ("alpha",),
}


def meaning(layer: Layer, tensors: Tensors) -> Kind:
    """Return the layer's kind without what means nothing and with what is implied made explicit."""
    normalize = _MEANINGS.get(type(layer.kind))
    return normalize(layer.kind, layer, tensors) if normalize else layer.kind


def _activation_meaning(kind: Activation, layer: Layer, tensors: Tensors) -> Kind:
    """Parameters that the function does not use mean nothing."""
    used = _USES.get(kind.type, ())
    return Activation(
        type=kind.type,
        alpha=kind.alpha if "alpha" in used else 0.0,
        beta=kind.beta if "beta" in used else 0.0,
    )


def _explicit_padding(
    kind: Convolution | Pooling, window: tuple[int, ...], layer: Layer, tensors: Tensors
) -> dict[str, Any]:
    """A padding mode is the padding it comes to, where the sizes are known."""
    sizes = tensors[layer.inputs[0]].shape[2:]
    if min(sizes) < 0:
        return {}
    dilation = kind.dilation if isinstance(kind, Convolution) else (1,) * len(window)
    pairs = [
        window_padding(
            size,
            window[axis],
            kind.stride[axis],
            dilation[axis],
            kind.pre_padding[axis],
            kind.post_padding[axis],
            kind.padding_mode,
        )
        for axis, size in enumerate(sizes)
    ]
    return {
        "pre_padding": tuple(pre for pre, _ in pairs),
        "post_padding": tuple(post for _, post in pairs),
        "padding_mode": PaddingMode.EXPLICIT_ROUND_DOWN,
    }


def _convolution_meaning(kind: Convolution, layer: Layer, tensors: Tensors) -> Kind:
    return dataclasses.replace(kind, **_explicit_padding(kind, kind.kernel_size, layer, tensors))


def _pooling_meaning(kind: Pooling, layer: Layer, tensors: Tensors) -> Kind:
    """What an average counts means nothing to a maximum."""
    changes = _explicit_padding(kind, kind.window_size, layer, tensors)
    if kind.type is PoolingType.MAX:
        changes["average_count_excludes_padding"] = True
    return dataclasses.replace(kind, **changes)


def _shuffle_meaning(kind: Shuffle, layer: Layer, tensors: Tensors) -> Kind:
    """What a zero stands for means nothing where there is none."""
    if kind.reshape_dims is not None and 0 in kind.reshape_dims:
        return kind
    return dataclasses.replace(kind, zero_is_placeholder=False)


def _resize_meaning(kind: Resize, layer: Layer, tensors: Tensors) -> Kind:
    """Rounding is for NEAREST, the coefficient for CUBIC."""
    plain = Resize(
        shape=kind.shape,
        resize_mode=kind.resize_mode,
        coordinate_transformation=kind.coordinate_transformation,
    )
    if kind.resize_mode is InterpolationMode.NEAREST:
        return dataclasses.replace(plain, nearest_rounding=kind.nearest_rounding)
    if kind.resize_mode is InterpolationMode.CUBIC:
        return dataclasses.replace(
            plain, cubic_coeff=kind.cubic_coeff, exclude_outside=kind.exclude_outside
        )
    return plain


def _quantization_meaning(kind: Quantize | Dequantize, layer: Layer, tensors: Tensors) -> Kind:
    """One scale for all has no axis."""
    return kind if kind.scale.ndim else dataclasses.replace(kind, axis=None)


def _nms_meaning(kind: NMS, layer: Layer, tensors: Tensors) -> Kind:
    """ONNX knows no limit on the boxes considered."""
    return dataclasses.replace(kind, topk_box_limit=0)


def _normalization_meaning(kind: Normalization, layer: Layer, tensors: Tensors) -> Kind:
    """Weights that repeat themselves may be spread out or not."""
    shape = tensors[layer.inputs[0]].shape
    normal = tuple(dim if axis in kind.axes or axis == 1 else 1 for axis, dim in enumerate(shape))
    scale, bias = (
        np.broadcast_to(array, np.broadcast_shapes(array.shape, normal))
        for array in (kind.scale, kind.bias)
    )
    return dataclasses.replace(kind, scale=scale, bias=bias)


_MEANINGS: dict[type[Kind], Callable[[Any, Layer, Tensors], Kind]] = {
    Activation: _activation_meaning,
    Convolution: _convolution_meaning,
    Pooling: _pooling_meaning,
    Shuffle: _shuffle_meaning,
    Resize: _resize_meaning,
    Quantize: _quantization_meaning,
    Dequantize: _quantization_meaning,
    NMS: _nms_meaning,
    Normalization: _normalization_meaning,
}


def exported(layer: Layer, tensors: Tensors) -> list[Kind]:
    """Return the layers that the parser makes of a layer's export, in order; none: not compared."""
    compose = _COMPOSED.get(type(layer.kind))
    kinds = compose(layer.kind, layer, tensors) if compose else None
    return [meaning(layer, tensors)] if kinds is None else kinds


def _multiply() -> Kind:
    return ElementWise(op=ElementWiseOperation.PROD)


def _scaled_activation(kind: Activation, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """ONNX's Softplus and Tanh have no factors."""
    if kind.type is ActivationType.SOFTPLUS:
        plain = Activation(type=kind.type, alpha=1.0, beta=1.0)
    elif kind.type is ActivationType.SCALED_TANH:
        plain = Activation(type=ActivationType.TANH)
    else:
        return None
    before = [_multiply()] if kind.beta != 1 else []
    after = [_multiply()] if kind.alpha != 1 else []
    return [*before, plain, *after]


def _floor_div(kind: ElementWise, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """ONNX divides and floors, integers after taking the remainder off."""
    if kind.op is not ElementWiseOperation.FLOOR_DIV:
        return None
    divide = ElementWise(op=ElementWiseOperation.DIV)
    if tensors[layer.inputs[0]].dtype.is_floating:
        return [divide, Unary(op=UnaryOperation.FLOOR)]
    # The first difference is the parser's remainder: x - x / y * y.
    subtract = ElementWise(op=ElementWiseOperation.SUB)
    return [subtract, subtract, divide]


def _scale_steps(kind: Scale, layer: Layer, tensors: Tensors) -> list[Kind]:
    """ONNX multiplies, adds and raises, each with a constant of the tensor's rank."""

    def spread(array: Array) -> Kind:
        trailing = tensors[layer.inputs[0]].rank - kind.channel_axis - 1
        return Constant(weights_=array.reshape(array.shape + (1,) * trailing * bool(array.ndim)))

    steps = [(kind.scale, ElementWiseOperation.PROD), (kind.shift, ElementWiseOperation.SUM)]
    if kind.power is not None:
        steps.append((kind.power, ElementWiseOperation.POW))
    return [made for array, op in steps for made in (spread(array), ElementWise(op=op))]


def _transposed_product(kind: MatrixMultiply, layer: Layer, tensors: Tensors) -> list[Kind]:
    """ONNX transposes an operand before the product."""
    shuffles: list[Kind] = []
    for name, operation in zip(layer.inputs, (kind.op0, kind.op1), strict=True):
        if operation is MatrixOperation.TRANSPOSE:
            *leading, rows, columns = range(tensors[name].rank)
            shuffles.append(Shuffle(first_transpose=(*leading, columns, rows)))
    return [*shuffles, MatrixMultiply()]


def _shuffle_steps(kind: Shuffle, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """ONNX transposes and reshapes one after the other."""
    if len(layer.inputs) == 2:
        return None
    parts: list[Kind] = []
    if kind.first_transpose is not None:
        parts.append(Shuffle(first_transpose=kind.first_transpose))
    if kind.reshape_dims is not None:
        parts.append(
            Shuffle(reshape_dims=kind.reshape_dims, zero_is_placeholder=0 in kind.reshape_dims)
        )
    if kind.second_transpose is not None:
        parts.append(Shuffle(first_transpose=kind.second_transpose))
    return parts or [Identity()]


def _padded_slice(kind: Slice, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """ONNX pads so far as the slice reaches, then slices; either may have nothing to do."""
    whole = tensors[layer.inputs[0]].shape
    if len(layer.inputs) != 1 or min(whole, default=0) < 0:
        # The parser computes such a slice while running; it has no parameters to compare.
        return []
    windows = list(zip(kind.start, kind.size, kind.stride, whole, strict=True))
    if all((start, size, step) == (0, dim, 1) for start, size, step, dim in windows):
        return [Identity()]
    if kind.mode is SampleMode.STRICT_BOUNDS:
        return None
    lows = [min(0, start, start + (size - 1) * step) for start, size, step, _ in windows]
    highs = [
        max(dim, start + 1, start + (size - 1) * step + 1) for start, size, step, dim in windows
    ]
    reach = tuple(high - low for low, high in zip(lows, highs, strict=True))
    pad = dataclasses.replace(kind, start=tuple(lows), size=reach, stride=(1,) * len(reach))
    if (pad.start, pad.size, pad.stride) == (kind.start, kind.size, kind.stride):
        return [pad]
    start = tuple(start - low for (start, *_), low in zip(windows, lows, strict=True))
    return [pad, Slice(start=start, size=kind.size, stride=kind.stride)]


def _wide_pool(kind: Pooling, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """Padding as wide as the window is no pool's in ONNX: a Pad comes before."""
    plain = _pooling_meaning(kind, layer, tensors)
    assert isinstance(plain, Pooling)
    pads = zip((*plain.pre_padding, *plain.post_padding), kind.window_size * 2, strict=True)
    if all(pad < size for pad, size in pads):
        return None
    source = tensors[layer.inputs[0]]
    none = (0,) * len(kind.window_size)
    total = [
        pre + dim + post
        for pre, dim, post in zip(
            plain.pre_padding, source.shape[2:], plain.post_padding, strict=True
        )
    ]
    pad = Slice(
        start=(0, 0, *(-pre for pre in plain.pre_padding)),
        size=(*source.shape[:2], *total),
        stride=(1,) * source.rank,
        mode=SampleMode.FILL,
        fill_value=-np.inf if kind.type is PoolingType.MAX else 0.0,
    )
    return [pad, dataclasses.replace(plain, pre_padding=none, post_padding=none)]


def _constant(kind: Constant, layer: Layer, tensors: Tensors) -> list[Kind]:
    """An initializer is a layer only where something reads it as a tensor."""
    return []


def _kernel_tensor(kind: Convolution, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """The parser turns a constant kernel into weights; which, its reading of Conv decides."""
    return [] if kind.kernel is None else None


def _gather_per_batch(kind: Gather, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """Pairing data and indices along dimension 0 is GatherND in ONNX, for dimension 1 alone."""
    if kind.mode is not GatherMode.DEFAULT or not kind.num_elementwise_dims:
        return None
    paired = Gather(mode=GatherMode.ND, num_elementwise_dims=1)
    if kind.axis == 1:
        return [paired]
    data, indices = (tensors[name].rank for name in layer.inputs)
    between, after = range(1, kind.axis), range(kind.axis + 1, data)
    picked = range(1, indices)
    # From (batch, indices, between, after) to (batch, between, indices, after).
    moved = [axis + indices - 1 for axis in between]
    rest = range(indices - 1 + kind.axis, indices - 1 + kind.axis + len(after))
    return [
        Shuffle(first_transpose=(0, kind.axis, *between, *after)),
        paired,
        Shuffle(first_transpose=(0, *moved, *picked, *rest)),
    ]


def _nms_steps(kind: NMS, layer: Layer, tensors: Tensors) -> list[Kind]:
    """ONNX wants the scores class by class and does not count the boxes; the parser turns back."""
    swap = Shuffle(first_transpose=(0, 2, 1))
    return [swap, swap, _nms_meaning(kind, layer, tensors), Shape(), Gather(axis=0)]


def _normalization_steps(kind: Normalization, layer: Layer, tensors: Tensors) -> list[Kind] | None:
    """ONNX has an instance norm and, for the last axes, a layer norm; others are arithmetic."""
    rank = tensors[layer.inputs[0]].rank
    product = ElementWise(op=ElementWiseOperation.PROD)
    total = ElementWise(op=ElementWiseOperation.SUM)
    if kind.num_groups > 1:
        _, *rest = tensors[layer.inputs[0]].shape
        ones = np.ones((1, kind.num_groups, math.prod(rest) // kind.num_groups), kind.scale.dtype)
        parted = Normalization(scale=ones, bias=ones * 0, axes=(2,), epsilon=kind.epsilon)
        return [parted, product, total]
    weighted = {axis for axis, size in enumerate(kind.scale.shape) if size > 1}
    instance = kind.axes == tuple(range(2, rank)) and weighted <= {1}
    last = kind.axes == tuple(range(rank - len(kind.axes), rank)) and weighted <= set(kind.axes)
    if instance or last:
        return None
    mean = Reduce(op=ReduceOperation.AVG, axes=kind.axes, keep_dims=True)
    difference = ElementWise(op=ElementWiseOperation.SUB)
    root = Unary(op=UnaryOperation.SQRT)
    quotient = ElementWise(op=ElementWiseOperation.DIV)
    return [mean, difference, product, mean, total, root, quotient, product, total]


_COMPOSED: dict[type[Kind], Callable[[Any, Layer, Tensors], list[Kind] | None]] = {
    Activation: _scaled_activation,
    ElementWise: _floor_div,
    Scale: _scale_steps,
    MatrixMultiply: _transposed_product,
    Shuffle: _shuffle_steps,
    Slice: _padded_slice,
    Pooling: _wide_pool,
    Constant: _constant,
    Convolution: _kernel_tensor,
    Gather: _gather_per_batch,
    NMS: _nms_steps,
    Normalization: _normalization_steps,
}
