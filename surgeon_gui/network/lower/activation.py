"""Activations."""

from __future__ import annotations

from surgeon_gui.network import layers
from surgeon_gui.network.layers import ActivationType, ReduceOperation, UnaryOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

# SELU's constants (Klambauer et al. 2017), as TensorFlow rounds them.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

_ACTIVATIONS: dict[str, tuple[ActivationType, float, float]] = {
    "Relu": (ActivationType.RELU, 0.0, 0.0),
    "Relu6": (ActivationType.CLIP, 0.0, 6.0),
    "Sigmoid": (ActivationType.SIGMOID, 0.0, 0.0),
    "Tanh": (ActivationType.TANH, 0.0, 0.0),
    "Elu": (ActivationType.ELU, 1.0, 0.0),
    "Selu": (ActivationType.SELU, _SELU_ALPHA, _SELU_SCALE),
    "Softplus": (ActivationType.SOFTPLUS, 1.0, 1.0),
    "Softsign": (ActivationType.SOFTSIGN, 0.0, 0.0),
}


@converter(*_ACTIVATIONS)
def activation(node: Call, b: Lower) -> Value:
    kind, alpha, beta = _ACTIVATIONS[node.op]
    data = node.input(0)
    if not data.dtype.is_floating:
        if node.op not in ("Relu", "Relu6"):
            raise node.refuse(
                f"{node.op} of {data.dtype.text} is not supported.", "Cast its input to float32."
            )
        result = b.elementwise(Op.MAX, data, b.scalar(0, data.dtype), suffix="low")
        return b.elementwise(Op.MIN, result, b.scalar(6, data.dtype)) if beta else result
    return b.activation(kind, data, alpha, beta)


@converter("LeakyRelu")
def leaky_relu(node: Call, b: Lower) -> Value:
    return b.activation(ActivationType.LEAKY_RELU, node.input(0), node.number("alpha", 0.2))


@converter("Softmax", "LogSoftmax")
def softmax(node: Call, b: Lower) -> Value:
    """Over the last dimension."""
    data = b.live(node.input(0))
    if data.rank == 0:
        raise node.refuse(f"{node.op} of a scalar has no dimension to go over.")
    shape = data.shape
    wide = data if data.rank > 1 else b.view(data, (1, *shape))
    if node.op == "LogSoftmax":
        return b.view(log_softmax(b, wide), shape)
    kind = layers.Softmax(axis=wide.axes[-1])
    return b.view(b.pointwise(kind, wide), shape)


def log_softmax(b: Lower, data: Value) -> Value:
    """Return x - max - log(sum(exp(x - max))): exact where a softmax would underflow."""
    last = (data.rank - 1,)
    highest = b.reduce(ReduceOperation.MAX, data, last, True, suffix="max")
    shifted = b.elementwise(Op.SUB, data, highest, suffix="shifted")
    powers = b.unary(UnaryOperation.EXP, shifted, suffix="exp")
    total = b.reduce(ReduceOperation.SUM, powers, last, True, suffix="sum")
    return b.elementwise(Op.SUB, shifted, b.unary(UnaryOperation.LOG, total, suffix="log"))


@converter("ClipByValue")
def clip_by_value(node: Call, b: Lower) -> Value:
    data, low, high = (node.input(index) for index in range(3))
    raised = b.elementwise(Op.MAX, data, low, suffix="low")
    return b.elementwise(Op.MIN, raised, high)


@converter("Erfc")
def erfc(node: Call, b: Lower) -> Value:
    data = node.input(0)
    return b.elementwise(
        Op.SUB, b.scalar(1, data.dtype), b.unary(UnaryOperation.ERF, data, suffix="erf")
    )
