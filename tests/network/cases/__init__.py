"""One-layer networks with what they must compute: for every kind, every mode of it.

The same cases are exported and run (tests/network), emitted, read back, built and held against
TensorRT's own parser (tests/engine).
"""

from __future__ import annotations

from tests.network.cases import (
    algebra,
    control,
    indexing,
    normalization,
    pointwise,
    reshaping,
    windows,
)
from tests.network.cases.case import Case, Feed

CASES: tuple[Case, ...] = (
    *windows.CASES,
    *pointwise.CASES,
    *algebra.CASES,
    *reshaping.CASES,
    *indexing.CASES,
    *control.CASES,
    *normalization.CASES,
)

__all__ = ["CASES", "Case", "Feed"]
