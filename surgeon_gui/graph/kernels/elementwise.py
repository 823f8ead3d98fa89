"""Elementwise arithmetic with TensorFlow's rules for integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from surgeon_gui.graph.attrs import dtype, flag, real, whole
from surgeon_gui.graph.evaluate import NotKnown, evaluates, room_for
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])
_lgamma = np.vectorize(lambda x: math.lgamma(x) if x > 0 or x % 1 else math.inf, otypes=[float])


def reciprocal(x: Array) -> Array:
    one = np.ones((), dtype=x.dtype)
    return truncated_division(one, x) if x.dtype.kind in "iu" else one / x


def sigmoid(x: Array) -> Array:
    # Both branches stay finite where the other would overflow.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_UNARY: dict[str, Callable[[Array], Array]] = {
    "Abs": np.abs,
    "Acos": np.arccos,
    "Acosh": np.arccosh,
    "Asin": np.arcsin,
    "Asinh": np.arcsinh,
    "Atan": np.arctan,
    "Atanh": np.arctanh,
    "Ceil": np.ceil,
    "Cos": np.cos,
    "Cosh": np.cosh,
    "Erf": _erf,
    "Erfc": _erfc,
    "Exp": np.exp,
    "Expm1": np.expm1,
    "Floor": np.floor,
    "Inv": reciprocal,
    "Invert": np.invert,
    "Lgamma": _lgamma,
    "Log": np.log,
    "Log1p": np.log1p,
    "Neg": np.negative,
    "OnesLike": np.ones_like,
    "Reciprocal": reciprocal,
    "Relu": lambda x: np.maximum(x, np.zeros((), dtype=x.dtype)),
    "Relu6": lambda x: np.clip(x, np.array(0, x.dtype), np.array(6, x.dtype)),
    "Rint": np.rint,
    # Halves go to the even neighbour.
    "Round": lambda x: x if x.dtype.kind in "iu" else np.rint(x),
    "Rsqrt": lambda x: 1 / np.sqrt(x),
    "Selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "Elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "Sigmoid": sigmoid,
    "Sign": np.sign,
    "Sin": np.sin,
    "Sinh": np.sinh,
    "Softplus": softplus,
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Sqrt": np.sqrt,
    "Square": lambda x: x * x,
    "Tan": np.tan,
    "Tanh": np.tanh,
    "ZerosLike": np.zeros_like,
}


@evaluates(*_UNARY)
def unary(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(_UNARY[node.op](inputs[0])).astype(inputs[0].dtype, copy=False)


@evaluates("LeakyRelu")
def leaky_relu(node: Node, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    alpha = np.array(real(node, "alpha", 0.2), dtype=x.dtype)
    return np.where(x > 0, x, x * alpha)


@evaluates("LReLU_TRT")
def leaky_relu_plugin(node: Node, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    slope = np.array(real(node, "negSlope", real(node, "negSlope_u_float", 0.1)), dtype=x.dtype)
    return np.where(x > 0, x, x * slope)


_PREDICATES: dict[str, Callable[[Array], Array]] = {
    "IsNan": np.isnan,
    "IsInf": np.isinf,
    "IsFinite": np.isfinite,
    "LogicalNot": np.logical_not,
}


@evaluates(*_PREDICATES)
def predicate(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(_PREDICATES[node.op](inputs[0]), dtype=np.bool_)


def _refuse_zero(y: Array) -> None:
    if y.dtype.kind in "iu" and (y == 0).any():
        raise ValueError("integer division by zero")


def truncated_division(x: Array, y: Array) -> Array:
    """Integer division that rounds to zero, as in C++."""
    _refuse_zero(y)
    quotient = x // y
    inexact = quotient * y != x
    return np.asarray((quotient + (inexact & ((x < 0) != (y < 0)))).astype(x.dtype))


def divide(x: Array, y: Array) -> Array:
    return truncated_division(x, y) if x.dtype.kind in "iu" else x / y


def floor_divide(x: Array, y: Array) -> Array:
    _refuse_zero(y)
    return x // y if x.dtype.kind in "iu" else np.floor(x / y)


def floor_mod(x: Array, y: Array) -> Array:
    _refuse_zero(y)
    return np.mod(x, y)


def truncate_mod(x: Array, y: Array) -> Array:
    _refuse_zero(y)
    return np.fmod(x, y)


def no_nan_division(x: Array, y: Array) -> Array:
    return np.where(y == 0, np.zeros((), dtype=x.dtype), x / np.where(y == 0, np.ones_like(y), y))


def shift(x: Array, y: Array, left: bool) -> Array:
    # Shifts outside the width are clamped to it (bitwise_ops.h).
    bits = np.clip(y, 0, x.dtype.itemsize * 8 - 1)
    return np.asarray(np.left_shift(x, bits) if left else np.right_shift(x, bits))


_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": divide,
    "RealDiv": np.true_divide,
    "TruncateDiv": divide,
    "FloorDiv": floor_divide,
    "DivNoNan": no_nan_division,
    "MulNoNan": lambda x, y: np.where(y == 0, np.zeros((), dtype=x.dtype), x * y),
    "Mod": truncate_mod,
    "TruncateMod": truncate_mod,
    "FloorMod": floor_mod,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Pow": np.power,
    "SquaredDifference": lambda x, y: (x - y) * (x - y),
    "Atan2": np.arctan2,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
    "LeftShift": lambda x, y: shift(x, y, left=True),
    "RightShift": lambda x, y: shift(x, y, left=False),
    "Xdivy": lambda x, y: np.where(x == 0, np.zeros((), x.dtype), x / y),
    "Xlogy": lambda x, y: np.where(x == 0, np.zeros((), x.dtype), x * np.log(y)),
}


@evaluates(*_BINARY)
def binary(node: Node, inputs: Sequence[Array]) -> Array:
    x, y = inputs
    room_for(np.broadcast_shapes(x.shape, y.shape))
    return np.asarray(_BINARY[node.op](x, y)).astype(x.dtype, copy=False)


_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "Equal": np.equal,
    "NotEqual": np.not_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "LogicalAnd": np.logical_and,
    "LogicalOr": np.logical_or,
}


@evaluates(*_COMPARISONS)
def comparison(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(_COMPARISONS[node.op](inputs[0], inputs[1]), dtype=np.bool_)


@evaluates("ApproximateEqual")
def approximate_equal(node: Node, inputs: Sequence[Array]) -> Array:
    tolerance = np.array(real(node, "tolerance", 1e-5), dtype=inputs[0].dtype)
    return np.asarray(np.abs(inputs[0] - inputs[1]) < tolerance)


@evaluates("AddN", "AccumulateNV2")
def add_n(node: Node, inputs: Sequence[Array]) -> Array:
    total = inputs[0]
    for other in inputs[1:]:
        total = total + other
    return total


@evaluates("Cast")
def cast(node: Node, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    target = dtype(node, "DstT").numpy
    if target is None or target.kind == "O" or x.dtype.kind == "O":
        raise NotKnown(f"no cast to {dtype(node, 'DstT').text}")
    if flag(node, "Truncate") and target.itemsize < x.dtype.itemsize and target.kind not in "iub":
        raise NotKnown("truncating casts are not known")
    if x.dtype.kind == "c" and target.kind != "c":
        x = x.real
    return x.astype(target)


@evaluates("Bitcast")
def bitcast(node: Node, inputs: Sequence[Array]) -> Array:
    target = dtype(node, "type").numpy
    if target is None:
        raise NotKnown("no such dtype in numpy")
    x = np.ascontiguousarray(inputs[0])
    ratio = x.dtype.itemsize // target.itemsize
    if ratio > 1:
        return x[..., np.newaxis].view(target)
    if ratio == 1:
        return x.view(target)
    return x.view(target).reshape(x.shape[:-1])


@evaluates("Select")
def select(node: Node, inputs: Sequence[Array]) -> Array:
    condition, x, y = inputs
    if condition.ndim == 1 and x.ndim > 1:
        condition = condition.reshape(-1, *(1,) * (x.ndim - 1))
    return np.where(condition, x, y)


@evaluates("SelectV2")
def select_v2(node: Node, inputs: Sequence[Array]) -> Array:
    return np.where(inputs[0], inputs[1], inputs[2])


@evaluates("ClipByValue")
def clip(node: Node, inputs: Sequence[Array]) -> Array:
    return np.minimum(np.maximum(inputs[0], inputs[1]), inputs[2])


@evaluates("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars")
def fake_quant(node: Node, inputs: Sequence[Array]) -> Array:
    """Quantize and back, in a range nudged to have zero exact (fake_quant_ops_functor.h)."""
    x = inputs[0]
    if node.op == "FakeQuantWithMinMaxArgs":
        low, high = np.float32(real(node, "min", -6.0)), np.float32(real(node, "max", 6.0))
    else:
        low, high = np.float32(inputs[1]), np.float32(inputs[2])
    if low == 0 and high == 0:
        return np.zeros_like(x)
    smallest = np.float32(flag(node, "narrow_range"))
    largest = np.float32((1 << whole(node, "num_bits", 8)) - 1)
    scale = np.float32((high - low) / (largest - smallest))
    zero = np.float32(smallest - low / scale)
    nudged = np.float32(np.clip(np.floor(zero + np.float32(0.5)), smallest, largest))
    bottom = np.float32((smallest - nudged) * scale)
    top = np.float32((largest - nudged) * scale)
    clamped = np.clip(x, bottom, top) - bottom
    steps = np.floor(clamped * np.float32(1 / scale) + np.float32(0.5))
    return np.asarray((steps * scale + bottom).astype(x.dtype))


@evaluates("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot")
@evaluates("EnsureShape", "GuaranteeConst", "DeepCopy", "PlaceholderWithDefault")
def pass_through(node: Node, inputs: Sequence[Array]) -> Array:
    return inputs[0]


@evaluates("IdentityN")
def identity_n(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return inputs
