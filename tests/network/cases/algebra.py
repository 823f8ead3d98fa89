"""Cases of layers that combine elements along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array
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
from tests.network.cases.case import Case, Feed, case, random

X = random(2, 3, 4)
NONE, TRANSPOSE = MatrixOperation.NONE, MatrixOperation.TRANSPOSE

_REDUCTIONS: dict[ReduceOperation, Callable[..., Any]] = {
    ReduceOperation.SUM: np.sum,
    ReduceOperation.PROD: np.prod,
    ReduceOperation.MAX: np.max,
    ReduceOperation.MIN: np.min,
    ReduceOperation.AVG: np.mean,
}


def _reduce(op: ReduceOperation, axes: tuple[int, ...], keep: bool) -> Case:
    name = f"reduce_{op.name.lower()}_{''.join(map(str, axes))}{'_keep' if keep else ''}"
    expected = np.asarray(_REDUCTIONS[op](X, axis=axes, keepdims=keep), np.float32)
    return case(name, Reduce(op=op, axes=axes, keep_dims=keep), [X], expected)


def _softmax(axis: int) -> Case:
    powers = np.exp(X)
    expected = powers / powers.sum(axis=axis, keepdims=True)
    return case(f"softmax_{axis}", Softmax(axis=axis), [X], expected)


def _top_k(op: TopKOperation, k: int, axis: int) -> Case:
    order = np.argsort(-X if op is TopKOperation.MAX else X, axis=axis, kind="stable")
    indices = np.take(order, range(k), axis=axis)
    values = np.take_along_axis(X, indices, axis=axis)
    name = f"topk_{op.name.lower()}_{k}_of_axis_{axis}"
    return case(name, TopK(op=op, k=k, axis=axis), [X], values, indices.astype(np.int32))


def _cumulative(exclusive: bool, reverse: bool) -> Case:
    x = np.flip(X, 1) if reverse else X
    total = np.cumsum(x, axis=1)
    if exclusive:
        total = total - x
    expected = np.flip(total, 1) if reverse else total
    kind = Cumulative(op=CumulativeOperation.SUM, axis=1, exclusive=exclusive, reverse=reverse)
    name = f"cumulative{'_exclusive' if exclusive else ''}{'_reverse' if reverse else ''}"
    return case(name, kind, [X], np.ascontiguousarray(expected))


def _product(
    name: str, left: Array, right: Array, op0: MatrixOperation, op1: MatrixOperation
) -> Case:
    a = left.swapaxes(-1, -2) if op0 is TRANSPOSE else left
    b = right.swapaxes(-1, -2) if op1 is TRANSPOSE else right
    return case(name, MatrixMultiply(op0=op0, op1=op1), [left, right], a @ b)


_A, _B = random(2, 3, 4), random(4, 5, seed=1)
_C = random(2, 4, 5, seed=1)

CASES: tuple[Case, ...] = (
    _product("matmul", random(3, 4), _B, NONE, NONE),
    _product("matmul_transposed", random(4, 3), random(5, 4, seed=1), TRANSPOSE, TRANSPOSE),
    _product("matmul_batched_broadcast", _A, random(1, 5, 4, seed=1), NONE, TRANSPOSE),
    case(
        "matmul_weights",
        MatrixMultiply(),
        [Feed(random(3, 4), (-1, 4)), Feed(_B, fixed=True)],
        random(3, 4) @ _B,
    ),
    case("einsum", Einsum(equation="bij,bjk->bik"), [_A, _C], np.einsum("bij,bjk->bik", _A, _C)),
    case("einsum_one_input", Einsum(equation="bij->bj"), [_A], np.einsum("bij->bj", _A)),
    *(_reduce(op, (1, 2), keep=True) for op in ReduceOperation),
    _reduce(ReduceOperation.SUM, (0,), keep=False),
    _reduce(ReduceOperation.AVG, (0, 2), keep=False),
    _softmax(1),
    _softmax(2),
    _top_k(TopKOperation.MAX, 2, 2),
    _top_k(TopKOperation.MIN, 3, 1),
    *(_cumulative(exclusive, reverse) for exclusive in (False, True) for reverse in (False, True)),
)
