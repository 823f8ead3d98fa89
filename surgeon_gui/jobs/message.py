"""What every job's request and answer have in common: frozen values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from surgeon_gui.errors import ProtocolError
from surgeon_gui.jobs.codec import decode, encode


def flavour_title(flavour: str) -> str:
    """Return how people know a flavour of TensorRT, `rtx` or `tensorrt`."""
    return "TensorRT for RTX" if flavour == "rtx" else "TensorRT"


@dataclass(frozen=True)
class Message:
    """Anything that travels, told apart by its `kind`."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON's own types, with its `kind`."""
        return {"kind": self.kind, **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the value `to_json` described.

        Raises:
            ProtocolError: it is of another kind, or a field is wrong.
        """
        if data.get("kind") != cls.kind:
            raise ProtocolError(f"This is {data.get('kind')!r}, not {cls.kind!r}.")
        return decode(cls, {name: item for name, item in data.items() if name != "kind"}, cls.kind)


@dataclass(frozen=True, kw_only=True)
class JobResult(Message):
    """Any job's answer; the worker fills in what the work took.

    Args:
        seconds: the task's own time, without starting the worker.
        peak_rss_bytes: the worker's largest resident memory.
    """

    seconds: float = 0.0
    peak_rss_bytes: int = 0


R = TypeVar("R", bound=JobResult)


@dataclass(frozen=True)
class JobSpec(Message, Generic[R]):
    """Any job's request; the parameter is the class of its answer, which has the same kind."""


@dataclass(frozen=True)
class TensorInfo:
    """An input or output: TensorFlow's dtype name; -1 is an unknown dimension."""

    name: str
    dtype: str
    shape: tuple[int, ...]
