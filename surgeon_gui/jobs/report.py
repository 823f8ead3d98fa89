"""How a task tells its progress and learns that it should stop."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from surgeon_gui.errors import JobCancelled


class Report(Protocol):
    """What every task is given beside its spec; its log goes through `logging`."""

    @property
    def directory(self) -> Path:
        """The job's folder, for files that should stay with it."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the user asked to stop."""

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Say where the work is.

        Args:
            phase: what is being done, in words for the user.
            done: steps of this phase that are finished.
            total: steps of this phase; None where the number is not known.

        Raises:
            JobCancelled: the user asked to stop.
        """


class QuietReport:
    """A report for work done in this process: says nothing, and can be cancelled."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.is_cancelled = False

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        if self.is_cancelled:
            raise JobCancelled("The job was cancelled.")
