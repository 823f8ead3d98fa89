"""The worker's end of the protocol, safe from whatever native libraries print."""

from __future__ import annotations

import _thread
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

from surgeon_gui.errors import JobCancelled, ProtocolError
from surgeon_gui.jobs.protocol import (
    Cancel,
    Event,
    Log,
    Progress,
    Request,
    decode_request,
    encode_line,
)

logger = logging.getLogger(__name__)

_SHORTEST_GAP_SECONDS = 0.05


class Channel:
    """Lines out on what was standard output, lines in from what was standard input.

    Making one points file descriptor 1 at 2, so a native library's prints end up in the log and
    not between two messages; and 0 at nothing, so no library waits for a user.
    """

    def __init__(self) -> None:
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Write the event; a client that is gone is not an error here."""
        line = memoryview(encode_line(event))
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._out, line) :]
            except BrokenPipeError:
                logger.debug("nobody listens to %s", event.type)

    def receive(self) -> Request | None:
        """Return the next request, None once the client closed its end."""
        while line := self._in.readline():
            try:
                return decode_request(line)
            except ProtocolError as error:
                logger.warning("A client said something strange: %s", error)
        return None


class WorkerReport:
    """The report a task is given: sends progress, knows whether the user cancelled."""

    def __init__(self, channel: Channel, directory: Path) -> None:
        self.directory = directory
        self._channel = channel
        self._cancelled = threading.Event()
        self._last: tuple[str, float] = ("", 0.0)

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def progress(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Tell a phase's progress, at most twenty times a second; see `jobs.report.Report`."""
        if self.is_cancelled:
            raise JobCancelled("The job was cancelled.")
        now = time.monotonic()
        last_phase, last_time = self._last
        if phase != last_phase or done == total or now - last_time >= _SHORTEST_GAP_SECONDS:
            self._last = (phase, now)
            self._channel.send(Progress(phase, done, total))

    def watch(self) -> None:
        """Listen for `cancel` and for the client's end, on a thread of its own."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=self._watch, name="client", daemon=True).start()

    def finish(self) -> None:
        """Let no cancel interrupt what follows: the work is done."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _watch(self) -> None:
        while (request := self._channel.receive()) is not None:
            if isinstance(request, Cancel) and not self.is_cancelled:
                self._cancelled.set()
                # Reaches a task that never asks; what neither reaches the client kills.
                _interrupt_main_thread()
        # The client is gone: nobody wants the answer, and nothing may hold the GPU.
        os._exit(3)


def _interrupt_main_thread() -> None:
    """Raise KeyboardInterrupt there; a real signal also ends a system call that waits."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)


class ChannelHandler(logging.Handler):
    """Sends log records to the client."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(logging.INFO)
        self._channel = channel
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._channel.send(Log(record.levelname, record.name, self.format(record)))
        except (TypeError, ValueError):
            self.handleError(record)


def read_spec(directory: Path) -> dict[str, object]:
    """Return the job's `spec.json`.

    Raises:
        ProtocolError: it is not there or is no JSON object.
    """
    path = directory / "spec.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProtocolError("The job's spec cannot be read.", where=str(path)) from error
    if not isinstance(data, dict):
        raise ProtocolError("The job's spec is no JSON object.", where=str(path))
    return data
