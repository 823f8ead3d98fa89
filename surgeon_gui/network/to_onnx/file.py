"""The bytes of an ONNX file, weights taken from where they are.

Serializing a whole model takes three copies of its weights in memory. But a protobuf message is its
fields one after the other: the model without weights comes first, then a graph that holds nothing
but the weights, which readers merge into the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx

from surgeon_gui.graph.values import Array
from surgeon_gui.network.to_onnx.writer import ModelWriter

_ALIGNMENT = 64
_SMALL = 1024
"""Weights of fewer bytes stay in the model when the others move out."""

# Field numbers of onnx.proto, shifted, with wire type 2 (length-delimited).
_GRAPH_OF_MODEL = 7 << 3 | 2
_INITIALIZER_OF_GRAPH = 5 << 3 | 2
_RAW_DATA_OF_TENSOR = 9 << 3 | 2


def model_chunks(writer: ModelWriter) -> Iterator[bytes | memoryview]:
    """Yield the model's file in pieces."""
    yield writer.model.SerializeToString()
    tensors = [(_tensor_head(tensor, array), array) for tensor, array in writer.initializers]
    heads = [
        _varint(_INITIALIZER_OF_GRAPH) + _varint(len(head) + array.nbytes) + head
        for head, array in tensors
    ]
    size = sum(len(head) + array.nbytes for head, (_, array) in zip(heads, tensors, strict=True))
    yield _varint(_GRAPH_OF_MODEL) + _varint(size)
    for head, (_, array) in zip(heads, tensors, strict=True):
        yield head
        if array.nbytes:
            yield _bytes_of(array)


def moved_out(writer: ModelWriter, location: str) -> Iterator[bytes | memoryview]:
    """Yield the file of the weights, and leave in the model only where in it they are.

    Args:
        writer: the model; complete, its weights not written yet.
        location: the file's name, beside the model's.
    """
    stay, position = [], 0
    for tensor, array in writer.initializers:
        if array.nbytes < _SMALL:
            stay.append((tensor, array))
            continue
        gap = -position % _ALIGNMENT
        yield bytes(gap)
        yield _bytes_of(array)
        position += gap
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", position), ("length", array.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        position += array.nbytes
        writer.model.graph.initializer.append(tensor)
    writer.initializers[:] = stay


def _tensor_head(tensor: onnx.TensorProto, array: Array) -> bytes:
    """Return a TensorProto's bytes up to its data."""
    head = tensor.SerializeToString()
    return head + _varint(_RAW_DATA_OF_TENSOR) + _varint(array.nbytes)


def _bytes_of(array: Array) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _varint(value: int) -> bytes:
    """Return protobuf's form of an unsigned number: seven bits a byte, lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
