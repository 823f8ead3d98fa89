"""Layers that read or write where other tensors say."""

from __future__ import annotations

from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import (
    NMS,
    BoundingBoxFormat,
    Gather,
    GatherMode,
    NonZero,
    OneHot,
    ReverseSequence,
    Scatter,
    ScatterMode,
)
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter, onnx_dtype


@LAYERS.register("Gather")
def gather(kind: Gather, out: LayerWriter) -> None:
    if kind.mode is GatherMode.ELEMENT:
        out.result("GatherElements", out.names, axis=kind.axis)
    elif kind.mode is GatherMode.ND:
        inputs = [out.names[0], out.as_int64(1)]
        out.result("GatherND", inputs, batch_dims=kind.num_elementwise_dims)
    elif kind.num_elementwise_dims == 0:
        out.result("Gather", out.names, axis=kind.axis)
    else:
        _gather_per_batch(kind, out)


def _gather_per_batch(kind: Gather, out: LayerWriter) -> None:
    """Gather that pairs data and indices along dimension 0; ONNX has only GatherND for that."""
    data, indices = out.inputs
    between = list(range(1, kind.axis))
    after = list(range(kind.axis + 1, data.rank))
    columns = out.node("Unsqueeze", [out.as_int64(1), out.ints([-1], "last")])
    if not between:
        out.result("GatherND", [data.name, columns], batch_dims=1)
        return
    front = out.node("Transpose", [data.name], perm=[0, kind.axis, *between, *after])
    found = out.node("GatherND", [front, columns], batch_dims=1)
    picked = indices.rank - 1
    order = [
        0,
        *(1 + picked + position for position in range(len(between))),
        *(1 + position for position in range(picked)),
        *(1 + picked + len(between) + position for position in range(len(after))),
    ]
    out.result("Transpose", [found], perm=order)


@LAYERS.register("Scatter")
def scatter(kind: Scatter, out: LayerWriter) -> None:
    if kind.mode is ScatterMode.ELEMENT:
        out.result("ScatterElements", out.names, axis=kind.axis)
    else:
        data, _, updates = out.names
        out.result("ScatterND", [data, out.as_int64(1), updates])


@LAYERS.register("OneHot")
def one_hot(kind: OneHot, out: LayerWriter) -> None:
    """ONNX Runtime has OneHot for few dtypes: others travel as float or int64 and are cast back."""
    dtype = out.inputs[1].dtype
    carrier = DType.INT64 if dtype.is_integer else DType.FLOAT32
    values = out.names[1]
    if dtype is not carrier:
        values = out.node("Cast", [values], to=onnx_dtype(carrier))
    inputs = [out.as_int64(0), out.as_int64(2), values]
    if dtype is carrier:
        out.result("OneHot", inputs, axis=kind.axis)
    else:
        hot = out.node("OneHot", inputs, axis=kind.axis)
        out.result("Cast", [hot], to=onnx_dtype(dtype))


@LAYERS.register("ReverseSequence")
def reverse_sequence(kind: ReverseSequence, out: LayerWriter) -> None:
    out.result(
        "ReverseSequence",
        [out.names[0], out.as_int64(1)],
        batch_axis=kind.batch_axis,
        time_axis=kind.sequence_axis,
    )


@LAYERS.register("NMS")
def nms(kind: NMS, out: LayerWriter) -> None:
    """Same boxes in another order: ONNX lists them class by class, TensorRT by falling score."""
    if out.inputs[0].rank == 4:
        raise out.cannot(
            "ONNX suppresses the same boxes for every class; these boxes differ by class.",
            "Run the suppression on the host, or share the boxes between the classes.",
        )
    boxes, scores, _, *thresholds = out.names
    by_class = out.node("Transpose", [scores], perm=[0, 2, 1])
    vector = out.ints([1], "one")
    most = out.node("Reshape", [out.as_int64(2), vector])
    limits = [out.node("Reshape", [name, vector]) for name in thresholds]
    found = out.node(
        "NonMaxSuppression",
        [boxes, by_class, most, *limits],
        center_point_box=int(kind.bounding_box_format is BoundingBoxFormat.CENTER_SIZES),
    )
    out.result("Cast", [found], to=onnx_dtype(DType.INT32))
    rows = out.node("Gather", [out.node("Shape", [found]), out.scalar(0, "first", DType.INT64)])
    out.result("Cast", [rows], port=1, to=onnx_dtype(DType.INT32))


@LAYERS.register("NonZero")
def non_zero(kind: NonZero, out: LayerWriter) -> None:
    """ONNX counts in int64; ONNX Runtime has no half precision here."""
    (name,), (data,) = out.names, out.inputs
    if data.dtype in (DType.FLOAT16, DType.BFLOAT16):
        name = out.node("Cast", [name], to=onnx_dtype(DType.FLOAT32))
    out.result("Cast", [out.node("NonZero", [name])], to=onnx_dtype(DType.INT32))
