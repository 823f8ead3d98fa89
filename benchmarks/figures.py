"""What a benchmark measured, told to whoever runs many of them.

A benchmark prints its figures and records them. Alone, the record goes nowhere; `python -m
benchmarks` names a file in `FIGURES` and reads from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FIGURES = "SURGEON_BENCHMARK_FIGURES"


@dataclass(frozen=True)
class Figure:
    """One thing measured.

    Attributes:
        what: it is, among the figures of its benchmark.
        value: less is better.
        unit: of `value`, `budget` and `other`.
        budget: the most it may be; None where none is set.
        other: the same of somebody else, None where nobody was asked.
        whose: who that is.
    """

    what: str
    value: float
    unit: str
    budget: float | None = None
    other: float | None = None
    whose: str = ""

    @property
    def is_kept(self) -> bool:
        return self.budget is None or self.value <= self.budget


def record(
    what: str,
    value: float,
    unit: str,
    *,
    budget: float | None = None,
    other: float | None = None,
    whose: str = "",
) -> None:
    """Append a figure to the file that the environment names, if it names one."""
    name = os.environ.get(FIGURES)
    if name:
        figure = Figure(what, float(value), unit, budget, other, whose)
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure)) + "\n")


def recorded(lines: Iterable[str]) -> list[Figure]:
    """Return the figures of a file's lines."""
    return [Figure(**json.loads(line)) for line in lines if line.strip()]
