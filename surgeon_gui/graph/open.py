"""Opening graph files of any form, and saying what a wrong file is."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from surgeon_gui.errors import NotAGraphDef, NotFrozen, OpenError, SaveError, SurgeonError
from surgeon_gui.graph.filekinds import meta_graph_part, refuse_directory, refuse_known_kinds
from surgeon_gui.graph.graphdef import (
    PROTOBUF_LIMIT,
    graph_from_graphdef,
    graphdef_from_graph,
    save_graphdef,
    write_atomically,
)
from surgeon_gui.graph.model import Graph
from surgeon_gui.proto import graphdef_pb2 as pb

_HEAD = 1 << 16
TEXT_SUFFIXES = (".pbtxt", ".textproto", ".prototxt")
BINARY_SUFFIXES = (".pb", ".graphdef")

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LOOKS_LIKE_GRAPHDEF = re.compile(r"^\s*(node|versions|library|version)\s*[:{]", re.MULTILINE)
_UNKNOWN_FIELD = re.compile(r'has no field named "(\w+)"')


def open_graph(path: str | os.PathLike[str]) -> Graph:
    """Return the graph in a GraphDef file, binary or text, whatever its name; also of a `.meta`.

    A graph that still has variables opens: looking at it does no harm.

    Raises:
        NotAGraphDef: the file is something else; the message says what, the hint what to do.
        NotFrozen: it is a SavedModel, a checkpoint or a Keras model.
        TruncatedFile: it ends too early.
        OpenError: it does not exist, is a folder, or may not be read.
    """
    source = Path(path)
    data = read_whole(source)
    refuse_known_kinds(data, source)
    try:
        text = _as_text(data)
        if text is not None:
            return _graph_from_text(text, source)
        inner = meta_graph_part(memoryview(data))
        return graph_from_graphdef(data if inner is None else inner)
    except SurgeonError as error:
        if error.where is None:
            error.where = str(source)
        elif str(source) not in error.where:
            error.where = f"{error.where} in {source}"
        raise


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file that should hold a protobuf message.

    Raises:
        OpenError: it does not exist, is a folder, no regular file or too large, or may not be read.
    """
    try:
        if path.is_dir():
            refuse_directory(path)
        if path.exists() and not path.is_file():
            raise OpenError(
                "This is a pipe or a device, not a file.",
                where=str(path),
                hint="Save what comes out of it to a file and open that.",
            )
        if path.stat().st_size > PROTOBUF_LIMIT:
            _refuse_giant(path)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise OpenError(
            "There is no such file.", where=str(path), hint=_near_files(path)
        ) from error
    except PermissionError as error:
        raise OpenError(
            "This file may not be read.", where=str(path), hint="Ask for the right to read it."
        ) from error
    except OSError as error:
        raise OpenError(
            f"The file cannot be read: {error.strerror or error}.", where=str(path)
        ) from error


def _refuse_giant(path: Path) -> None:
    """Say what a file is that no GraphDef can be, from its first and last bytes.

    Raises:
        OpenError: always.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        stream.seek(-_HEAD, os.SEEK_END)
        refuse_known_kinds(head + stream.read(), path)
    raise NotAGraphDef(
        "This file is larger than 2 GiB, which neither a GraphDef nor a UFF file can be.",
        where=str(path),
        hint="Freeze its source again, or cut the graph in two.",
    )


def _near_files(path: Path) -> str:
    try:
        names = os.listdir(path.parent)
    except OSError:
        return f"The folder {path.parent} does not exist either."
    if path.name in names:
        return "It is a link to a file that is gone."
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {near[0]}?" if near else "Check the path."


def _as_text(data: bytes) -> str | None:
    """Return the file's text, None when it is binary."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                return None
    # A binary GraphDef shows the tag of its first op, 0x12, early.
    if any(byte < 9 or 13 < byte < 32 for byte in data[:4096]):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _graph_from_text(text: str, path: Path) -> Graph:
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<?xml")):
        raise NotAGraphDef(
            "This is a web page, not a model.",
            hint="The download went wrong; use the page's raw or download link.",
        )
    if "saved_model_schema_version" in text:
        raise NotFrozen(
            "This is a SavedModel in text form, not a frozen graph.",
            hint=f"Freeze its folder: `surgeon freeze {path.parent} -o frozen.pb`.",
        )
    if start.startswith("model_checkpoint_path"):
        raise NotFrozen(
            "This is the index of a TensorFlow checkpoint.",
            hint=f"Freeze its folder: `surgeon freeze {path.parent} -o frozen.pb`.",
        )
    if not text.strip():
        raise NotAGraphDef("This file is empty.", hint="Copy or export it again.")
    if not _LOOKS_LIKE_GRAPHDEF.search(text):
        raise NotAGraphDef(
            "This is a text file, not a TensorFlow graph.",
            hint="Open a frozen graph (.pb or .pbtxt).",
        )
    return graph_from_pbtxt(text)


def graph_from_pbtxt(text: str) -> Graph:
    """Return the graph of a GraphDef in protobuf's text form.

    Raises:
        NotAGraphDef: the text is wrong; the message names line and column. A field this program
            does not know is an error too: it could not be written again.
    """
    message = pb.GraphDef()
    try:
        text_format.Parse(text, message)
    except text_format.ParseError as error:
        line, column = error.GetLine(), error.GetColumn()
        place = f"line {line}, column {column}: " if line else ""
        unknown = _UNKNOWN_FIELD.search(str(error))
        reason = (
            f"the field {unknown[1]} is no part of a GraphDef"
            if unknown
            else re.sub(r"^\d+:\d+ : ", "", str(error)).strip()
        )
        raise NotAGraphDef(
            f"This GraphDef text cannot be read: {place}{reason}.",
            hint="Correct that line or export the graph again.",
        ) from error
    except UnicodeEncodeError as error:
        raise NotAGraphDef("This GraphDef text holds characters no name may have.") from error
    return graph_from_graphdef(message.SerializeToString(deterministic=True))


def pbtxt_from_graph(graph: Graph) -> str:
    """Return the graph as a GraphDef in protobuf's text form.

    Raises:
        SaveError: the graph holds fields the text form has no names for, or damaged bytes.
    """
    try:
        message = pb.GraphDef.FromString(graphdef_from_graph(graph))
    except DecodeError as error:
        raise SaveError(
            "The graph holds damaged bytes, which the text form cannot show.",
            hint="Copy or export the file it comes from again.",
        ) from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise SaveError(
            "The graph holds fields of a newer TensorFlow, which the text form would lose.",
            hint="Save it as .pb, which keeps them.",
        )
    return text_format.MessageToString(message)


def save_graph(graph: Graph, path: str | os.PathLike[str]) -> int:
    """Write the graph in the form its suffix names (`.pb`, `.pbtxt` …); return the size in bytes.

    Raises:
        SaveError: the suffix is none of a graph, or the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in TEXT_SUFFIXES:
        return write_atomically(target, [pbtxt_from_graph(graph).encode()])
    if suffix in BINARY_SUFFIXES:
        return save_graphdef(graph, target)
    raise SaveError(
        f"A graph cannot be saved as {suffix or 'a file without suffix'}.",
        where=str(target),
        hint="Name it .pb or .pbtxt.",
    )
