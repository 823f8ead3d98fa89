"""Layers that combine elements along axes."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter, axes_mask
from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import (
    Cumulative,
    Einsum,
    MatrixMultiply,
    Reduce,
    Softmax,
    TopK,
)


@EMITTERS.register("MatrixMultiply")
def matrix_multiply(kind: MatrixMultiply, out: LayerEmitter) -> Any:
    left, right = out.inputs
    return out.net.add_matrix_multiply(left, out.member(kind.op0), right, out.member(kind.op1))


@EMITTERS.register("Einsum")
def einsum(kind: Einsum, out: LayerEmitter) -> Any:
    return out.net.add_einsum(out.inputs, kind.equation)


@EMITTERS.register("Reduce")
def reduce(kind: Reduce, out: LayerEmitter) -> Any:
    mask = axes_mask(kind.axes)
    return out.net.add_reduce(out.inputs[0], out.member(kind.op), mask, kind.keep_dims)


@EMITTERS.register("Softmax")
def softmax(kind: Softmax, out: LayerEmitter) -> Any:
    made = out.net.add_softmax(out.inputs[0])
    if made is not None:
        # Without this the axis depends on the rank: max(0, rank - 3).
        made.axes = axes_mask([kind.axis])
    return made


@EMITTERS.register("Cumulative")
def cumulative(kind: Cumulative, out: LayerEmitter) -> Any:
    add = out.method("add_cumulative")
    axis = out.scalar(kind.axis, DType.INT32, "axis")
    return add(out.inputs[0], axis, out.member(kind.op), kind.exclusive, kind.reverse)


@EMITTERS.register("TopK")
def top_k(kind: TopK, out: LayerEmitter) -> Any:
    return out.net.add_topk(out.inputs[0], out.member(kind.op), kind.k, axes_mask([kind.axis]))
