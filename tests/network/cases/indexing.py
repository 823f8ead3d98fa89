"""Cases of layers that read or write where other tensors say."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import Array
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
from tests.network.cases.case import Case, Feed, case, random

X = random(2, 3, 4)
_PICKS = np.array([[2, 0], [1, 1]], np.int32)
_ROWS = np.array([[2, 0, 1, 2], [1, 1, 0, 0]], np.int32).reshape(2, 1, 4)
_CELLS = np.array([[1, 2], [0, 0]], np.int32)
_COLUMNS = np.array([[[2], [0]], [[1], [1]]], np.int32)
_LABELS = np.array([[0, 2], [5, 1]], np.int32)


def _one_hot(name: str, values: Array, axis: int, depth: int = 3) -> Case:
    hot = np.arange(depth) == _LABELS[..., None]
    expected = np.moveaxis(np.where(hot, values[1], values[0]), -1, axis).astype(values.dtype)
    feeds: list[Array | Feed] = [_LABELS]
    feeds += [Feed(values, fixed=True), Feed(np.array(depth, np.int32), fixed=True)]
    return case(name, OneHot(axis=axis, depth=depth), feeds, np.ascontiguousarray(expected))


def _per_batch(name: str, axis: int) -> Case:
    """Batch b of the data is indexed by row b of the indices."""
    picked = np.stack(
        [np.take(data, row, axis=axis - 1) for data, row in zip(X, _PICKS, strict=True)]
    )
    kind = Gather(axis=axis, num_elementwise_dims=1)
    return case(name, kind, [X, _PICKS], picked)


def _scatter_elements() -> Case:
    updates = random(2, 1, 4, seed=1)
    expected = X.copy()
    np.put_along_axis(expected, _ROWS, updates, axis=1)
    return case(
        "scatter_elements", Scatter(mode=ScatterMode.ELEMENT, axis=1), [X, _ROWS, updates], expected
    )


def _scatter_nd() -> Case:
    updates = random(2, 4, seed=1)
    expected = X.copy()
    for cell, update in zip(_CELLS, updates, strict=True):
        expected[tuple(cell)] = update
    return case("scatter_nd", Scatter(mode=ScatterMode.ND), [X, _CELLS, updates], expected)


def _reverse_sequence() -> Case:
    lengths = np.array([3, 1, 2], np.int32)
    x = random(4, 3, 2)
    expected = x.copy()
    for batch, length in enumerate(lengths):
        expected[:length, batch] = x[:length, batch][::-1]
    return case(
        "reverse_sequence", ReverseSequence(batch_axis=1, sequence_axis=0), [x, lengths], expected
    )


def _nms() -> Case:
    """Two boxes overlap, one lies apart; the overlapping one with the lower score goes."""
    boxes = np.array([[[0, 0, 2, 2], [0, 0, 2, 1.9], [5, 5, 6, 6]]], np.float32)
    scores = np.array([[[0.6], [0.9], [0.8]]], np.float32)
    limits = [
        Feed(np.array(10, np.int32), fixed=True),
        Feed(np.array(0.5, np.float32), fixed=True),
        Feed(np.array(0.1, np.float32), fixed=True),
    ]
    kind = NMS(topk_box_limit=100, bounding_box_format=BoundingBoxFormat.CORNER_PAIRS)
    kept = np.array([[0, 0, 1], [0, 0, 2]], np.int32)
    return case("nms", kind, [boxes, scores, *limits], kept, np.array(2, np.int32))


_HOLES = np.maximum(X, 0) - np.maximum(X - 1, 0)
_ON_OFF = np.array([-1, 4])

CASES: tuple[Case, ...] = (
    case("gather", Gather(axis=1), [X, _PICKS], np.take(X, _PICKS, axis=1)),
    case(
        "gather_one_row",
        Gather(axis=0),
        [X, Feed(np.array(1, np.int32), fixed=True)],
        X[1],
    ),
    case(
        "gather_elements",
        Gather(axis=1, mode=GatherMode.ELEMENT),
        [X, _ROWS],
        np.take_along_axis(X, _ROWS, axis=1),
    ),
    case("gather_nd", Gather(mode=GatherMode.ND), [X, _CELLS], X[tuple(_CELLS.T)]),
    case(
        "gather_nd_per_batch",
        Gather(mode=GatherMode.ND, num_elementwise_dims=1),
        [X, _COLUMNS],
        np.stack([X[batch][_COLUMNS[batch, :, 0]] for batch in range(2)]),
    ),
    _per_batch("gather_per_batch", 1),
    _per_batch("gather_per_batch_last_axis", 2),
    _scatter_elements(),
    _scatter_nd(),
    _one_hot("one_hot_last", _ON_OFF.astype(np.float32), 2),
    _one_hot("one_hot_first", _ON_OFF.astype(np.float32), 0),
    _one_hot("one_hot_int32", _ON_OFF.astype(np.int32), 1),
    _reverse_sequence(),
    _nms(),
    case("non_zero", NonZero(), [_HOLES], np.array(np.nonzero(_HOLES), np.int32)),
    case("non_zero_bool", NonZero(), [_HOLES > 0], np.array(np.nonzero(_HOLES > 0), np.int32)),
)
