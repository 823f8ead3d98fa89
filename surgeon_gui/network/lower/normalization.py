"""Batch norm in all its forms, local response normalisation, biases, L2Loss."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, UnaryOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first
from surgeon_gui.network.lower.windows import FORMATS


def along(b: Lower, vector: Value, rank: int, axis: int) -> Value:
    """Return a vector shaped to broadcast along one dimension of a tensor."""
    shape = [1] * rank
    shape[axis] = vector.size
    return b.view(vector, tuple(shape))


@converter("BiasAdd", "BiasAddV1")
def bias_add(node: Call, b: Lower) -> Value:
    data, bias = node.input(0), node.input(1)
    axis = (
        1 if node.text("data_format", "NHWC").startswith("NC") and data.rank > 2 else data.rank - 1
    )
    if bias.size != data.shape[axis]:
        raise node.refuse(f"{bias.size} biases do not fit {data.shape[axis]} channels.")
    return b.elementwise(Op.SUM, data, along(b, bias, data.rank, axis))


@converter("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(node: Call, b: Lower) -> tuple[Value, ...]:
    data, scale, offset, mean, variance = (node.input(index) for index in range(5))
    layout = node.text("data_format", FORMATS.get(data.rank, "NHWC"))
    axis = layout.index("C") if "C" in layout else data.rank - 1
    if node.flag("is_training", True):
        return _train(b, data, (scale, offset), node.number("epsilon", 1e-4), axis)
    result = normalise(b, data, (scale, offset, mean, variance), node.number("epsilon", 1e-4), axis)
    # Outputs 1 and 2 are the mean and variance given; the rest is reserved space for training.
    return (result, mean, variance, mean, variance, variance)


@converter("BatchNormWithGlobalNormalization")
def global_batch_norm(node: Call, b: Lower) -> Value:
    data, mean, variance, beta, gamma = (node.input(index) for index in range(5))
    if not node.flag("scale_after_normalization", False):
        gamma = Value.known(np.ones(mean.shape, dtype=np.float32))
    return normalise(
        b, data, (gamma, beta, mean, variance), node.number("variance_epsilon"), data.rank - 1
    )


def _train(
    b: Lower, data: Value, parameters: tuple[Value, Value], epsilon: float, axis: int
) -> tuple[Value, ...]:
    """Normalise by the mean and variance of the batch at hand, as TensorFlow's training mode does.

    Outputs 1 and 2 are that mean and the unbiased variance.
    """
    b.note(
        "This batch norm is in training mode: it normalises by the batch at hand. "
        "Freeze the graph for inference, or set is_training to false, to use stored statistics."
    )
    data = b.live(data)
    others = tuple(place for place in range(data.rank) if place != axis)
    mean = b.reduce(ReduceOperation.AVG, data, others, True, suffix="mean")
    centred = b.elementwise(Op.SUB, data, mean, suffix="centred")
    squared = b.elementwise(Op.PROD, centred, centred, suffix="squared")
    variance = b.reduce(ReduceOperation.AVG, squared, others, True, suffix="variance")
    scale, offset = (along(b, value, data.rank, axis) for value in parameters)
    shifted = b.elementwise(Op.SUM, variance, b.scalar(epsilon, variance.dtype), suffix="epsilon")
    deviation = b.unary(UnaryOperation.SQRT, shifted, suffix="deviation")
    factor = b.elementwise(Op.DIV, scale, deviation, suffix="factor")
    scaled = b.elementwise(Op.PROD, centred, factor, suffix="scaled")
    result = b.elementwise(Op.SUM, scaled, offset)
    channels = data.shape[axis]
    count = data.size // max(channels, 1)
    unbiased = b.scalar(count / max(count - 1, 1), variance.dtype)
    spread = b.elementwise(Op.PROD, variance, unbiased, suffix="unbiased")
    flat = (b.view(mean, (channels,)), b.view(spread, (channels,)))
    return (result, *flat, *flat, flat[1])


def normalise(
    b: Lower, data: Value, parameters: tuple[Value, ...], epsilon: float, axis: int
) -> Value:
    """Return scale * (data - mean) / sqrt(variance + epsilon) + offset, per channel."""
    data = b.live(data)
    arrays = [value.array for value in parameters]
    if all(array is not None for array in arrays):
        gamma, beta, mean, variance = (np.asarray(array, dtype=np.float64) for array in arrays)
        factor = gamma / np.sqrt(variance + epsilon)
        kind = layers.Scale(
            scale=factor.astype(np.float32),
            shift=(beta - mean * factor).astype(np.float32),
            channel_axis=data.axes[axis],
        )
        return b.pointwise(kind, data)
    scale, offset, average, spread = (along(b, value, data.rank, axis) for value in parameters)
    shifted = b.elementwise(Op.SUM, spread, b.scalar(epsilon, spread.dtype), suffix="epsilon")
    deviation = b.unary(UnaryOperation.SQRT, shifted, suffix="deviation")
    factor_value = b.elementwise(Op.DIV, scale, deviation, suffix="factor")
    centred = b.elementwise(Op.SUB, data, average, suffix="centred")
    scaled = b.elementwise(Op.PROD, centred, factor_value, suffix="scaled")
    return b.elementwise(Op.SUM, scaled, offset)


@converter("LRN")
def local_response_norm(node: Call, b: Lower) -> Value:
    """TensorRT divides alpha by the window, TensorFlow does not."""
    data = b.live(node.input(0))
    window = 2 * node.integer("depth_radius", 5) + 1
    axes = channels_first(data.rank, "NHWC")
    kind = layers.LRN(
        window_size=window,
        alpha=node.number("alpha", 1.0) * window,
        beta=node.number("beta", 0.5),
        k=node.number("bias", 1.0),
    )
    return Value.of(b.add(kind, b.tensor(data, axes)), data.dtype, axes)


@converter("L2Loss")
def l2_loss(node: Call, b: Lower) -> Value:
    data = b.live(node.input(0))
    squared = b.elementwise(Op.PROD, data, data, suffix="square")
    every = tuple(range(data.rank))
    total = b.reduce(layers.ReduceOperation.SUM, squared, every, False, suffix="sum")
    return b.elementwise(Op.PROD, total, b.scalar(0.5, data.dtype))
