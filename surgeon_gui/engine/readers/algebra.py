"""Layers that combine elements along axes."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.network.layers import (
    Cumulative,
    CumulativeOperation,
    Einsum,
    MatrixMultiply,
    MatrixOperation,
    Reduce,
    ReduceOperation,
    Softmax,
    TopK,
    TopKOperation,
)


@READERS.register("MATRIX_MULTIPLY")
def matrix_multiply(layer: Any, reader: LayerReader) -> MatrixMultiply:
    return MatrixMultiply(
        op0=reader.member(MatrixOperation, layer.op0), op1=reader.member(MatrixOperation, layer.op1)
    )


@READERS.register("EINSUM")
def einsum(layer: Any, reader: LayerReader) -> Einsum:
    return Einsum(equation=layer.equation)


@READERS.register("REDUCE")
def reduce(layer: Any, reader: LayerReader) -> Reduce:
    return Reduce(
        op=reader.member(ReduceOperation, layer.op),
        axes=reader.axes(layer.axes),
        keep_dims=layer.keep_dims,
    )


@READERS.register("SOFTMAX")
def softmax(layer: Any, reader: LayerReader) -> Softmax:
    return Softmax(axis=reader.axis(layer.axes))


@READERS.register("CUMULATIVE")
def cumulative(layer: Any, reader: LayerReader) -> Cumulative:
    return Cumulative(
        op=reader.member(CumulativeOperation, layer.op),
        axis=int(reader.constant(1).item()),
        exclusive=layer.exclusive,
        reverse=layer.reverse,
    )


@READERS.register("TOPK")
def top_k(layer: Any, reader: LayerReader) -> TopK:
    k = int(reader.constant(1).item()) if reader.has_input(1) else layer.k
    op = reader.member(TopKOperation, layer.op)
    return TopK(op=op, k=k, axis=reader.axis(layer.axes))
