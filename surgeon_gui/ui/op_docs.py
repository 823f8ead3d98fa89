"""TensorFlow's documentation of ops for the inspector: from a worker once, from disk ever after."""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
import logging
import sys
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from surgeon_gui.errors import SurgeonError
from surgeon_gui.jobs.op_docs import OpDoc, OpDocs, OpDocsResult, OpDocsSpec, read_op_docs
from surgeon_gui.jobs.outcome import Cancelled, Outcome, Succeeded
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings, cache_dir
from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.session import Session

logger = logging.getLogger(__name__)

TIMEOUT_S = 180.0


class State(enum.Enum):
    """How much is known."""

    UNASKED = "unasked"
    READING = "reading"
    KNOWN = "known"
    ABSENT = "absent"


def docs_path(settings: Settings) -> Path:
    """Return where the documentation of the worker's TensorFlow is kept, whether or not it is."""
    if settings.worker_python:
        key = f"python-{hashlib.sha256(settings.worker_python.encode()).hexdigest()[:16]}"
    else:
        try:
            key = f"tensorflow-{importlib.metadata.version('tensorflow')}"
        except importlib.metadata.PackageNotFoundError:
            key = "tensorflow-none"
    return cache_dir() / "op-docs" / f"{key}.json"


class OpDocsReader(QObject):
    """Knows what TensorFlow says of an op, as soon as it was asked once.

    Args:
        session: its tasks read the file.
        settings: the worker's interpreter.

    Signals:
        changed(): `state` is another.
    """

    changed = Signal()

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(session)
        self._session = session
        self._settings = settings
        self._docs: OpDocs | None = None
        self.state = State.UNASKED
        self.problem: SurgeonError | None = None
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        self.look()

    def use_settings(self, settings: Settings) -> None:
        """Ask another interpreter from now on, if it is another."""
        is_other = settings.worker_python != self._settings.worker_python
        self._settings = settings
        if is_other and not self.job.is_running:
            self._docs = None
            self._turn(State.UNASKED)
            self.look()

    def get(self, op: str) -> OpDoc | None:
        """Return what is said of an op, None where nothing is known."""
        return self._docs.get(op) if self._docs is not None else None

    @property
    def version(self) -> str:
        """TensorFlow's, once it is known."""
        return self._docs.version if self._docs is not None else ""

    def ask(self) -> None:
        """Let a worker write the documentation down."""
        if not self.job.is_running and self.state is not State.KNOWN:
            self._turn(State.READING)
            self.job.start(
                OpDocsSpec(docs_path(self._settings)),
                new_job_directory("op-docs"),
                python=self._settings.worker_python or sys.executable,
                timeout=TIMEOUT_S,
            )

    def stop(self) -> None:
        """End the worker, before the window goes."""
        self.job.close()

    def look(self) -> None:
        """Read what an earlier job wrote."""
        path = docs_path(self._settings)
        if path.is_file():
            self._read(path)

    def _read(self, path: Path) -> None:
        self._session.tasks.run(
            "op-docs", lambda: read_op_docs(path), self._found, self._unreadable
        )

    def _found(self, docs: OpDocs) -> None:
        self._docs = docs
        self._turn(State.KNOWN)

    def _unreadable(self, error: SurgeonError) -> None:
        """A file of another version is written anew when it is asked for."""
        logger.warning("%s", error)
        self._turn(State.UNASKED)

    def _ended(self, outcome: Outcome) -> None:
        if isinstance(outcome, Succeeded) and isinstance(outcome.result, OpDocsResult):
            self._read(outcome.result.path)
        elif isinstance(outcome, Cancelled):
            self._turn(State.UNASKED)
        elif not isinstance(outcome, Succeeded):
            self.problem = outcome.error()
            logger.warning("%s", self.problem)
            self._turn(State.ABSENT)

    def _turn(self, state: State) -> None:
        self.state = state
        self.changed.emit()
