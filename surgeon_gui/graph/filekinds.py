"""What a file is, by its bytes: the name says little, and everything gets called `.pb`.

Magic numbers and field numbers are those of the formats' own specifications (GraphDef, SavedModel
and MetaGraphDef: tensorflow/core/protobuf; ONNX: onnx.proto; UFF: its MetaGraph).
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from surgeon_gui.errors import NotAGraphDef, NotFrozen, OpenError
from surgeon_gui.proto.wire import LENGTH_DELIMITED, Field, read_fields, read_varint

_FREEZE = (
    "Freeze it: `surgeon freeze {} -o frozen.pb`, or in Python "
    "`convert_variables_to_constants_v2(tf.saved_model.load(…).signatures['serving_default'])`."
)
_FREEZE_CHECKPOINT = (
    "Freeze it together with its graph: `surgeon freeze {} -o frozen.pb` (needs the .meta file)."
)
_FREEZE_KERAS = "Freeze it: `surgeon freeze {} -o frozen.pb`."
_NO_GRAPH = "Open a frozen TensorFlow graph (.pb or .pbtxt)."
_SOURCE = "Open the TensorFlow graph it was made from."
_OPEN_WHAT = "Open a .pb file, or the folder of a SavedModel, which holds saved_model.pb."
_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")


class _Kind(NamedTuple):
    error: type[OpenError]
    message: str
    hint: str


_MAGICS: tuple[tuple[int, bytes, _Kind], ...] = (
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        _Kind(
            NotAGraphDef,
            "This is a Git LFS pointer, not the model itself.",
            "Run `git lfs pull` in its repository, then open it again.",
        ),
    ),
    (0, b"\x89HDF\r\n\x1a\n", _Kind(NotFrozen, "This is a Keras HDF5 file.", _FREEZE_KERAS)),
    (4, b"TFL3", _Kind(NotAGraphDef, "This is a TensorFlow Lite model.", _SOURCE)),
    (0, b"vtrt", _Kind(NotAGraphDef, "This is a TensorRT engine.", _SOURCE)),
    (0, b"ptrt", _Kind(NotAGraphDef, "This is a TensorRT engine.", _SOURCE)),
    (0, b"ftrt", _Kind(NotAGraphDef, "This is a TensorRT engine.", _SOURCE)),
    (0, b"\x1f\x8b", _Kind(NotAGraphDef, "This is a gzip archive.", "Unpack it first.")),
    (0, b"BZh", _Kind(NotAGraphDef, "This is a bzip2 archive.", "Unpack it first.")),
    (0, b"\xfd7zXZ", _Kind(NotAGraphDef, "This is an xz archive.", "Unpack it first.")),
    (0, b"7z\xbc\xaf", _Kind(NotAGraphDef, "This is a 7z archive.", "Unpack it first.")),
    (257, b"ustar", _Kind(NotAGraphDef, "This is a tar archive.", "Unpack it first.")),
    (0, b"\x93NUMPY", _Kind(NotAGraphDef, "This is a numpy array.", _NO_GRAPH)),
    (0, b"\x89PNG", _Kind(NotAGraphDef, "This is a PNG picture.", _NO_GRAPH)),
    (0, b"\xff\xd8\xff", _Kind(NotAGraphDef, "This is a JPEG picture.", _NO_GRAPH)),
    (0, b"%PDF", _Kind(NotAGraphDef, "This is a PDF document.", _NO_GRAPH)),
    (0, b"\x7fELF", _Kind(NotAGraphDef, "This is a program or library.", _NO_GRAPH)),
    (0, b"\x80\x02", _Kind(NotAGraphDef, "This is a Python pickle.", _NO_GRAPH)),
    (0, b"\x80\x04", _Kind(NotAGraphDef, "This is a Python pickle.", _NO_GRAPH)),
)


def refuse_known_kinds(data: bytes, path: Path) -> None:
    """Raise the error that names the file's kind, if it is a known one but no graph.

    Raises:
        NotAGraphDef: the bytes are of another format.
        NotFrozen: they are a model whose weights still have to be frozen in.
    """
    kind = _kind_of(data, path)
    if kind is not None:
        hint = kind.hint.replace("{}", str(path.parent if _is_saved_model(kind) else path))
        raise kind.error(kind.message, where=str(path), hint=hint)


def _is_saved_model(kind: _Kind) -> bool:
    return kind.hint is _FREEZE


def _kind_of(data: bytes, path: Path) -> _Kind | None:
    if not data:
        return _Kind(NotAGraphDef, "This file is empty.", "Copy or export it again.")
    for offset, magic, kind in _MAGICS:
        if data[offset : offset + len(magic)] == magic:
            return kind
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if data.endswith(_TABLE_MAGIC) or ".data-0" in path.suffix:
        return _Kind(NotFrozen, "This is a TensorFlow checkpoint.", _FREEZE_CHECKPOINT)
    return _protobuf_kind(memoryview(data))


def _zip_kind(path: Path) -> _Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        names = set()
    if "config.json" in names and any(name.endswith("weights.h5") for name in names):
        return _Kind(NotFrozen, "This is a Keras model (.keras).", _FREEZE_KERAS)
    if any(name.endswith("data.pkl") for name in names):
        return _Kind(NotAGraphDef, "This is a PyTorch file.", _NO_GRAPH)
    if any(name.endswith(".npy") for name in names):
        return _Kind(NotAGraphDef, "These are numpy arrays (.npz).", _NO_GRAPH)
    return _Kind(NotAGraphDef, "This is a zip archive.", "Unpack it first.")


def _head(view: memoryview, count: int = 16) -> list[Field]:
    """Return the first fields of a message, as far as they can be read."""
    fields: list[Field] = []
    try:
        for field in read_fields(view, 0, len(view)):
            fields.append(field)
            if len(fields) == count:
                break
    except IndexError:
        pass
    return fields


def _protobuf_kind(view: memoryview) -> _Kind | None:
    """Tell the protobuf messages apart that start with a number where a GraphDef has a node."""
    if view[0] != 0x08:
        return None
    fields = _head(view)
    numbers = {(field.number, field.wire) for field in fields}
    try:
        first, after = read_varint(view, 1)
    except IndexError:
        return None
    following = view[after : after + 1].tobytes()
    if first == 1 and following == b"\x12":
        return _Kind(NotFrozen, "This is a SavedModel, not a frozen graph.", _FREEZE)
    if following == b"\x10" and (3, LENGTH_DELIMITED) in numbers:
        return _Kind(
            NotAGraphDef,
            "This is a UFF file.",
            "Open it as a network: rename it to .uff.",
        )
    if (7, LENGTH_DELIMITED) in numbers or following in (b"\x12", b"\x3a"):
        return _Kind(NotAGraphDef, "This is an ONNX model.", _SOURCE)
    return None


def meta_graph_part(view: memoryview) -> memoryview | None:
    """Return the GraphDef inside a MetaGraphDef (a `.meta` file), None if it is none."""
    fields = _head(view, 3)
    if not fields or fields[0].number != 1 or fields[0].wire != LENGTH_DELIMITED:
        return None
    inner = _head(view[fields[0].start : fields[0].end], 4)
    if not inner or inner[0].number == 1:
        return None
    for field in fields[1:]:
        if field.number == 2 and field.wire == LENGTH_DELIMITED:
            return view[field.start : field.end]
    return None


def refuse_directory(path: Path) -> None:
    """Raise the error that says what kind of folder this is.

    Raises:
        NotFrozen: it holds a SavedModel or a checkpoint.
        OpenError: it holds neither.
    """
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise OpenError(
            f"The folder cannot be read: {error.strerror}.", where=str(path), hint=None
        ) from error
    if {"saved_model.pb", "saved_model.pbtxt"} & set(names):
        raise NotFrozen(
            "This folder is a SavedModel, not a frozen graph.",
            where=str(path),
            hint=_FREEZE.replace("{}", str(path)),
        )
    if "checkpoint" in names or any(name.endswith((".index", ".meta")) for name in names):
        raise NotFrozen(
            "This folder holds a TensorFlow checkpoint.",
            where=str(path),
            hint=_FREEZE_CHECKPOINT.replace("{}", str(path)),
        )
    if {"manifest.json", "graph.pb", "segments"} <= set(names):
        raise OpenError(
            "This folder is a hybrid bundle, not a graph.",
            where=str(path),
            hint=f"Run it with: surgeon run {path}. Its graph is {path / 'graph.pb'}.",
        )
    graphs = [name for name in names if name.endswith((".pb", ".pbtxt"))]
    hint = f"Open a file in it: {', '.join(graphs[:3])}." if graphs else _OPEN_WHAT
    raise OpenError("This is a folder, not a file.", where=str(path), hint=hint)
