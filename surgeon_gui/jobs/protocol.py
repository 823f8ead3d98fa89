"""The lines a worker and its client exchange: one JSON object each, with a `type`.

From the worker: hello, progress, log, and last either result or failed. To the worker: cancel, and
for a warm one its job. The worker ends when its standard input closes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from surgeon_gui import errors
from surgeon_gui.errors import JobFailed, ProtocolError, SurgeonError, Unsupported
from surgeon_gui.jobs.codec import decode, encode
from surgeon_gui.jobs.kinds import result_from_json
from surgeon_gui.jobs.spec import JobResult

PROTOCOL = 1
"""Raised when a message changes its meaning."""


@dataclass(frozen=True)
class Hello:
    """The worker runs; `ready` names what a warm worker has imported."""

    type: ClassVar[str] = "hello"

    protocol: int
    python: str
    pid: int
    ready: str | None = None


@dataclass(frozen=True)
class Progress:
    """A phase of the work; `total` is None where the number of steps is not known."""

    type: ClassVar[str] = "progress"

    phase: str
    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class Log:
    """A log record; `level` is one of logging's names."""

    type: ClassVar[str] = "log"

    level: str
    logger: str
    text: str


@dataclass(frozen=True)
class Result:
    """The job is done."""

    type: ClassVar[str] = "result"

    result: JobResult


@dataclass(frozen=True)
class Failure:
    """The job ended in an error: a SurgeonError's parts, and where in the code it came from."""

    type: ClassVar[str] = "failed"

    code: str
    message: str
    where: str | None = None
    hint: str | None = None
    traceback: str = ""

    @classmethod
    def from_error(cls, error: SurgeonError, traceback: str = "") -> Failure:
        return cls(error.code, error.message, error.where, error.hint, traceback)

    def error(self) -> SurgeonError:
        """Return the error raised in the worker, of the same class where this side knows it."""
        kind = getattr(errors, self.code, None)
        if kind is Unsupported:
            return Unsupported(self.where or "", self.message, self.hint)
        if not (isinstance(kind, type) and issubclass(kind, SurgeonError)):
            kind = JobFailed
        return kind(self.message, where=self.where, hint=self.hint)


@dataclass(frozen=True)
class Cancel:
    """Please stop; what does not stop soon is killed."""

    type: ClassVar[str] = "cancel"


@dataclass(frozen=True)
class Start:
    """A warm worker's job: the folder that holds its `spec.json`."""

    type: ClassVar[str] = "start"

    directory: str


Event = Hello | Progress | Log | Result | Failure
Request = Cancel | Start

_EVENTS: dict[str, Any] = {kind.type: kind for kind in (Hello, Progress, Log, Failure)}
_REQUESTS: dict[str, Any] = {kind.type: kind for kind in (Cancel, Start)}


def encode_line(message: Event | Request) -> bytes:
    """Return the message as one line of ASCII JSON."""
    if isinstance(message, Result):
        body: Any = {"result": message.result.to_json()}
    else:
        body = encode(message)
    return json.dumps({"type": message.type, **body}, allow_nan=False).encode() + b"\n"


def decode_event(line: bytes) -> Event:
    """Return what a worker said.

    Raises:
        ProtocolError: it is no JSON object, of no known type, or a field is wrong.
    """
    body = _body(line)
    if body.get("type") == Result.type:
        result = body.get("result")
        if not isinstance(result, dict):
            raise ProtocolError("A result without a body.")
        return Result(result_from_json(result))
    event: Event = _message(_EVENTS, body)
    return event


def decode_request(line: bytes) -> Request:
    """Return what a client asked for.

    Raises:
        ProtocolError: it is no JSON object, of no known type, or a field is wrong.
    """
    request: Request = _message(_REQUESTS, _body(line))
    return request


def _body(line: bytes) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"This is no message: {line[:200]!r}.") from error
    if not isinstance(body, dict):
        raise ProtocolError(f"This is no message: {line[:200]!r}.")
    return body


def _message(kinds: dict[str, Any], body: dict[str, Any]) -> Any:
    kind = kinds.get(str(body.get("type")))
    if kind is None:
        raise ProtocolError(f"There is no message of type {body.get('type')!r}.")
    return decode(kind, {name: item for name, item in body.items() if name != "type"}, kind.type)
