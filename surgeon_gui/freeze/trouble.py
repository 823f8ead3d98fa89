"""What TensorFlow says when a source cannot be loaded, put so that people can act on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from surgeon_gui.errors import NotFrozen, OpenError

UNKNOWN_OP = re.compile(r"Op type not registered \'([^\']*)\'")
"""What TensorFlow says of an op it does not have; its group is the op."""

_WRITTEN = re.compile(r"Input \d+ of node (\S+) was passed \w+ from \S+ incompatible with expected")
"""What it says of a variable that became a constant, and that a node writes; its group is that."""

_SHARD = re.compile(r"\.data-\d{5}-of-(\d{5})$")


def first_line(error: Exception) -> str:
    """Return the first line of an error of TensorFlow, which may go on for pages."""
    text = str(getattr(error, "message", None) or error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__


def not_frozen(error: Exception) -> NotFrozen:
    """Return what to tell of an error of TensorFlow's freezer."""
    found = _WRITTEN.search(str(error))
    if found is None:
        return NotFrozen(
            f"TensorFlow cannot freeze this model: {first_line(error)}",
            hint="Tables, iterators and stateful layers have no frozen form; export the model "
            "without them.",
        )
    return NotFrozen(
        "It writes a variable while the model runs, and a frozen graph has none.",
        where=found[1],
        hint="Keras's layers that draw random numbers (RandomFlip, RandomRotation …) are exported "
        "so: freeze the .keras file instead, or export the model without them. A counter goes out "
        "of the signature.",
    )


def unknown_op(error: Exception, nodes: Callable[[], Iterable[Any]]) -> OpenError | None:
    """Return what to tell of an op this TensorFlow does not have; None for any other error.

    Args:
        error: what TensorFlow raised.
        nodes: gives the NodeDefs of the source, functions included.
    """
    found = UNKNOWN_OP.search(str(error))
    if found is None:
        return None
    op = found[1]
    where = next((node.name for node in nodes() if node.op == op), None)
    return OpenError(
        f"TensorFlow does not know the op {op}: it comes from a library that is not loaded.",
        where=where,
        hint="Save the model without this op, or freeze it to a .pb in the program that has the "
        "library (tf.load_op_library) and open that: unknown ops become plugins here.",
    )


def saved_model_nodes(folder: Path) -> Iterable[Any]:
    """Yield the NodeDefs of every graph and function of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = folder / "saved_model.pb"
    if not file.is_file():
        return
    for meta in saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs:
        yield from meta.graph_def.node
        for function in meta.graph_def.library.function:
            yield from function.node_def


def missing_shards(prefix: Path) -> tuple[str, ...]:
    """Return the names of a checkpoint's data files that are not there.

    How many there are is told by the names of those that are; without any it is not known, and the
    first is named.
    """
    there = sorted(prefix.parent.glob(f"{prefix.name}.data-*"))
    counts = {int(found[1]) for path in there if (found := _SHARD.search(path.name))}
    count = max(counts, default=1)
    names = [f"{prefix.name}.data-{part:05d}-of-{count:05d}" for part in range(count)]
    return tuple(name for name in names if not (prefix.parent / name).is_file())
