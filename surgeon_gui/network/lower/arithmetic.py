"""Arithmetic of two tensors (with full broadcasting) and of one, rounding, trigonometry."""

from __future__ import annotations

from functools import reduce

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import UnaryOperation
from surgeon_gui.network.lower.call import Call, as_scalar
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_BINARY = {
    "Add": Op.SUM,
    "AddV2": Op.SUM,
    "Sub": Op.SUB,
    "Mul": Op.PROD,
    "RealDiv": Op.DIV,
    "Div": Op.DIV,
    "TruncateDiv": Op.DIV,
    "FloorDiv": Op.FLOOR_DIV,
    "Maximum": Op.MAX,
    "Minimum": Op.MIN,
}

_UNARY = {
    "Abs": UnaryOperation.ABS,
    "Acos": UnaryOperation.ACOS,
    "Acosh": UnaryOperation.ACOSH,
    "Asin": UnaryOperation.ASIN,
    "Asinh": UnaryOperation.ASINH,
    "Atan": UnaryOperation.ATAN,
    "Atanh": UnaryOperation.ATANH,
    "Ceil": UnaryOperation.CEIL,
    "Cos": UnaryOperation.COS,
    "Cosh": UnaryOperation.COSH,
    "Erf": UnaryOperation.ERF,
    "Exp": UnaryOperation.EXP,
    "Floor": UnaryOperation.FLOOR,
    "Inv": UnaryOperation.RECIP,
    "Log": UnaryOperation.LOG,
    "Neg": UnaryOperation.NEG,
    "Reciprocal": UnaryOperation.RECIP,
    "Rint": UnaryOperation.ROUND,
    "Round": UnaryOperation.ROUND,
    "Sign": UnaryOperation.SIGN,
    "Sin": UnaryOperation.SIN,
    "Sinh": UnaryOperation.SINH,
    "Sqrt": UnaryOperation.SQRT,
    "Tan": UnaryOperation.TAN,
}
_INTEGER_UNARY = ("Abs", "Neg", "Sign")
_NOTHING_TO_ROUND = ("Ceil", "Floor", "Rint", "Round")

# Exponents up to here are expanded into products, exact for integers too.
_LARGEST_EXPANDED_POWER = 8


def is_zero(b: Lower, value: Value, suffix: str) -> Value:
    """Return where `value` is zero."""
    return b.elementwise(Op.EQUAL, value, b.scalar(0, value.dtype), suffix=suffix)


def choose(b: Lower, condition: Value, then: Value, other: Value, *, suffix: str = "") -> Value:
    """Return `then` where `condition`, else `other`, with broadcasting."""
    shape = b.broadcast_shape(condition.shape, then.shape, other.shape)
    tensors, axes = b.align([condition, then, other], shape)
    return Value.of(b.add(layers.Select(), *tensors, suffix=suffix), then.dtype, axes)


_NARROW = (DType.UINT8, DType.INT8, DType.UINT16, DType.INT16)
_MAY_WRAP = (Op.SUM, Op.SUB, Op.PROD)


@converter(*_BINARY)
def binary(node: Call, b: Lower) -> Value:
    left, right = node.input(0), node.input(1)
    if left.dtype in _NARROW and _BINARY[node.op] in _MAY_WRAP:
        raise node.refuse(
            f"{node.op} of {left.dtype.text} wraps around in TensorFlow, TensorRT computes in "
            "int32.",
            "Cast the inputs to int32 or float32.",
        )
    if left.dtype is DType.BOOL:
        raise node.refuse(f"{node.op} of booleans is not supported.", "Cast the inputs to int32.")
    return b.elementwise(_BINARY[node.op], left, right)


@converter("AddN", "AccumulateNV2")
def add_n(node: Call, b: Lower) -> Value:
    values = node.inputs
    last = len(values) - 1
    if not last:
        return values[0]
    total = values[0]
    for place, value in enumerate(values[1:], start=1):
        total = b.elementwise(Op.SUM, total, value, suffix="" if place == last else f"sum_{place}")
    return total


@converter("SquaredDifference")
def squared_difference(node: Call, b: Lower) -> Value:
    difference = b.elementwise(Op.SUB, node.input(0), node.input(1), suffix="difference")
    return b.elementwise(Op.PROD, difference, difference)


@converter("FloorMod")
def floor_mod(node: Call, b: Lower) -> Value:
    """The remainder with the divisor's sign."""
    left, right = node.input(0), node.input(1)
    quotient = b.elementwise(Op.FLOOR_DIV, left, right, suffix="quotient")
    product = b.elementwise(Op.PROD, quotient, right, suffix="product")
    return b.elementwise(Op.SUB, left, product)


@converter("Mod", "TruncateMod")
def truncate_mod(node: Call, b: Lower) -> Value:
    """The remainder with the dividend's sign."""
    left, right = node.input(0), node.input(1)
    quotient = b.elementwise(Op.DIV, left, right, suffix="quotient")
    if left.dtype.is_floating:
        size = b.unary(UnaryOperation.ABS, quotient, suffix="size")
        whole = b.unary(UnaryOperation.FLOOR, size, suffix="whole")
        sign = b.unary(UnaryOperation.SIGN, quotient, suffix="sign")
        quotient = b.elementwise(Op.PROD, whole, sign, suffix="truncated")
    product = b.elementwise(Op.PROD, quotient, right, suffix="product")
    return b.elementwise(Op.SUB, left, product)


