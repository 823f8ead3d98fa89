"""Long work in steps, so that a window can stay alive in between.

A piece of work is a generator that yields now and then (a share done, 0 to 1, where it knows one)
and returns its result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Pace = Generator[float, None, T]

# Items handled between two yields: a few milliseconds of work.
BATCH = 1500
# The same for items that take longer: boxes to measure, edges to route.
FEW = 25


def at_share(share: float, work: Pace[T]) -> Pace[T]:
    """The same work as a part of larger work, of which that share is done meanwhile."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        yield share


def completed(work: Pace[T], between: Callable[[], object] | None = None) -> T:
    """Do all of it at once and return its result; `between` is called after each step."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        if between is not None:
            between()
