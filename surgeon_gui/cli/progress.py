"""A job's progress on stderr: phase and elapsed time; log lines as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.status import Status

from surgeon_gui.cli.app import stderr
from surgeon_gui.jobs.protocol import Event, Log, Progress


@contextmanager
def job_progress() -> Iterator[Callable[[Event], None]]:
    """Yield a callback for a job's events that shows them on stderr.

    On a terminal the phase is shown in place; elsewhere only warnings and errors are printed.
    """
    status: Status | None = stderr.status("Starting") if sys.stderr.isatty() else None

    def on_event(event: Event) -> None:
        if isinstance(event, Progress) and status is not None:
            done = f" {event.done}/{event.total}" if event.total else ""
            status.update(f"{event.phase}{done}")
        elif isinstance(event, Log) and event.level in ("warning", "error", "WARNING", "ERROR"):
            stderr.print(f"{event.logger}: {event.text}", markup=False)

    if status is None:
        yield on_event
    else:
        with status:
            yield on_event
