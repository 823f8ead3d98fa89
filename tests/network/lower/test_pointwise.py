"""Arithmetic, comparisons, logic, activations: equal to TensorFlow with full broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.network.lower.harness import (
    Build,
    Case,
    booleans,
    case,
    check,
    integers,
    numbers,
    op,
    parametrized,
)

pytestmark = pytest.mark.tensorflow

A, B = numbers(2, 3, 4), numbers(2, 3, 4, seed=1)
POSITIVE = numbers(2, 3, 4, low=0.1)
WHOLE, DIVISOR = integers(2, 3, 4), integers(2, 3, 4, seed=1, low=1)
NEGATIVE = integers(2, 3, 4, seed=2, low=-9, high=-1)
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1.5], np.float32)
NEAR = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6], np.float32)


def of(name: str, **attrs: Any) -> Build:
    """Return the builder of a raw op that takes its inputs in order."""

    def build(*inputs: Any) -> Any:
        raw = getattr(op, name)
        names = [item.name for item in tf.raw_ops.__dict__[name].__signature__.parameters.values()]
        return raw(**dict(zip(names, inputs, strict=False)), **attrs)

    return build


BINARY = ["Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference"]
DIVISIONS = ["RealDiv", "FloorDiv", "DivNoNan", "FloorMod", "Div", "Mod", "TruncateMod"]
COMPARISONS = ["Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual"]
UNARY = [
    "Abs", "Neg", "Sign", "Square", "Exp", "Expm1", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Asinh",
    "Atan", "Tanh", "Sigmoid", "Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", "Erf",
    "Erfc", "Floor", "Ceil", "Rint", "Round", "Inv", "Reciprocal", "ZerosLike", "OnesLike",
    "IsNan", "IsInf", "IsFinite", "LeakyRelu",
]  # fmt: skip
ON_POSITIVE = ["Log", "Log1p", "Sqrt", "Rsqrt", "Lgamma", "Digamma"][:4]
ON_UNIT = ["Asin", "Acos", "Atanh"]

CASES: dict[str, Case] = {
    **{name: case(of(name), A, B) for name in BINARY},
    **{f"{name} int32": case(of(name), WHOLE, DIVISOR) for name in BINARY if name != "AddV2"},
    **{
        f"{name} int64": case(of(name), WHOLE.astype(np.int64), DIVISOR.astype(np.int64))
        for name in BINARY
    },
    **{name: case(of(name), A, B) for name in DIVISIONS},
    **{
        f"{name} int32": case(of(name), WHOLE, DIVISOR)
        for name in ("FloorDiv", "FloorMod", "TruncateDiv")
    },
    **{
        f"{name} int32 by negative": case(of(name), WHOLE, NEGATIVE)
        for name in ("FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod")
    },
    **{name: case(of(name), WHOLE, DIVISOR) for name in COMPARISONS},
    **{f"{name} float": case(of(name), A, B) for name in COMPARISONS},
    **{f"{name} with NaN": case(of(name), SPECIAL, SPECIAL[::-1].copy()) for name in COMPARISONS},
    **{name: case(of(name), A) for name in UNARY},
    **{f"{name} of specials": case(of(name), SPECIAL) for name in ("IsNan", "IsInf", "IsFinite")},
    **{f"{name} halfway": case(of(name), NEAR) for name in ("Rint", "Round", "Floor", "Ceil")},
    **{f"{name} int32": case(of(name), WHOLE) for name in ("Abs", "Neg", "Sign", "Square", "Relu")},
    **{name: case(of(name), POSITIVE) for name in ON_POSITIVE},
    **{name: case(of(name), A / 2.1) for name in ON_UNIT},
    "Acosh": case(of("Acosh"), POSITIVE + 1),
    "Relu6 int32": case(of("Relu6"), WHOLE),
    "LeakyRelu slope": case(of("LeakyRelu", alpha=0.35), A),
    "Equal bool": case(of("Equal"), booleans(3, 4), booleans(3, 4, seed=1)),
    "NotEqual bool": case(of("NotEqual"), booleans(3, 4), booleans(3, 4, seed=1)),
    "LogicalAnd": case(of("LogicalAnd"), booleans(3, 4), booleans(3, 4, seed=1)),
    "LogicalOr": case(of("LogicalOr"), booleans(3, 4), booleans(4, seed=1)),
    "LogicalNot": case(of("LogicalNot"), booleans(3, 4)),
    "ApproximateEqual": case(of("ApproximateEqual", tolerance=0.5), A, B),
    "Pow": case(of("Pow"), POSITIVE, B),
    "Pow square": case(lambda x: op.Pow(x=x, y=2.0), A, layers=("ElementWise",)),
    "Pow cube": case(lambda x: op.Pow(x=x, y=3.0), A),
    "Pow root": case(lambda x: op.Pow(x=x, y=0.5), POSITIVE, layers=("Unary",)),
    "Pow int32": case(lambda x: op.Pow(x=x, y=4), WHOLE),
    "Pow one": case(lambda x: op.Pow(x=x, y=1.0), A),
    "DivNoNan by zero": case(of("DivNoNan"), A[0, 0], np.array([0, 1, 0, 2], np.float32)),
    "MulNoNan by zero": case(of("MulNoNan"), SPECIAL, np.zeros(6, np.float32)),
    "Xlogy": case(of("Xlogy"), np.array([0, 1, 2, 0], np.float32), numbers(4, low=0)),
    "Xlogy zeros": case(of("Xlogy"), np.array([0, 0], np.float32), np.array([0, 1], np.float32)),
    "Xdivy": case(of("Xdivy"), np.array([0, 1, 2, 0], np.float32), numbers(4, low=0.5)),
    "Xlog1py": case(of("Xlog1py"), np.array([0, 1, 2, 0], np.float32), numbers(4, low=0)),
    "Atan2": case(of("Atan2"), A, B),
    "Atan2 axes": case(
        of("Atan2"),
        np.array([0, 1, -1, 0, 1, -1], np.float32),
        np.array([1, 0, 0, -1, -1, -1], np.float32),
    ),
    "AddN": case(lambda x, y, z: op.AddN(inputs=[x, y, z]), A, B, POSITIVE),
    "AccumulateNV2": case(
        lambda x, y: op.AccumulateNV2(inputs=[x, y], shape=[2, 3, 4]), A, POSITIVE
    ),
    "AddN of one": case(lambda x: op.AddN(inputs=[x]), A),
    "ClipByValue": case(
        lambda x: tf.raw_ops.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=1.0),
        A,
        layers=("Activation",),
    ),
    "Select same shape": case(of("Select"), booleans(2, 3, 4), A, B),
    "Select by row": case(of("Select"), booleans(2), A, B),
    "Select by scalar": case(of("Select"), np.array(True), A, B),
    "SelectV2 broadcast": case(of("SelectV2"), booleans(3, 1), A, np.float32(3)),
    "SelectV2 bool": case(of("SelectV2"), booleans(3, 4), booleans(3, 4, seed=1), booleans(4)),
    "float64": case(of("Add"), A.astype(np.float64), B.astype(np.float64)),
    "float16": case(of("Mul"), A.astype(np.float16), B.astype(np.float16), rtol=2e-3, atol=2e-3),
    "scalar and tensor": case(of("Mul"), A, np.float32(3)),
    "two scalars": case(of("Add"), np.float32(2), np.float32(3)),
    "unary of a scalar": case(of("Exp"), np.float32(2)),
    "left of lower rank": case(of("Sub"), B[0, 0], A),
    "both broadcast": case(of("Add"), numbers(3, 1, 4), numbers(5, 1)),
    "constant left": case(lambda x: op.Sub(x=3.0, y=x), A),
    "constant of higher rank": case(lambda x: op.Add(x=x, y=A), B[0, 0]),
    "constant scalar int64": case(lambda x: op.Add(x=x, y=np.int64(2**40)), WHOLE.astype(np.int64)),
    "empty": case(of("Add"), numbers(0, 3), numbers(3)),
    "rank 5": case(of("Mul"), numbers(2, 1, 3, 1, 2), numbers(4, 1, 3, 1)),
    "uint8 input": case(
        lambda x: op.Mul(x=tf.cast(x, tf.float32), y=0.5),
        integers(2, 3, low=0, high=255, dtype=np.uint8),
        layers=("Cast", "Constant", "ElementWise"),
    ),
    "int8 input": case(lambda x: tf.cast(x, tf.float32) + 1.0, integers(2, 3, dtype=np.int8)),
    "uint8 output": case(lambda x: tf.cast(x, tf.uint8), numbers(2, 3, low=0, high=200)),
    "cast float to int": case(lambda x: tf.cast(x, tf.int32), numbers(9, low=-5, high=5)),
    "cast float to int64": case(lambda x: tf.cast(x, tf.int64), numbers(9, low=-5, high=5)),
    "cast int to float": case(lambda x: tf.cast(x, tf.float32), WHOLE),
    "cast to bool": case(lambda x: tf.cast(x, tf.bool), integers(9, low=-1, high=2)),
    "cast float to bool": case(lambda x: tf.cast(x, tf.bool), np.array([0, 0.3, -2], np.float32)),
    "cast bool to float": case(lambda x: tf.cast(x, tf.float32), booleans(9)),
    "cast bool to int64": case(lambda x: tf.cast(x, tf.int64), booleans(9)),
    "cast to half and back": case(
        lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32), A, rtol=1e-3, atol=1e-3
    ),
    "identity only": case(tf.identity, A, layers=("Identity",)),
    "same output twice": case(lambda x: (tf.nn.relu(x), tf.identity(tf.nn.relu(x))), A),
    "BiasAdd": case(of("BiasAdd"), numbers(2, 3, 4, 5), numbers(5)),
    "BiasAdd NCHW": case(of("BiasAdd", data_format="NCHW"), numbers(2, 3, 4, 5), numbers(3)),
    "BiasAdd rank 2": case(of("BiasAdd"), numbers(2, 3), numbers(3)),
    "L2Loss": case(of("L2Loss"), A),
    "LRN": case(of("LRN", depth_radius=2, bias=1.5, alpha=0.3, beta=0.7), numbers(1, 3, 4, 9)),
    "LRN default": case(of("LRN"), numbers(2, 3, 4, 5)),
    "Softmax": case(of("Softmax"), numbers(3, 5)),
    "Softmax rank 1": case(of("Softmax"), numbers(5)),
    "Softmax rank 4": case(of("Softmax"), numbers(2, 3, 4, 5)),
    "LogSoftmax": case(of("LogSoftmax"), numbers(3, 5, high=60)),
    "LogSoftmax rank 1": case(of("LogSoftmax"), numbers(5)),
}


@parametrized(CASES)
def test_pointwise_op_equals_tensorflow(item: Case) -> None:
    check(item)
