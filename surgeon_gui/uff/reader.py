"""Reading .uff files: weights stay views of the bytes, and whatever is broken is named."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from surgeon_gui.errors import (
    DanglingInput,
    DuplicateName,
    GraphCycle,
    OpenError,
    SurgeonError,
    TruncatedFile,
)
from surgeon_gui.graph.filekinds import refuse_known_kinds
from surgeon_gui.graph.open import read_whole
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.proto.wire import LENGTH_DELIMITED, Field, read_fields
from surgeon_gui.uff.descriptor import blob_faults, circle_in
from surgeon_gui.uff.file import Blob, UffFile

_WIRES = {
    1: 0,
    2: 0,
    3: LENGTH_DELIMITED,
    4: LENGTH_DELIMITED,
    5: LENGTH_DELIMITED,
    100: LENGTH_DELIMITED,
}
"""Fields of a MetaGraph and how they are stored."""

_SKIPPED = re.compile(rb"\(\.\.\.\d+ bytes skipped\.\.\.\)")
_GRAPHS, _DATA, _BLOB = 4, 5, 9
_VERSION = 1
_AGAIN = "Copy it or convert the model again."


def open_uff(path: str | os.PathLike[str]) -> UffFile:
    """Return what a .uff file holds.

    Raises:
        OpenError: it does not exist or cannot be read, is another kind of file, is damaged, or
            says something that cannot be; the message says what.
    """
    source = Path(path)
    data = read_whole(source)
    try:
        return uff_from_bytes(data)
    except TruncatedFile as error:
        error.where = str(source)
        raise
    except SurgeonError as error:
        if error.where is None:
            # A file of a known kind gets the better error.
            refuse_known_kinds(data, source)
            error.where = str(source)
        raise


def uff_from_bytes(data: bytes | memoryview) -> UffFile:
    """Return what the bytes of a .uff file hold.

    Raises:
        OpenError: they are no UFF file, or one with broken references or weights.
        TruncatedFile: they end too early.
        DuplicateName, DanglingInput, GraphCycle: its graph is none.
    """
    file = _parse(memoryview(data))
    _check_graph(file)
    for node in file.nodes:
        for name, value in node.fields.items():
            if value.WhichOneof("data_oneof") == "ref" and file.data(value.ref) is None:
                raise OpenError(
                    f"Field {name} refers to {value.ref}, which the file does not hold.",
                    where=node.id,
                    hint=_AGAIN,
                )
    for fault in blob_faults(file):
        raise OpenError(fault.message, where=fault.node, hint=_AGAIN)
    return file


def uff_from_text(text: str) -> UffFile:
    """Return what the full text form of a .uff file says (`UffFile.text(full=True)`).

    Raises:
        OpenError: it is no such text, or weights were left out of it.
    """
    message = pb.MetaGraph()
    try:
        text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise OpenError(
            f"This UFF text cannot be read: {error}.",
            hint="Correct it, or convert the model again.",
        ) from error
    for key, data in message.referenced_data.items():
        if _SKIPPED.fullmatch(data.blob):
            raise OpenError(
                "This text form leaves weights out, so it cannot be read back.",
                where=key,
                hint="Open the .uff file it was written beside.",
            )
    return uff_from_bytes(message.SerializeToString(deterministic=True))


def _parse(view: memoryview) -> UffFile:
    if not len(view):
        raise OpenError("This file is empty.", hint=_AGAIN)
    rest = bytearray()
    blobs: dict[str, Blob] = {}
    seen: set[int] = set()
    try:
        for field in read_fields(view, 0, len(view)):
            if _WIRES.get(field.number) != field.wire:
                raise _not_uff()
            entry = _blob_entry(view, field) if field.number == _DATA else None
            if entry is None:
                rest += view[field.tag : field.end]
            else:
                blobs[entry[0]] = entry[1]
            seen.add(field.number)
        shell = pb.MetaGraph.FromString(bytes(rest))
    except (IndexError, DecodeError, UnicodeDecodeError) as error:
        if _GRAPHS in seen:
            raise TruncatedFile(
                "The UFF file is damaged or ends too early.", hint=_AGAIN
            ) from error
        raise _not_uff() from error
    if not shell.graphs:
        raise _not_uff()
    if shell.version != _VERSION:
        raise OpenError(
            f"This is UFF version {shell.version}; only version {_VERSION} is known.",
            hint="Convert the model again with uff 0.5 or later.",
        )
    if len(shell.graphs) != 1:
        raise OpenError(f"This UFF file holds {len(shell.graphs)} graphs instead of one.")
    if not shell.graphs[0].nodes:
        raise OpenError("This UFF file holds no nodes.", hint=_AGAIN)
    for key in [key for key, value in shell.referenced_data.items() if value.HasField("blob")]:
        blobs[key] = shell.referenced_data.pop(key).blob
    return UffFile(shell, MappingProxyType(blobs))


def _not_uff() -> OpenError:
    return OpenError(
        "This is no UFF file.", hint="Open a .uff file, or a frozen TensorFlow graph (.pb)."
    )


def _blob_entry(view: memoryview, field: Field) -> tuple[str, memoryview] | None:
    """Return key and bytes of an entry of `referenced_data` that holds a blob and nothing else."""
    parts = list(read_fields(view, field.start, field.end))
    if [part.number for part in parts] != [1, 2]:
        return None
    data = list(read_fields(view, parts[1].start, parts[1].end))
    if len(data) != 1 or (data[0].number, data[0].wire) != (_BLOB, LENGTH_DELIMITED):
        return None
    key = bytes(view[parts[0].start : parts[0].end]).decode()
    return key, view[data[0].start : data[0].end]


def _check_graph(file: UffFile) -> None:
    nodes: dict[str, pb.Node] = {}
    for node in file.nodes:
        if node.id in nodes:
            raise DuplicateName("Two nodes of the UFF file have this name.", where=node.id)
        nodes[node.id] = node
    for node in file.nodes:
        for name in node.inputs:
            if name not in nodes:
                raise DanglingInput(f"Its input {name} does not exist.", where=node.id, hint=_AGAIN)
    circle = circle_in(file)
    if circle is not None:
        raise GraphCycle("This node depends on itself.", where=circle, hint=_AGAIN)
