"""Reductions, scans and matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from surgeon_gui.graph.attrs import dtype, flag, word
from surgeon_gui.graph.evaluate import evaluates
from surgeon_gui.graph.kernels.elementwise import truncated_division
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType


def reduced_axes(x: Array, axes: Array) -> tuple[int, ...]:
    """Return the axes counted from the front, each once."""
    found = []
    for axis in np.ravel(axes).tolist():
        if not -x.ndim <= axis < x.ndim:
            raise ValueError(f"axis {axis} is outside rank {x.ndim}")
        found.append(axis % x.ndim)
    return tuple(dict.fromkeys(found))


def lowest(kind: np.dtype[Any]) -> Any:
    return np.iinfo(kind).min if kind.kind in "iu" else -np.inf


def highest(kind: np.dtype[Any]) -> Any:
    return np.iinfo(kind).max if kind.kind in "iu" else np.inf


def _mean(x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    total = np.sum(x, axis=axis, keepdims=keepdims, dtype=_wide(x.dtype))
    count = np.array(np.prod([x.shape[a] for a in axis], dtype=np.int64), dtype=total.dtype)
    if x.dtype.kind in "iu":
        return truncated_division(np.asarray(total), count) if count else np.zeros_like(total)
    return np.asarray(total / count)


def _wide(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype sums are taken in: halves would lose too much."""
    return np.dtype(np.float32) if kind.itemsize == 2 and kind.kind not in "iu" else kind


_REDUCTIONS: dict[str, Callable[[Array, tuple[int, ...], bool], Any]] = {
    "Sum": lambda x, axis, keep: np.sum(x, axis=axis, keepdims=keep, dtype=_wide(x.dtype)),
    "Prod": lambda x, axis, keep: np.prod(x, axis=axis, keepdims=keep, dtype=x.dtype),
    "Mean": _mean,
    "Max": lambda x, axis, keep: np.max(x, axis=axis, keepdims=keep, initial=lowest(x.dtype)),
    "Min": lambda x, axis, keep: np.min(x, axis=axis, keepdims=keep, initial=highest(x.dtype)),
    "All": lambda x, axis, keep: np.all(x, axis=axis, keepdims=keep),
    "Any": lambda x, axis, keep: np.any(x, axis=axis, keepdims=keep),
    "EuclideanNorm": lambda x, axis, keep: np.sqrt(np.sum(x * x, axis=axis, keepdims=keep)),
}


@evaluates(*_REDUCTIONS)
def reduce(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    keep = flag(node, "keep_dims") or flag(node, "keepdims")
    found = _REDUCTIONS[node.op](x, reduced_axes(x, inputs[1]), keep)
    return np.asarray(found).astype(x.dtype, copy=False)


@evaluates("ArgMax", "ArgMin")
def arg_extreme(node: Node, inputs: Sequence[Array]) -> Array:
    function = np.argmax if node.op == "ArgMax" else np.argmin
    kind = dtype(node, "output_type", default=DType.INT64).numpy
    return np.asarray(function(inputs[0], axis=int(inputs[1]))).astype(kind or np.int64)


@evaluates("L2Loss")
def l2_loss(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    return np.asarray(np.sum(x * x) / 2).astype(x.dtype)


@evaluates("Cumsum", "Cumprod")
def cumulative(node: Node, inputs: Sequence[Array]) -> Array:
    x, axis = inputs[0], int(inputs[1])
    function, start = (np.cumsum, 0) if node.op == "Cumsum" else (np.cumprod, 1)
    if flag(node, "reverse"):
        x = np.flip(x, axis)
    if flag(node, "exclusive"):
        head = np.full_like(np.take(x, [0], axis), start)
        x = np.concatenate([head, np.take(x, range(x.shape[axis] - 1), axis)], axis)
    found = function(x, axis=axis, dtype=x.dtype)
    return np.flip(found, axis) if flag(node, "reverse") else found


@evaluates("MatMul")
def mat_mul(node: Node, inputs: Sequence[Array]) -> Array:
    first = inputs[0].T if flag(node, "transpose_a") else inputs[0]
    second = inputs[1].T if flag(node, "transpose_b") else inputs[1]
    return _product(first, second)


@evaluates("BatchMatMul", "BatchMatMulV2")
def batch_mat_mul(node: Node, inputs: Sequence[Array]) -> Array:
    first = np.conj(np.swapaxes(inputs[0], -1, -2)) if flag(node, "adj_x") else inputs[0]
    second = np.conj(np.swapaxes(inputs[1], -1, -2)) if flag(node, "adj_y") else inputs[1]
    return _product(first, second)


def _product(first: Array, second: Array) -> Array:
    wide = _wide(first.dtype)
    return np.asarray(np.matmul(first.astype(wide), second.astype(wide)).astype(first.dtype))


@evaluates("Einsum")
def einsum(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(np.einsum(word(node, "equation"), *inputs)).astype(inputs[0].dtype)


@evaluates("Softmax", "LogSoftmax")
def softmax(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    shifted = x - np.max(x, axis=-1, keepdims=True)
    total = np.sum(np.exp(shifted), axis=-1, keepdims=True)
    found = np.exp(shifted) / total if node.op == "Softmax" else shifted - np.log(total)
    return np.asarray(found).astype(x.dtype)
