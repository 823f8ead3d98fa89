"""Layers that work element by element."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Cast,
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
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter, onnx_dtype

_PLAIN_ACTIVATIONS = {
    ActivationType.RELU: "Relu",
    ActivationType.SIGMOID: "Sigmoid",
    ActivationType.TANH: "Tanh",
    ActivationType.SOFTSIGN: "Softsign",
}


def _clip(kind: Activation, out: LayerWriter) -> None:
    low, high = out.scalar(kind.alpha, "low"), out.scalar(kind.beta, "high")
    out.result("Clip", [*out.names, low, high])


def _scaled(op: str) -> Callable[[Activation, LayerWriter], None]:
    """Return the exporter of alpha * op(beta * x)."""

    def export(kind: Activation, out: LayerWriter) -> None:
        inner = out.names[0]
        if kind.beta != 1:
            inner = out.node("Mul", [inner, out.scalar(kind.beta, "beta")])
        if kind.alpha == 1:
            out.result(op, [inner])
        else:
            out.result("Mul", [out.node(op, [inner]), out.scalar(kind.alpha, "alpha")])

    return export


def _gelu(kind: Activation, out: LayerWriter) -> None:
    """Before opset 20 ONNX has no Gelu: x / 2 * (1 + f), f an erf or a tanh."""
    exact = kind.type is ActivationType.GELU_ERF
    if out.opset >= 20:
        out.result("Gelu", out.names, approximate="none" if exact else "tanh")
        return
    x = out.names[0]
    if exact:
        inner = out.node("Erf", [out.node("Mul", [x, out.scalar(0.5**0.5, "erf_scale")])])
    else:
        square = out.node("Mul", [x, x])
        cubed = out.node("Mul", [out.node("Mul", [square, x]), out.scalar(0.044715, "cubic")])
        scaled = out.node(
            "Mul", [out.node("Add", [x, cubed]), out.scalar((2 / math.pi) ** 0.5, "tanh_scale")]
        )
        inner = out.node("Tanh", [scaled])
    half = out.node("Mul", [x, out.scalar(0.5, "half")])
    out.result("Mul", [half, out.node("Add", [inner, out.scalar(1, "one")])])


_ACTIVATIONS: dict[ActivationType, Callable[[Activation, LayerWriter], None]] = {
    ActivationType.LEAKY_RELU: lambda kind, out: out.result(
        "LeakyRelu", out.names, alpha=kind.alpha
    ),
    ActivationType.ELU: lambda kind, out: out.result("Elu", out.names, alpha=kind.alpha),
    ActivationType.SELU: lambda kind, out: out.result(
        "Selu", out.names, alpha=kind.alpha, gamma=kind.beta
    ),
    ActivationType.SOFTPLUS: _scaled("Softplus"),
    ActivationType.CLIP: _clip,
    ActivationType.HARD_SIGMOID: lambda kind, out: out.result(
        "HardSigmoid", out.names, alpha=kind.alpha, beta=kind.beta
    ),
    ActivationType.SCALED_TANH: _scaled("Tanh"),
    ActivationType.THRESHOLDED_RELU: lambda kind, out: out.result(
        "ThresholdedRelu", out.names, alpha=kind.alpha
    ),
    ActivationType.GELU_ERF: _gelu,
    ActivationType.GELU_TANH: _gelu,
}


@LAYERS.register("Activation")
def activation(kind: Activation, out: LayerWriter) -> None:
    plain = _PLAIN_ACTIVATIONS.get(kind.type)
    if plain is not None:
        out.result(plain, out.names)
    else:
        _ACTIVATIONS[kind.type](kind, out)


@LAYERS.register("Scale")
def scale(kind: Scale, out: LayerWriter) -> None:
    def along_channels(array: Array) -> Array:
        trailing = out.inputs[0].rank - kind.channel_axis - 1
        return array.reshape(array.shape + (1,) * trailing) if array.ndim else array

    steps = [("Mul", "scale", kind.scale), ("Add", "shift", kind.shift)]
    if kind.power is not None:
        steps.append(("Pow", "power", kind.power))
    data = out.names[0]
    for op, hint, array in steps[:-1]:
        data = out.node(op, [data, out.weights(along_channels(array), hint)])
    op, hint, array = steps[-1]
    out.result(op, [data, out.weights(along_channels(array), hint)])


_UNARY = {
    UnaryOperation.EXP: "Exp",
    UnaryOperation.LOG: "Log",
    UnaryOperation.SQRT: "Sqrt",
    UnaryOperation.RECIP: "Reciprocal",
    UnaryOperation.ABS: "Abs",
    UnaryOperation.NEG: "Neg",
    UnaryOperation.SIN: "Sin",
    UnaryOperation.COS: "Cos",
    UnaryOperation.TAN: "Tan",
    UnaryOperation.SINH: "Sinh",
    UnaryOperation.COSH: "Cosh",
    UnaryOperation.ASIN: "Asin",
    UnaryOperation.ACOS: "Acos",
    UnaryOperation.ATAN: "Atan",
    UnaryOperation.ASINH: "Asinh",
    UnaryOperation.ACOSH: "Acosh",
    UnaryOperation.ATANH: "Atanh",
    UnaryOperation.CEIL: "Ceil",
    UnaryOperation.FLOOR: "Floor",
    UnaryOperation.ERF: "Erf",
    UnaryOperation.NOT: "Not",
    UnaryOperation.SIGN: "Sign",
    UnaryOperation.ROUND: "Round",
    UnaryOperation.ISINF: "IsInf",
    UnaryOperation.ISNAN: "IsNaN",
}


@LAYERS.register("Unary")
def unary(kind: Unary, out: LayerWriter) -> None:
    names = out.names
    wide = out.inputs[0].dtype is DType.FLOAT32 or out.opset >= 20
    if kind.op is UnaryOperation.ISINF and not wide:
        names = [out.node("Cast", names, to=onnx_dtype(DType.FLOAT32))]
    out.result(_UNARY[kind.op], names)


_ELEMENTWISE = {
    ElementWiseOperation.SUM: "Add",
    ElementWiseOperation.PROD: "Mul",
    ElementWiseOperation.MAX: "Max",
    ElementWiseOperation.MIN: "Min",
    ElementWiseOperation.SUB: "Sub",
    ElementWiseOperation.DIV: "Div",
    ElementWiseOperation.POW: "Pow",
    ElementWiseOperation.AND: "And",
    ElementWiseOperation.OR: "Or",
    ElementWiseOperation.XOR: "Xor",
    ElementWiseOperation.EQUAL: "Equal",
    ElementWiseOperation.GREATER: "Greater",
    ElementWiseOperation.LESS: "Less",
}


@LAYERS.register("ElementWise")
def elementwise(kind: ElementWise, out: LayerWriter) -> None:
    if kind.op is not ElementWiseOperation.FLOOR_DIV:
        out.result(_ELEMENTWISE[kind.op], out.names)
    elif out.inputs[0].dtype.is_floating:
        out.result("Floor", [out.node("Div", out.names)])
    else:
        # ONNX divides integers towards zero; Mod has the divisor's sign, so this is exact.
        left, right = out.names
        remainder = out.node("Mod", [left, right], fmod=0)
        out.result("Div", [out.node("Sub", [left, remainder]), right])


@LAYERS.register("Select")
def select(kind: Select, out: LayerWriter) -> None:
    out.result("Where", out.names)


@LAYERS.register("ParametricReLU")
def parametric_relu(kind: ParametricReLU, out: LayerWriter) -> None:
    out.result("PRelu", out.names)


@LAYERS.register("Cast")
def cast(kind: Cast, out: LayerWriter) -> None:
    if DType.FLOAT8_E4M3FN in (kind.to_type, out.inputs[0].dtype):
        out.need(19)
    out.result("Cast", out.names, to=onnx_dtype(kind.to_type))


@LAYERS.register("Identity")
def identity(kind: Identity, out: LayerWriter) -> None:
    out.result("Identity", out.names)


@LAYERS.register("Quantize")
def quantize(kind: Quantize, out: LayerWriter) -> None:
    if kind.to_type is not DType.INT8 or out.inputs[0].dtype is not DType.FLOAT32:
        out.need(19)
    out.result("QuantizeLinear", [*out.names, *_scale(kind, kind.to_type, out)], axis=kind.axis)


@LAYERS.register("Dequantize")
def dequantize(kind: Dequantize, out: LayerWriter) -> None:
    if kind.to_type is not DType.FLOAT32 or out.inputs[0].dtype is not DType.INT8:
        out.need(19)
    out.result(
        "DequantizeLinear", [*out.names, *_scale(kind, out.inputs[0].dtype, out)], axis=kind.axis
    )


def _scale(kind: Quantize | Dequantize, quantized: DType, out: LayerWriter) -> list[str]:
    """Return scale and zero point; ONNX takes the quantized dtype from the zero point."""
    zeros = np.zeros(kind.scale.shape, dtype=quantized.numpy)
    return [out.weights(kind.scale, "scale"), out.weights(zeros, "zero_point")]
