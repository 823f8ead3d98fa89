"""How a job can end, each in words and as the error to raise."""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.errors import (
    JobCancelled,
    JobCrashed,
    JobNotStarted,
    JobTimedOut,
    SurgeonError,
)
from surgeon_gui.jobs.protocol import Failure
from surgeon_gui.jobs.spec import JobResult

_SIGNAL_WORDS = {
    "SIGKILL": "The worker was killed (SIGKILL), probably out of memory.",
    "SIGSEGV": "The worker crashed in native code (SIGSEGV, segmentation fault).",
    "SIGABRT": "The worker gave up in native code (SIGABRT).",
    "SIGBUS": "The worker crashed in native code (SIGBUS); the disk may be full.",
    "SIGFPE": "The worker crashed in native code (SIGFPE, arithmetic error).",
    "SIGILL": "The worker used an instruction this CPU does not have (SIGILL).",
    "SIGTERM": "The worker was asked to end by another program (SIGTERM).",
}


@dataclass(frozen=True)
class Succeeded:
    """The job answered."""

    result: JobResult

    @property
    def message(self) -> str:
        return "Done."


@dataclass(frozen=True)
class Failed:
    """The job ended in an error that its task raised."""

    failure: Failure
    directory: Path

    @property
    def message(self) -> str:
        return self.failure.message

    def error(self) -> SurgeonError:
        return self.failure.error()


@dataclass(frozen=True)
class Cancelled:
    """The user stopped the job."""

    directory: Path

    @property
    def message(self) -> str:
        return "The job was cancelled."

    def error(self) -> SurgeonError:
        return JobCancelled(self.message)


@dataclass(frozen=True)
class Crashed:
    """The worker ended without an answer.

    Args:
        status: its exit status, or None when a signal ended it or it had to be stopped.
        signal: the signal's name (`SIGSEGV`), or None.
        stderr_tail: the last lines it wrote.
    """

    status: int | None
    signal: str | None
    stderr_tail: str
    directory: Path

    @property
    def message(self) -> str:
        if self.signal is not None:
            return _SIGNAL_WORDS.get(self.signal, f"The worker was ended by {self.signal}.")
        if self.status is None:
            return "The worker stopped answering and was ended."
        return f"The worker ended without an answer (exit status {self.status})."

    def error(self) -> SurgeonError:
        return JobCrashed(self.message, where=str(self.directory), hint=self._hint())

    def _hint(self) -> str:
        if self.signal == "SIGKILL":
            return "Close other programs or work on a smaller graph, then try again."
        return "Its last words are in stderr.log in that folder."


@dataclass(frozen=True)
class TimedOut:
    """The job took longer than it was given and was stopped."""

    seconds: float
    directory: Path

    @property
    def message(self) -> str:
        return f"The job did not end within {self.seconds:g} s and was stopped."

    def error(self) -> SurgeonError:
        return JobTimedOut(
            self.message, where=str(self.directory), hint="Give it more time and try again."
        )


@dataclass(frozen=True)
class Stalled:
    """The worker used no processor time for so long that it waits for itself, and was stopped."""

    seconds: float
    directory: Path

    @property
    def message(self) -> str:
        return f"The worker did nothing at all for {self.seconds:g} s and was stopped."

    def error(self) -> SurgeonError:
        return JobTimedOut(
            self.message,
            where=str(self.directory),
            hint="A native library can wait for ever where memory runs out. "
            "Close other programs, then try again.",
        )


@dataclass(frozen=True)
class NotStarted:
    """The worker could not be started, or ended before it said hello.

    Args:
        reason: why, in words.
        directory: the job's folder.
        hint: what to do about it.
    """

    reason: str
    directory: Path
    hint: str = "Check the Python of the worker: surgeon-gui has to be installed there."

    @property
    def message(self) -> str:
        return f"The worker did not start: {self.reason}"

    def error(self) -> SurgeonError:
        return JobNotStarted(self.message, where=str(self.directory), hint=self.hint)


Outcome = Succeeded | Failed | Cancelled | Crashed | TimedOut | Stalled | NotStarted


def signal_name(returncode: int) -> str | None:
    """Return the name of the signal that ended a process, None when it exited by itself."""
    if returncode >= 0:
        return None
    try:
        return signals.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


def tail(path: Path, lines: int = 20, limit: int = 8192) -> str:
    """Return the last lines of a text file, empty when it cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - limit))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
