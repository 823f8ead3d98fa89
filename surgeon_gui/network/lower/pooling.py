"""Pools."""

from __future__ import annotations

from surgeon_gui.network import layers
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first
from surgeon_gui.network.lower.windows import data_format, padding, spatial_of


@converter("MaxPool", "MaxPoolV2", "MaxPool3D", "AvgPool", "AvgPool3D")
def pool(node: Call, b: Lower) -> Value:
    """TensorFlow's averages leave padding out of the count."""
    data = b.live(node.input(0))
    layout = data_format(node, data.rank)
    if not data.dtype.is_floating:
        raise node.refuse(
            f"TensorRT pools floating point only, not {data.dtype.text}.",
            "Cast the input to float32 before this node.",
        )
    if node.op == "MaxPoolV2":
        window = _spatial_input(node, 1, "the window", layout)
        stride = _spatial_input(node, 2, "the strides", layout)
    else:
        window = node.spatial("ksize", layout)
        stride = node.spatial("strides", layout)
    pads = padding(node, spatial_of(data.shape, layout), window, stride, (1,) * len(window), layout)
    axes = channels_first(data.rank, layout)
    average = node.op.startswith("Avg")
    kind = layers.Pooling(
        type=layers.PoolingType.AVERAGE if average else layers.PoolingType.MAX,
        window_size=window,
        stride=stride,
        pre_padding=pads[0],
        post_padding=pads[1],
    )
    return Value.of(b.add(kind, b.tensor(data, axes)), data.dtype, axes)


def _spatial_input(node: Call, index: int, what: str, layout: str) -> tuple[int, ...]:
    values = node.constant_ints(index, what)
    if (
        len(values) != len(layout)
        or values[layout.index("N")] != 1
        or values[layout.index("C")] != 1
    ):
        raise node.refuse(f"{what.capitalize()} {list(values)} must be spatial, with 1 elsewhere.")
    return spatial_of(values, layout)


@converter("MaxPoolWithArgmax")
def pool_with_places(node: Call, b: Lower) -> Value:
    """The maxima; TensorRT's pools do not tell where those lay."""
    readers = b.scope.graph.consumers(node.name)
    if any(ref.node == node.name and ref.port == 1 for item in readers for ref in item.inputs):
        raise node.refuse(
            "TensorRT's pools do not tell where the maximum lay, which something reads here.",
            "Replace MaxPoolWithArgmax and its readers by a plugin.",
        )
    return pool(node, b)
