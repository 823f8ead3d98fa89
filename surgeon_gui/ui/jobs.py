"""A job as Qt sees it: its events and its end come as signals in the UI thread."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from surgeon_gui.jobs.client import Job
from surgeon_gui.jobs.outcome import Outcome
from surgeon_gui.jobs.pool import WorkerPool
from surgeon_gui.jobs.protocol import Event, Log, Progress
from surgeon_gui.jobs.spec import JobSpec
from surgeon_gui.log import level_number

logger = logging.getLogger(__name__)


class JobRunner(QObject):
    """Runs one job at a time.

    Signals:
        progressed(str, int, int): phase, steps done, steps in all (-1 where not known).
        logged(int, str): level and text of a line the worker logged.
        ended(object): the `Outcome`.
    """

    progressed = Signal(str, int, int)
    logged = Signal(int, str)
    ended = Signal(object)
    _event = Signal(object)
    _outcome = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._pool: WorkerPool | None = None
        queued = Qt.ConnectionType.QueuedConnection
        self._event.connect(self._handle, queued)
        self._outcome.connect(self._end, queued)

    @property
    def is_running(self) -> bool:
        return self._job is not None

    @property
    def directory(self) -> Path | None:
        """The running job's folder."""
        return self._job.directory if self._job else None

    @property
    def pid(self) -> int | None:
        """The worker's process, None while no job runs."""
        return self._job.pid if self._job else None

    def start(
        self,
        spec: JobSpec[Any],
        directory: Path,
        *,
        python: str,
        timeout: float | None,
        warm: bool = False,
    ) -> None:
        """Start a worker for `spec`.

        Args:
            spec: what to do.
            directory: the job's folder.
            python: the worker's interpreter.
            timeout: seconds it may take.
            warm: use the spare worker an earlier job left, and leave one for the next.

        Raises:
            RuntimeError: a job is running.
        """
        if self._job is not None:
            raise RuntimeError("A job is running.")
        if warm:
            self._job = self._pool_of(python).job(
                spec,
                directory,
                on_event=self._event.emit,
                on_done=self._outcome.emit,
                timeout=timeout,
            )
        else:
            self._drop_pool()
            self._job = Job(
                spec,
                directory,
                python=python,
                on_event=self._event.emit,
                on_done=self._outcome.emit,
                timeout=timeout,
            )
        self._job.start()

    def _pool_of(self, python: str) -> WorkerPool:
        if self._pool is not None and self._pool.python != python:
            self._drop_pool()
        if self._pool is None:
            self._pool = WorkerPool(python)
        return self._pool

    def _drop_pool(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def cancel(self) -> None:
        """Ask the worker to stop; it is killed if it does not."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """End the job and the spare worker and wait for that, before the window goes."""
        job, self._job = self._job, None
        if job is not None and job.is_running:
            job.cancel()
            job.wait(5)
        self._drop_pool()

    @Slot(object)
    def _handle(self, event: Event) -> None:
        if self._job is None:
            return
        if isinstance(event, Progress):
            total = -1 if event.total is None else event.total
            self.progressed.emit(event.phase, event.done, total)
        elif isinstance(event, Log):
            self.logged.emit(level_number(event.level), event.text)

    @Slot(object)
    def _end(self, outcome: Outcome) -> None:
        if self._job is not None:
            self._job = None
            self.ended.emit(outcome)
