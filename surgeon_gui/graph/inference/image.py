"""Resizing, cropping, detection, random numbers."""

from __future__ import annotations

from surgeon_gui.graph.attrs import dtype, flag, whole
from surgeon_gui.graph.inference.base import (
    UNKNOWN,
    Types,
    Values,
    dtype_of,
    infers,
    ranked,
    scalar,
    shape_from_value,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape, TensorType


@infers(
    "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea", "ScaleAndTranslate"
)
def resize(node: Node, inputs: Types, values: Values) -> Types:
    batch, _, _, depth = ranked(inputs[0].shape, 4)
    height, width = ranked(shape_from_value(Shape((2,)), values[1]), 2)
    keeps = node.op == "ResizeNearestNeighbor"
    target = dtype_of(node, inputs) if keeps else DType.FLOAT32
    return (TensorType(target, Shape((batch, height, width, depth))),)


@infers("ResizeBilinearGrad", "ResizeNearestNeighborGrad")
def resize_grad(node: Node, inputs: Types, values: Values) -> Types:
    if node.op == "ResizeBilinearGrad":
        return (TensorType(dtype_of(node, inputs, index=1), inputs[1].shape),)
    batch, _, _, depth = ranked(inputs[0].shape, 4)
    height, width = ranked(shape_from_value(Shape((2,)), values[1]), 2)
    return (TensorType(dtype_of(node, inputs), Shape((batch, height, width, depth))),)


@infers("CropAndResize")
def crop_and_resize(node: Node, inputs: Types, values: Values) -> Types:
    depth = ranked(inputs[0].shape, 4)[3]
    boxes = ranked(inputs[1].shape, 2)[0]
    height, width = ranked(shape_from_value(Shape((2,)), values[3]), 2)
    return (TensorType(DType.FLOAT32, Shape((boxes, height, width, depth))),)


@infers("RGBToHSV", "HSVToRGB", "AdjustContrastv2", "AdjustSaturation", "AdjustHue")
def colour(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), inputs[0].shape),)


@infers("TopK", "TopKV2")
def top_k(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    count = scalar(values, 1) if node.op == "TopKV2" else whole(node, "k")
    out = UNKNOWN if dims is None else Shape((*dims[:-1], -1 if count is None else count))
    index = dtype(node, "index_type", default=DType.INT32)
    return TensorType(dtype_of(node, inputs), out), TensorType(index, out)


@infers(
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    "NonMaxSuppressionV4",
    "NonMaxSuppressionV5",
    "NonMaxSuppressionWithOverlaps",
)
def non_max_suppression(node: Node, inputs: Types, values: Values) -> Types:
    size = -1
    if node.op in ("NonMaxSuppressionV4", "NonMaxSuppressionV5") and flag(
        node, "pad_to_max_output_size"
    ):
        limit = scalar(values, 2)
        size = -1 if limit is None else limit
    picked = TensorType(DType.INT32, Shape((size,)))
    count = TensorType(DType.INT32, Shape(()))
    scores = TensorType(inputs[1].dtype, Shape((size,)))
    return {
        "NonMaxSuppressionV4": (picked, count),
        "NonMaxSuppressionV5": (picked, scores, count),
    }.get(node.op, (picked,))


@infers("CombinedNonMaxSuppression")
def combined_suppression(node: Node, inputs: Types, values: Values) -> Types:
    boxes, scores = ranked(inputs[0].shape, 4), ranked(inputs[1].shape, 3)
    batch = boxes[0] if boxes[0] >= 0 else scores[0]
    total, each = scalar(values, 3), scalar(values, 2)
    count = -1 if total is None else total
    if flag(node, "pad_per_class"):
        most = -1 if each is None or scores[2] < 0 else each * scores[2]
        count = -1 if count < 0 or most < 0 else min(count, most)
    plain = TensorType(DType.FLOAT32, Shape((batch, count)))
    return (
        TensorType(DType.FLOAT32, Shape((batch, count, 4))),
        plain,
        plain,
        TensorType(DType.INT32, Shape((batch,))),
    )


@infers(
    "RandomUniform",
    "RandomStandardNormal",
    "TruncatedNormal",
    "RandomUniformInt",
    "StatelessRandomUniform",
    "StatelessRandomUniformV2",
)
def random(node: Node, inputs: Types, values: Values) -> Types:
    out = shape_from_value(inputs[0].shape, values[0])
    whole_numbers = node.op == "RandomUniformInt"
    target = dtype(node, "Tout" if whole_numbers else "dtype", default=DType.FLOAT32)
    return (TensorType(target, out),)


@infers("Multinomial")
def multinomial(node: Node, inputs: Types, values: Values) -> Types:
    count = scalar(values, 1)
    batch = ranked(inputs[0].shape, 2)[0]
    target = dtype(node, "output_dtype", default=DType.INT64)
    return (TensorType(target, Shape((batch, -1 if count is None else count))),)


@infers("DecodeJpeg", "DecodePng", "DecodeImage", "DecodeBmp", "DecodeGif")
def decode_image(node: Node, inputs: Types, values: Values) -> Types:
    channels = whole(node, "channels") or -1
    target = dtype(node, "dtype", default=DType.UINT8)
    if node.op == "DecodeGif":
        return (TensorType(target, Shape((-1, -1, -1, 3))),)
    if node.op == "DecodeImage":
        return (TensorType(target, UNKNOWN),)
    return (TensorType(target, Shape((-1, -1, channels))),)


@infers("TFLite_Detection_PostProcess")
def detection(node: Node, inputs: Types, values: Values) -> Types:
    count = whole(node, "max_detections", -1)
    plain = TensorType(DType.FLOAT32, Shape((1, count)))
    return (
        TensorType(DType.FLOAT32, Shape((1, count, 4))),
        plain,
        plain,
        TensorType(DType.FLOAT32, Shape((1,))),
    )
