"""GraphDef bytes to Graph and back, without loss and without copying constants.

The file is read once; nodes and constants keep views into its bytes. An unchanged node is written
back byte for byte, so what this program does not interpret survives.
"""

from __future__ import annotations

import errno
import gc
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from google.protobuf.message import DecodeError, EncodeError

from surgeon_gui.errors import NotAGraphDef, SaveError, TruncatedFile
from surgeon_gui.graph.attrmessages import attr_from_message, attr_to_message
from surgeon_gui.graph.model import Graph, Node, TensorRef, Versions
from surgeon_gui.graph.values import (
    AttrValue,
    TensorValue,
    tensor_from_message,
)
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.proto.wire import LENGTH_DELIMITED, field_head, read_fields, read_varint

PROTOBUF_LIMIT = 2**31 - 1
"""A protobuf message of 2 GiB or more is written but can never be read (measured, 2.36 GB)."""

_LARGE_NODE = 1 << 14
_ATTR_FIELD = 5


def graph_from_graphdef(data: bytes | memoryview) -> Graph:
    """Return the graph of a serialized GraphDef.

    Raises:
        TruncatedFile: the bytes end inside a node.
        NotAGraphDef: they are no GraphDef, or hold no nodes.
        DuplicateName: two nodes share a name.
    """
    view = memoryview(data)
    nodes: list[Node] = []
    library: list[memoryview] = []
    extra: list[memoryview] = []
    versions = Versions()
    try:
        with _collector_paused():
            for number, wire, tag, start, end in read_fields(view, 0, len(view)):
                if number == 1 and wire == LENGTH_DELIMITED:
                    nodes.append(_node(view, start, end))
                elif start == end or wire != LENGTH_DELIMITED or number not in (2, 4):
                    # Also an empty library or version: present, though it says nothing.
                    extra.append(view[tag:end])
                elif number == 2:
                    pb.FunctionDefLibrary.FromString(view[start:end].tobytes())
                    library.append(view[start:end])
                else:
                    message = pb.VersionDef.FromString(bytes(view[start:end]))
                    versions = Versions(
                        message.producer, message.min_consumer, tuple(message.bad_consumers)
                    )
    except (IndexError, DecodeError, UnicodeDecodeError) as error:
        if nodes or starts_like_a_node(view):
            last = f" (the last is {nodes[-1].name})" if nodes else ""
            raise TruncatedFile(
                f"The file is damaged or ends too early, after {len(nodes)} nodes{last}.",
                hint="Copy or export it again.",
            ) from error
        raise NotAGraphDef(
            "This is no TensorFlow GraphDef.", hint="Open a frozen graph (.pb or .pbtxt)."
        ) from error
    if not nodes:
        raise NotAGraphDef(
            "This GraphDef holds no nodes.", hint="Export the graph again; the file may be empty."
        )
    return Graph(tuple(nodes), versions, b"".join(library), b"".join(extra))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from looking through a growing heap that holds no garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# name = 1 (its length takes one or two bytes), op = 2.
_NODE_START = re.compile(
    rb"\x0a.[\x01-\x7f]?[A-Za-z0-9.][\w.\\/>-]*\x12.[A-Za-z_][\w>]+", re.DOTALL
)


def starts_like_a_node(view: memoryview) -> bool:
    """Whether the bytes begin with a GraphDef's first node, even if cut off inside it."""
    try:
        key, position = read_varint(view, 0)
        _, position = read_varint(view, position)
    except IndexError:
        return False
    return key == 10 and _NODE_START.match(view[position : position + 1024]) is not None


def _node(view: memoryview, start: int, end: int) -> Node:
    raw = view[start:end]
    texts: Iterable[str]
    if end - start <= _LARGE_NODE:
        message = pb.NodeDef.FromString(raw.tobytes())
        name, op, device, texts = message.name, message.op, message.device, message.input
    else:
        name, op, device, texts = _large_node(view, start, end)
    if not name or not op:
        raise IndexError
    inputs: list[TensorRef] = []
    controls: list[str] = []
    for text in texts:
        if text.startswith("^"):
            controls.append(text[1:])
        elif ":" in text:
            inputs.append(TensorRef.parse(text))
        else:
            inputs.append(TensorRef(text))
    return Node(name, op, inputs, controls=controls, device=device, source=raw, decode=_attrs)


def _large_node(view: memoryview, start: int, end: int) -> tuple[str, str, str, list[str]]:
    """Return name, op, device and inputs without handing the constant inside to protobuf."""
    texts = {1: "", 2: "", 4: ""}
    inputs: list[str] = []
    for field in read_fields(view, start, end):
        if field.number < _ATTR_FIELD and field.wire == LENGTH_DELIMITED:
            text = bytes(view[field.start : field.end]).decode()
            if field.number == 3:
                inputs.append(text)
            else:
                texts[field.number] = text
    return texts[1], texts[2], texts[4], inputs


def _attrs(raw: memoryview | bytes) -> dict[str, AttrValue]:
    raw = memoryview(raw)
    try:
        if len(raw) <= _LARGE_NODE:
            message = pb.NodeDef.FromString(raw.tobytes())
            return {key: attr_from_message(message.attr[key]) for key in sorted(message.attr)}
        return _large_attrs(raw)
    except (IndexError, DecodeError, UnicodeDecodeError) as error:
        raise TruncatedFile(
            "The attributes of a node are damaged.", hint="Copy or export the file again."
        ) from error


