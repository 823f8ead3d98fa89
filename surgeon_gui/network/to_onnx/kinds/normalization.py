"""Normalization by the mean and variance of the tensor at hand."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network.layers import Normalization
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter


@LAYERS.register("Normalization")
def normalization(kind: Normalization, out: LayerWriter) -> None:
    """ONNX has operators for the usual axes; others are written as arithmetic."""
    rank = out.inputs[0].rank
    trailing = kind.axes == tuple(range(rank - len(kind.axes), rank))
    spatial = rank > 2 and kind.axes == tuple(range(2, rank))
    per_channel = all(size == 1 for axis, size in enumerate(kind.scale.shape) if axis != 1)
    if kind.num_groups > 1:
        _group_norm(kind, out)
    elif spatial and per_channel:
        channels = out.inputs[0].shape[1]
        _instance_norm(kind, out, channels)
    elif trailing and out.opset >= 17 and set(kind.scale.shape[: kind.axes[0]]) <= {1}:
        _layer_norm(kind, out)
    else:
        _arithmetic(kind, out)


def _layer_norm(kind: Normalization, out: LayerWriter) -> None:
    shape = out.inputs[0].shape[kind.axes[0] :]
    if min(shape) < 0:
        _arithmetic(kind, out)
        return
    scale, bias = (
        np.ascontiguousarray(np.broadcast_to(array.reshape(array.shape[kind.axes[0] :]), shape))
        for array in (kind.scale, kind.bias)
    )
    inputs = [out.names[0], out.weights(scale, "scale"), out.weights(bias, "bias")]
    out.result("LayerNormalization", inputs, axis=kind.axes[0], epsilon=kind.epsilon)


def _instance_norm(kind: Normalization, out: LayerWriter, channels: int) -> None:
    if channels < 0:
        _arithmetic(kind, out)
        return
    scale, bias = (
        np.ascontiguousarray(np.broadcast_to(array.reshape(-1), (channels,)))
        for array in (kind.scale, kind.bias)
    )
    inputs = [out.names[0], out.weights(scale, "scale"), out.weights(bias, "bias")]
    out.result("InstanceNormalization", inputs, epsilon=kind.epsilon)


def _group_norm(kind: Normalization, out: LayerWriter) -> None:
    """An instance norm whose channels are the groups."""
    groups = kind.num_groups
    parted = out.node("Reshape", [out.names[0], out.ints([0, groups, -1], "groups")])
    ones = out.weights(np.ones(groups, kind.scale.dtype), "ones")
    zeros = out.weights(np.zeros(groups, kind.scale.dtype), "zeros")
    even = out.node("InstanceNormalization", [parted, ones, zeros], epsilon=kind.epsilon)
    whole = out.node("Reshape", [even, out.node("Shape", [out.names[0]])])
    _scaled(kind, whole, out)


def _scaled(kind: Normalization, data: str, out: LayerWriter) -> None:
    product = out.node("Mul", [data, out.weights(kind.scale, "scale")])
    out.result("Add", [product, out.weights(kind.bias, "bias")])


def _arithmetic(kind: Normalization, out: LayerWriter) -> None:
    centred = out.node("Sub", [out.names[0], _mean(kind, out.names[0], out)])
    variance = _mean(kind, out.node("Mul", [centred, centred]), out)
    shifted = out.node("Add", [variance, out.scalar(kind.epsilon, "epsilon")])
    _scaled(kind, out.node("Div", [centred, out.node("Sqrt", [shifted])]), out)


def _mean(kind: Normalization, data: str, out: LayerWriter) -> str:
    if out.opset < 18:
        return out.node("ReduceMean", [data], axes=kind.axes, keepdims=1)
    return out.node("ReduceMean", [data, out.ints(kind.axes, "axes")], keepdims=1)
