"""Cases of layers that work element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Cast,
    Constant,
    Dequantize,
    ElementWise,
    ElementWiseOperation,
    Identity,
    ParametricReLU,
    Quantize,
    Scale,
    Select,
    Unary,
    UnaryOperation,
)
from tests.network.cases.case import Case, Feed, case, random

X = random(2, 3, 4)
_erf = np.vectorize(math.erf, otypes=[np.float32])

ACTIVATIONS: dict[ActivationType, tuple[float, float, Array]] = {
    ActivationType.RELU: (0, 0, np.maximum(X, 0)),
    ActivationType.SIGMOID: (0, 0, 1 / (1 + np.exp(-X))),
    ActivationType.TANH: (0, 0, np.tanh(X)),
    ActivationType.LEAKY_RELU: (0.3, 0, np.where(X > 0, X, 0.3 * X)),
    ActivationType.ELU: (1.5, 0, np.where(X > 0, X, 1.5 * (np.exp(X) - 1))),
    ActivationType.SELU: (1.6, 1.1, np.where(X > 0, 1.1 * X, 1.1 * (1.6 * np.exp(X) - 1.6))),
    ActivationType.SOFTSIGN: (0, 0, X / (1 + np.abs(X))),
    ActivationType.SOFTPLUS: (0.7, 1.3, 0.7 * np.log(np.exp(1.3 * X) + 1)),
    ActivationType.CLIP: (-0.5, 1.25, np.clip(X, -0.5, 1.25)),
    ActivationType.HARD_SIGMOID: (0.3, 0.4, np.clip(0.3 * X + 0.4, 0, 1)),
    ActivationType.SCALED_TANH: (1.7, 0.6, 1.7 * np.tanh(0.6 * X)),
    ActivationType.THRESHOLDED_RELU: (0.8, 0, np.where(X > 0.8, X, 0)),
    ActivationType.GELU_ERF: (0, 0, 0.5 * X * (1 + _erf(X / math.sqrt(2)))),
    ActivationType.GELU_TANH: (
        0,
        0,
        0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3))),
    ),
}

_UNIT = random(2, 3, 4, low=-0.95, high=0.95)
_ABOVE_ONE = random(2, 3, 4, low=1.05, high=4)
_POSITIVE = random(2, 3, 4, low=0.1, high=4)
_HALVES = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.49, -0.0]], np.float32)
_SPECIAL = np.array([[1.0, math.inf, -math.inf, math.nan]], np.float32)
_BOOLEANS = np.array([[True, False, True]])

UNARY: dict[UnaryOperation, tuple[Array, Array]] = {
    UnaryOperation.EXP: (X, np.exp(X)),
    UnaryOperation.LOG: (_POSITIVE, np.log(_POSITIVE)),
    UnaryOperation.SQRT: (_POSITIVE, np.sqrt(_POSITIVE)),
    UnaryOperation.RECIP: (_POSITIVE, 1 / _POSITIVE),
    UnaryOperation.ABS: (X, np.abs(X)),
    UnaryOperation.NEG: (X, -X),
    UnaryOperation.SIN: (X, np.sin(X)),
    UnaryOperation.COS: (X, np.cos(X)),
    UnaryOperation.TAN: (_UNIT, np.tan(_UNIT)),
    UnaryOperation.SINH: (X, np.sinh(X)),
    UnaryOperation.COSH: (X, np.cosh(X)),
    UnaryOperation.ASIN: (_UNIT, np.arcsin(_UNIT)),
    UnaryOperation.ACOS: (_UNIT, np.arccos(_UNIT)),
    UnaryOperation.ATAN: (X, np.arctan(X)),
    UnaryOperation.ASINH: (X, np.arcsinh(X)),
    UnaryOperation.ACOSH: (_ABOVE_ONE, np.arccosh(_ABOVE_ONE)),
    UnaryOperation.ATANH: (_UNIT, np.arctanh(_UNIT)),
    UnaryOperation.CEIL: (_HALVES, np.ceil(_HALVES)),
    UnaryOperation.FLOOR: (_HALVES, np.floor(_HALVES)),
    UnaryOperation.ERF: (X, _erf(X)),
    UnaryOperation.NOT: (_BOOLEANS, ~_BOOLEANS),
    UnaryOperation.SIGN: (_HALVES, np.sign(_HALVES)),
    UnaryOperation.ROUND: (_HALVES, np.rint(_HALVES)),
    UnaryOperation.ISINF: (_SPECIAL, np.isinf(_SPECIAL)),
    UnaryOperation.ISNAN: (_SPECIAL, np.isnan(_SPECIAL)),
}

_LEFT, _RIGHT = random(2, 3, 4), random(1, 3, 1, seed=1, low=0.5)
_INTS = np.array([[7, -7, 7, -7, 6]], np.int32)
_DIVISORS = np.array([[2, 2, -2, -2, 3]], np.int32)
_LEFT_BOOL = np.array([[True, True, False, False]])
_RIGHT_BOOL = np.array([[True, False, True, False]])
_LEVELS = np.round(_LEFT)

ELEMENTWISE: tuple[tuple[ElementWiseOperation, str, Array, Array, Array], ...] = (
    (ElementWiseOperation.SUM, "", _LEFT, _RIGHT, _LEFT + _RIGHT),
    (ElementWiseOperation.SUM, "_int32", _INTS, _DIVISORS, _INTS + _DIVISORS),
    (ElementWiseOperation.PROD, "", _LEFT, _RIGHT, _LEFT * _RIGHT),
    (ElementWiseOperation.MAX, "", _LEFT, _RIGHT, np.maximum(_LEFT, _RIGHT)),
    (ElementWiseOperation.MIN, "", _LEFT, _RIGHT, np.minimum(_LEFT, _RIGHT)),
    (ElementWiseOperation.SUB, "", _RIGHT, _LEFT, _RIGHT - _LEFT),
    (ElementWiseOperation.DIV, "", _LEFT, _RIGHT, _LEFT / _RIGHT),
    (
        ElementWiseOperation.DIV,
        "_int32_towards_zero",
        _INTS,
        _DIVISORS,
        np.trunc(_INTS / _DIVISORS).astype(np.int32),
    ),
    (ElementWiseOperation.POW, "", _POSITIVE, _RIGHT, _POSITIVE**_RIGHT),
    (ElementWiseOperation.FLOOR_DIV, "", _LEFT, _RIGHT, np.floor(_LEFT / _RIGHT)),
    (ElementWiseOperation.FLOOR_DIV, "_int32", _INTS, _DIVISORS, _INTS // _DIVISORS),
    (ElementWiseOperation.AND, "", _LEFT_BOOL, _RIGHT_BOOL, _LEFT_BOOL & _RIGHT_BOOL),
    (ElementWiseOperation.OR, "", _LEFT_BOOL, _RIGHT_BOOL, _LEFT_BOOL | _RIGHT_BOOL),
    (ElementWiseOperation.XOR, "", _LEFT_BOOL, _RIGHT_BOOL, _LEFT_BOOL ^ _RIGHT_BOOL),
    (ElementWiseOperation.EQUAL, "", _LEVELS, np.round(_RIGHT), np.round(_RIGHT) == _LEVELS),
    (ElementWiseOperation.GREATER, "", _LEFT, _RIGHT, _LEFT > _RIGHT),
    (ElementWiseOperation.LESS, "", _LEFT, _RIGHT, _LEFT < _RIGHT),
)


def _scale(name: str, axis: int, power: bool, uniform: bool = False) -> Case:
    x = random(2, 3, 4, 3, low=0.1, high=2)
    size = () if uniform else (x.shape[axis],)
    spread = [1] * 4
    if not uniform:
        spread[axis] = x.shape[axis]
    arrays = {
        "scale": random(*size, seed=1, low=0.5),
        "shift": random(*size, seed=2, low=0.1),
    }
    if power:
        arrays["power"] = random(*size, seed=3, low=0.5)
    arrays = {key: np.asarray(array, np.float32) for key, array in arrays.items()}
    expected = x * arrays["scale"].reshape(spread) + arrays["shift"].reshape(spread)
    if power:
        expected = expected ** arrays["power"].reshape(spread)
    kind = Scale(
        scale=arrays["scale"],
        shift=arrays["shift"],
        power=arrays.get("power"),
        channel_axis=axis,
    )
    return case(name, kind, [x], expected)


def _quantize(name: str, scale: Array, axis: int | None) -> Case:
    x = random(3, 4, 2, low=-200, high=200)
    spread: Any = scale if axis is None else scale.reshape(1, -1, 1)
    expected = np.clip(np.rint(x / spread), -128, 127).astype(np.int8)
    return case(name, Quantize(scale=scale, axis=axis), [x], expected)


def _dequantize(name: str, scale: Array, axis: int | None) -> Case:
    q = random(3, 4, 2, low=-127, high=127).astype(np.int8)
    spread: Any = scale if axis is None else scale.reshape(1, -1, 1)
    expected = (q * spread).astype(np.float32)
    return case(name, Dequantize(scale=scale, axis=axis), [q], expected)


_PER_AXIS = np.array([0.5, 1.0, 2.0, 0.25], np.float32)
_SCALAR = np.array(0.75, np.float32)
_CONDITION = np.array([[True], [False]])
_THEN, _ELSE = random(2, 3), random(1, 3, seed=1)
_SLOPE = random(1, 3, 1, 1, seed=1)
_IMAGE = random(2, 3, 4, 4)

CASES: tuple[Case, ...] = (
    *(
        case(
            f"activation_{kind.name.lower()}",
            Activation(type=kind, alpha=alpha, beta=beta),
            [X],
            expected.astype(np.float32),
        )
        for kind, (alpha, beta, expected) in ACTIVATIONS.items()
    ),
    *(
        case(f"unary_{op.name.lower()}", Unary(op=op), [x], expected)
        for op, (x, expected) in UNARY.items()
    ),
    *(
        case(f"elementwise_{op.name.lower()}{suffix}", ElementWise(op=op), [left, right], expected)
        for op, suffix, left, right, expected in ELEMENTWISE
    ),
    case(
        "elementwise_dynamic",
        ElementWise(op=ElementWiseOperation.PROD),
        [Feed(_LEFT, (-1, 3, 4)), Feed(_RIGHT, fixed=True)],
        _LEFT * _RIGHT,
    ),
    _scale("scale_channels", 1, power=True),
    _scale("scale_last_axis", 3, power=False),
    _scale("scale_uniform", 1, power=True, uniform=True),
    case("select", Select(), [_CONDITION, _THEN, _ELSE], np.where(_CONDITION, _THEN, _ELSE)),
    case(
        "parametric_relu",
        ParametricReLU(),
        [_IMAGE, Feed(_SLOPE, fixed=True)],
        np.where(_IMAGE > 0, _IMAGE, _SLOPE * _IMAGE),
    ),
    case("identity", Identity(), [X], X),
    case("cast_to_int32", Cast(to_type=DType.INT32), [X], X.astype(np.int32)),
    case("cast_to_half", Cast(to_type=DType.FLOAT16), [X], X.astype(np.float16)),
    case("cast_from_bool", Cast(to_type=DType.FLOAT32), [_BOOLEANS], _BOOLEANS.astype(np.float32)),
    case("cast_to_bool", Cast(to_type=DType.BOOL), [_HALVES], _HALVES.astype(np.bool_)),
    case("constant", Constant(weights_=X), [], X),
    case("constant_int64_scalar", Constant(weights_=np.array(7, np.int64)), [], np.array(7)),
    _quantize("quantize", _SCALAR, None),
    _quantize("quantize_per_axis", _PER_AXIS, 1),
    _dequantize("dequantize", _SCALAR, None),
    _dequantize("dequantize_per_axis", _PER_AXIS, 1),
)
