"""Image resizing with TensorFlow's sampling grids."""

from __future__ import annotations

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.layers import CoordinateTransformation, InterpolationMode, RoundMode
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, channels_first


@converter("ResizeBilinear", "ResizeNearestNeighbor")
def resize(node: Call, b: Lower) -> Value:
    """Nearest takes the pixel below, with align_corners the closest (half up)."""
    data = b.live(node.input(0))
    if data.rank != 4:
        raise node.refuse(f"{node.op} wants images of rank 4, this has rank {data.rank}.")
    size = node.constant_ints(1, "the size")
    linear = node.op == "ResizeBilinear"
    data = b.cast(data, DType.FLOAT32) if linear or not data.dtype.is_floating else data
    aligned = node.flag("align_corners", False)
    centred = node.flag("half_pixel_centers", False)
    transformation = CoordinateTransformation.ASYMMETRIC
    if aligned:
        transformation = CoordinateTransformation.ALIGN_CORNERS
    elif centred:
        transformation = CoordinateTransformation.HALF_PIXEL
    axes = channels_first(4, "NHWC")
    batch, _, _, channels = data.shape
    kind = layers.Resize(
        shape=(batch, channels, *size),
        resize_mode=InterpolationMode.LINEAR if linear else InterpolationMode.NEAREST,
        coordinate_transformation=transformation,
        nearest_rounding=RoundMode.HALF_UP if aligned or centred else RoundMode.FLOOR,
    )
    result = Value.of(b.add(kind, b.tensor(data, axes)), data.dtype, axes)
    return result if linear else b.cast(result, node.input(0).dtype)
