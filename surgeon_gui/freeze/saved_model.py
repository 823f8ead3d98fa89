"""What a SavedModel says of itself, read without TensorFlow: tags and signatures.

Field numbers are those of tensorflow/core/protobuf/{saved_model,meta_graph}.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.values import DType, TensorType, shape_from_message
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.proto.wire import LENGTH_DELIMITED, read_fields, read_varint

DEFAULT_SIGNATURE = "serving_default"
SERVE = "serve"
"""The tag of the graph for inference."""

_META_GRAPHS = 2
_NODES = 1  # of a GraphDef; a SavedModel has its version there, which is a number
_META_INFO, _SIGNATURES = 1, 5
_TAGS = 4
_KEY, _VALUE = 1, 2
_INPUTS, _OUTPUTS = 1, 2
_DTYPE, _SHAPE = 2, 3
_INIT_OP = "__saved_model_init_op"


@dataclass(frozen=True)
class Port:
    """A tensor that a signature takes or gives."""

    name: str
    type: TensorType

    def __str__(self) -> str:
        return f"{self.name}  {self.type}"


@dataclass(frozen=True)
class Signature:
    """An entry point: its name, and what it takes and gives."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True)
class MetaGraph:
    """One of the graphs of a SavedModel."""

    tags: tuple[str, ...]
    signatures: tuple[Signature, ...]


def read_saved_model(folder: Path) -> tuple[MetaGraph, ...]:
    """Return the graphs of a SavedModel; none where only its text form is there.

    Raises:
        OpenError: the file cannot be read, is damaged or is something else.
    """
    file = folder / "saved_model.pb"
    if not file.is_file():
        return ()
    try:
        with (
            file.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
            memoryview(data) as view,
        ):
            whole = (0, len(view))
            is_graph = any(True for _ in _messages(view, whole, _NODES))
            graphs = () if is_graph else _messages(view, whole, _META_GRAPHS)
            found = tuple(_meta_graph(view, at) for at in graphs)
    except (OSError, ValueError, IndexError, DecodeError) as error:
        raise OpenError(
            "This saved_model.pb cannot be read.",
            where=str(file),
            hint="It may be cut short: copy the folder again.",
        ) from error
    if not found:
        raise OpenError(
            "This saved_model.pb holds no graph.",
            where=str(file),
            hint="If it is a frozen graph, give it another name and open that.",
        )
    return found


_Range = tuple[int, int]


def _messages(data: memoryview, within: _Range, number: int) -> Iterator[_Range]:
    for field in read_fields(data, *within):
        if field.number == number and field.wire == LENGTH_DELIMITED:
            yield field.start, field.end


def _texts(data: memoryview, within: _Range, number: int) -> tuple[str, ...]:
    return tuple(bytes(data[start:end]).decode() for start, end in _messages(data, within, number))


def _ports(data: memoryview, within: _Range, number: int) -> tuple[Port, ...]:
    """Return the entries of a map from names to TensorInfo."""
    found = []
    for entry in _messages(data, within, number):
        kind = TensorType(DType.INVALID)
        for info in _messages(data, entry, _VALUE):
            kind = _tensor_type(data, info)
        found.append(Port("".join(_texts(data, entry, _KEY)), kind))
    return tuple(sorted(found, key=lambda port: port.name))


def _tensor_type(data: memoryview, within: _Range) -> TensorType:
    kind = TensorType(DType.INVALID)
    for field in read_fields(data, *within):
        if field.number == _DTYPE:
            number, _ = read_varint(data, field.start)
            kind = TensorType(DType(number), kind.shape)
        elif field.number == _SHAPE:
            message = pb.TensorShapeProto.FromString(bytes(data[field.start : field.end]))
            kind = TensorType(kind.dtype, shape_from_message(message))
    return kind


def _meta_graph(data: memoryview, within: _Range) -> MetaGraph:
    infos = _messages(data, within, _META_INFO)
    tags = tuple(tag for info in infos for tag in _texts(data, info, _TAGS))
    signatures = []
    for entry in _messages(data, within, _SIGNATURES):
        name = "".join(_texts(data, entry, _KEY))
        if name == _INIT_OP:
            continue
        for value in _messages(data, entry, _VALUE):
            inputs, outputs = _ports(data, value, _INPUTS), _ports(data, value, _OUTPUTS)
            signatures.append(Signature(name, inputs, outputs))
    return MetaGraph(tags, tuple(sorted(signatures, key=lambda each: each.name)))
