"""A spare worker that has imported TensorFlow already, so that a small job answers in a second."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surgeon_gui.jobs.client import Job, Worker, kill_group, spawn
from surgeon_gui.jobs.outcome import Outcome
from surgeon_gui.jobs.protocol import Event
from surgeon_gui.jobs.spec import JobSpec
from surgeon_gui.settings import cache_dir

logger = logging.getLogger(__name__)

WARM_KINDS = frozenset({"freeze", "optimise", "reference", "verify"})
"""The kinds of jobs that start with importing TensorFlow, which takes 2 to 10 s."""


class WorkerPool:
    """Hands jobs a warm worker where there is one, and warms the next.

    A spare costs about 0.5 GB of memory while it waits. It is used once, so a job never sees what
    another left behind.

    Args:
        python: the workers' interpreter.
        log: where a spare's standard error goes until it has a job.
    """

    def __init__(self, python: str = sys.executable, *, log: Path | None = None) -> None:
        self.python = python
        self._log = log
        self._spare: Worker | None = None
        self._lock = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Start a spare unless one waits already; returns at once.

        A Python that cannot be started is left for the job to report.
        """
        with self._lock:
            if self._closed or self._is_alive():
                return
            log = self._log or cache_dir() / "spare-worker.log"
            try:
                log.parent.mkdir(parents=True, exist_ok=True)
                log.unlink(missing_ok=True)
                self._spare = spawn(self.python, ["--warm", "tensorflow"], log)
            except OSError as error:
                logger.warning("No spare worker: %s", error)

    def _is_alive(self) -> bool:
        return self._spare is not None and self._spare.poll() is None

    def job(
        self,
        spec: JobSpec[Any],
        directory: Path | None = None,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_done: Callable[[Outcome], None] | None = None,
        timeout: float | None = None,
    ) -> Job:
        """Return a job that is not started yet, see `Job`; kinds that profit get the spare.

        The next spare is warmed when the job has ended, not while it needs the processor.
        """
        spare = self._take() if spec.kind in WARM_KINDS else None

        def done(outcome: Outcome) -> None:
            if spec.kind in WARM_KINDS:
                self.warm()
            if on_done is not None:
                on_done(outcome)

        return Job(
            spec,
            directory,
            python=self.python,
            on_event=on_event,
            on_done=done,
            timeout=timeout,
            spare=spare,
        )

    def _take(self) -> Worker | None:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and spare.poll() is not None:
            _dispose(spare)
            return None
        return spare

    def close(self) -> None:
        """End the spare; the pool warms no more."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            _dispose(spare)


def _dispose(worker: Worker) -> None:
    kill_group(worker)
    with worker:
        pass
