"""Rows combined by segments that are known beforehand, and sparse tensors made dense."""

from __future__ import annotations

import math

import numpy as np

from surgeon_gui.graph.evaluate import LARGEST_RESULT
from surgeon_gui.graph.values import Array
from surgeon_gui.network import layers
from surgeon_gui.network.layers import ReduceOperation
from surgeon_gui.network.lower.arithmetic import choose
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.matrix import product
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import take
from surgeon_gui.network.lower.value import Value


def _belongs(node: Call, ids: Array, count_input: int | None) -> Array:
    """Return which element is in which segment, [segments, elements]."""
    if count_input is None:
        segments = int(ids.max(initial=-1)) + 1
    else:
        segments = node.constant_int(count_input, "the number of segments")
    if segments * ids.size > LARGEST_RESULT:
        raise node.refuse(f"{ids.size} rows in {segments} segments are more than can be worked on.")
    return np.asarray(np.arange(segments)[:, None] == ids.reshape(1, -1))


def _combined(b: Lower, weights: Array, data: Value, rows: int, rest: tuple[int, ...]) -> Value:
    """Return `weights` times the rows of `data`, each row a tensor of shape `rest`."""
    flat = b.view(data, (rows, math.prod(rest)))
    return b.view(product(b, Value.known(weights), flat), (len(weights), *rest))


@converter("SegmentSum", "SegmentMean", "UnsortedSegmentSum")
def segment_sum(node: Call, b: Lower) -> Value:
    """A product with the matrix that says which row belongs to which segment."""
    data = node.input(0)
    ids = node.constant(1, "the segment ids")
    if not data.dtype.is_floating:
        raise node.refuse(f"{node.op} of {data.dtype.text} is not supported.", "Cast to float32.")
    count_input = 2 if node.op.startswith("Unsorted") else None
    weights = _belongs(node, ids, count_input).astype(np.float32)
    if node.op == "SegmentMean":
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return _combined(b, weights, data, ids.size, data.shape[ids.ndim :])


@converter(
    "SparseSegmentSum",
    "SparseSegmentSumWithNumSegments",
    "SparseSegmentMean",
    "SparseSegmentMeanWithNumSegments",
    "SparseSegmentSqrtN",
    "SparseSegmentSqrtNWithNumSegments",
)
def sparse_segment(node: Call, b: Lower) -> Value:
    """The rows listed are gathered, then combined; only the segments must be known."""
    data, indices = node.input(0), node.input(1)
    ids = node.constant(2, "the segment ids")
    weights = _belongs(node, ids, 3 if "NumSegments" in node.op else None).astype(np.float32)
    counts = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    if "Mean" in node.op:
        weights /= counts
    elif "SqrtN" in node.op:
        weights /= np.sqrt(counts)
    rows = take(b, data, indices, 0, suffix="rows")
    return _combined(b, weights, rows, ids.size, data.shape[1:])


_EXTREMES = {
    "Max": (ReduceOperation.MAX, -np.inf),
    "Min": (ReduceOperation.MIN, np.inf),
    "Prod": (ReduceOperation.PROD, 1),
}


@converter(
    "SegmentMax",
    "SegmentMin",
    "SegmentProd",
    "UnsortedSegmentMax",
    "UnsortedSegmentMin",
    "UnsortedSegmentProd",
)
def segment_extreme(node: Call, b: Lower) -> Value:
    """Every segment sees all rows, those of others replaced by what changes nothing.

    An empty segment holds 0 (a product 1); the unsorted form holds the dtype's end instead.
    """
    data = node.input(0)
    ids = node.constant(1, "the segment ids")
    unsorted = node.op.startswith("Unsorted")
    belongs = _belongs(node, ids, 2 if unsorted else None)
    rest = data.shape[ids.ndim :]
    width = math.prod(rest)
    if belongs.size * width > LARGEST_RESULT:
        raise node.refuse(f"{len(belongs)} segments of {width} numbers are too many.")
    how, neutral = _EXTREMES[node.op.removeprefix("Unsorted").removeprefix("Segment")]
    if not data.dtype.is_floating:
        ends = np.iinfo(np.dtype(data.dtype.numpy))
        neutral = {-np.inf: int(ends.min), np.inf: int(ends.max)}.get(neutral, neutral)
    rows = b.view(data, (1, ids.size, width))
    kept = choose(
        b, Value.known(belongs[:, :, None]), rows, b.scalar(neutral, data.dtype), suffix="kept"
    )
    result = b.reduce(how, kept, (1,), False, suffix="reduced")
    empty = np.asarray(~belongs.any(axis=1))
    if empty.any() and how is not ReduceOperation.PROD:
        nothing = 0.0
        if unsorted:
            span = np.finfo if data.dtype.is_floating else np.iinfo
            limits = span(np.dtype(data.dtype.numpy))
            nothing = limits.min if how is ReduceOperation.MAX else limits.max
        blank = b.scalar(nothing, data.dtype)
        result = choose(b, Value.known(empty[:, None]), blank, result, suffix="filled")
    return b.view(result, (len(belongs), *rest))


@converter("SparseToDense")
def sparse_to_dense(node: Call, b: Lower) -> Value:
    """The values are written over the default; each place comes once."""
    indices = node.constant(0, "the indices")
    shape = node.constant_ints(1, "the output shape")
    values, default = node.input(2), node.constant(3, "the default")
    places = indices.reshape(-1, len(shape)).astype(np.int32)
    if len(np.unique(places, axis=0)) != len(places):
        raise node.refuse("Its indices repeat.", "List every place once.")
    if math.prod(shape) > LARGEST_RESULT:
        raise node.refuse(f"A tensor of {list(shape)} is more than can be worked with.")
    base = Value.known(np.full(shape, default, dtype=values.dtype.numpy), values.dtype)
    updates = b.live(values)
    if updates.rank == 0:
        ones = Value.known(np.ones(len(places), dtype=values.dtype.numpy), values.dtype)
        updates = b.elementwise(layers.ElementWiseOperation.PROD, updates, ones, suffix="updates")
    kind = layers.Scatter(mode=layers.ScatterMode.ND)
    tensor = b.add(kind, b.logical(base), b.logical(Value.known(places)), b.logical(updates))
    return Value.of(tensor, values.dtype)
