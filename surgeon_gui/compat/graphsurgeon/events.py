"""TensorBoard event files with a graph in them.

The record format is TensorFlow's TFRecord: length, masked CRC-32C of the length, data, masked
CRC-32C of the data (tensorflow/core/lib/io/record_writer.h).
"""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.proto.wire import field_head

_LARGE = 1024
"""Constants above this many bytes are left out: TensorBoard does not show them."""

_VERSION = b"brain.Event:2"
_MASK = 0xA282EAD8


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()


def masked_crc32c(data: bytes) -> int:
    """Return the checksum TFRecord files use."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + _MASK) & 0xFFFFFFFF


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return b"".join(
        [
            length,
            struct.pack("<I", masked_crc32c(length)),
            data,
            struct.pack("<I", masked_crc32c(data)),
        ]
    )


def write_graph_event(logdir: Path, graphdef: bytes) -> Path:
    """Write an event file holding a serialized GraphDef; return its path."""
    graph = pb.GraphDef.FromString(graphdef)
    for node in graph.node:
        for attr in node.attr.values():
            if attr.WhichOneof("value") == "tensor" and attr.tensor.ByteSize() > _LARGE:
                attr.tensor.ClearField("tensor_content")
                attr.tensor.ClearField("float_val")
    content = graph.SerializeToString(deterministic=True)
    now = time.time()
    stamp = b"\x09" + struct.pack("<d", now)
    logdir.mkdir(parents=True, exist_ok=True)
    path = logdir / f"events.out.tfevents.{int(now)}.{socket.gethostname()}"
    version = stamp + field_head(3, len(_VERSION)) + _VERSION
    event = stamp + field_head(4, len(content)) + content
    path.write_bytes(_record(version) + _record(event))
    return path
