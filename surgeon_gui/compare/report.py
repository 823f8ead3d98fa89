"""Two sets of tensors, compared: a row per tensor and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surgeon_gui.compare.metrics import measure
from surgeon_gui.graph.values import Array, Shape

NOTHING_PROVEN = "The reference is NaN or infinite everywhere, so nothing is proven."
"""The problem of a tensor with nothing to compare."""

_TEXT = "SUO"


@dataclass(frozen=True)
class Tolerance:
    """When two tensors count as equal: both figures must hold.

    Args:
        max_rel: largest relative difference, as `metrics.max_rel` defines it.
        min_cosine: smallest cosine.
    """

    max_rel: float = 1e-3
    min_cosine: float = 0.99999


HALF_TOLERANCE = {"fp16": Tolerance(5e-2, 0.999), "bf16": Tolerance(2e-1, 0.99)}
"""How far half precision may be from float32: many roundings of 2^-11 and 2^-8."""


def tolerance_of(
    *precisions: str,
    usual: Tolerance | None = None,
    max_rel: float | None = None,
    min_cosine: float | None = None,
) -> Tolerance:
    """Return when results of these precisions count as equal.

    Args:
        precisions: `fp32`, `fp16` …; what half precision needs is allowed where there is one.
        usual: what is allowed at least.
        max_rel: what the user allows, whatever else would be.
        min_cosine: the same.
    """
    limits = [usual or Tolerance()]
    limits += [HALF_TOLERANCE[name] for name in precisions if name in HALF_TOLERANCE]
    return Tolerance(
        max(item.max_rel for item in limits) if max_rel is None else max_rel,
        min(item.min_cosine for item in limits) if min_cosine is None else min_cosine,
    )


@dataclass(frozen=True)
class TensorComparison:
    """One tensor of two runs.

    Args:
        name: the tensor, without `:0`.
        shape: the shape both have, or the reference's where they differ.
        ok: within the tolerance.
        metrics: value per metric name (`max_abs`, `max_rel`, `cosine` …), see `compare.metrics`.
        problem: why it is not ok, in words; None when it is.
    """

    name: str
    shape: tuple[int, ...]
    ok: bool
    metrics: Mapping[str, float] = field(default_factory=dict)
    problem: str | None = None

    @property
    def is_compared(self) -> bool:
        """Whether the reference had a number to compare with."""
        return self.problem != NOTHING_PROVEN

    @property
    def verdict(self) -> str:
        """`equal`, `differs` or `not compared`."""
        if self.ok:
            return "equal"
        return "differs" if self.is_compared else "not compared"

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON's own types, its metrics laid flat beside name and shape.

        JSON has no infinity (the PSNR of equal tensors, a difference to NaN): None stands for it.
        """
        figures = {
            name: figure if math.isfinite(figure) else None for name, figure in self.metrics.items()
        }
        return {
            "name": self.name,
            "shape": list(self.shape),
            "ok": self.ok,
            **figures,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class NonFinite:
    """A tensor that holds something else than numbers.

    Args:
        name: the tensor.
        nans: how many NaN.
        infinities: how many infinities.
        size: how many elements in all.
    """

    name: str
    nans: int
    infinities: int
    size: int


@dataclass(frozen=True)
class ComparisonReport:
    """All tensors compared, in the order of the graph where that is known."""

    rows: tuple[TensorComparison, ...]

    @property
    def ok(self) -> bool:
        """Whether there is something to compare and all of it agrees."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def first_divergence(self) -> TensorComparison | None:
        """The first row that is not ok."""
        return next((row for row in self.rows if not row.ok), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON's own types."""
        first = self.first_divergence
        return {
            "ok": self.ok,
            "rows": [row.as_dict() for row in self.rows],
            "first_divergence": first.name if first else None,
        }


def has_numbers(value: Array) -> bool:
    """Whether an array is more than NaN and infinities; text and what is empty count as such."""
    return value.dtype.kind in _TEXT or not value.size or bool(np.isfinite(value).any())


def compare_tensor(
    name: str, value: Array, reference: Array, tolerance: Tolerance | None = None
) -> TensorComparison:
    """Return how far `value` is from `reference`."""
    limits = tolerance or Tolerance()
    shape = tuple(reference.shape)
    if value.shape != reference.shape:
        found = Shape(tuple(value.shape))
        words = f"The shapes differ: {found}, expected {Shape(shape)}."
        return TensorComparison(name, shape, False, problem=words)
    if value.dtype.kind in _TEXT or reference.dtype.kind in _TEXT:
        same = bool(np.array_equal(value.astype(np.bytes_), reference.astype(np.bytes_)))
        return TensorComparison(name, shape, same, problem=None if same else "The strings differ.")
    metrics = measure(value, reference)
    problem = _problem(value, reference, metrics, limits)
    return TensorComparison(name, shape, problem is None, metrics, problem)


def _problem(
    value: Array, reference: Array, metrics: Mapping[str, float], limits: Tolerance
) -> str | None:
    if not has_numbers(reference):
        return NOTHING_PROVEN
    mine, theirs = np.isfinite(value), np.isfinite(reference)
    if metrics["max_abs"] == np.inf:
        count = int(np.count_nonzero(mine != theirs))
        side = "the candidate" if not mine.all() else "the reference"
        return f"{count or 'Some'} elements are NaN or infinite only in {side}."
    if metrics["max_rel"] > limits.max_rel:
        return f"The relative difference is {metrics['max_rel']:.2g}, over {limits.max_rel:g}."
    if metrics["cosine"] < limits.min_cosine:
        return f"The cosine is {metrics['cosine']:.6f}, under {limits.min_cosine:g}."
    return None


def compare_tensors(
    values: Mapping[str, Array],
    references: Mapping[str, Array],
    names: Iterable[str] | None = None,
    tolerance: Tolerance | None = None,
) -> ComparisonReport:
    """Compare two runs tensor by tensor.

    Args:
        values: the candidate's tensors.
        references: what they should be.
        names: what to compare and in which order; by default all of `references`.
        tolerance: when they count as equal.
    """
    rows = []
    for name in references if names is None else names:
        value, reference = values.get(name), references.get(name)
        if value is None or reference is None:
            side = "candidate" if value is None else "reference"
            shape = () if reference is None else tuple(reference.shape)
            rows.append(
                TensorComparison(name, shape, False, problem=f"The {side} has no such tensor.")
            )
        else:
            rows.append(compare_tensor(name, value, reference, tolerance))
    return ComparisonReport(tuple(rows))
