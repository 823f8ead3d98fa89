"""Image resizing by weights that are no layer's: two products with constant matrices."""

from __future__ import annotations

import math

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first

# TensorFlow reads cubic weights from a table of this many steps per pixel.
_TABLE = 1024


@converter("ResizeBicubic", "ResizeArea")
def resize_by_matrices(node: Call, b: Lower) -> Value:
    """Rows and columns are weighted independently of each other."""
    data = b.live(node.input(0))
    if data.rank != 4:
        raise node.refuse(f"{node.op} wants images of rank 4, this has rank {data.rank}.")
    height, width = node.constant_ints(1, "the size")
    aligned = node.flag("align_corners", False)
    centred = node.flag("half_pixel_centers", False)

    def weights(size: int, wanted: int) -> Array:
        if node.op == "ResizeArea":
            return _area(size, wanted, aligned)
        return _cubic(size, wanted, aligned, centred)

    data = b.cast(data, DType.FLOAT32)
    axes = channels_first(4, "NHWC")
    tensor = b.tensor(data, axes)
    across = Value.known(weights(data.shape[2], width).T[None, None])
    down = Value.known(weights(data.shape[1], height)[None, None])
    tensor = b.add(layers.MatrixMultiply(), tensor, b.constant(across), suffix="columns")
    tensor = b.add(layers.MatrixMultiply(), b.constant(down), tensor)
    return Value.of(tensor, DType.FLOAT32, axes)


def _scale(size: int, wanted: int, aligned: bool) -> np.float32:
    if aligned and wanted > 1:
        return np.float32((size - 1) / (wanted - 1))
    return np.float32(size / wanted)


def _cubic(size: int, wanted: int, aligned: bool, centred: bool) -> Array:
    """Keys' kernel with a = -0.5 for centred pixels (cut off at the edge), else a = -0.75."""
    scale = _scale(size, wanted, aligned)
    sharpness = -0.5 if centred else -0.75
    matrix = np.zeros((wanted, size), np.float64)
    for place in range(wanted):
        exact = (place + 0.5) * scale - 0.5 if centred else place * scale
        first = math.floor(exact)
        offset = round(float(exact - first) * _TABLE) / _TABLE
        row = [
            (first - 1, _cubic_weight(1 + offset, sharpness)),
            (first, _cubic_weight(offset, sharpness)),
            (first + 1, _cubic_weight(1 - offset, sharpness)),
            (first + 2, _cubic_weight(2 - offset, sharpness)),
        ]
        if centred:
            row = [(index, weight) for index, weight in row if 0 <= index < size]
            total = sum(weight for _, weight in row)
            row = [(index, weight / total) for index, weight in row]
        for index, weight in row:
            matrix[place, min(max(index, 0), size - 1)] += weight
    return matrix.astype(np.float32)


def _cubic_weight(distance: float, sharpness: float) -> float:
    if distance <= 1:
        return ((sharpness + 2) * distance - (sharpness + 3)) * distance**2 + 1
    return ((sharpness * distance - 5 * sharpness) * distance + 8 * sharpness) * distance - (
        4 * sharpness
    )


def _area(size: int, wanted: int, aligned: bool) -> Array:
    """Each output is the mean of the stretch of input it covers."""
    scale = float(_scale(size, wanted, aligned))
    matrix = np.zeros((wanted, size), np.float64)
    for place in range(wanted):
        start, end = place * scale, (place + 1) * scale
        for index in range(math.floor(start), math.ceil(end)):
            covered = min(index + 1, end) - max(index, start)
            matrix[place, min(max(index, 0), size - 1)] += covered / scale
    return matrix.astype(np.float32)
