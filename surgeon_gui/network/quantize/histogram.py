"""How the values of a tensor are spread over many runs, and which reach of them to keep.

A reach `r` means that values from -r to r are rounded to 255 steps and what is beyond is clipped.
The entropy search is the one NVIDIA published for TensorRT (S7310, "8-bit Inference with
TensorRT", 2017) over a histogram of both signs; ONNX Runtime's quantization tool has a variant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from surgeon_gui.graph.values import Array

BINS = 2048
"""Bins of a new histogram, both signs together."""

LEVELS = 255
"""Steps of a symmetric int8."""

PERCENTILE = 99.99
_MOST_GROWTH = 32
_LEAST = 1e-30
_EPSILON = 1e-4
_MSE_CANDIDATES = 128


class Histogram:
    """Counts of values in bins of one width around zero; grows outwards when values do.

    Values far beyond what came before make the bins wider instead, so that memory stays bounded.

    Args:
        bins: how many to begin with.

    Attributes:
        counts: values per bin.
        reach: the outer edge of the last bin; the first begins at minus that.
        low, high: the smallest and largest value seen.
        samples: how many values were added.
    """

    def __init__(self, bins: int = BINS) -> None:
        self._bins = bins
        self.counts = np.zeros(bins, np.int64)
        self.reach = 0.0
        self.low = np.inf
        self.high = -np.inf
        self.samples = 0

    def add(self, values: Array) -> None:
        """Count an array's values; what is not finite is left out."""
        flat = np.asarray(values, np.float32).reshape(-1)
        if not np.isfinite(flat).all():
            flat = flat[np.isfinite(flat)]
        if not flat.size:
            return
        low, high = float(flat.min()), float(flat.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.samples += flat.size
        reach = max(-low, high, 0.0)
        # A narrower histogram has bins too narrow for float32; such values count as zeros.
        if reach > max(self.reach, _LEAST):
            self._grow(reach)
        if self.reach > 0:
            # In float64: the width between float32's ends is beyond float32.
            ends = (np.float64(-self.reach), np.float64(self.reach))
            self.counts += np.histogram(flat, len(self.counts), ends)[0]
        else:
            self.counts[len(self.counts) // 2] += flat.size

    def _grow(self, reach: float) -> None:
        """Add bins of the same width at both ends until `reach` is inside."""
        if self.reach == 0.0:
            self.reach = reach
        elif reach / self.reach * len(self.counts) <= _MOST_GROWTH * self._bins:
            width = 2 * self.reach / len(self.counts)
            more = int((reach - self.reach) // width + 1)
            self.counts = np.pad(self.counts, more)
            self.reach += more * width
        else:
            self._widen(reach)

    def _widen(self, reach: float) -> None:
        """Begin with as many bins as at first; each old one falls into that of its middle."""
        edges = self.edges
        middles = (edges[:-1] + edges[1:]) / 2
        wide = np.zeros(self._bins, np.int64)
        places = ((middles / reach + 1) * (self._bins / 2)).astype(np.int64)
        np.add.at(wide, np.clip(places, 0, self._bins - 1), self.counts)
        self.counts, self.reach = wide, reach

    @property
    def edges(self) -> Array:
        """The bins' edges, one more than there are bins."""
        return np.linspace(-self.reach, self.reach, len(self.counts) + 1)

    @property
    def largest(self) -> float:
        """The largest magnitude seen; 0 before any value."""
        return max(-self.low, self.high, 0.0) if self.samples else 0.0


def minmax(histogram: Histogram) -> float:
    """Keep everything."""
    return histogram.largest


def percentile(histogram: Histogram, share: float = PERCENTILE) -> float:
    """Clip what is beyond this percentage of all magnitudes."""
    if not histogram.samples or histogram.reach == 0.0:
        return histogram.largest
    half = len(histogram.counts) // 2
    right = histogram.counts[len(histogram.counts) - half :]
    magnitudes = np.cumsum(right + histogram.counts[:half][::-1])
    index = int(np.searchsorted(magnitudes, share / 100 * magnitudes[-1]))
    return min((index + 1) * 2 * histogram.reach / len(histogram.counts), histogram.largest)


def entropy(histogram: Histogram, levels: int = LEVELS, *, like_onnxruntime: bool = False) -> float:
    """Keep the reach whose rounding changes the distribution least (KL divergence).

    Args:
        histogram: of the tensor.
        levels: steps on both sides of zero.
        like_onnxruntime: search as ONNX Runtime's tool does (1.31, `quantization/calibrate.py`). It
            weighs zeros as any value, though they are exact at every reach and drown what the
            search is about after a ReLU; it spreads a level over bins where nothing is, which
            punishes images for their 256 values; and its last level leaves bins over, which
            clips a ReLU6 below its six.
    """
    counts = histogram.counts
    if not like_onnxruntime and len(counts) > 2:
        counts = counts.copy()
        counts[len(counts) // 2] = counts[len(counts) // 2 + 1]
    shared = _shared_like_onnxruntime if like_onnxruntime else _shared
    middle, half = len(counts) // 2, levels // 2
    if not histogram.samples or middle <= half or histogram.reach == 0.0:
        return histogram.largest
    edges = histogram.edges
    running = np.concatenate(([0], np.cumsum(counts)))
    best, reach = np.inf, histogram.largest
    for width in range(half, middle + 1):
        start, stop = middle - width, min(middle + width + 1, len(counts))
        inside = counts[start:stop]
        clipped = inside.copy()
        clipped[0] += running[start]
        clipped[-1] += running[-1] - running[stop]
        divergence = _divergence(clipped, shared(inside, clipped != 0, levels))
        if divergence < best:
            best = divergence
            low = max(float(edges[start]), histogram.low)
            high = min(float(edges[stop]), histogram.high)
            reach = max(-low, high)
    return reach


def _shared(inside: Array, filled: Array, levels: int) -> Array:
    """Return the counts after rounding: what a level got, shared among its bins that hold any."""
    level = np.arange(len(inside)) * levels // len(inside)
    sums = np.bincount(level, inside, levels)
    sharers = np.maximum(np.bincount(level, filled, levels), 1)
    return np.where(filled, (sums / sharers)[level], 0.0)


def _shared_like_onnxruntime(inside: Array, filled: Array, levels: int) -> Array:
    merged = len(inside) // levels
    whole = levels * merged
    sums = inside[:whole].reshape(levels, merged).sum(1)
    sums[-1] += inside[whole:].sum()
    sharers = filled[:whole].reshape(levels, merged).sum(1)
    # Counts are whole numbers, so that a level shares out no more than it has.
    shares = np.zeros(len(inside), np.int64)
    even = np.zeros(levels, np.int64)
    np.floor_divide(sums, sharers, out=even, where=sharers != 0)
    shares[:whole] = np.repeat(even, merged)
    return shares


def _divergence(clipped: Array, shares: Array) -> float:
    """Return how much the clipped counts lose by rounding; infinite where that is no go."""
    true, rounded = _smoothed(clipped), _smoothed(shares)
    if true is None or rounded is None:
        return float(np.inf)
    true, rounded = true / true.sum(), rounded / rounded.sum()
    return float(np.sum(true * np.log(true / rounded)))


def _smoothed(counts: Array) -> Array | None:
    """Return the counts with a little moved to where there is nothing; None where that is no go."""
    empty = counts == 0
    filled = len(counts) - int(empty.sum())
    if not filled:
        return None
    taken = _EPSILON * (len(counts) - filled) / filled
    if taken >= 1.0:
        return None
    smooth: Array = counts.astype(np.float32)
    smooth += np.where(empty, np.float32(_EPSILON), np.float32(-taken))
    return smooth


def mean_square(histogram: Histogram, levels: int = LEVELS) -> float:
    """Keep the reach that makes the mean square error of rounding and clipping smallest."""
    if not histogram.samples or histogram.reach == 0.0:
        return histogram.largest
    edges = histogram.edges
    filled = histogram.counts > 0
    values = ((edges[:-1] + edges[1:]) / 2)[filled]
    weights = histogram.counts[filled]
    best, reach = np.inf, histogram.largest
    steps = levels // 2
    for share in np.linspace(1.0, 1.0 / _MSE_CANDIDATES, _MSE_CANDIDATES):
        candidate = histogram.largest * float(share)
        scale = candidate / steps
        rounded = np.clip(np.rint(values / scale), -steps, steps) * scale
        error = float(np.sum(weights * (values - rounded) ** 2))
        if error < best:
            best, reach = error, candidate
    return reach


COLLECTORS: dict[str, Callable[[Histogram], float]] = {
    "entropy": entropy,
    "minmax": minmax,
    "percentile": percentile,
    "mse": mean_square,
}
"""Ways to choose a tensor's reach from its histogram."""
