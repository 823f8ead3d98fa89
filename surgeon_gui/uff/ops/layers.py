"""Layers with weights other than convolutions, and normalisations."""

from __future__ import annotations

from collections.abc import Iterable

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, float32
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import (
    Conversion,
    converter,
    elements,
    repair,
    take,
)
from surgeon_gui.uff.ops.convolution import data_order
from surgeon_gui.uff.wiring import WiredNode


@converter("MatMul")
def fully_connected(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    return _matrix_product(conversion, node, inputs, "transpose_a", "transpose_b")


def _matrix_product(
    conversion: Conversion, node: WiredNode, inputs: list[str], left: str, right: str
) -> Iterable[str]:
    if len(inputs) != 2:
        raise Unsupported(
            node.name,
            f"A product takes 2 inputs but this one has {len(inputs)}.",
            "Drop its control inputs, or export with repairs.",
        )
    orders = conversion.orders(
        node,
        "CN" if attrs.flag(node.node, left) else "NC",
        "KC" if attrs.flag(node.node, right) else "CK",
    )
    conversion.add(node.name, "FullyConnected", inputs, inputs_orders=orders)
    return inputs


@repair("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_matrix_product(
    conversion: Conversion, node: WiredNode, inputs: list[str]
) -> Iterable[str]:
    for text in conversion.graph[node.name].inputs[:2]:
        types = conversion.types
        rank = None if types is None else types.shape(TensorRef(*text)).rank
        if rank != 2:
            raise Unsupported(
                node.name,
                f"UFF has only products of matrices; {text} has "
                + ("an unknown rank." if rank is None else f"{rank} dimensions."),
                "Reshape to two dimensions, or use the direct route.",
            )
    conversion.repaired(f"{node.op} of matrices is written as FullyConnected", node.name)
    return _matrix_product(conversion, node, inputs, "adj_x", "adj_y")


@converter("BiasAdd")
def bias_add(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    data, name = take(node, inputs, 2)
    bias = conversion.constant(name, node, "bias")
    values: Array = elements(bias, name)
    if data_order(node) == "NC+":
        values = values.reshape(-1, 1, 1)
    written = name
    if conversion.strict or name not in conversion.made:
        # Written under a name already taken, the constant is left unused: NVIDIA's converter too.
        conversion.add_constant(name, values, bias.dtype)
    elif list(conversion.made[name].fields["shape"].i_list.val) != list(values.shape):
        written = conversion.add_constant(name, values, bias.dtype)
        conversion.repaired("a bias shared by several nodes is written once per shape", name)
    else:
        conversion.repaired("a bias shared by several nodes is written once", name)
    conversion.add(node.name, "Binary", [data, written], func=fields.text("add"))
    return [data]


@converter("FusedBatchNorm")
def batch_norm(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    if len(inputs) != 5:
        raise Unsupported(
            node.name,
            f"A batch norm takes 5 inputs but this one has {len(inputs)}.",
            "Drop its control inputs, or export with repairs.",
        )
    if not conversion.strict and node.attrs.get("is_training") is True:
        raise Unsupported(
            node.name,
            "It normalises by the batch (is_training); UFF has only the inference form.",
            "Set is_training to false, with the moving mean and variance as inputs.",
        )
    conversion.add(
        node.name,
        "BatchNorm",
        inputs,
        epsilon=fields.real(attrs.real(node.node, "epsilon", float32(1e-4))),
        inputs_orders=conversion.orders(node, data_order(node)),
    )
    return inputs


@repair("FusedBatchNormV2", "FusedBatchNormV3")
def later_batch_norm(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.repaired(f"{node.op} is written as BatchNorm", node.name)
    return batch_norm(conversion, node, inputs)


@converter("LRN")
def local_response_norm(
    conversion: Conversion, node: WiredNode, inputs: list[str]
) -> Iterable[str]:
    conversion.add(
        node.name,
        "LRN",
        take(node, inputs, 1),
        # NVIDIA's converter hands the radius on as it is, though the window is 2 · radius + 1.
        window_size=fields.integer(attrs.whole(node.node, "depth_radius", 5)),
        alpha=fields.real(attrs.real(node.node, "alpha", 1.0)),
        beta=fields.real(attrs.real(node.node, "beta", 0.5)),
        k=fields.real(attrs.real(node.node, "bias", 1.0)),
        inputs_orders=conversion.orders(node, attrs.word(node.node, "data_format") or "NC+"),
    )
    return inputs


@converter("Softmax")
def softmax(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 1)
    axis = conversion.integer(inputs[-1], node, "axis") if len(inputs) > 1 else 0
    data = inputs[:-1] if len(inputs) > 1 else inputs
    conversion.add(
        node.name,
        "Softmax",
        data[:1],
        axis=fields.integer(axis),
        inputs_orders=conversion.orders(node, data_order(node)),
    )
    return data
