"""What people have instead of a frozen graph, told apart by its files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.ops import is_variable

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
_CHECKPOINT_FILE = re.compile(r"\.(meta|index|data-\d+-of-\d+)$")
_KERAS_ENDINGS = (".keras", ".h5", ".hdf5")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_source(path: Path) -> bool:
    """Whether a path looks like something to freeze: a folder, or a file named like a part of it.

    Quick: the file is not read. A `.meta` file without its checkpoint is a graph to look at.
    """
    if path.suffix == ".meta":
        return path.with_suffix(".index").is_file()
    return (
        path.is_dir()
        or path.name in SAVED_MODEL_FILES
        or path.suffix.lower() in _KERAS_ENDINGS
        or _CHECKPOINT_FILE.search(path.name) is not None
        or Path(f"{path}.index").is_file()
    )


def source_kind(path: Path) -> str:
    """Return `saved_model`, `keras`, `checkpoint`, or `graph` for a frozen one.

    Raises:
        OpenError: it does not exist, has variables without values, or is something else.
    """
    if path.name in SAVED_MODEL_FILES or any((path / name).is_file() for name in SAVED_MODEL_FILES):
        return "saved_model"
    if path.is_dir():
        if (path / "checkpoint").is_file() or any(path.glob("*.index")):
            return "checkpoint"
        raise OpenError(
            "There is neither a SavedModel nor a checkpoint in this folder.",
            where=str(path),
            hint="Choose the folder that holds saved_model.pb.",
        )
    if _CHECKPOINT_FILE.search(path.name) or Path(f"{path}.index").is_file():
        return "checkpoint"
    if path.is_file() and _is_keras(path):
        return "keras"
    graph = open_graph(path)
    if any(is_variable(node.op) for node in graph):
        raise OpenError(
            "This graph has variables, and their values lie elsewhere.",
            where=str(path),
            hint="Freeze the checkpoint, and name this file as its graph.",
        )
    return "graph"


def _is_keras(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(8)
    if head == _HDF5:
        return True
    if not head.startswith(b"PK") or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "config.json" in archive.namelist()
