"""Arithmetic, functions of one value, activations."""

from __future__ import annotations

from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.restore import Restoration, restorer

_BINARY = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "RealDiv",
    "min": "Minimum",
    "max": "Maximum",
    "pow": "Pow",
}
_ACTIVATIONS = {
    "relu": "Relu",
    "relu6": "Relu6",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "selu": "Selu",
    "softsign": "Softsign",
    "softplus": "Softplus",
}


@restorer("Binary")
def restore_binary(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, _BINARY[item.fields["func"].s], item.inputs)


@restorer("Unary")
def restore_unary(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, item.fields["func"].s.capitalize(), item.inputs)


@restorer("Activation")
def restore_activation(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, _ACTIVATIONS[item.fields["func"].s], item.inputs)


@restorer("LeakyRelu")
def restore_leaky_relu(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, "LeakyRelu", item.inputs, alpha=item.fields["alpha"].d)


@restorer("Identity")
def restore_identity(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(item.id, "Identity", item.inputs)
