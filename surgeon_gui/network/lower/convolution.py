"""Convolutions: plain, grouped, depthwise, dilated, transposed; 2-D and 3-D, NHWC and NCHW."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first
from surgeon_gui.network.lower.windows import channel_of, data_format, padding, spatial_of

Array = npt.NDArray[Any]


def convolve(
    node: Call,
    b: Lower,
    data: Value,
    kernel: Value,
    layout: str,
    *,
    stride: Dims,
    dilation: Dims,
    pads: tuple[Dims, Dims],
    depthwise: bool = False,
) -> Value:
    """Add a convolution of `data` (dimensions as `layout`) with TensorFlow's kernel.

    Kernels are [*spatial, in / groups, out], depthwise ones [*spatial, in, multiplier].
    """
    count = len(layout) - 2
    channels = data.shape[channel_of(layout)]
    inner, outer = kernel.shape[-2:]
    if depthwise:
        maps, groups, wanted = inner * outer, inner, (inner * outer, 1, *kernel.shape[:count])
        order = (count, count + 1, *range(count))
    else:
        maps, groups, wanted = outer, channels // max(inner, 1), ()
        order = (count + 1, count, *range(count))
    if (groups * inner != channels and not depthwise) or (depthwise and inner != channels):
        raise node.refuse(
            f"The kernel {list(kernel.shape)} does not fit {channels} input channels.",
            "Check the kernel's shape.",
        )
    if not depthwise and maps % max(groups, 1):
        raise node.refuse(
            f"{maps} output channels do not divide into {groups} groups.",
            "Check the kernel's shape.",
        )
    if not data.dtype.is_floating:
        raise node.refuse(
            f"TensorRT convolves floating point only, not {data.dtype.text}.",
            "Cast the input to float32 before this node.",
        )
    data = b.live(data)
    axes = channels_first(len(layout), layout)
    tensor = b.tensor(data, axes)
    known = kernel.array is not None
    kind = layers.Convolution(
        num_output_maps=maps,
        kernel_size=kernel.shape[:count],
        stride=stride,
        pre_padding=pads[0],
        post_padding=pads[1],
        dilation=dilation,
        num_groups=groups,
        kernel=b.weights(kernel.array, order, wanted) if kernel.array is not None else None,
    )
    if known:
        return Value.of(b.add(kind, tensor), data.dtype, axes)
    turned = b.permute(kernel, order)
    weights = b.logical(b.view(turned, wanted) if wanted else turned)
    return Value.of(b.add(kind, tensor, weights), data.dtype, axes)


@converter("Conv2D", "Conv3D", "DepthwiseConv2dNative")
def convolution(node: Call, b: Lower) -> Value:
    data, kernel = node.input(0), node.input(1)
    layout = data_format(node, data.rank)
    stride = node.spatial("strides", layout)
    dilation = node.spatial("dilations", layout, optional=True)
    window = kernel.shape[: data.rank - 2]
    pads = padding(node, spatial_of(data.shape, layout), window, stride, dilation, layout)
    return convolve(
        node,
        b,
        data,
        kernel,
        layout,
        stride=stride,
        dilation=dilation,
        pads=pads,
        depthwise=node.op.startswith("Depthwise"),
    )


@converter(
    "Conv2DBackpropInput",
    "Conv3DBackpropInputV2",
    "DepthwiseConv2dNativeBackpropInput",
)
def transposed_convolution(node: Call, b: Lower) -> Value:
    """The forward convolution's padding is cropped from the output, whose size is given."""
    sizes = node.constant_ints(0, "the output shape")
    kernel, data = node.input(1), node.input(2)
    layout = data_format(node, data.rank)
    count = data.rank - 2
    stride = node.spatial("strides", layout)
    dilation = node.spatial("dilations", layout, optional=True)
    window = kernel.shape[:count]
    wanted = sizes if len(sizes) == count else spatial_of(sizes, layout)
    before, after = padding(node, wanted, window, stride, dilation, layout)
    full = tuple(
        (size - 1) * step + (width - 1) * spread + 1
        for size, step, width, spread in zip(
            spatial_of(data.shape, layout), stride, window, dilation, strict=True
        )
    )
    # With VALID the forward convolution may have ignored the last rows: they come back as zeros.
    spare = tuple(
        max(size - (whole - pre), 0) for size, whole, pre in zip(wanted, full, before, strict=True)
    )
    after = tuple(
        max(whole - pre - size, 0) for size, whole, pre in zip(wanted, full, before, strict=True)
    )
    result = _deconvolve(node, b, data, kernel, layout, stride, dilation, (before, after))
    if not any(spare):
        return result
    sizes_out = list(result.shape)
    for place, dim in enumerate(d for d, letter in enumerate(layout) if letter not in "NC"):
        sizes_out[dim] += spare[place]
    return b.slice(
        result, (0,) * result.rank, sizes_out, mode=layers.SampleMode.FILL, suffix="padding"
    )


def _deconvolve(
    node: Call,
    b: Lower,
    data: Value,
    kernel: Value,
    layout: str,
    stride: Dims,
    dilation: Dims,
    pads: tuple[Dims, Dims],
) -> Value:
    """Kernels are [*spatial, out / groups, in], depthwise ones [*spatial, out, multiplier]."""
    count = data.rank - 2
    channels = data.shape[channel_of(layout)]
    if node.op.startswith("Depthwise"):
        groups, multiplier = kernel.shape[-2:]
        order = (count, count + 1, *range(count))
        shape: Dims = (groups * multiplier, 1, *kernel.shape[:count])
        maps = groups
    else:
        order = (count + 1, count, *range(count))
        shape = ()
        sizes = node.constant_ints(0, "the output shape")
        maps = sizes[channel_of(layout)] if len(sizes) == len(layout) else kernel.shape[-2]
        groups = maps // max(kernel.shape[-2], 1)
        if kernel.shape[-1] != channels:
            raise node.refuse(
                f"The kernel {list(kernel.shape)} does not fit {channels} input channels.",
                "Check the kernel's shape.",
            )
    axes = channels_first(len(layout), layout)
    tensor = b.tensor(b.live(data), axes)
    kind = layers.Deconvolution(
        num_output_maps=maps,
        kernel_size=kernel.shape[:count],
        stride=stride,
        pre_padding=pads[0],
        post_padding=pads[1],
        dilation=dilation,
        num_groups=groups,
        kernel=b.weights(np.asarray(kernel.array), order, shape) if kernel.is_constant else None,
    )
    if kernel.is_constant:
        return Value.of(b.add(kind, tensor), data.dtype, axes)
    turned = b.permute(kernel, order)
    weights = b.logical(b.view(turned, shape) if shape else turned)
    return Value.of(b.add(kind, tensor, weights), data.dtype, axes)
