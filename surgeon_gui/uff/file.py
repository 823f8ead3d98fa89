"""A .uff file in memory: one MetaGraph message whose weights stay where they already are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from google.protobuf import text_format

from surgeon_gui.errors import SaveError
from surgeon_gui.graph.graphdef import PROTOBUF_LIMIT, write_atomically
from surgeon_gui.graph.values import Array
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.proto.wire import field_head

Blob = bytes | memoryview

_PRINTED_BLOB = 32
"""The text form shows blobs up to this many bytes."""


@dataclass(frozen=True)
class UffFile:
    """What a .uff file holds.

    Attributes:
        shell: the MetaGraph without the blobs of `referenced_data`; not to be changed.
        blobs: the blobs by their key, as views of the arrays or the file they come from.
    """

    shell: pb.MetaGraph
    blobs: Mapping[str, Blob]

    @property
    def nodes(self) -> tuple[pb.Node, ...]:
        """The nodes of the graph, in file order."""
        return tuple(node for graph in self.shell.graphs for node in graph.nodes)

    @property
    def meta(self) -> pb.MetaGraph:
        """The whole message; weights are copied into it."""
        return self._with_blobs(self.blobs)

    def _with_blobs(self, blobs: Mapping[str, Blob]) -> pb.MetaGraph:
        meta = pb.MetaGraph()
        meta.CopyFrom(self.shell)
        for key, blob in blobs.items():
            meta.referenced_data[key].blob = bytes(blob)
        return meta

    def data(self, key: str) -> pb.Data | Blob | None:
        """Return what a reference points at."""
        if key in self.blobs:
            return self.blobs[key]
        return self.shell.referenced_data.get(key)

    def chunks(self) -> Iterator[Blob]:
        """Yield the file in pieces, so that weights are never copied."""
        yield self.shell.SerializeToString(deterministic=True)
        for key, blob in self.blobs.items():
            name = key.encode()
            head = field_head(9, len(blob))
            name = field_head(1, len(name)) + name
            data = field_head(2, len(head) + len(blob))
            yield field_head(5, len(name) + len(data) + len(head) + len(blob)) + name + data + head
            yield blob

    def to_bytes(self) -> bytes:
        return b"".join(self.chunks())

    def text(self, *, full: bool = False) -> str:
        """Return the protobuf text form.

        Args:
            full: print every blob. Without it, as NVIDIA's converter does, the place of a blob of
                more than 32 bytes is taken by its length, and the text cannot be read back.
        """
        blobs = {
            key: blob
            if full or len(blob) <= _PRINTED_BLOB
            else f"(...{len(blob)} bytes skipped...)".encode()
            for key, blob in self.blobs.items()
        }
        return text_format.MessageToString(self._with_blobs(blobs))


def blob_of(array: Array) -> Blob:
    """Return the little-endian, C-contiguous bytes of an array, as a view where possible."""
    values = np.ascontiguousarray(array)
    if values.dtype.byteorder == ">":
        values = values.astype(values.dtype.newbyteorder("<"))
    if values.size == 0:
        return b""
    return values.reshape(-1).view(np.uint8).data


def save_uff(file: UffFile, path: str | os.PathLike[str]) -> int:
    """Write a .uff file; return its size in bytes.

    Raises:
        SaveError: the disk is full or not writable, or the file would pass protobuf's 2 GiB.
    """
    return write_atomically(Path(path), file.chunks(), limit=PROTOBUF_LIMIT)


def save_uff_text(file: UffFile, path: str | os.PathLike[str], *, full: bool = False) -> int:
    """Write the text form (see `UffFile.text`); return its size in bytes.

    Raises:
        SaveError: the file cannot be written.
    """
    target = Path(path)
    if target.suffix == ".uff":
        raise SaveError("The text form is no .uff file.", where=str(target), hint="Use .pbtxt.")
    return write_atomically(target, [file.text(full=full).encode()])