def _large_attrs(raw: memoryview) -> dict[str, AttrValue]:
    attrs: dict[str, AttrValue] = {}
    for field in read_fields(raw, 0, len(raw)):
        if field.number != _ATTR_FIELD:
            continue
        key, start, end = "", field.end, field.end
        for part in read_fields(raw, field.start, field.end):
            if part.number == 1:
                key = bytes(raw[part.start : part.end]).decode()
            elif part.number == 2:
                start, end = part.start, part.end
        attrs[key] = _attr(raw, start, end)
    return dict(sorted(attrs.items()))


def _attr(raw: memoryview, start: int, end: int) -> AttrValue:
    if end - start > _LARGE_NODE:
        for field in read_fields(raw, start, end):
            if field.number == 8 and field.wire == LENGTH_DELIMITED:
                return _large_tensor(raw, field.start, field.end)
    return attr_from_message(pb.AttrValue.FromString(raw[start:end].tobytes()))


def _large_tensor(raw: memoryview, start: int, end: int) -> TensorValue:
    rest = bytearray()
    content: memoryview | None = None
    for field in read_fields(raw, start, end):
        if field.number == 4 and field.wire == LENGTH_DELIMITED:
            content = raw[field.start : field.end]
        else:
            rest += raw[field.tag : field.end]
    return tensor_from_message(pb.TensorProto.FromString(bytes(rest)), content)


def node_to_bytes(node: Node) -> bytes | memoryview:
    """Return the serialized NodeDef; what was not changed keeps the bytes it was read from."""
    if node.source is not None:
        return node.source
    message = pb.NodeDef(name=node.name, op=node.op, device=node.device)
    message.input.extend(map(str, node.inputs))
    message.input.extend(f"^{name}" for name in node.controls)
    kept = memoryview(node.origin or b"")
    first = _ATTR_FIELD
    if node.encoded_attrs is None:
        first += 1
        for key, value in node.attrs.items():
            message.attr[key].CopyFrom(attr_to_message(value))
    fields = [kept[f.tag : f.end] for f in read_fields(kept, 0, len(kept)) if f.number >= first]
    return b"".join([message.SerializeToString(deterministic=True), *fields])


def graphdef_chunks(graph: Graph) -> Iterator[bytes | memoryview]:
    """Yield the serialized GraphDef in pieces, so that a large graph is never held twice."""
    for node in graph.nodes:
        payload = node_to_bytes(node)
        yield field_head(1, len(payload))
        yield payload
    if graph.library:
        yield field_head(2, len(graph.library))
        yield graph.library
    if graph.versions != Versions():
        payload = pb.VersionDef(
            producer=graph.versions.producer,
            min_consumer=graph.versions.min_consumer,
            bad_consumers=graph.versions.bad_consumers,
        ).SerializeToString(deterministic=True)
        yield field_head(4, len(payload))
        yield payload
    if graph.extra:
        yield graph.extra


def graphdef_from_graph(graph: Graph) -> bytes:
    """Return the serialized GraphDef."""
    return b"".join(graphdef_chunks(graph))


def save_graphdef(graph: Graph, path: str | os.PathLike[str]) -> int:
    """Write a binary GraphDef; return its size in bytes.

    Raises:
        SaveError: the disk is full or not writable, or the message would pass protobuf's 2 GiB.
    """
    target = Path(path)
    try:
        return write_atomically(target, graphdef_chunks(graph), limit=PROTOBUF_LIMIT)
    except EncodeError as error:
        raise SaveError("This graph cannot be written.", where=str(target)) from error


def write_atomically(
    path: Path, chunks: Iterable[bytes | memoryview], *, limit: int | None = None
) -> int:
    """Write `chunks` under a temporary name beside `path`, then rename; return the size.

    Raises:
        SaveError: writing failed or more than `limit` bytes came; `path` is as it was.
    """
    size = 0
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                size += _write(stream, chunk, path, size, limit)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return size


def check_writable(path: Path) -> None:
    """Make sure, before long work, that `write_atomically` can put a file at `path`.

    Raises:
        SaveError: the folder is not there or cannot be written, or `path` is a folder.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        os.unlink(temporary)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> SaveError:
    hint = {
        errno.ENOENT: f"Make the folder {path.parent} first, or choose another.",
        errno.EISDIR: "Choose another name.",
    }.get(error.errno or 0, SaveError.usual_hint)
    return SaveError(
        f"The file cannot be written: {error.strerror or error}.", where=str(path), hint=hint
    )


def _write(
    stream: BinaryIO, chunk: bytes | memoryview, path: Path, size: int, limit: int | None
) -> int:
    if limit is not None and size + len(chunk) > limit:
        raise SaveError(
            "The graph is larger than 2 GiB, which no GraphDef file can be.",
            where=str(path),
            hint="Export .network or .onnx instead, or cut the graph in two.",
        )
    stream.write(chunk)
    return len(chunk)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
