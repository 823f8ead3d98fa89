"""Sizes and padding of sliding windows (convolutions and pools), as TensorFlow computes them.

Source: tensorflow/core/framework/common_shape_fns.cc, GetWindowedOutputSizeVerbose.
"""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.graph.attrs import wholes, word
from surgeon_gui.graph.model import Node


def output_size(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """Return the number of windows along one dimension; -1 where `size` or `window` is unknown."""
    if padding == "SAME":
        return -1 if size < 0 else -(-size // stride)
    if size < 0 or window < 0:
        return -1
    return max((size - ((window - 1) * dilation + 1) + stride) // stride, 0)


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return how many elements SAME padding puts before and after; the odd one comes after."""
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def spatial_axes(data_format: str, rank: int) -> tuple[int, ...]:
    """Return the axes of height, width …: `NHWC` `NCHW` `NDHWC` … (default: channels last)."""
    if data_format.startswith("NC"):
        return tuple(range(2, rank))
    return tuple(range(1, rank - 1))


def channel_axis(data_format: str, rank: int) -> int:
    return 1 if data_format.startswith("NC") else rank - 1


def spatial(values: Sequence[int], data_format: str, rank: int) -> tuple[int, ...]:
    """Return the spatial members of a per-dimension list (strides, ksize, dilations)."""
    if len(values) != rank:
        return (1,) * (rank - 2)
    return tuple(values[axis] for axis in spatial_axes(data_format, rank))


def explicit_padding(node: Node, rank: int) -> tuple[tuple[int, int], ...]:
    """Return (before, after) of each spatial dimension of a node with EXPLICIT padding."""
    pads = wholes(node, "explicit_paddings", (0,) * (2 * rank))
    axes = spatial_axes(word(node, "data_format", "NHWC"), rank)
    return tuple((pads[2 * axis], pads[2 * axis + 1]) for axis in axes)
