"""Where tensors come from: inputs, constants; and what only hands them on."""

from __future__ import annotations

from collections.abc import Iterable

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import DType
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import (
    Conversion,
    converter,
    elements,
    repair,
    take,
)
from surgeon_gui.uff.wiring import WiredNode


@converter("Placeholder")
def placeholder(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    dtype = attrs.dtype(node.node, "dtype")
    if dtype is DType.INVALID:
        raise Unsupported(node.name, "The placeholder has no dtype.", "Set its dtype attribute.")
    dims = attrs.shape(node.node, "shape").dims
    if dims is None and not conversion.strict:
        conversion.warnings.append(f"{node.name}: the input's shape is unknown.")
    conversion.add(
        node.name,
        "Input",
        dtype=conversion.dtype_field(node, dtype),
        shape=fields.integers(dims or ()),
    )
    return inputs


@repair("PlaceholderWithDefault")
def placeholder_with_default(
    conversion: Conversion, node: WiredNode, inputs: list[str]
) -> Iterable[str]:
    conversion.repaired("PlaceholderWithDefault is written as Input", node.name)
    dims = attrs.shape(node.node, "shape").dims or ()
    dtype = conversion.dtype_field(node, attrs.dtype(node.node, "dtype", default=DType.FLOAT32))
    conversion.add(node.name, "Input", dtype=dtype, shape=fields.integers(dims))
    return ()


@converter("Const")
def constant(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    value = conversion.constant(node.name, node, "value")
    conversion.add_constant(node.name, elements(value, node.name), value.dtype)
    return inputs


@converter("Identity")
def identity(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.add(node.name, "Identity", take(node, inputs, 1))
    return inputs


@repair("StopGradient", "PreventGradient", "Snapshot", "CheckNumerics")
def identity_like(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.repaired(f"{node.op} is written as Identity", node.name)
    return identity(conversion, node, inputs)
