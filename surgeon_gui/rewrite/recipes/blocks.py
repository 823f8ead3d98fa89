"""Blocks of pixels as channels and back, as convolutions of constant weights.

Reshape, Transpose, Reshape would say the same, but with six dimensions and in TensorFlow's layout,
and what NVIDIA's UFF parser makes of those depends on the layout it gave the tensor. A convolution
it lays out itself.
"""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import AttrValue, DType
from surgeon_gui.graph.windows import channel_axis, spatial_axes
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.maker import Maker
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.recipes.windows import LARGEST_KERNEL
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.subject import Mismatch


@action
def blocks_as_convolution(place: Place) -> Replacement | Mismatch:
    """Make DepthToSpace a transposed convolution, SpaceToDepth a convolution; stride: the block.

    The kernel, [block, block, channels of the larger picture, channels of the smaller one], holds a
    single 1 per channel. An open batch becomes 1 in the size a transposed convolution must state.
    """
    root = place.node("root")
    layout, block = attrs.word(root, "data_format", "NHWC"), attrs.whole(root, "block_size", 0)
    if layout not in ("NHWC", "NCHW"):
        return Mismatch(root.name, f"No convolution has the layout {layout}.")
    widens = root.op == "DepthToSpace"
    dims = place.shape("root" if widens else "x").dims
    if block < 2:
        return Mismatch(root.name, f"Its block_size is {block}.")
    if dims is None or len(dims) != 4:
        return Mismatch(root.name, f"The shape of its input is {place.shape('x')}.")
    channels = dims[channel_axis(layout, 4)]
    known = [channels, *(dims[axis] for axis in spatial_axes(layout, 4))] if widens else [channels]
    if min(known) < 1:
        return Mismatch(root.name, f"Its input is {place.shape('x')}; give the inputs' shapes.")
    deep = block * block * channels
    if deep**2 > LARGEST_KERNEL:
        return Mismatch(root.name, f"With {deep} channels its weights would be too many.")
    kernel = np.eye(deep, dtype=np.float32).reshape(block, block, channels, deep)
    strides = [1, 1, 1, 1]
    for axis in spatial_axes(layout, 4):
        strides[axis] = block
    window: dict[str, AttrValue] = {
        "strides": tuple(strides),
        "padding": b"VALID",
        "data_format": layout.encode(),
        "dilations": (1, 1, 1, 1),
        "T": DType.FLOAT32,
    }
    maker = Maker(place)
    x = place.tensor("x")
    if not widens:
        return maker.last("Conv2D", [x, maker.const("weights", kernel)], window)
    size = maker.indices("output_size", *(dims if dims[0] > 0 else (1, *dims[1:])))
    return maker.last("Conv2DBackpropInput", [size, maker.const("weights", kernel), x], window)
