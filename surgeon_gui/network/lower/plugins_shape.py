"""Plugins that move elements around, by layers TensorRT has itself.

Sources: the plugins' descriptions in `rules/plugins`; NVIDIA/TensorRT release/8.6
plugin/flattenConcat, plugin/resizeNearestPlugin, plugin/batchTilePlugin, plugin/specialSlicePlugin,
plugin/common/kernels/reorgForward.cu.
"""

from __future__ import annotations

import math

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.layers import CoordinateTransformation, InterpolationMode
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.plugin_fields import (
    channels_first,
    integer,
    layout,
    number,
    order_of,
)
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import repeat, take
from surgeon_gui.network.lower.value import Value


@converter("FlattenConcat_TRT")
def flatten_concat(node: Call, b: Lower) -> Value:
    """Each input flattened in the plugin's order, joined along axis 1, 2 or 3 of [N, C, H, W]."""
    axis = integer(node, "axis")
    if axis not in (1, 2, 3):
        raise node.refuse(f"The plugin joins along axis 1, 2 or 3, not {axis}.")
    flat = []
    for index, value in enumerate(node.inputs):
        batch = node.input(0).shape[0] if value.rank else 0
        if value.rank < 2 or value.shape[0] != batch:
            raise node.refuse(f"Input {index} is {list(value.shape)}, not a batch of {batch}.")
        ordered = b.permute(value, order_of(layout(node, b, index), value.rank))
        if math.prod(ordered.shape[1:axis]) != 1:
            raise node.refuse(
                f"Along axis {axis} the plugin joins what has one element before that axis, "
                f"input {index} is {list(ordered.shape)}.",
                "Set axis to 1.",
            )
        flat.append(b.view(ordered, (batch, value.size // batch)))
    if not flat:
        raise node.refuse("It has nothing to join.")
    if integer(node, "ignoreBatch", 0) and flat[0].shape[0] != 1:
        raise node.refuse(
            "With ignoreBatch the plugin joins the first image of the batch only.",
            "Set ignoreBatch to 0.",
        )
    joined = concatenate(b, flat, 1)
    shape = [joined.shape[0], 1, 1, 1]
    shape[axis] = joined.shape[1]
    return b.view(joined, tuple(shape))


@converter("ResizeNearest_TRT")
def resize_nearest(node: Call, b: Lower) -> Value:
    """Element i of the result is element floor(i / scale)."""
    data, back = channels_first(node, b)
    scale = number(node, "scale")
    if scale <= 0:
        raise node.refuse(f"The scale {scale:g} is not above 0.", "Set the attribute scale.")
    batch, channels, *image = data.shape
    size = tuple(int(np.float32(dim) * np.float32(scale)) for dim in image)
    if 0 in size:
        raise node.refuse(f"Nothing is left of {image} at scale {scale:g}.")
    if all(new == old * scale for new, old in zip(size, image, strict=True)):
        kind = layers.Resize(
            shape=(batch, channels, *size),
            resize_mode=InterpolationMode.NEAREST,
            coordinate_transformation=CoordinateTransformation.ASYMMETRIC,
        )
        resized = Value.of(b.add(kind, b.logical(data)), data.dtype)
        return b.permute(resized, back)
    # TensorRT's layer would take the factor from the sizes, which is another one.
    for axis, (new, old) in enumerate(zip(size, image, strict=True), start=2):
        places = (np.arange(new, dtype=np.float32) / np.float32(scale)).astype(np.int32)
        chosen = Value.known(np.minimum(places, old - 1))
        data = take(b, data, chosen, axis, suffix="" if axis == 3 else "rows")
    return b.permute(data, back)


@converter("Reorg_TRT")
def reorg(node: Call, b: Lower) -> Value:
    """Darknet's order: the input is read as if it had stride² fewer channels and a larger image."""
    data, back = channels_first(node, b)
    stride = integer(node, "stride")
    batch, channels, height, width = data.shape
    if stride < 1 or channels % stride**2 or height % stride or width % stride:
        raise node.refuse(f"{channels} x {height} x {width} cannot be rearranged by {stride}.")
    fewer = channels // stride**2
    large = b.view(data, (batch, fewer, height, stride, width, stride))
    turned = b.permute(large, (0, 3, 5, 1, 2, 4))
    small = (batch, channels * stride**2, height // stride, width // stride)
    return b.permute(b.view(turned, small), back)


@converter("BatchTilePlugin_TRT")
def batch_tile(node: Call, b: Lower) -> Value:
    """The second input, once per image of the first."""
    count, data = node.input(0).shape, node.input(1)
    if not count or data.rank != 4 or data.shape[0] != 1:
        raise node.refuse(f"It repeats a tensor [1, ?, ?, ?], not {list(data.shape)}.")
    return repeat(b, data, (count[0], *data.shape[1:]))


@converter("SpecialSlice_TRT")
def special_slice(node: Call, b: Lower) -> Value:
    """The boxes of detections: the first four of their six columns."""
    data = node.input(0)
    if data.rank < 2 or data.shape[-1] < 4:
        raise node.refuse(f"It reads detections of six columns, not {list(data.shape)}.")
    return b.slice(data, (0,) * data.rank, (*data.shape[:-1], 4))
