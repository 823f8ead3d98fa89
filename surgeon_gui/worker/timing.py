"""How long something takes on the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Stopwatch:
    """Measures some runs after those that make things ready.

    Args:
        runs: timed runs.
        warmup: runs before them; the first run's time is all that is known where it took longer
            than `seconds`.
        seconds: no run is begun that would probably end later; None sets no limit.
        ran: called after each timed run with their number so far.
        times: what was measured, in milliseconds.
    """

    runs: int = 5
    warmup: int = 1
    seconds: float | None = 3.0
    ran: Callable[[int], object] | None = None
    times: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], T]) -> T:
        """Run `work` and return what it gave last."""
        began = time.perf_counter()
        for _ in range(max(self.warmup, 1)):
            started = time.perf_counter()
            result = work()
            last = time.perf_counter() - started
            if self._is_over(began, last):
                break
        for count in range(self.runs):
            if self._is_over(began, last):
                break
            started = time.perf_counter()
            result = work()
            last = time.perf_counter() - started
            self.times.append(last * 1e3)
            if self.ran is not None:
                self.ran(count + 1)
        if not self.times:
            self.times.append(last * 1e3)
        return result

    def _is_over(self, began: float, last: float) -> bool:
        return self.seconds is not None and time.perf_counter() - began + last > self.seconds


def measured(work: Callable[[], T], watch: Stopwatch | None) -> T:
    """Return what `work` gives, measured where there is something to measure with."""
    return work() if watch is None else watch.measure(work)
