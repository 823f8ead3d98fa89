"""Resizing by a kernel, smoothed where the image shrinks: `tf.image.resize(…, antialias=True)`.

Kernels and spans as TensorFlow defines them (tensorflow/core/kernels/image/sampling_kernels.h and
scale_and_translate_op.cc): a row of the result weighs the rows of the image its kernel covers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first

Kernel = Callable[[float], float]
"""The weight at a distance from the centre, which is not negative."""


def _lanczos(radius: float) -> Kernel:
    def weight(x: float) -> float:
        if x <= 1e-3:
            return 1.0
        turned = math.pi * x
        return radius * math.sin(turned) * math.sin(turned / radius) / turned**2

    return weight


def _gaussian(x: float) -> float:
    return math.exp(-(x**2) / (2 * 0.5**2)) if x < 1.5 else 0.0


def _box(x: float) -> float:
    return 1.0 if x < 0.5 else 0.5 if x == 0.5 else 0.0


def _keys(x: float) -> float:
    if x >= 1:
        return ((-0.5 * x + 2.5) * x - 4) * x + 2
    return (1.5 * x - 2.5) * x * x + 1


def _mitchell(x: float) -> float:
    if x >= 1:
        return ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return (7 / 6 * x - 2) * x * x + 8 / 9


_KERNELS: dict[str, tuple[float, Kernel]] = {
    "lanczos1": (1.0, _lanczos(1.0)),
    "lanczos3": (3.0, _lanczos(3.0)),
    "lanczos5": (5.0, _lanczos(5.0)),
    "gaussian": (1.5, _gaussian),
    "box": (1.0, _box),
    "triangle": (1.0, lambda x: 1 - x),
    "keyscubic": (2.0, _keys),
    "mitchellcubic": (2.0, _mitchell),
}
"""How far a kernel reaches, and its weights up to there."""


@converter("ScaleAndTranslate")
def scale_and_translate(node: Call, b: Lower) -> Value:
    """Rows and columns are weighted independently of each other."""
    data = b.cast(b.live(node.input(0)), DType.FLOAT32)
    sizes = node.constant_ints(1, "the size")
    scales = [float(item) for item in node.constant(2, "the scale")]
    moved = [float(item) for item in node.constant(3, "the translation")]
    name = node.text("kernel_type", "lanczos3")
    if name not in _KERNELS:
        raise node.refuse(f"There is no kernel {name}.", f"Use one of {', '.join(_KERNELS)}.")
    radius, kernel = _KERNELS[name]
    smooth = node.flag("antialias", True)
    rows, columns = (
        _weights(dim, wanted, scale, shift, radius, kernel, smooth)
        for dim, wanted, scale, shift in zip(data.shape[1:3], sizes, scales, moved, strict=True)
    )
    axes = channels_first(4, "NHWC")
    tensor = b.tensor(data, axes)
    across = b.constant(Value.known(columns.T[None, None]))
    tensor = b.add(layers.MatrixMultiply(), tensor, across, suffix="columns")
    tensor = b.add(layers.MatrixMultiply(), b.constant(Value.known(rows[None, None])), tensor)
    return Value.of(tensor, DType.FLOAT32, axes)


def _weights(
    size: int, wanted: int, scale: float, moved: float, radius: float, kernel: Kernel, smooth: bool
) -> Array:
    """Return the matrix [wanted, size] whose product with a line is the line resized."""
    # In float32, as TensorFlow: where kernels end is a matter of the last bit.
    one, half, reach = np.float32(1), np.float32(0.5), np.float32(radius)
    step = one / np.float32(scale)
    offset = -step * np.float32(moved)
    wide = max(step, one) if smooth else one
    matrix = np.zeros((wanted, size))
    for place in range(wanted):
        centre = (np.float32(place) + half) * step + offset
        if not 0 <= centre <= size:
            continue
        first = min(max(math.ceil(centre - reach * wide - half), 0), size - 1)
        last = min(max(math.floor(centre + reach * wide - half), 0), size - 1)
        for source in range(first, last + 1):
            distance = float(abs((np.float32(source) + half - centre) * (one / wide)))
            matrix[place, source] = kernel(distance) if distance <= radius else 0.0
        total = matrix[place].sum()
        if abs(total) > 1e-30:
            matrix[place] /= total
    return matrix.astype(np.float32)
