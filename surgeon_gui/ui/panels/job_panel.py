"""What panels that run a job share: prepare it aside, start its worker, say how it ended."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from surgeon_gui.errors import SurgeonError
from surgeon_gui.jobs.outcome import Cancelled, Outcome, Succeeded
from surgeon_gui.jobs.spec import JobSpec
from surgeon_gui.settings import Settings
from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.session import Session

logger = logging.getLogger(__name__)

_TICK_MS = 200


class JobPanel(QWidget):
    """A panel with one job: idle, preparing off the UI thread, or running in a worker.

    What the job shows is the panel's own: it overrides the methods that only have a docstring here.

    Signals:
        running_changed(): the job began or ended.
    """

    running_changed = Signal()

    def __init__(self, kind: str, noun: str, session: Session, settings: Settings) -> None:
        """Take what every job needs.

        Args:
            kind: the job's word, which its preparation runs under.
            noun: what the user calls the job, to say that it was cancelled.
            session: the graph on show.
            settings: the worker's interpreter and time limit.
        """
        super().__init__()
        self._kind, self._noun = kind, noun
        self._session = session
        self._settings = settings
        self._preparing = False
        self._started = 0.0
        self._warm = False
        self.job = JobRunner(self)
        self.job.progressed.connect(lambda *step: self._progress(*step))
        self.job.logged.connect(lambda level, text: self._log(level, text))
        self.job.ended.connect(self._ended)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(lambda: self._tick())

    def use_settings(self, settings: Settings) -> None:
        """Work as these settings say from now on."""
        self._settings = settings

    def is_running(self) -> bool:
        return self._preparing or self.job.is_running

    def cancel(self) -> None:
        """Stop the job; what it was to make stays as it was."""
        if self._preparing:
            self._session.tasks.drop(f"{self._kind}-prepare")
            self._finish()
            self._say(f"The {self._noun} was cancelled.", "muted")
        else:
            self.job.cancel()

    def stop(self) -> None:
        """End the worker, before the window goes."""
        self._clock.stop()
        self.job.close()

    def _begin(
        self, phase: str, work: Callable[[], tuple[JobSpec[Any], Path]], *, warm: bool = False
    ) -> None:
        """Prepare a job and start its worker.

        Args:
            phase: what the preparation is called.
            work: makes what is to be done and the job's folder, off the UI thread.
            warm: use the spare worker, and leave one.
        """
        self._preparing, self._warm = True, warm
        self._started = time.monotonic()
        self._progress(phase, 0, -1)
        self._clock.start()
        self._enable()
        self._session.tasks.run(f"{self._kind}-prepare", work, self._launch, self._refused)

    def _seconds(self) -> float:
        """How long the job has taken so far."""
        return time.monotonic() - self._started

    def _launch(self, prepared: tuple[JobSpec[Any], Path]) -> None:
        spec, directory = prepared
        self._preparing = False
        self._progress("Starting the worker", 0, -1)
        timeout = float(self._settings.job_timeout_s) or None
        python = self._settings.worker_python or sys.executable
        self.job.start(spec, directory, python=python, timeout=timeout, warm=self._warm)
        self._enable()

    def _refused(self, error: SurgeonError) -> None:
        self._finish()
        self._say_error(error)

    def _ended(self, outcome: Outcome) -> None:
        self._finish()
        if isinstance(outcome, Succeeded):
            self._show_result(outcome.result)
        elif isinstance(outcome, Cancelled):
            self._say(f"The {self._noun} was cancelled.", "muted")
        else:
            self._say_error(outcome.error())

    def _finish(self) -> None:
        self._preparing = False
        self._clock.stop()
        self._enable()

    def _say_error(self, error: SurgeonError) -> None:
        where = f"{error.where}: " if error.where else ""
        self._say(where + error.message, "refuses", error.hint or "")
        logger.error("%s", error)

    def _log(self, level: int, text: str) -> None:
        """Take a line the worker logged."""
        logger.log(level, "%s", text)

    def _progress(self, phase: str, done: int, total: int) -> None:
        """Show how far the job is; `total` is -1 where it is not known."""

    def _tick(self) -> None:
        """Show the time that has passed."""

    def _enable(self) -> None:
        """Enable what may be used now, and tell that this may have changed."""
        self.running_changed.emit()

    def _say(self, words: str, role: str, hint: str = "") -> None:
        """Show a sentence in the colour of its role, and a hint below it."""

    def _show_result(self, result: Any) -> None:
        """Show what the job made."""
