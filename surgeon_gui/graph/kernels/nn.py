"""Convolutions, pools and normalisation, channels last inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from surgeon_gui.graph.attrs import flag, real, whole, wholes, word
from surgeon_gui.graph.evaluate import NotKnown, evaluates
from surgeon_gui.graph.kernels.reduce import lowest
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array
from surgeon_gui.graph.windows import explicit_padding, same_padding, spatial

Pairs = tuple[tuple[int, int], ...]


def _layout(node: Node) -> str:
    return word(node, "data_format", "NHWC")


def _channels_last(node: Node, x: Array) -> Array:
    return np.moveaxis(x, 1, -1) if _layout(node).startswith("NC") else x


def _as_given(node: Node, x: Array) -> Array:
    return np.moveaxis(x, -1, 1) if _layout(node).startswith("NC") else x


def _numbers(node: Node, key: str, rank: int) -> tuple[int, ...]:
    return spatial(wholes(node, key, (1,) * rank), _layout(node), rank)


def _padding(
    node: Node,
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Pairs:
    kind = word(node, "padding", "VALID")
    if kind == "EXPLICIT":
        return explicit_padding(node, len(sizes) + 2)
    if kind == "VALID":
        return ((0, 0),) * len(sizes)
    return tuple(
        same_padding(size, width, stride, dilation)
        for size, width, stride, dilation in zip(sizes, window, strides, dilations, strict=True)
    )


def _windows(
    x: Array, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Array:
    """Return a view [batch, *outputs, channels, *window] of a padded, channels-last array."""
    reach = [(width - 1) * step + 1 for width, step in zip(window, dilations, strict=True)]
    axes = tuple(range(1, x.ndim - 1))
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)
    outputs = tuple(slice(None, None, stride) for stride in strides)
    taps = tuple(slice(None, None, step) for step in dilations)
    return view[(slice(None), *outputs, slice(None), *taps)]


def _padded(x: Array, pads: Pairs, value: Any = 0) -> Array:
    return np.asarray(np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=value))


@evaluates("Conv2D", "Conv3D")
def conv(node: Node, inputs: Sequence[Array]) -> Array:
    x, kernel = _channels_last(node, inputs[0]), inputs[1]
    rank = x.ndim
    strides, dilations = _numbers(node, "strides", rank), _numbers(node, "dilations", rank)
    window = kernel.shape[:-2]
    x = _padded(x, _padding(node, x.shape[1:-1], window, strides, dilations))
    view = _windows(x, window, strides, dilations)
    groups = x.shape[-1] // kernel.shape[-2]
    parts = []
    for group in range(groups):
        channels = slice(group * kernel.shape[-2], (group + 1) * kernel.shape[-2])
        width = kernel.shape[-1] // groups
        weights = kernel[..., group * width : (group + 1) * width]
        taken = np.moveaxis(view[(*(slice(None),) * (rank - 1), channels)], rank - 1, -1)
        parts.append(np.tensordot(taken, weights, axes=rank - 1))
    return _as_given(node, np.concatenate(parts, axis=-1).astype(x.dtype))


@evaluates("DepthwiseConv2dNative")
def depthwise(node: Node, inputs: Sequence[Array]) -> Array:
    x, kernel = _channels_last(node, inputs[0]), inputs[1]
    strides, dilations = _numbers(node, "strides", 4), _numbers(node, "dilations", 4)
    window = kernel.shape[:2]
    x = _padded(x, _padding(node, x.shape[1:-1], window, strides, dilations))
    view = _windows(x, window, strides, dilations)
    found = np.einsum("nhwcij,ijcm->nhwcm", view, kernel)
    return _as_given(node, found.reshape(*found.shape[:3], -1).astype(x.dtype))


@evaluates("Conv2DBackpropInput")
def conv_transposed(node: Node, inputs: Sequence[Array]) -> Array:
    sizes, kernel = [int(size) for size in inputs[0]], inputs[1]
    y = _channels_last(node, inputs[2])
    strides, dilations = _numbers(node, "strides", 4), _numbers(node, "dilations", 4)
    height, width = sizes[2:] if _layout(node).startswith("NC") else sizes[1:3]
    pads = _padding(node, (height, width), kernel.shape[:2], strides, dilations)
    whole_size = [height + sum(pads[0]), width + sum(pads[1])]
    found = np.zeros((y.shape[0], *whole_size, kernel.shape[2]), dtype=y.dtype)
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            top, left = row * dilations[0], column * dilations[1]
            rows = slice(top, top + strides[0] * (y.shape[1] - 1) + 1, strides[0])
            columns = slice(left, left + strides[1] * (y.shape[2] - 1) + 1, strides[1])
            found[:, rows, columns] += np.tensordot(y, kernel[row, column], axes=(3, 1))
    (top, _), (left, _) = pads
    return _as_given(node, found[:, top : top + height, left : left + width])


@evaluates("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D")
def pool(node: Node, inputs: Sequence[Array]) -> Array:
    x = _channels_last(node, inputs[0])
    rank = x.ndim
    window, strides = _numbers(node, "ksize", rank), _numbers(node, "strides", rank)
    ones = (1,) * (rank - 2)
    pads = _padding(node, x.shape[1:-1], window, strides, ones)
    axes = tuple(range(rank, 2 * rank - 2))
    if node.op.startswith("Max"):
        padded = _padded(x, pads, lowest(x.dtype))
        return _as_given(node, _windows(padded, window, strides, ones).max(axis=axes))
    total = _windows(_padded(x, pads), window, strides, ones).sum(axis=axes)
    # The padding does not count.
    hits = _windows(_padded(np.ones_like(x), pads), window, strides, ones).sum(axis=axes)
    return _as_given(node, (total / hits).astype(x.dtype))


@evaluates("BiasAdd", "BiasAddV1")
def bias_add(node: Node, inputs: Sequence[Array]) -> Array:
    x, bias = inputs
    if bias.ndim != 1:
        raise ValueError("the bias is no vector")
    return _as_given(node, _channels_last(node, x) + bias)


@evaluates("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def batch_norm(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    if flag(node, "is_training", default=True):
        raise NotKnown("batch statistics of training are not known")
    x, scale, offset, mean, variance = inputs[:5]
    epsilon = np.float32(real(node, "epsilon", 1e-4))
    factor = scale / np.sqrt(variance + epsilon)
    data = _channels_last(node, x)
    found = _as_given(node, ((data - mean) * factor + offset).astype(x.dtype))
    outputs = [found, mean, variance, mean, variance]
    if node.op == "FusedBatchNormV3":
        outputs.append(np.zeros(0, dtype=scale.dtype))
    return outputs


@evaluates("LRN")
def local_response(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    radius = whole(node, "depth_radius", 5)
    bias, alpha = np.float32(real(node, "bias", 1.0)), np.float32(real(node, "alpha", 1.0))
    beta = np.float32(real(node, "beta", 0.5))
    squares = np.pad(x * x, [(0, 0)] * 3 + [(radius, radius)])
    view = np.lib.stride_tricks.sliding_window_view(squares, 2 * radius + 1, axis=3)
    return np.asarray(x * (bias + alpha * view.sum(axis=-1)) ** -beta).astype(x.dtype)
