"""Convolutions and pools, with the padding they take over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import DType
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import Conversion, converter, take
from surgeon_gui.uff.wiring import WiredNode, clean_name, last_component


@dataclass
class Window:
    """The fields of a convolution or pool under way.

    Attributes:
        data: the input; past a Pad that is taken over, or a Pad made for it.
        walk: the node of the graph the data comes from.
        padding: rows and columns added on each side.
    """

    order: str
    axes: tuple[int, int]
    data: str
    walk: str
    fields: dict[str, pb.Data]
    padding: list[int] | None = None

    def two(self, node: WiredNode, key: str) -> pb.Data:
        """Return the spatial two of a list attribute of four."""
        values = attrs.wholes(node.node, key)
        if len(values) != 4:
            raise Unsupported(
                node.name, f"Its {key} are {values}, not four numbers.", f"Set {key} anew."
            )
        return fields.integers([values[axis] for axis in self.axes])


def data_order(node: WiredNode) -> str:
    """Return the order of a node's data: `N+C` or `NC+`.

    Raises:
        Unsupported: the data_format is neither NHWC nor NCHW.
    """
    layout = attrs.word(node.node, "data_format") or "NHWC"
    if layout not in ("NHWC", "NCHW"):
        raise Unsupported(
            node.name, f"UFF knows no data_format {layout}.", "Use NHWC or NCHW, in two dimensions."
        )
    return "NC+" if layout == "NCHW" else "N+C"


def window(conversion: Conversion, node: WiredNode, data: str, *, fuse: bool) -> Window:
    """Read strides and padding; a symmetric Pad before VALID padding is taken over."""
    order = data_order(node)
    made = Window(order, (2, 3) if order == "NC+" else (1, 2), data, data, {})
    made.fields["strides"] = made.two(node, "strides")
    padding = attrs.word(node.node, "padding")
    if padding == "SAME":
        made.fields["implicit_padding"] = fields.text("same")
    elif padding == "EXPLICIT" and not conversion.strict:
        pairs = np.array(attrs.wholes(node.node, "explicit_paddings")).reshape(-1, 2)
        conversion.repaired("explicit padding is written as the field padding", node.name)
        _pad(conversion, node, made, [[int(a), int(b)] for a, b in pairs[list(made.axes)]])
    elif padding != "VALID":
        raise Unsupported(
            node.name,
            f"NVIDIA's converter knows no padding {padding}.",
            "Use SAME or VALID, with a Pad before it where needed.",
        )
    elif fuse:
        _take_over_pad(conversion, node, made)
    return made


def _take_over_pad(conversion: Conversion, node: WiredNode, made: Window) -> None:
    pad = conversion.source(made.data, node.name)
    if pad.op != "Pad" or len(pad.input) < 2:
        return
    if conversion.strict:
        pad_data, amounts_from = clean_name(pad.input[0]), clean_name(pad.input[1])
    else:
        pad_data, amounts_from = conversion.inputs_of(pad)[:2]
    amounts = conversion.values(amounts_from, pad, "padding").reshape(-1, 2)
    if (amounts[:, 0] != amounts[:, 1]).any():
        return
    others = np.delete(amounts, made.axes, axis=0) if len(amounts) == 4 else amounts[:0]
    if not conversion.strict and (others.any() or len(amounts) != 4):
        conversion.repaired("a Pad of batch or channels is kept", pad.name)
        return
    made.data = made.walk = pad_data
    made.padding = [int(amounts[axis, 0]) for axis in made.axes]


def _pad(conversion: Conversion, node: WiredNode, made: Window, amounts: list[list[int]]) -> None:
    """Add [[top, bottom], [left, right]]: as the field if symmetric, else as a Pad node."""
    if all(before == after for before, after in amounts):
        before = made.padding or [0, 0]
        made.padding = [amounts[0][0] + before[0], amounts[1][0] + before[1]]
        return
    conversion.repaired("asymmetric padding is written as a Pad before the node", node.name)
    table = np.zeros((4, 2), dtype=np.int32)
    table[list(made.axes)] = amounts
    name = conversion.fresh_id(f"{node.name}/pad")
    paddings = conversion.add_constant(conversion.fresh_id(f"{name}/paddings"), table, DType.INT32)
    conversion.add(name, "Pad", [made.data, paddings])
    made.data = name


@converter("Conv2D", "DepthwiseConv2dNative")
def convolution(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 2)
    made = window(conversion, node, inputs[0], fuse=True)
    if "dilations" in node.attrs:
        made.fields["dilation"] = made.two(node, "dilations")
    walked = [made.walk, *inputs[1:]]
    _read_dilated_form(conversion, node, made, walked)
    if node.op == "DepthwiseConv2dNative":
        shape = conversion.constant(walked[1], node, "weights").shape
        if len(shape) != 4:
            raise Unsupported(node.name, f"Its weights have {len(shape)} dimensions, not 4.")
        made.fields["number_groups"] = fields.integer(shape[2])
    if made.padding is not None:
        made.fields["padding"] = fields.integers(made.padding)
    orders = conversion.orders(node, made.order, "+CK")
    conversion.add(node.name, "Conv", [made.data, walked[-1]], inputs_orders=orders, **made.fields)
    return walked


def _read_dilated_form(
    conversion: Conversion, node: WiredNode, made: Window, inputs: list[str]
) -> None:
    """Take block shape, paddings and crops out of the inputs of a folded dilated convolution."""

    def found(part: str) -> bool:
        if len(inputs) < 3:
            return False
        if not conversion.strict:
            return len(inputs) == {"block_shape": 5, "paddings": 4, "crops": 3}[part]
        source = conversion.source(inputs[1], node.name)
        return part in last_component(inputs[1]) and source.op == "Const"

    def spatial(part: str) -> list[int]:
        values = conversion.integers(inputs.pop(1), node, part)
        count = 2 if part == "block shape" else 4
        return values[count // 2 : count // 2 + count] if len(values) > count else values

    if found("block_shape"):
        made.fields["dilation"] = fields.integers(spatial("block shape"))
    if not found("paddings"):
        return
    amounts = np.array(spatial("paddings"))
    if found("crops"):
        amounts = amounts - np.array(spatial("crops"))
    pairs = [[int(before), int(after)] for before, after in amounts.reshape(-1, 2)]
    if not conversion.strict or all(before == after for before, after in pairs):
        _pad(conversion, node, made, pairs)
    else:
        conversion.warnings.append(
            f"{node.name}: asymmetric padding of a dilated convolution is not written."
        )


@converter("Conv2DBackpropInput")
def transposed_convolution(
    conversion: Conversion, node: WiredNode, inputs: list[str]
) -> Iterable[str]:
    shape, weights, data = take(node, inputs, 3)
    made = window(conversion, node, data, fuse=False)
    if made.padding is not None:
        raise Unsupported(
            node.name,
            "UFF's transposed convolution takes no explicit padding.",
            "Use SAME or VALID padding and a Slice after it.",
        )
    orders = conversion.orders(node, made.order, "+KC")
    conversion.add(
        node.name, "ConvTranspose", [data, weights, shape], inputs_orders=orders, **made.fields
    )
    return inputs


@converter("MaxPool", "AvgPool")
def pool(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    take(node, inputs, 1)
    made = window(conversion, node, inputs[0], fuse=conversion.strict)
    if not conversion.strict and conversion.source(inputs[0], node.name).op == "Pad":
        # Max pooling pads with the least number and average pooling leaves padding out of its mean.
        for name in (node.name, inputs[0]):
            conversion.repaired("a Pad before a pool is kept, as it pads with zeros", name)
    made.fields["kernel"] = made.two(node, "ksize")
    if made.padding is not None:
        made.fields["padding"] = fields.integers(made.padding)
    conversion.add(
        node.name,
        "Pool",
        [made.data],
        func=fields.text("max" if node.op == "MaxPool" else "avg"),
        inputs_orders=conversion.orders(node, made.order),
        **made.fields,
    )
    return [made.walk, *inputs[1:]]
