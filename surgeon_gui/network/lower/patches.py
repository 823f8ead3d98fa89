"""Ops that gather pieces known beforehand: image patches, partitions, stitches."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.convolution import convolve
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import take
from surgeon_gui.network.lower.value import Value
from surgeon_gui.network.lower.windows import padding, spatial_of

_LARGEST_PATCH = 4096


@converter("ExtractImagePatches")
def extract_image_patches(node: Call, b: Lower) -> Value:
    """A convolution whose kernel picks one element of the patch per output channel."""
    data = node.input(0)
    window = node.spatial("ksizes", "NHWC")
    stride = node.spatial("strides", "NHWC")
    dilation = node.spatial("rates", "NHWC", optional=True)
    channels = data.shape[-1]
    size = window[0] * window[1] * channels
    if size > _LARGEST_PATCH:
        raise node.refuse(
            f"Its patches of {size} elements make too large a kernel (at most {_LARGEST_PATCH}).",
            "Cut the graph before it.",
        )
    kernel = np.eye(size, dtype=np.float32).reshape(*window, channels, size)
    pads = padding(node, spatial_of(data.shape, "NHWC"), window, stride, dilation, "NHWC")
    return convolve(
        node, b, data, Value.known(kernel), "NHWC", stride=stride, dilation=dilation, pads=pads
    )


@converter("DynamicPartition")
def dynamic_partition(node: Call, b: Lower) -> tuple[Value, ...]:
    data = node.input(0)
    partitions = node.constant(1, "the partitions")
    flat = b.view(data, (partitions.size, *data.shape[partitions.ndim :]))
    labels = partitions.reshape(-1)
    parts = []
    for label in range(node.integer("num_partitions")):
        indices = np.flatnonzero(labels == label).astype(np.int32)
        parts.append(take(b, flat, Value.known(indices), 0, suffix=f"part_{label}"))
    return tuple(parts)


@converter("DynamicStitch", "ParallelDynamicStitch")
def dynamic_stitch(node: Call, b: Lower) -> Value:
    """Row indices[i][j] of the result is data[i][j]; the last one counts."""
    count = node.integer("N")
    indices = [node.constant(place, "the indices") for place in range(count)]
    rows = []
    for index, data in zip(indices, node.inputs[count:], strict=True):
        rows.append(b.view(data, (index.size, *data.shape[index.ndim :])))
    flat = np.concatenate([index.reshape(-1) for index in indices])
    size = int(flat.max(initial=-1)) + 1
    places = np.zeros(size, np.int32)
    places[flat] = np.arange(flat.size)
    if len(set(flat.tolist())) != size:
        raise node.refuse("Its indices leave rows of the result open.", "Check the indices.")
    joined = concatenate(b, rows, 0, suffix="joined")
    return take(b, joined, Value.known(places), 0)


@converter("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin")
def tensor_scatter(node: Call, b: Lower) -> Value:
    """Gathered, combined, written back: the same when no index comes twice."""
    data, updates = node.input(0), node.input(2)
    indices = node.constant(1, "the indices")
    rows = indices.reshape(-1, indices.shape[-1])
    if len(np.unique(rows, axis=0)) != len(rows):
        raise node.refuse(
            "Its indices repeat, and TensorRT keeps only the last of what meets there.",
            "Make the indices unique.",
        )
    ops = {"Add": Op.SUM, "Sub": Op.SUB, "Max": Op.MAX, "Min": Op.MIN}
    places = b.logical(node.input(1))
    gathered = b.add(
        layers.Gather(mode=layers.GatherMode.ND), b.logical(data), places, suffix="old"
    )
    old = Value.of(gathered, data.dtype)
    new = b.elementwise(ops[node.op.removeprefix("TensorScatter")], old, updates, suffix="new")
    kind = layers.Scatter(mode=layers.ScatterMode.ND)
    return Value.of(b.add(kind, b.logical(data), places, b.logical(new)), data.dtype)


@converter("DataFormatVecPermute", "DataFormatDimMap")
def data_format(node: Call, b: Lower) -> Value:
    source = node.text("src_format", "NHWC")
    target = node.text("dst_format", "NCHW")
    data = node.input(0)
    if node.op == "DataFormatVecPermute":
        order = np.array([source.index(letter) for letter in target], np.int32)
        if data.shape[0] == len(source) - 2:
            spatial = [letter for letter in source if letter not in "NC"]
            order = np.array(
                [spatial.index(letter) for letter in target if letter not in "NC"], np.int32
            )
        return take(b, data, Value.known(order), 0)
    table = np.array([target.index(letter) for letter in source], data.dtype.numpy)
    # Dimensions may be counted from the end.
    twice = Value.known(np.concatenate([table, table]), data.dtype)
    shifted = b.elementwise(Op.SUM, data, b.scalar(len(source), data.dtype), suffix="shifted")
    tensor = b.add(layers.Gather(), b.constant(twice), b.logical(shifted))
    return Value.of(tensor, data.dtype)


@converter("AdjustContrastv2")
def adjust_contrast(node: Call, b: Lower) -> Value:
    """Each channel's distance from its mean is multiplied."""
    data, factor = node.input(0), node.input(1)
    axes = (data.rank - 3, data.rank - 2)
    mean = b.reduce(ReduceOperation.AVG, data, axes, True, suffix="mean")
    distance = b.elementwise(Op.SUB, data, mean, suffix="distance")
    scaled = b.elementwise(Op.PROD, distance, b.cast(factor, DType.FLOAT32), suffix="scaled")
    return b.elementwise(Op.SUM, scaled, mean)
