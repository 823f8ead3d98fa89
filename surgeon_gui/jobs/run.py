"""A job, waited for: what scripts and the command line use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.client import Job
from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.protocol import Event
from surgeon_gui.jobs.spec import JobResult, JobSpec

R = TypeVar("R", bound=JobResult)


def run_job(
    spec: JobSpec[R],
    on_event: Callable[[Event], None] | None = None,
    timeout: float | None = None,
    *,
    directory: Path | None = None,
    python: str = sys.executable,
) -> R:
    """Run a job in a process of its own and return its result.

    Args:
        spec: what to do.
        on_event: called with every event, on another thread.
        timeout: seconds the job may take.
        directory: the job's folder; by default a new one in the user's cache.
        python: the interpreter of the worker.

    Raises:
        SurgeonError: what the task raised, of the same class.
        JobError: the worker did not start, crashed or took too long.
    """
    job = Job(spec, directory, python=python, on_event=on_event, timeout=timeout)
    job.start()
    try:
        outcome = job.wait()
    except KeyboardInterrupt:
        job.cancel()
        job.wait()
        raise
    if not isinstance(outcome, Succeeded):
        raise outcome.error()
    return expect(spec, outcome.result)


def expect(spec: JobSpec[R], result: JobResult) -> R:
    """Return `result` as the kind of answer `spec` has.

    Raises:
        ProtocolError: it is the answer to another kind of job.
    """
    if result.kind != spec.kind:
        raise ProtocolError(f"The worker answered {result.kind!r} to {spec.kind!r}.")
    return cast("R", result)
