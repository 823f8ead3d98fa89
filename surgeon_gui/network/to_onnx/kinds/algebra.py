"""Layers that combine elements along axes."""

from __future__ import annotations

from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import (
    Cumulative,
    Einsum,
    MatrixMultiply,
    MatrixOperation,
    Reduce,
    ReduceOperation,
    Softmax,
    TopK,
    TopKOperation,
)
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter, onnx_dtype


@LAYERS.register("MatrixMultiply")
def matrix_multiply(kind: MatrixMultiply, out: LayerWriter) -> None:
    operands = []
    for tensor, operation in zip(out.inputs, (kind.op0, kind.op1), strict=True):
        name = tensor.name
        if operation is MatrixOperation.TRANSPOSE:
            *leading, rows, columns = range(tensor.rank)
            name = out.node("Transpose", [name], perm=[*leading, columns, rows])
        operands.append(name)
    out.result("MatMul", operands)


@LAYERS.register("Einsum")
def einsum(kind: Einsum, out: LayerWriter) -> None:
    out.result("Einsum", out.names, equation=kind.equation)


_REDUCE = {
    ReduceOperation.SUM: "ReduceSum",
    ReduceOperation.PROD: "ReduceProd",
    ReduceOperation.MAX: "ReduceMax",
    ReduceOperation.MIN: "ReduceMin",
    ReduceOperation.AVG: "ReduceMean",
}


@LAYERS.register("Reduce")
def reduce(kind: Reduce, out: LayerWriter) -> None:
    keep = int(kind.keep_dims)
    if kind.op is not ReduceOperation.SUM and out.opset < 18:
        # Only the sum's axes were an input already.
        out.result(_REDUCE[kind.op], out.names, axes=kind.axes, keepdims=keep)
        return
    out.result(_REDUCE[kind.op], [*out.names, out.ints(kind.axes, "axes")], keepdims=keep)


@LAYERS.register("Softmax")
def softmax(kind: Softmax, out: LayerWriter) -> None:
    out.result("Softmax", out.names, axis=kind.axis)


@LAYERS.register("Cumulative")
def cumulative(kind: Cumulative, out: LayerWriter) -> None:
    axis = out.scalar(kind.axis, "axis", DType.INT64)
    out.result(
        "CumSum", [*out.names, axis], exclusive=int(kind.exclusive), reverse=int(kind.reverse)
    )


@LAYERS.register("TopK")
def top_k(kind: TopK, out: LayerWriter) -> None:
    indices = out.fresh("indices")
    out.results(
        "TopK",
        [*out.names, out.ints([kind.k], "k")],
        [out.outputs[0].name, indices],
        axis=kind.axis,
        largest=int(kind.op is TopKOperation.MAX),
        sorted=1,
    )
    # ONNX's indices are int64, TensorRT's int32.
    out.result("Cast", [indices], port=1, to=onnx_dtype(DType.INT32))
