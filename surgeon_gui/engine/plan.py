"""What the first bytes of an engine file tell, without TensorRT.

Source: NVIDIA's trtexec reads tag, layout and version at these places; the tag of TensorRT for RTX
was seen in plans of 1.7.1, which also name their own size in bytes 16 to 23.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.errors import OpenError, TruncatedFile

HEADER_BYTES = 28

_TAGS = {b"vtrt": "rtx", b"ftrt": "tensorrt"}
_SIZE_AT = 16
_VERSION_AT = 24


@dataclass(frozen=True)
class PlanHeader:
    """What an engine file is.

    Attributes:
        flavour: `rtx` or `tensorrt`.
        version: the TensorRT that wrote it, `1.7.1.116`; None in a layout not known here.
        bytes: the file's size.
    """

    flavour: str
    version: str | None
    bytes: int


def read_plan_header(path: str | Path) -> PlanHeader:
    """Return what an engine file says about itself.

    Raises:
        OpenError: it cannot be read, is no TensorRT engine, or ends too early.
    """
    source = Path(path)
    try:
        with source.open("rb") as stream:
            head = stream.read(HEADER_BYTES)
        size = source.stat().st_size
    except OSError as error:
        raise OpenError(
            f"The file cannot be read: {error.strerror or error}.", where=str(source)
        ) from error
    flavour = _TAGS.get(head[:4])
    if flavour is None:
        raise OpenError(
            "This is no TensorRT engine.", where=str(source), hint="Build one from a graph."
        )
    if len(head) < HEADER_BYTES:
        raise TruncatedFile(
            "This engine ends too early.", where=str(source), hint="Build it again."
        )
    stated = int.from_bytes(head[_SIZE_AT:_VERSION_AT], "little") if flavour == "rtx" else 0
    if stated > size:
        raise TruncatedFile(
            f"This engine is cut off: {size} of {stated} bytes are there.",
            where=str(source),
            hint="Copy it again, or build it again.",
        )
    layout = int.from_bytes(head[4:8], "little")
    version = ".".join(str(byte) for byte in head[_VERSION_AT:HEADER_BYTES])
    known = layout == 0 or flavour == "rtx"
    return PlanHeader(flavour, version if known else None, size)
