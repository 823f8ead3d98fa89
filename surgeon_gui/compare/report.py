"""Two sets of tensors, compared: a row per tensor and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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

    def as_dict(self) -> dict[str, Any]:
        """Return the row with its metrics laid flat beside name and shape."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "ok": self.ok,
            **self.metrics,
            "problem": self.problem,
        }
