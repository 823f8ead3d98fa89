"""Plugins that compute element by element or normalise, by layers TensorRT has itself.

Sources: the plugins' descriptions in `rules/plugins`; NVIDIA/TensorRT release/8.6
plugin/common/kernels (normalizeLayer.cu), instanceNormalizationPlugin, groupNormalizationPlugin,
geluPlugin.
"""

from __future__ import annotations

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.layers import ActivationType, ReduceOperation, UnaryOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.plugin_fields import (
    channel_axis,
    channels_first,
    integer,
    layout,
    number,
    numbers,
)
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


@converter("LReLU_TRT")
def leaky_relu(node: Call, b: Lower) -> Value:
    return b.activation(ActivationType.LEAKY_RELU, node.input(0), number(node, "negSlope"))


@converter("Clip_TRT")
def clip(node: Call, b: Lower) -> Value:
    low, high = number(node, "clipMin"), number(node, "clipMax")
    return b.activation(ActivationType.CLIP, node.input(0), low, high)


@converter("CustomGeluPluginDynamic")
def gelu(node: Call, b: Lower) -> Value:
    """The tanh form, of the input plus a bias."""
    data = node.input(0)
    bias = numbers(node, "bias", ())
    if bias:
        data = b.elementwise(
            Op.SUM, data, Value.known(np.array(bias, data.dtype.numpy)), suffix="biased"
        )
    return b.activation(ActivationType.GELU_TANH, data)


@converter("Normalize_TRT")
def normalize(node: Call, b: Lower) -> Value:
    """X / sqrt(sum of squares + eps) * weights, over channels or over the whole image."""
    data = b.live(node.input(0))
    axis = channel_axis(node, b)
    weights = np.array(numbers(node, "weights"), np.float32)
    across, shared = bool(integer(node, "acrossSpatial")), bool(integer(node, "channelShared"))
    if weights.size != (1 if shared else data.shape[axis]):
        raise node.refuse(
            f"{weights.size} weights do not fit {data.shape[axis]} channels"
            f"{', which share one' if shared else ''}."
        )
    if across and not shared:
        raise node.refuse(
            "Over the whole image the plugin divides by the channels' weights instead of "
            "multiplying with them.",
            "Set channelShared to 1, and multiply with the weights in a node of its own.",
        )
    axes = tuple(range(1, data.rank)) if across else (axis,)
    squared = b.elementwise(Op.PROD, data, data, suffix="square")
    total = b.reduce(ReduceOperation.SUM, squared, axes, True, suffix="sum")
    epsilon = b.scalar(number(node, "eps"), data.dtype)
    length = b.unary(
        UnaryOperation.SQRT, b.elementwise(Op.SUM, total, epsilon, suffix="safe"), suffix="length"
    )
    unit = b.elementwise(Op.DIV, data, length, suffix="unit")
    along = [1] * data.rank
    along[axis] = weights.size
    return b.elementwise(Op.PROD, unit, Value.known(weights.reshape(along)))


def standardized(b: Lower, data: Value, axes: tuple[int, ...], epsilon: float) -> Value:
    """Return (data - mean) / sqrt(variance + epsilon), both over `axes`."""
    mean = b.reduce(ReduceOperation.AVG, data, axes, True, suffix="mean")
    centred = b.elementwise(Op.SUB, data, mean, suffix="centred")
    squared = b.elementwise(Op.PROD, centred, centred, suffix="squared")
    variance = b.reduce(ReduceOperation.AVG, squared, axes, True, suffix="variance")
    safe = b.elementwise(Op.SUM, variance, b.scalar(epsilon, data.dtype), suffix="safe")
    deviation = b.unary(UnaryOperation.SQRT, safe, suffix="deviation")
    return b.elementwise(Op.DIV, centred, deviation, suffix="unit")


