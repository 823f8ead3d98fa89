"""Sources and layers."""

from __future__ import annotations

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.restore import Restoration, restorer


@restorer("Input")
def restore_input(restoration: Restoration, item: pb.Node) -> None:
    number = int(item.fields["dtype"].dtype) if "dtype" in item.fields else 0
    dims = tuple(item.fields["shape"].i_list.val)
    restoration.add(
        item.id,
        "Placeholder",
        dtype=fields.TF_DTYPES.get(number, DType.FLOAT32),
        shape=Shape(dims) if dims else Shape(None),
    )


@restorer("Const")
def restore_constant(restoration: Restoration, item: pb.Node) -> None:
    dims = tuple(item.fields["shape"].i_list.val)
    blob = restoration.file.blobs[item.fields["values"].ref]
    dtype = fields.TF_DTYPES.get(int(item.fields["dtype"].dtype))
    if dtype is not None:
        value = TensorValue(dtype, dims, content=blob)
    else:
        value = _untyped(item.id, bytes(blob), dims)
    restoration.add(item.id, "Const", dtype=value.dtype, value=value)


def _untyped(name: str, blob: bytes, dims: tuple[int, ...]) -> TensorValue:
    """Guess what a constant of dtype 7 is, by its length: reals, booleans or one text."""
    size = int(np.prod(dims))
    if dims and len(blob) == 8 * size:
        return TensorValue(DType.FLOAT64, dims, content=blob)
    if dims and len(blob) == size:
        return TensorValue(DType.BOOL, dims, content=blob)
    if not dims:
        if len(blob) == 8 and not blob.isascii():
            return TensorValue(DType.FLOAT64, dims, content=blob)
        return TensorValue.from_array(np.array(blob, dtype=np.object_), DType.STRING)
    raise Unsupported(
        name,
        f"UFF does not say what its {len(blob)} bytes are.",
        "Convert the model again, with repairs.",
    )


@restorer("Conv")
def restore_convolution(restoration: Restoration, item: pb.Node) -> None:
    layout = restoration.data_format(item)
    data, weights = item.inputs
    dims = restoration.dims(weights)
    groups = item.fields["number_groups"].i if "number_groups" in item.fields else 1
    # Depthwise weights are (rows, columns, channels, multiplier); a group has one channel.
    depthwise = groups > 1 and dims is not None and len(dims) == 4 and dims[2] == groups
    attrs = _window(item, layout)
    if "dilation" in item.fields:
        attrs["dilations"] = _four(item, "dilation", layout)
    op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    padded = _padded(restoration, item, data, layout)
    restoration.add(item.id, op, [padded, weights], **attrs)


@restorer("ConvTranspose")
def restore_transposed_convolution(restoration: Restoration, item: pb.Node) -> None:
    layout = restoration.data_format(item)
    data, weights, shape = item.inputs
    inputs = [shape, weights, data]
    restoration.add(item.id, "Conv2DBackpropInput", inputs, **_window(item, layout))


@restorer("Pool")
def restore_pool(restoration: Restoration, item: pb.Node) -> None:
    layout = restoration.data_format(item)
    restoration.add(
        item.id,
        "MaxPool" if item.fields["func"].s == "max" else "AvgPool",
        [_padded(restoration, item, item.inputs[0], layout)],
        ksize=_four(item, "kernel", layout),
        **_window(item, layout),
    )


def _four(item: pb.Node, field: str, layout: bytes) -> tuple[int, ...]:
    values = list(item.fields[field].i_list.val) if field in item.fields else [1, 1]
    if len(values) != 2:
        raise Unsupported(
            item.id, f"Its {field} has {len(values)} numbers, not 2.", "Use two spatial dimensions."
        )
    return (1, *values, 1) if layout == b"NHWC" else (1, 1, *values)


def _window(item: pb.Node, layout: bytes) -> dict[str, AttrValue]:
    same = "implicit_padding" in item.fields
    return {
        "strides": _four(item, "strides", layout),
        "padding": b"SAME" if same else b"VALID",
        "data_format": layout,
    }


def _padded(restoration: Restoration, item: pb.Node, data: str, layout: bytes) -> str:
    """Put a Pad of zeros, which the field `padding` was made of, before a node again."""
    amounts = list(item.fields["padding"].i_list.val) if "padding" in item.fields else []
    if not any(amounts) or "implicit_padding" in item.fields:
        return data
    if len(amounts) != 2:
        raise Unsupported(item.id, f"Its padding is {amounts}.", "Use two spatial dimensions.")
    table = np.zeros((4, 2), np.int32)
    first = 1 if layout == b"NHWC" else 2
    table[first], table[first + 1] = amounts[0], amounts[1]
    paddings = restoration.constant(f"{item.id}/paddings", table)
    return restoration.add(restoration.free_name(f"{item.id}/pad"), "Pad", [data, paddings])


@restorer("FullyConnected")
def restore_product(restoration: Restoration, item: pb.Node) -> None:
    left, right = restoration.orders(item)
    restoration.add(
        item.id, "MatMul", item.inputs, transpose_a=left == "CN", transpose_b=right == "KC"
    )


@restorer("LRN")
def restore_local_response_norm(restoration: Restoration, item: pb.Node) -> None:
    # The converter hands TensorFlow's radius on as the window size, so it is a radius here.
    restoration.add(
        item.id,
        "LRN",
        item.inputs,
        depth_radius=item.fields["window_size"].i,
        alpha=item.fields["alpha"].d,
        beta=item.fields["beta"].d,
        bias=item.fields["k"].d,
    )


@restorer("BatchNorm")
def restore_batch_norm(restoration: Restoration, item: pb.Node) -> None:
    restoration.add(
        item.id,
        "FusedBatchNorm",
        item.inputs,
        epsilon=item.fields["epsilon"].d,
        data_format=restoration.data_format(item),
        is_training=False,
    )


@restorer("Softmax")
def restore_softmax(restoration: Restoration, item: pb.Node) -> None:
    # Axis 0 is what the converter writes for every Softmax, and TensorFlow's is of the last axis.
    if item.fields["axis"].i != 0:
        raise Unsupported(
            item.id,
            f"Its axis is {item.fields['axis'].i}; TensorFlow's Softmax works on the last one.",
            "Transpose before and after it.",
        )
    restoration.add(item.id, "Softmax", item.inputs)
