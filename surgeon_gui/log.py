"""Logging: the console, a rotating file, and the last lines in memory for the log panel."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = "surgeon_gui"
LINES_KEPT = 5000
FILE_BYTES = 2_000_000
FILES_KEPT = 3


@dataclass(frozen=True)
class LogLine:
    """One message as the log panel shows it; `time` is in seconds since the epoch."""

    time: float
    level: int
    logger: str
    text: str


class LogBuffer(logging.Handler):
    """Keeps the last lines and tells subscribers of new ones, in the thread that logged them."""

    def __init__(self, capacity: int = LINES_KEPT) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=capacity)
        self._callbacks: dict[object, Callable[[LogLine], None]] = {}
        self._guard = threading.Lock()
        self.setFormatter(logging.Formatter("%(message)s"))

    @property
    def lines(self) -> tuple[LogLine, ...]:
        with self._guard:
            return tuple(self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        line = LogLine(record.created, record.levelno, record.name, self.format(record))
        with self._guard:
            self._lines.append(line)
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback(line)

    def subscribe(self, callback: Callable[[LogLine], None]) -> Callable[[], None]:
        """Call `callback` for each new line; the function returned ends that."""
        key = object()
        with self._guard:
            self._callbacks[key] = callback

        def unsubscribe() -> None:
            with self._guard:
                self._callbacks.pop(key, None)

        return unsubscribe

    def tail(self, count: int) -> str:
        """Return the last lines as text, for a crash report."""
        return "\n".join(line.text for line in self.lines[-count:])


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno == logging.INFO else f"{record.levelname.lower()}: {text}"


def level_number(name: str) -> int:
    """Return logging's number of `debug`, `info`, `warning` or `error`; info for another word."""
    return logging.getLevelNamesMapping().get(name.upper(), logging.INFO)


def set_level(level: str) -> None:
    """Keep messages from this level on: debug, info, warning or error."""
    logging.getLogger(ROOT).setLevel(level_number(level))


def setup_logging(
    level: str = "info", *, console: bool = True, file: Path | None = None
) -> LogBuffer:
    """Send the program's messages to stderr, a file and the buffer returned.

    Called again, it replaces what it set up before. A file that cannot be written is reported on
    the other two and done without.

    Args:
        level: the least severe message kept: debug, info, warning or error.
        console: whether stderr gets them.
        file: the log file; its folder is made.
    """
    logger = logging.getLogger(ROOT)
    close_logging()
    set_level(level)
    buffer = LogBuffer()
    handlers: list[logging.Handler] = [buffer]
    if console:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(_ConsoleFormatter("%(message)s"))
        handlers.append(stream)
    problem: OSError | None = None
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            rotating = logging.handlers.RotatingFileHandler(
                file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
            )
        except OSError as error:
            problem = error
        else:
            rotating.setFormatter(
                logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
            )
            handlers.append(rotating)
    for handler in handlers:
        logger.addHandler(handler)
    if problem is not None:
        logger.warning("The log file %s cannot be written: %s", file, problem)
    return buffer


def close_logging() -> None:
    """Take off and close every handler of the program's logger."""
    logger = logging.getLogger(ROOT)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
