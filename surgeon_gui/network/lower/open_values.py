"""What a layer's parameters at different sizes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Dims, Layer, Network
from surgeon_gui.network.layers import Convolution, PaddingMode, Pooling
from surgeon_gui.network.layers.dims import window_padding


def node_of(layer: Layer) -> str:
    """Return the node to name where a layer is in the way."""
    return layer.origin[0] if layer.origin else layer.name


def same_value(left: Any, right: Any) -> bool:
    """Whether two parameters are equal; arrays element by element, NaN equal to NaN."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        equal_nan = left.dtype.kind == "f"
        return left is right or (
            left.dtype == right.dtype and np.array_equal(left, right, equal_nan=equal_nan)
        )
    return type(left) is type(right) and bool(left == right)


def share_weights(first: Network, other: Network) -> Network:
    """Return `other` holding the arrays of `first` where they are equal, so that its own can go."""
    shared = []
    for mine, theirs in zip(first.layers, other.layers, strict=False):
        arrays = mine.kind.weights()
        changes = {
            name: arrays[name]
            for name, array in theirs.kind.weights().items()
            if name in arrays and arrays[name] is not array and same_value(arrays[name], array)
        }
        same = changes and type(mine.kind) is type(theirs.kind)
        shared.append(replace(theirs, kind=replace(theirs.kind, **changes)) if same else theirs)
    return replace(other, layers=(*shared, *other.layers[len(shared) :]))


def one_row(arrays: Sequence[Array]) -> Array | None:
    """Return what broadcasts to all the arrays: 1 in the dimensions where their sizes differ."""
    if len({array.ndim for array in arrays}) != 1:
        return None
    rows = list(arrays)
    for axis, sizes in enumerate(zip(*(array.shape for array in arrays), strict=True)):
        if len(set(sizes)) > 1 and min(sizes):
            rows = [array.take([0], axis) for array in rows]
    repeats = all(
        row.shape == rows[0].shape and np.array_equal(np.broadcast_to(row, array.shape), array)
        for row, array in zip(rows, arrays, strict=True)
    )
    if not repeats or not all(same_value(rows[0], row) for row in rows[1:]):
        return None
    return np.ascontiguousarray(rows[0])


def reach(kind: Convolution | Pooling) -> Dims:
    """Return how many elements a window spans in each spatial dimension."""
    if isinstance(kind, Pooling):
        return kind.window_size
    spans = zip(kind.kernel_size, kind.dilation, strict=True)
    return tuple((width - 1) * step + 1 for width, step in spans)


def pads_as_same(kind: Convolution | Pooling, size: Dims) -> bool:
    """Whether a window over this spatial size pads what SAME asks for."""
    pads = zip(kind.pre_padding, kind.post_padding, strict=True)
    return list(pads) == [
        window_padding(dim, width, step, 1, 0, 0, PaddingMode.SAME_UPPER)
        for dim, width, step in zip(size, reach(kind), kind.stride, strict=True)
    ]
