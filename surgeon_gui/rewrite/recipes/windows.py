"""Rewrites of windows: paddings stated, means as pools, resizing as a transposed convolution."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import Array, AttrValue, DType
from surgeon_gui.graph.windows import same_padding, spatial, spatial_axes
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.maker import Maker
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.subject import Mismatch

LARGEST_KERNEL = 1 << 22
"""Weights a resize may become; a transposed convolution needs channels squared of them."""

_NOT_NEGATIVE = frozenset({"Relu", "Relu6", "Sigmoid", "Softmax", "Abs", "Square", "Softplus"})


@action
def explicit_padding(place: Place) -> Replacement | Mismatch:
    """State uneven SAME padding in a Pad before the window.

    A MaxPool is padded with zeros, so only one whose input is never negative qualifies.
    """
    root = place.node("root")
    layout = attrs.word(root, "data_format", "NHWC")
    pool = root.op == "MaxPool"
    if attrs.word(root, "padding") != "SAME":
        return Mismatch(root.name, "It has no SAME padding.")
    dims = place.shape("x").dims
    if dims is None or len(dims) != 4:
        return Mismatch(root.name, f"The shape of its input is {place.shape('x')}.")
    if pool:
        window = spatial(attrs.wholes(root, "ksize"), layout, 4)
        source = place.subject.producer(place.subject.source(place.tensor("x")))
        if source is None or source.op not in _NOT_NEGATIVE:
            return Mismatch(root.name, "Its input may be negative, so zeros cannot pad it.")
    else:
        kernel = place.subject.shape(root.inputs[1]).dims
        if kernel is None:
            return Mismatch(root.name, "The size of its kernel is unknown.")
        window = kernel[:2]
    strides = spatial(attrs.wholes(root, "strides"), layout, 4)
    dilations = spatial(attrs.wholes(root, "dilations", (1, 1, 1, 1)), layout, 4)
    axes = spatial_axes(layout, 4)
    sizes = [dims[axis] for axis in axes]
    if min(*sizes, *window) < 0:
        return Mismatch(root.name, "The size of its input is unknown; give the inputs' shapes.")
    pads = np.zeros((4, 2), np.int32)
    for at, axis in enumerate(axes):
        pads[axis] = same_padding(sizes[at], window[at], strides[at], dilations[at])
    if np.array_equal(pads[:, 0], pads[:, 1]):
        return Mismatch(root.name, "Its padding is the same on both sides.")
    maker = Maker(place)
    padded = maker.node("pad", "Pad", [place.tensor("x"), maker.const("paddings", pads)])
    return maker.last(root.op, [padded, *root.inputs[1:]], {**root.attrs, "padding": b"VALID"})


@action
def mean_to_pool(place: Place) -> Replacement | Mismatch:
    """Make a mean over height and width an AvgPool of the whole picture."""
    root = place.node("root")
    dims = place.shape("x").dims
    if dims is None or len(dims) != 4 or min(dims[1:]) < 0:
        return Mismatch(root.name, f"The shape of its input is {place.shape('x')}.")
    window = (1, dims[1], dims[2], 1)
    pool: dict[str, AttrValue] = {
        "ksize": window,
        "strides": window,
        "padding": b"VALID",
        "data_format": b"NHWC",
    }
    maker = Maker(place)
    if attrs.flag(root, "keep_dims"):
        return maker.last("AvgPool", [place.tensor("x")], pool)
    pooled = maker.node("pool", "AvgPool", [place.tensor("x")], pool)
    return maker.last("Reshape", [pooled, maker.indices("shape", dims[0], dims[3])])


@action
def resize_bilinear(place: Place) -> Replacement | Mismatch:
    """Make a bilinear resize by a whole factor a transposed convolution of constant weights.

    What the border lacks is multiplied back, so the numbers are TensorFlow's to rounding.
    """
    root = place.node("root")
    before, after = place.shape("x").dims, place.shape("root").dims
    if before is None or after is None or min(*before, *after) <= 0:
        return Mismatch(root.name, "The sizes are unknown; give the inputs' shapes, batch and all.")
    corners = attrs.flag(root, "align_corners")
    factors = [_factor(before[axis], after[axis], corners) for axis in (1, 2)]
    if min(factors) == 0:
        sizes = f"{before[1]}x{before[2]} to {after[1]}x{after[2]}"
        return Mismatch(root.name, f"{sizes} is no whole factor.")
    channels = before[3]
    half = attrs.flag(root, "half_pixel_centers")
    sides = [_weights(factor, corners, half) for factor in factors]
    if sides[0].size * sides[1].size * channels**2 > LARGEST_KERNEL:
        return Mismatch(root.name, f"With {channels} channels its weights would be too many.")
    kernel = np.einsum("h,w,co->hwco", *sides, np.eye(channels)).astype(np.float32)
    lacks = [
        _lacking(before[at + 1], after[at + 1], factor, sides[at])
        for at, factor in enumerate(factors)
    ]
    border = np.broadcast_to(np.outer(*lacks)[None, :, :, None], (1, *after[1:3], channels))
    maker = Maker(place)
    inputs = [
        maker.indices("output_size", *after),
        maker.const("weights", kernel),
        place.tensor("x"),
    ]
    window: dict[str, AttrValue] = {
        "strides": (1, *factors, 1),
        "padding": b"SAME",
        "data_format": b"NHWC",
        "dilations": (1, 1, 1, 1),
    }
    enlarged = maker.node("enlarge", "Conv2DBackpropInput", inputs, {**window, "T": DType.FLOAT32})
    return maker.last("Mul", [enlarged, maker.const("border", border.astype(np.float32))])


def _factor(before: int, after: int, corners: bool) -> int:
    """Return by which whole number a side grows, 0 when by none."""
    if corners:
        before, after = before - 1, after - 1
    if before == 0:
        return 1 if after == before else 0
    return 0 if after % before else after // before


def _weights(factor: int, corners: bool, half: bool) -> Array:
    """Return one side of the kernel: how much an input adds to each output near it.

    With SAME padding, output `o` meets input `i` at `o - i * factor + factor - 1`.
    """
    size = 2 * factor - 1 if corners else 3 * factor - 2
    shift = 0.5 if half and not corners else 0.0
    place = (np.arange(size) - (factor - 1) + shift) / factor - shift
    weights: Array = np.maximum(0.0, 1.0 - np.abs(place))
    return weights


def _lacking(before: int, after: int, factor: int, weights: Array) -> Array:
    """Return what each output along a side is to be multiplied by, so that its weights sum to 1.

    TensorFlow repeats the outermost input beyond the border; there, only that input has weight.
    """
    total = np.zeros(after)
    for index in range(before):
        for at, weight in enumerate(weights):
            output = index * factor + at - (factor - 1)
            if 0 <= output < after:
                total[output] += weight
    lacking: Array = 1.0 / total
    return lacking
