"""How far two arrays are apart: a function per figure.

Every metric sees float64 arrays of equal shape and only the elements that are finite on both sides.
A NaN, or the same infinity, in the same place on both sides counts as equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from surgeon_gui.graph.values import Array

RELATIVE_FLOOR = 0.05
"""Share of the largest reference value below which an element's error is taken relative to it.

float32 rounding alone grows to 1e-5 of the largest value over a deep network (a U-Net of 23
convolutions, 200 000 outputs, 8 seeds): 2e-4 by this measure, a fifth of the usual tolerance."""

ABSOLUTE_FLOOR = 1e-12
"""Values this small are rounding noise in float32 arithmetic on numbers around 1."""

_LARGEST_TOP_K_ROWS = 4096


@dataclass(frozen=True)
class Pair:
    """Two arrays to compare, already of equal shape.

    Args:
        value: the candidate.
        reference: what it should be.
    """

    value: Array
    reference: Array

    @cached_property
    def finite(self) -> Array:
        """Where both sides are finite."""
        return np.asarray(np.isfinite(self.value) & np.isfinite(self.reference))

    @cached_property
    def values(self) -> Array:
        """The candidate's elements where both are finite, as float64."""
        return self.value[self.finite]

    @cached_property
    def references(self) -> Array:
        """The reference's elements where both are finite, as float64."""
        return self.reference[self.finite]

    @cached_property
    def errors(self) -> Array:
        """Absolute differences where both are finite."""
        return np.asarray(np.abs(self.values - self.references))

    @cached_property
    def scale(self) -> float:
        """The largest finite absolute value of the reference."""
        return float(np.max(np.abs(self.references), initial=0.0))

    @cached_property
    def strangers(self) -> int:
        """How many elements are NaN or infinite on one side and not the same on the other."""
        both = self.value == self.reference
        both |= np.isnan(self.value) & np.isnan(self.reference)
        return int(np.count_nonzero(~self.finite & ~both))


Metric = Callable[[Pair], float | None]

METRICS: dict[str, Metric] = {}
"""Every metric by name, in the order they are shown."""


def metric(function: Metric) -> Metric:
    """Add a metric under its function's name; it returns None where it does not apply."""
    METRICS[function.__name__] = function
    return function


def measure(value: Array, reference: Array) -> dict[str, float]:
    """Return every metric that applies to two numeric arrays of equal shape."""
    wide = np.complex128 if "c" in (value.dtype.kind, reference.dtype.kind) else np.float64
    pair = Pair(np.asarray(value, wide), np.asarray(reference, wide))
    found = {name: function(pair) for name, function in METRICS.items()}
    return {name: figure for name, figure in found.items() if figure is not None}


@metric
def max_abs(pair: Pair) -> float:
    """Return the largest absolute difference; infinite where only one side is NaN or infinite."""
    return math.inf if pair.strangers else float(np.max(pair.errors, initial=0.0))


@metric
def max_rel(pair: Pair) -> float:
    """Return the largest of |a - b| / max(|b|, 5 % of the largest |b|, 1e-12), b the reference.

    The floor keeps elements that are nearly zero, where rounding is all there is, from deciding:
    their error is held against the tensor's own scale.
    """
    if pair.strangers:
        return math.inf
    floor = max(RELATIVE_FLOOR * pair.scale, ABSOLUTE_FLOOR)
    ratios = pair.errors / np.maximum(np.abs(pair.references), floor)
    return float(np.max(ratios, initial=0.0))


@metric
def rmse(pair: Pair) -> float:
    """Return the root of the mean squared difference."""
    return math.sqrt(float(np.mean(pair.errors**2))) if pair.errors.size else 0.0


@metric
def cosine(pair: Pair) -> float:
    """Return the cosine of the angle between the two as vectors; 1 when both are zero."""
    # Scaled first, so that squares neither overflow nor vanish.
    largest = float(np.max(np.abs(pair.values), initial=0.0))
    if largest <= ABSOLUTE_FLOOR or pair.scale <= ABSOLUTE_FLOOR:
        return 1.0 if max(largest, pair.scale) <= ABSOLUTE_FLOOR else 0.0
    left, right = pair.values / largest, pair.references / pair.scale
    product = float(np.real(np.vdot(left, right)))
    return max(-1.0, min(1.0, product / float(np.linalg.norm(left) * np.linalg.norm(right))))


@metric
def psnr(pair: Pair) -> float | None:
    """Return the peak signal-to-noise ratio in dB over the reference's range; infinite if equal."""
    if not pair.references.size or np.iscomplexobj(pair.references):
        return None
    span = float(np.max(pair.references) - np.min(pair.references))
    noise = rmse(pair)
    if not noise:
        return math.inf
    return 20 * math.log10(span / noise) if span and noise else None


@metric
def top1_agreement(pair: Pair) -> float | None:
    """Return the share of rows (last axis) with the same largest element."""
    return _agreement(pair, 1)


@metric
def top5_agreement(pair: Pair) -> float | None:
    """Return the share of the rows' five largest elements that both sides have."""
    return _agreement(pair, 5)


def _agreement(pair: Pair, count: int) -> float | None:
    shape = pair.reference.shape
    # A score per class has few rows and more classes than are picked; a feature map has neither.
    if not shape or shape[-1] <= count or not pair.reference.size or pair.finite.sum() < 2:
        return None
    rows = pair.reference.size // shape[-1]
    if rows > _LARGEST_TOP_K_ROWS or np.iscomplexobj(pair.reference):
        return None
    ours = _top(pair.value.reshape(rows, -1), count)
    theirs = _top(pair.reference.reshape(rows, -1), count)
    shared = (ours[:, :, None] == theirs[:, None, :]).any(axis=2)
    return float(np.mean(shared))


def _top(rows: Array, count: int) -> Array:
    """Return the columns of the largest elements, ties to the first, NaN last."""
    known = np.where(np.isnan(rows), -np.inf, rows)
    return np.argsort(-known, axis=1, kind="stable")[:, :count]
