"""Operations on shapes and places of elements; reductions; gathers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import DType
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import (
    Conversion,
    converter,
    repair,
    take,
)
from surgeon_gui.uff.wiring import WiredNode


@converter("Reshape")
def reshape(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 2)
    parts = node.name.split("/")
    if len(parts) > 1 and "flatten" in parts[-2].lower():
        conversion.add(node.name, "Flatten", inputs[:1])
        return [inputs[0], *inputs[2:]]
    conversion.add(node.name, "Reshape", inputs[:2])
    return inputs


@converter("Transpose")
def transpose(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    data, permutation = take(node, inputs, 2)
    values = fields.integers(conversion.integers(permutation, node, "permutation"))
    conversion.add(node.name, "Transpose", [data], permutation=values)
    return [data]


@converter("ExpandDims", "ArgMax", "ArgMin")
def along_axis(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 2)
    axis = fields.integer(conversion.integer(inputs[-1], node, "axis"))
    conversion.add(node.name, node.op, inputs[:1], axis=axis)
    return inputs[:-1]


@converter("Squeeze")
def squeeze(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    axes = fields.integers(attrs.wholes(node.node, "squeeze_dims"))
    conversion.add(node.name, "Squeeze", take(node, inputs, 1), axes=axes)
    return inputs


@converter("Pack")
def stack(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.add(node.name, "Stack", inputs, axis=fields.integer(attrs.whole(node.node, "axis")))
    return inputs


@converter("ConcatV2")
def concat(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    if "axis" in node.attrs:
        data, axis = inputs, attrs.whole(node.node, "axis")
    else:
        take(node, inputs, 2)
        data, axis = inputs[:-1], conversion.integer(inputs[-1], node, "axis")
    conversion.add(node.name, "Concat", data, axis=fields.integer(axis))
    return data


@repair("Concat")
def first_concat(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 2)
    conversion.repaired("Concat of TensorFlow 0 is written as Concat", node.name)
    axis = conversion.integer(inputs[0], node, "axis")
    conversion.add(node.name, "Concat", inputs[1:], axis=fields.integer(axis))
    return inputs[1:]


@converter("Sum", "Prod", "Min", "Max", "Mean")
def reduce(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    data, axes = take(node, inputs, 2)
    keep = node.attrs.get("keep_dims") is True
    conversion.add(
        node.name,
        "Reduce",
        [data],
        func=fields.text(node.op.lower()),
        axes=fields.integers(conversion.integers(axes, node, "axes")),
        keepdims=fields.boolean(keep),
    )
    conversion.warnings.append(f"{node.name}: NVIDIA's UFF parser ignores keepdims.")
    return [data]


@converter("Shape")
def shape(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.add(node.name, "Shape", take(node, inputs, 1))
    return inputs


@converter("StridedSlice")
def strided_slice(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 4)
    for mask in ("ellipsis_mask", "new_axis_mask"):
        if attrs.whole(node.node, mask):
            raise Unsupported(
                node.name,
                f"UFF's StridedSlice has no {mask}.",
                "Write the slice with all its axes, and ExpandDims for new ones.",
            )
    masks = {
        mask: fields.integer(attrs.whole(node.node, mask))
        for mask in ("begin_mask", "end_mask", "shrink_axis_mask")
    }
    conversion.add(node.name, "StridedSlice", inputs[:4], **masks)
    return inputs


@converter("Pad")
def pad(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    conversion.add(node.name, "Pad", take(node, inputs, 2))
    return inputs


@repair("PadV2")
def constant_pad(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    data, paddings, value = take(node, inputs, 3)
    if np.any(conversion.values(value, node, "padding value")):
        raise Unsupported(
            node.name, "UFF pads with zeros only.", "Pad with zero, or use the direct route."
        )
    conversion.repaired("PadV2 with zero is written as Pad", node.name)
    conversion.add(node.name, "Pad", [data, paddings])
    return [data, paddings]


@converter("Gather")
def gather(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    validate = node.attrs.get("validate_indices") is not False
    conversion.add(
        node.name,
        "Gather",
        inputs,
        validate_indices=fields.boolean(validate),
        **_gather_dtypes(conversion, node, "Tparams"),
    )
    return inputs


@converter("GatherV2", "ResourceGather")
def gather_along(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    axis = conversion.integer(inputs[-1], node, "axis") if len(inputs) > 2 else 0
    data = inputs[:-1] if len(inputs) > 2 else inputs
    params = "dtype" if node.op == "ResourceGather" else "Tparams"
    conversion.add(
        node.name,
        "GatherV2",
        data,
        axis=fields.integer(axis),
        **_gather_dtypes(conversion, node, params),
    )
    return data


def _gather_dtypes(conversion: Conversion, node: WiredNode, params: str) -> dict[str, pb.Data]:
    indices = attrs.dtype(node.node, "Tindices", default=DType.INT32)
    values = attrs.dtype(node.node, params, default=DType.FLOAT32)
    return {
        "indices_dtype": conversion.dtype_field(node, indices),
        "params_dtype": conversion.dtype_field(node, values),
    }
