"""The client's side of a job: starts the worker, listens, and says how it ended.

Qt-free: callbacks come on the job's own thread. Whatever the worker does — crash, hang, talk
nonsense, close its output — the job ends with an `Outcome`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.outcome import (
    Cancelled,
    Crashed,
    Failed,
    NotStarted,
    Outcome,
    Stalled,
    Succeeded,
    TimedOut,
    signal_name,
    tail,
)
from surgeon_gui.jobs.protocol import (
    PROTOCOL,
    Cancel,
    Event,
    Failure,
    Hello,
    Request,
    Result,
    Start,
    decode_event,
    encode_line,
)
from surgeon_gui.jobs.spec import JobSpec
from surgeon_gui.jobs.stall import STALL_SECONDS, watch
from surgeon_gui.jobs.store import new_job_directory, release

logger = logging.getLogger(__name__)

# With the killing, a cancelled job has ended within 3 s.
GRACE_SECONDS = 2.5
_LONGEST_LINE = 1 << 26

Worker = subprocess.Popen[bytes]


def spawn(python: str, arguments: list[str], stderr: Path) -> Worker:
    """Start a worker process in a group of its own, with its standard error in a file.

    Raises:
        OSError: the interpreter or the file is not there.
    """
    # A user's json.py or onnx.py in the current folder must not come before the real one.
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    if python == sys.executable:
        # The same Python can run from a source tree that is not installed.
        source = str(Path(__file__).resolve().parents[2])
        paths = [source, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    with stderr.open("ab") as log:
        return subprocess.Popen(
            [python, "-m", "surgeon_gui.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def kill_group(worker: Worker) -> None:
    """End the worker and whatever it started, at once."""
    if worker.poll() is not None:
        return
    if sys.platform == "win32":
        worker.kill()
        return
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.debug("worker %d was gone already", worker.pid)


class Job:
    """One job in a process of its own.

    Args:
        spec: what to do.
        directory: the job's folder, made if absent; by default a new one in the user's cache.
        python: the interpreter of the worker.
        on_event: called with every event, on the job's thread.
        on_done: called once with the outcome, on the job's thread, after the last event; it must
            not wait for the job.
        timeout: seconds the job may take.
        spare: a warm worker that waits for its job, instead of starting one.
        stall: seconds without any processor time after which the worker is stopped.
    """

    def __init__(
        self,
        spec: JobSpec[Any],
        directory: Path | None = None,
        *,
        python: str = sys.executable,
        on_event: Callable[[Event], None] | None = None,
        on_done: Callable[[Outcome], None] | None = None,
        timeout: float | None = None,
        spare: Worker | None = None,
        stall: float = STALL_SECONDS,
    ) -> None:
        self.spec = spec
        self.directory = directory or new_job_directory(spec.kind)
        self._python = python
        self._on_event = on_event
        self._on_done = on_done
        self._timeout = timeout
        self._stall = stall
        self._worker = spare
        self._spare = spare is not None
        self._lock = threading.Lock()
        self._stopped_by: Outcome | None = None
        self._answer: Result | Failure | None = None
        self._greeted = False
        self._timers: list[threading.Timer] = []
        self._ended = threading.Event()
        self._outcome: Outcome | None = None
        self._started = False

    @property
    def outcome(self) -> Outcome | None:
        """How the job ended, None while it has not."""
        return self._outcome

    @property
    def is_running(self) -> bool:
        return self._started and not self._ended.is_set()

    @property
    def pid(self) -> int | None:
        """The worker's process id, None before the start."""
        return self._worker.pid if self._worker else None

    def start(self) -> None:
        """Start the worker; returns at once. What goes wrong becomes the outcome.

        Raises:
            RuntimeError: the job was started before.
        """
        if self._started:
            raise RuntimeError("A job starts once.")
        self._started = True
        threading.Thread(target=self._run, name=f"job {self.spec.kind}", daemon=True).start()

    def cancel(self) -> None:
        """Ask the worker to stop; kill it after a short grace. Returns at once."""
        self._stop(Cancelled(self.directory))

    def wait(self, timeout: float | None = None) -> Outcome:
        """Return the outcome once the job ended; after `timeout` seconds the job is stopped.

        Raises:
            RuntimeError: the job was not started.
        """
        if not self._started:
            raise RuntimeError("A job is started before it is waited for.")
        if not self._ended.wait(timeout):
            self._stop(TimedOut(timeout or 0.0, self.directory))
            self._ended.wait()
        if self._outcome is None:
            raise RuntimeError("The job ended without an outcome.")
        return self._outcome

    def _run(self) -> None:
        outcome: Outcome
        try:
            outcome = self._supervise()
        except OSError as error:
            if self._worker is not None:
                kill_group(self._worker)
            outcome = NotStarted(f"{error.strerror or error}.", self.directory)
        for timer in self._timers:
            timer.cancel()
        release(self.directory)
        self._outcome = outcome
        try:
            if self._on_done is not None:
                self._on_done(outcome)
        except Exception:
            logger.exception("The callback for the end of a job failed")
        finally:
            self._ended.set()

    def _supervise(self) -> Outcome:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            spec = json.dumps(self.spec.to_json(), indent=1, allow_nan=False)
            (self.directory / "spec.json").write_text(spec, encoding="utf-8")
        except OSError as error:
            reason = f"its folder cannot be written, {error.strerror or error}."
            self._discard_spare()
            return NotStarted(reason, self.directory, "Free some space or use another folder.")
        with self._lock:
            if self._stopped_by is not None:
                self._discard_spare()
                return self._stopped_by
            if self._worker is None:
                arguments = ["--attached", str(self.directory)]
                self._worker = spawn(self._python, arguments, self._stderr)
        worker = self._worker
        if self._spare:
            self._send(Start(str(self.directory.absolute())))
        if self._timeout is not None:
            self._later(self._timeout, self._expire)
        watch(worker.pid, self._ended, self._give_up, self._stall)
        self._listen(worker)
        try:
            status = worker.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            kill_group(worker)
            worker.wait()
            return self._conclude(None)
        finally:
            self._close(worker)
        return self._conclude(status)

    @property
    def _stderr(self) -> Path:
        return self.directory / "stderr.log"

    def _discard_spare(self) -> None:
        if self._worker is not None:
            kill_group(self._worker)
            self._worker.wait()
            self._close(self._worker)

    @staticmethod
    def _close(worker: Worker) -> None:
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError as error:
                    logger.debug("closing a worker's pipe: %s", error)

    def _listen(self, worker: Worker) -> None:
        """Handle the worker's lines until it closes its output."""
        if worker.stdout is None:
            return
        while line := worker.stdout.readline(_LONGEST_LINE):
            try:
                self._handle(decode_event(line))
            except ProtocolError as error:
                logger.warning("A worker said something strange: %s", error)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Hello):
            self._greeted = True
            if event.protocol != PROTOCOL:
                self._answer = Failure.from_error(
                    ProtocolError(
                        f"The worker speaks protocol {event.protocol}, this program {PROTOCOL}.",
                        hint="Install the same version of surgeon-gui for the worker's Python.",
                    )
                )
                self._kill()
                return
        if isinstance(event, Result | Failure) and self._answer is None:
            self._answer = event
            # A worker that hangs while it ends must not keep its answer from the user.
            self._later(GRACE_SECONDS, self._kill)
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:
            logger.exception("The callback for a job's event failed")

    def _conclude(self, status: int | None) -> Outcome:
        """Return the outcome of a worker that ended; status None means it had to be killed."""
        answer = self._answer
        if isinstance(answer, Result):
            return Succeeded(answer.result)
        if self._stopped_by is not None:
            return self._stopped_by
        if answer is not None:
            return Failed(answer, self.directory)
        words = tail(self._stderr)
        signal = signal_name(status) if status is not None else None
        if not self._greeted and signal is None and status is not None:
            last = words.splitlines()[-1:] or [f"exit status {status}."]
            return NotStarted(last[0], self.directory)
        return Crashed(None if signal else status, signal, words, self.directory)

    def _stop(self, reason: Outcome) -> None:
        with self._lock:
            if self._stopped_by is not None or self._ended.is_set():
                return
            self._stopped_by = reason
            if self._worker is None:
                return
        self._send(Cancel())
        self._later(GRACE_SECONDS, self._kill)

    def _expire(self) -> None:
        self._stop(TimedOut(self._timeout or 0.0, self.directory))

    def _give_up(self) -> None:
        self._stop(Stalled(self._stall, self.directory))

    def _kill(self) -> None:
        if self._worker is not None:
            kill_group(self._worker)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _send(self, request: Request) -> None:
        worker = self._worker
        if worker is None or worker.stdin is None:
            return
        try:
            worker.stdin.write(encode_line(request))
            worker.stdin.flush()
        except (OSError, ValueError) as error:
            logger.debug("a worker does not listen any more: %s", error)
