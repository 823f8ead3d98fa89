"""Whether a worker still works: a native library that waits for itself never ends by itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psutil

STALL_SECONDS = 180.0
"""How long a worker may use no processor time at all. Reading files, waiting for a GPU and asking
another process all cost some; a TensorRT that could not start its threads for want of memory
costs none, for ever."""

_STEP_SECONDS = 5.0
_BUSY_SHARE = 0.002


def watch(
    pid: int,
    ended: threading.Event,
    on_stall: Callable[[], None],
    limit: float = STALL_SECONDS,
) -> None:
    """Call `on_stall` once the process and its children used no processor time for `limit` s.

    Returns at once; the watching thread ends with the process, or when `ended` is set. Time in
    which the process was stopped by a signal, or this one slept, does not count.
    """
    step = min(_STEP_SECONDS, limit / 4)

    def look() -> None:
        idle = 0.0
        before = _sample(pid)
        while before is not None and not ended.wait(step):
            now = _sample(pid)
            if now is None:
                return
            if not now.is_stopped:
                # Children that ended take their time with them: less is a sign of life too.
                rests = 0 <= now.seconds - before.seconds < _BUSY_SHARE * step
                idle = idle + step if rests else 0.0
            if idle >= limit:
                on_stall()
                return
            before = now

    threading.Thread(target=look, name=f"watch {pid}", daemon=True).start()


@dataclass(frozen=True)
class _Sample:
    """Processor time of a process and its children, and whether a signal stopped it."""

    seconds: float
    is_stopped: bool


def _sample(pid: int) -> _Sample | None:
    """Look at a process; None once it is gone."""
    try:
        worker = psutil.Process(pid)
        status = worker.status()
        family = [worker, *worker.children(recursive=True)]
    except psutil.Error:
        return None
    if status == psutil.STATUS_ZOMBIE:
        return None
    seconds = 0.0
    for process in family:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system
    return _Sample(seconds, status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP))
