"""Segmentation: a slim U-Net whose skips are an odd number of pixels wide."""

from __future__ import annotations

from samples.maker import FLOAT, INT, Maker
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import AttrValue


def _up(make: Maker, name: str, data: str, channels: int, filters: int) -> str:
    """Return data twice as high and wide, its size computed as Keras 2 exports it."""
    batch = make.dimension(f"{name}/batch", data)
    sides = []
    for label, axis in (("height", 1), ("width", 2)):
        side = make.dimension(f"{name}/{label}", data, axis)
        two = make.const(f"{name}/{label}/mul/y", 2, INT)
        sides.append(make.op(f"{name}/{label}/mul", "Mul", side, two, dtype=INT))
    depth = make.const(f"{name}/stack/3", filters, INT)
    shape = make.pack(f"{name}/stack", batch, *sides, depth)
    kernel = make.variable(f"{name}/kernel", (2, 2, filters, channels), (2 / channels) ** 0.5)
    attrs: dict[str, AttrValue] = {
        "strides": (1, 2, 2, 1),
        "dilations": (1, 1, 1, 1),
        "padding": b"SAME",
        "data_format": b"NHWC",
        "explicit_paddings": (),
        "use_cudnn_on_gpu": True,
    }
    out = make.op(
        f"{name}/conv2d_transpose", "Conv2DBackpropInput", shape, kernel, data, attrs=attrs
    )
    return make.bias(name, out, filters)


def _pad(make: Maker, name: str, data: str, missing: int) -> str:
    """Return data padded at the bottom and the right, as Keras' ZeroPadding2D exports it."""
    after = [0, missing]
    pads = make.const(f"{name}/paddings", [[0, 0], after, after, [0, 0]], INT)
    return make.op(f"{name}/Pad", "Pad", data, pads, attrs={"Tpaddings": INT})


def segmentation(
    seed: int = 11, *, size: int = 90, widths: tuple[int, ...] = (8, 16, 24, 32), classes: int = 3
) -> Graph:
    """Return a U-Net that pads before it concatenates.

    Input `image` f32[?, size, size, 3]; output `probabilities` f32[?, size, size, classes].
    With 90 pixels the sides are 90, 45, 22 and 11: on the way up 44 columns meet 45, so one is
    padded. The sizes of the transposed convolutions are computed while the graph runs.
    """
    make = Maker(seed)
    data = make.placeholder("image", -1, size, size, 3)
    channels = 3
    skips: list[tuple[str, int, int]] = []
    for level, width in enumerate(widths):
        if level:
            size //= 2
            data = make.max_pool(f"down{level}/pool", data)
        data = make.conv(f"down{level}/conv1", data, channels, width)
        data = make.conv(f"down{level}/conv2", data, width, width)
        skips.append((data, width, size))
        channels = width
    for level, (skip, width, side) in reversed(list(enumerate(skips[:-1]))):
        data = _up(make, f"up{level}/up", data, channels, width)
        if side > 2 * size:
            data = _pad(make, f"up{level}/pad", data, side - 2 * size)
        size = side
        data = make.concat(f"up{level}/concat", skip, data, axis=3)
        data = make.conv(f"up{level}/conv1", data, 2 * width, width)
        data = make.conv(f"up{level}/conv2", data, width, width)
        channels = width
    data = make.bias("classes", make.convolve("classes", data, channels, classes, 1), classes)
    make.op("probabilities", "Softmax", data, dtype=FLOAT)
    return make.graph()
