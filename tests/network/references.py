"""What layers compute, in plain numpy, written from their definitions and not from the exporter."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array


def same_padding(
    size: int, window: int, stride: int, dilation: int = 1, *, lower: bool = False
) -> tuple[int, int]:
    """TensorFlow's SAME: the smallest padding that gives ceil(size / stride) outputs."""
    extent = (window - 1) * dilation + 1
    total = max(0, (math.ceil(size / stride) - 1) * stride + extent - size)
    return (total - total // 2, total // 2) if lower else (total // 2, total - total // 2)


def _windows(
    padded: Array, window: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield each position in the window with the values that all outputs see there."""
    outputs = [
        (size - (width - 1) * gap - 1) // step + 1
        for size, width, step, gap in zip(padded.shape[2:], window, stride, dilation, strict=True)
    ]
    for place in itertools.product(*map(range, window)):
        cut = tuple(
            slice(at * gap, at * gap + step * (count - 1) + 1, step)
            for at, gap, step, count in zip(place, dilation, stride, outputs, strict=True)
        )
        yield place, padded[(slice(None), slice(None), *cut)]


def _pad(x: Array, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Array:
    return np.pad(x, [(0, 0), (0, 0), *pads], constant_values=value)


def _at(weights: Array, place: tuple[int, ...]) -> Array:
    """Return the [K, C] matrix of one position in the window."""
    index: tuple[Any, ...] = (slice(None), slice(None), *place)
    return np.asarray(weights[index])


def convolution(
    x: Array,
    kernel: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int = 1,
) -> Array:
    parts = []
    for data, weights in zip(
        np.split(x, groups, axis=1), np.split(kernel, groups, axis=0), strict=True
    ):
        total: Any = 0.0
        for place, seen in _windows(_pad(data, pads), kernel.shape[2:], stride, dilation):
            total = total + np.einsum("nc...,kc->nk...", seen, _at(weights, place))
        parts.append(total)
    result = np.concatenate(parts, axis=1)
    return result if bias is None else result + bias.reshape(-1, *([1] * (x.ndim - 2)))


def deconvolution(
    x: Array,
    kernel: Array,
    *,
    stride: Sequence[int],
    pads: Sequence[tuple[int, int]],
    groups: int = 1,
) -> Array:
    """Each input element spreads `kernel` over the output; `pads` are cropped."""
    parts = []
    spatial = x.shape[2:]
    full = [
        (size - 1) * step + width
        for size, step, width in zip(spatial, stride, kernel.shape[2:], strict=True)
    ]
    for data, weights in zip(
        np.split(x, groups, axis=1), np.split(kernel, groups, axis=0), strict=True
    ):
        out = np.zeros((x.shape[0], weights.shape[1], *full), np.float32)
        for place in itertools.product(*map(range, kernel.shape[2:])):
            cut = tuple(
                slice(at, at + step * (size - 1) + 1, step)
                for at, step, size in zip(place, stride, spatial, strict=True)
            )
            out[(slice(None), slice(None), *cut)] += np.einsum(
                "nc...,ck->nk...", data, _at(weights, place)
            )
        parts.append(out)
    result = np.concatenate(parts, axis=1)
    crop = tuple(
        slice(before, size - after) for (before, after), size in zip(pads, full, strict=True)
    )
    return result[(slice(None), slice(None), *crop)]


def max_pool(
    x: Array, window: Sequence[int], stride: Sequence[int], pads: Sequence[tuple[int, int]]
) -> Array:
    seen = _windows(_pad(x, pads, -np.inf), window, stride, [1] * len(window))
    return np.asarray(np.stack([values for _, values in seen]).max(axis=0))


def average_pool(
    x: Array,
    window: Sequence[int],
    stride: Sequence[int],
    pads: Sequence[tuple[int, int]],
    *,
    exclude: bool,
) -> Array:
    ones = [1] * len(window)
    total = sum(values for _, values in _windows(_pad(x, pads), window, stride, ones))
    if not exclude:
        return np.asarray(total / math.prod(window), np.float32)
    inside = _pad(np.ones_like(x), pads)
    return np.asarray(total / sum(v for _, v in _windows(inside, window, stride, ones)), np.float32)


def lrn(x: Array, window: int, alpha: float, beta: float, k: float) -> Array:
    half = window // 2
    squares = np.pad(x.astype(np.float64) ** 2, [(0, 0), (half, half), *[(0, 0)] * (x.ndim - 2)])
    total = sum(squares[:, at : at + x.shape[1]] for at in range(window))
    return np.asarray(x / (k + alpha / window * total) ** beta, np.float32)


Coordinate = Callable[[int, int, int], float]
COORDINATES: dict[str, Coordinate] = {
    "ALIGN_CORNERS": lambda at, size, new: at * (size - 1) / (new - 1),
    "ASYMMETRIC": lambda at, size, new: at * size / new,
    "HALF_PIXEL": lambda at, size, new: (at + 0.5) * size / new - 0.5,
}
ROUNDING: dict[str, Callable[[float], int]] = {
    "HALF_UP": lambda value: math.floor(value + 0.5),
    "HALF_DOWN": lambda value: math.ceil(value - 0.5),
    "FLOOR": math.floor,
    "CEIL": math.ceil,
}


def _cubic(distance: float, a: float) -> float:
    d = abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def resize_axis(
    size: int, new: int, mode: str, coordinates: str, rounding: str = "FLOOR", a: float = -0.75
) -> Array:
    """Return the matrix [new, size] that resizes one axis; indices outside are clamped."""
    matrix = np.zeros((new, size), np.float64)
    if size == new:
        return np.eye(size)
    for at in range(new):
        place = COORDINATES[coordinates](at, size, new)
        if mode == "NEAREST":
            taps = [(ROUNDING[rounding](place), 1.0)]
        elif mode == "LINEAR":
            place = min(max(place, 0.0), size - 1.0)
            low = math.floor(place)
            taps = [(low, 1 - (place - low)), (low + 1, place - low)]
        else:
            low = math.floor(place)
            taps = [(low + tap, _cubic(place - low - tap, a)) for tap in (-1, 0, 1, 2)]
        for index, weight in taps:
            matrix[at, min(max(index, 0), size - 1)] += weight
    return matrix


def resize(x: Array, shape: Sequence[int], *how: Any) -> Array:
    result = x.astype(np.float64)
    for axis, new in enumerate(shape):
        matrix = resize_axis(x.shape[axis], new, *how)
        result = np.moveaxis(np.tensordot(matrix, result, axes=(1, axis)), 0, axis)
    return result.astype(np.float32)


def sampled_slice(
    x: Array,
    start: Sequence[int],
    size: Sequence[int],
    stride: Sequence[int],
    mode: str,
    fill: float = 0,
) -> Array:
    """Slice element by element, outside indices mapped as the mode says."""

    def inside(index: int, dim: int) -> int | None:
        if 0 <= index < dim:
            return index
        if mode == "FILL":
            return None
        if mode == "CLAMP":
            return min(max(index, 0), dim - 1)
        if mode == "WRAP":
            return index % dim
        period = 2 * (dim - 1)
        index %= period
        return index if index < dim else period - index

    result = np.full(tuple(size), fill, x.dtype)
    for place in np.ndindex(*size):
        source = [
            inside(first + at * step, dim)
            for first, at, step, dim in zip(start, place, stride, x.shape, strict=True)
        ]
        if None not in source:
            result[place] = x[tuple(source)]
    return result
