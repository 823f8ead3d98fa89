"""TensorFlow's documentation of its ops: asked of a worker once, then read from its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from surgeon_gui.errors import OpenError, ProtocolError
from surgeon_gui.jobs.codec import decode, encode
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class ArgumentDoc:
    """An input, an output or an attribute of an op.

    Args:
        name: as the op's definition has it.
        type: `T: float32, int32`, `list(int)`, `string`.
        default: an attribute's, as text; None where it must be given.
        words: what TensorFlow says of it; may be empty.
    """

    name: str
    type: str
    default: str | None = None
    words: str = ""


@dataclass(frozen=True)
class OpDoc:
    """What TensorFlow says of an op.

    Args:
        op: its name.
        summary: one sentence.
        words: the rest, as Markdown.
        inputs, outputs, attributes: in the definition's order.
        deprecated: why it should not be used any more; empty where it may.
    """

    op: str
    summary: str
    words: str = ""
    inputs: tuple[ArgumentDoc, ...] = ()
    outputs: tuple[ArgumentDoc, ...] = ()
    attributes: tuple[ArgumentDoc, ...] = ()
    deprecated: str = ""


@dataclass(frozen=True)
class OpDocsResult(JobResult):
    """The file that was written.

    Args:
        path: for `read_op_docs`.
        version: TensorFlow's.
        ops: how many it describes.
    """

    kind: ClassVar[str] = "op-docs"

    path: Path
    version: str
    ops: int


@dataclass(frozen=True)
class OpDocsSpec(JobSpec[OpDocsResult]):
    """Write down what the TensorFlow of this Python says of its ops.

    Args:
        path: the file to write.
    """

    kind: ClassVar[str] = "op-docs"

    path: Path


def op_docs_to_json(docs: tuple[OpDoc, ...], version: str) -> bytes:
    """Return the file's content."""
    return json.dumps({"tensorflow": version, "ops": encode(docs)}).encode()


class OpDocs:
    """The documentation in a file; an op's is decoded when it is asked for."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], version: str) -> None:
        self._tables = tables
        self.version = version

    def __len__(self) -> int:
        return len(self._tables)

    def get(self, op: str) -> OpDoc | None:
        """Return what is said of an op, None where nothing is.

        Raises:
            ProtocolError: the file was written by another version of this program.
        """
        table = self._tables.get(op)
        return None if table is None else decode(OpDoc, table)


def read_op_docs(path: Path) -> OpDocs:
    """Return the documentation in a file.

    Raises:
        OpenError: the file is missing or damaged.
    """
    try:
        table = json.loads(path.read_bytes())
        docs = OpDocs({str(each["op"]): each for each in table["ops"]}, str(table["tensorflow"]))
        for each in table["ops"][:1]:
            docs.get(str(each["op"]))
    except (OSError, ValueError, KeyError, TypeError, ProtocolError) as error:
        raise OpenError(
            "TensorFlow's documentation cannot be read.", where=str(path), hint=str(error)
        ) from error
    return docs
