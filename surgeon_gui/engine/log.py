"""TensorRT's messages: one logger per process, passed on to `logging`, errors collected.

TensorRT ignores a second logger while anything made with the first one lives, and its exceptions
carry no text: what went wrong is only in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_LOG = logging.getLogger(__name__)

_NOISE = "catchCudaError"
"""In lines that follow nearly every real error on a machine without a GPU."""

_LEVELS = {
    "INTERNAL_ERROR": logging.ERROR,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "INFO": logging.INFO,
    "VERBOSE": logging.DEBUG,
}


@dataclass
class Collected:
    """What TensorRT said during a piece of work."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, level: int, text: str) -> None:
        """Keep errors and warnings, each text once."""
        kept = {logging.ERROR: self.errors, logging.WARNING: self.warnings}.get(level)
        if kept is not None and text not in kept:
            kept.append(text)


_guard = threading.Lock()
_collectors: list[Collected] = []
_loggers: dict[str, Any] = {}


def receive(severity: str, text: str) -> None:
    """Take one message of TensorRT's; `severity` is the name of its ILogger.Severity."""
    if _NOISE in text:
        return
    level = _LEVELS.get(severity, logging.INFO)
    _LOG.log(level, "%s", text)
    with _guard:
        for collector in _collectors:
            collector.add(level, text)


def _log(_logger: Any, severity: Any, text: str) -> None:
    receive(severity.name, text)


def logger_for(trt: Any) -> Any:
    """Return the process's only logger for the TensorRT module `trt`."""
    name = trt.__name__
    with _guard:
        if name not in _loggers:
            # Made without a class statement: what it derives from is only known here.
            made = type("Logger", (trt.ILogger,), {"log": _log})
            _loggers[name] = made()
        return _loggers[name]


@contextmanager
def collected() -> Iterator[Collected]:
    """Collect what TensorRT says while the block runs, whichever thread it runs in."""
    collector = Collected()
    with _guard:
        _collectors.append(collector)
    try:
        yield collector
    finally:
        with _guard:
            _collectors[:] = [item for item in _collectors if item is not collector]
