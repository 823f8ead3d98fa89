"""TensorRT plugins that layers can stand for, so that a graph made for plugins needs none.

Field names are those of the plugins' creators; nodes may carry UFF's suffixes (`negSlope_u_float`).
"""

from __future__ import annotations

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.layers import ActivationType, ReduceOperation, UnaryOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


def _field(node: Call, name: str) -> str:
    """Return the attribute that holds a plugin's field, with or without UFF's suffix.

    Raises:
        Unsupported: there is none.
    """
    for attribute in node.node.attrs:
        if attribute == name or attribute.startswith(f"{name}_u_"):
            return attribute
    raise node.refuse(f"The plugin's field {name} is missing.", f"Set the attribute {name}.")


@converter("LReLU_TRT")
def leaky_relu(node: Call, b: Lower) -> Value:
    slope = node.number(_field(node, "negSlope"))
    return b.activation(ActivationType.LEAKY_RELU, node.input(0), slope)


@converter("Clip_TRT")
def clip(node: Call, b: Lower) -> Value:
    low, high = node.number(_field(node, "clipMin")), node.number(_field(node, "clipMax"))
    return b.activation(ActivationType.CLIP, node.input(0), low, high)


@converter("Normalize_TRT")
def normalize(node: Call, b: Lower) -> Value:
    """X / sqrt(sum of squares + eps) * weights, over channels or over the whole image."""
    data = b.live(node.input(0))
    weights = np.array(node.floats(_field(node, "weights")), np.float32)
    if weights.size not in (1, data.shape[-1]):
        raise node.refuse(f"{weights.size} weights do not fit {data.shape[-1]} channels.")
    across = node.flag(_field(node, "acrossSpatial"))
    axes = tuple(range(1, data.rank)) if across else (data.rank - 1,)
    squared = b.elementwise(Op.PROD, data, data, suffix="square")
    total = b.reduce(ReduceOperation.SUM, squared, axes, True, suffix="sum")
    epsilon = b.scalar(node.number(_field(node, "eps")), data.dtype)
    length = b.unary(
        UnaryOperation.SQRT, b.elementwise(Op.SUM, total, epsilon, suffix="safe"), suffix="length"
    )
    unit = b.elementwise(Op.DIV, data, length, suffix="unit")
    return b.elementwise(Op.PROD, unit, Value.known(weights))


@converter("InstanceNormalization_TRT")
def instance_normalization(node: Call, b: Lower) -> Value:
    """Each image and channel by its own mean and variance."""
    data = b.live(node.input(0))
    axes = tuple(range(1, data.rank - 1))
    mean = b.reduce(ReduceOperation.AVG, data, axes, True, suffix="mean")
    centred = b.elementwise(Op.SUB, data, mean, suffix="centred")
    squared = b.elementwise(Op.PROD, centred, centred, suffix="squared")
    variance = b.reduce(ReduceOperation.AVG, squared, axes, True, suffix="variance")
    epsilon = b.scalar(node.number(_field(node, "epsilon")), data.dtype)
    safe = b.elementwise(Op.SUM, variance, epsilon, suffix="safe")
    unit = b.elementwise(
        Op.DIV, centred, b.unary(UnaryOperation.SQRT, safe, suffix="deviation"), suffix="unit"
    )
    scales = np.array(node.floats(_field(node, "scales")), np.float32)
    bias = np.array(node.floats(_field(node, "bias")), np.float32)
    kind = layers.Scale(scale=scales, shift=bias, channel_axis=unit.axes[-1])
    return b.pointwise(kind, unit)