@converter("InstanceNormalization_TRT")
def instance_normalization(node: Call, b: Lower) -> Value:
    """Each image and channel by its own mean and variance; then a leaky ReLU where `relu` is 1."""
    data = b.live(node.input(0))
    axis = channel_axis(node, b)
    scales = np.array(numbers(node, "scales"), np.float32)
    bias = np.array(numbers(node, "bias"), np.float32)
    if scales.size != data.shape[axis] or bias.size != data.shape[axis]:
        raise node.refuse(
            f"{scales.size} scales and {bias.size} biases do not fit {data.shape[axis]} channels."
        )
    axes = tuple(dim for dim in range(1, data.rank) if dim != axis)
    unit = standardized(b, data, axes, number(node, "epsilon"))
    kind = layers.Scale(scale=scales, shift=bias, channel_axis=unit.axes[axis])
    result = b.pointwise(kind, unit)
    if not integer(node, "relu", 0):
        return result
    slope = number(node, "alpha", 0.0)
    return b.activation(ActivationType.LEAKY_RELU, result, slope, suffix="relu")


@converter("GroupNormalizationPlugin")
def group_normalization(node: Call, b: Lower) -> Value:
    """Each image and group of channels by its own mean and variance; scale and bias are inputs."""
    data, back = channels_first(node, b)
    groups = integer(node, "num_groups")
    batch, channels, height, width = data.shape
    if groups < 1 or channels % groups:
        raise node.refuse(f"{channels} channels do not make {groups} groups.")
    grouped = b.view(data, (batch, groups, channels // groups, height, width))
    unit = standardized(b, grouped, (2, 3, 4), number(node, "eps", 1e-5))
    flat = b.view(unit, data.shape)
    scale, bias = (b.view(node.input(index), (channels, 1, 1)) for index in (1, 2))
    scaled = b.elementwise(Op.PROD, flat, scale, suffix="scaled")
    return b.permute(b.elementwise(Op.SUM, scaled, bias), back)


@converter("Region_TRT")
def region(node: Call, b: Lower) -> Value:
    """YOLO's raw boxes: sigmoid on centre and objectness, softmax over the classes."""
    data, back = channels_first(node, b)
    count, classes = integer(node, "num"), integer(node, "classes")
    coordinates = integer(node, "coords", 4)
    batch, channels, height, width = data.shape
    if coordinates != 4 or count * (5 + classes) != channels:
        raise node.refuse(
            f"{channels} channels do not hold {count} boxes of 4 coordinates, objectness and "
            f"{classes} classes."
        )
    boxes = b.view(data, (batch, count, 5 + classes, height, width))

    def part(first: int, size: int, suffix: str) -> Value:
        start = (0, 0, first, 0, 0)
        return b.slice(boxes, start, (batch, count, size, height, width), suffix=suffix)

    centre = b.activation(ActivationType.SIGMOID, part(0, 2, "xy"), suffix="centre")
    extent = part(2, 2, "extent")
    there = b.activation(ActivationType.SIGMOID, part(4, 1, "object"), suffix="objectness")
    raw = part(5, classes, "scores")
    chosen = b.pointwise(layers.Softmax(axis=raw.axes[2]), raw, suffix="classes")
    parts = [centre, extent, there, chosen]
    axes = tuple(range(5))
    kind = layers.Concatenation(axis=2)
    joined = Value.of(b.add(kind, *(b.tensor(item, axes) for item in parts)), data.dtype, axes)
    return b.permute(b.view(joined, data.shape), back)


@converter("CoordConvAC")
def coordinates(node: Call, b: Lower) -> Value:
    """Two channels more, each element's place from -1 to 1, as the plugin counts it."""
    data = b.live(node.input(0))
    if data.rank != 4:
        raise node.refuse(f"{node.op} works on images, this is of rank {data.rank}.")
    first = layout(node, b) == "NCHW"
    height, width = data.shape[2:] if first else data.shape[1:3]
    if height != width or height < 2:
        raise node.refuse(
            f"On {height} x {width} the plugin's second channel does not hold the columns.",
            "Concatenate constants instead.",
        )
    place = np.arange(height, dtype=np.float32) * np.float32(2 / (height - 1)) - np.float32(1)
    rows, columns = np.meshgrid(place, place, indexing="ij")
    axis = 1 if first else 3
    known = np.stack([rows, columns], axis=0 if first else 2)
    grid = Value.known(np.broadcast_to(known, (data.shape[0], *known.shape)).astype(np.float32))
    kind = layers.Concatenation(axis=data.axes[axis])
    tensors = (b.tensor(data), b.constant(grid, axes=data.axes))
    return Value.of(b.add(kind, *tensors), data.dtype, data.axes)
