"""Arithmetic, functions of one value, activations."""

from __future__ import annotations

from collections.abc import Iterable

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import float32
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import Conversion, converter, repair, take
from surgeon_gui.uff.wiring import WiredNode

_BINARY = {
    "Add": "add",
    "AddV2": "add",
    "Sub": "sub",
    "Mul": "mul",
    "Div": "div",
    "RealDiv": "div",
    "Minimum": "min",
    "Maximum": "max",
    "Pow": "pow",
}


@converter("Add", "Sub", "Mul", "Div", "RealDiv", "Minimum", "Maximum")
def binary(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    func = fields.text(_BINARY[node.op])
    conversion.add(node.name, "Binary", take(node, inputs, 2), func=func)
    return inputs


@converter("Pow")
def refused_power(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    raise Unsupported(
        node.name,
        "NVIDIA's converter writes Pow as a unary operation, which its own check refuses.",
        "Export with repairs: Pow then becomes the binary operation pow.",
    )


@repair("Pow", "AddV2")
def repaired_binary(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.repaired(f"{node.op} is written as Binary {_BINARY[node.op]}", node.name)
    return binary(conversion, node, inputs)


@converter(
    *("Neg", "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh"),
    *("Sin", "Sinh", "Tan", "Floor", "Sqrt", "Rsqrt", "Square", "Exp", "Log"),
)
def unary(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    func = fields.text(node.op.lower())
    conversion.add(node.name, "Unary", take(node, inputs, 1), func=func)
    return inputs


@converter("Relu", "Relu6", "Tanh", "Sigmoid", "Elu", "Selu", "Softsign", "Softplus")
def activation(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    func = fields.text(node.op.lower())
    conversion.add(node.name, "Activation", take(node, inputs, 1), func=func)
    return inputs


@converter("LeakyRelu")
def leaky_relu(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    alpha = fields.real(attrs.real(node.node, "alpha", float32(0.2)))
    conversion.add(node.name, "LeakyRelu", take(node, inputs, 1), alpha=alpha)
    return inputs