@converter("DivNoNan")
def divide_no_nan(node: Call, b: Lower) -> Value:
    """Zero where the divisor is zero."""
    left, right = node.input(0), node.input(1)
    zero, one = b.scalar(0, left.dtype), b.scalar(1, left.dtype)
    none = is_zero(b, right, "zero")
    divisor = choose(b, none, one, right, suffix="divisor")
    return choose(b, none, zero, b.elementwise(Op.DIV, left, divisor, suffix="quotient"))


@converter("MulNoNan")
def multiply_no_nan(node: Call, b: Lower) -> Value:
    """Zero where the second factor is zero, whatever the first is."""
    left, right = node.input(0), node.input(1)
    none = is_zero(b, right, "zero")
    product = b.elementwise(Op.PROD, left, right, suffix="product")
    return choose(b, none, b.scalar(0, left.dtype), product)


@converter("Xlogy", "Xdivy", "Xlog1py")
def x_times(node: Call, b: Lower) -> Value:
    """X * f(y), zero where x is zero."""
    x, y = node.input(0), node.input(1)
    zero, one = b.scalar(0, x.dtype), b.scalar(1, x.dtype)
    none = is_zero(b, x, "zero")
    safe = choose(b, none, one, y, suffix="safe")
    if node.op == "Xdivy":
        result = b.elementwise(Op.DIV, x, safe, suffix="quotient")
    else:
        if node.op == "Xlog1py":
            safe = b.elementwise(Op.SUM, safe, one, suffix="plus_one")
        result = b.elementwise(
            Op.PROD, x, b.unary(UnaryOperation.LOG, safe, suffix="log"), suffix="product"
        )
    return choose(b, none, zero, result)


@converter("Pow")
def power(node: Call, b: Lower) -> Value:
    base, exponent = node.input(0), node.input(1)
    number = as_scalar(exponent)
    if number is not None and exponent.rank <= base.rank:
        if number == 1:
            return base
        if number in range(2, _LARGEST_EXPANDED_POWER + 1) and (
            number <= 3 or not base.dtype.is_floating
        ):
            return _expanded_power(b, base, int(number))
        if number == 0.5 and base.dtype.is_floating:
            return b.unary(UnaryOperation.SQRT, base)
    if not base.dtype.is_floating:
        raise node.refuse(
            f"TensorRT has no power of {base.dtype.text}.", "Cast both inputs to float32."
        )
    return b.elementwise(Op.POW, base, exponent)


def _expanded_power(b: Lower, base: Value, exponent: int) -> Value:
    factors = [base] * exponent
    place = 0

    def product(left: Value, right: Value) -> Value:
        nonlocal place
        place += 1
        suffix = "" if place == exponent - 1 else f"power_{place + 1}"
        return b.elementwise(Op.PROD, left, right, suffix=suffix)

    return reduce(product, factors)


@converter("Atan2")
def atan2(node: Call, b: Lower) -> Value:
    """The angle of the point (x, y), in all four quadrants."""
    y, x = node.input(0), node.input(1)
    dtype = y.dtype
    zero, pi, half = b.scalar(0, dtype), b.scalar(np.pi, dtype), b.scalar(np.pi / 2, dtype)
    on_axis = is_zero(b, x, "on_axis")
    divisor = choose(b, on_axis, b.scalar(1, dtype), x, suffix="divisor")
    angle = b.unary(
        UnaryOperation.ATAN, b.elementwise(Op.DIV, y, divisor, suffix="ratio"), suffix="angle"
    )
    below = b.elementwise(Op.LESS, y, zero, suffix="below")
    turn = choose(b, below, b.scalar(-np.pi, dtype), pi, suffix="turn")
    left = b.elementwise(Op.LESS, x, zero, suffix="left")
    turned = b.elementwise(Op.SUM, angle, turn, suffix="turned")
    general = choose(b, left, turned, angle, suffix="general")
    sign = b.unary(UnaryOperation.SIGN, y, suffix="sign")
    upright = b.elementwise(Op.PROD, sign, half, suffix="upright")
    return choose(b, on_axis, upright, general)


@converter(*_UNARY)
def unary(node: Call, b: Lower) -> Value:
    data = node.input(0)
    if not data.dtype.is_floating:
        if node.op in _NOTHING_TO_ROUND:
            return data
        if node.op not in _INTEGER_UNARY:
            raise node.refuse(
                f"{node.op} of {data.dtype.text} is not supported.", "Cast its input to float32."
            )
    return b.unary(_UNARY[node.op], data)


@converter("Square")
def square(node: Call, b: Lower) -> Value:
    data = node.input(0)
    return b.elementwise(Op.PROD, data, data)


@converter("Rsqrt")
def rsqrt(node: Call, b: Lower) -> Value:
    return b.unary(UnaryOperation.RECIP, b.unary(UnaryOperation.SQRT, node.input(0), suffix="sqrt"))


@converter("Log1p")
def log1p(node: Call, b: Lower) -> Value:
    data = node.input(0)
    shifted = b.elementwise(Op.SUM, data, b.scalar(1, data.dtype), suffix="plus_one")
    return b.unary(UnaryOperation.LOG, shifted)


@converter("Expm1")
def expm1(node: Call, b: Lower) -> Value:
    data = node.input(0)
    return b.elementwise(
        Op.SUB, b.unary(UnaryOperation.EXP, data, suffix="exp"), b.scalar(1, data.dtype)
    )
