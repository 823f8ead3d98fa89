"""Results between two processes, in parts small enough that unpacking holds nobody up.

Unpickling is one call that keeps Python's lock; of a large result it would take a tenth of a second
of the interface's thread. So large dicts and tuples travel as parcels of their own, in slices, and
large arrays as the bytes they are: those are read straight into their place, without the lock. A
parcel has its length before it. The graph a result is about does not travel.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from types import MappingProxyType
from typing import IO, Any, cast

import numpy as np

from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import Graph

_HEAD = struct.Struct("<Q")
# Items in a slice: about two milliseconds of unpickling.
_SLICE = 400
_GRAPH = "graph"

_LARGE = 1 << 16
"""Bytes from which on an array is a parcel of its own."""

_PART = 1 << 24
"""Bytes read at a time."""


class ParcelError(Exception):
    """The other process is gone."""


def write_bytes(stream: IO[bytes], data: bytes | memoryview) -> None:
    """Write one parcel."""
    stream.write(_HEAD.pack(len(data)))
    stream.write(data)


def read_bytes(stream: IO[bytes]) -> bytes:
    """Read one parcel.

    Raises:
        ParcelError: the stream ended.
    """
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ParcelError
    (size,) = _HEAD.unpack(head)
    data = stream.read(size)
    if len(data) < size:
        raise ParcelError
    return data


def packed_result(result: object, graph: Graph) -> list[bytes | memoryview]:
    """Return a result that may mention `graph` as parcels: how many slices, the slices, the rest.

    A slice, as the rest, is how many arrays it has, the arrays, and a pickle.

    Raises:
        TypeError, pickle.PicklingError: something in it cannot be pickled.
    """
    slices: list[_Slice] = []
    main = _packed(result, graph, slices)
    parcels: list[bytes | memoryview] = [pickle.dumps(len(slices))]
    for data, arrays in (*slices, main):
        parcels += [pickle.dumps(len(arrays)), *arrays, data]
    return parcels


def read_result(stream: IO[bytes], graph: Graph, pause: Callable[[], object]) -> Any:
    """Read the parcels of `packed_result`; `pause` is called between slices.

    Raises:
        ParcelError: the stream ended.
    """
    found: list[Any] = []
    for _ in range(pickle.loads(read_bytes(stream))):
        found.append(_read_slice(stream, graph, found))
        pause()
    return _read_slice(stream, graph, found)


def _read_slice(stream: IO[bytes], graph: Graph, found: list[Any]) -> Any:
    arrays = [_read_array(stream) for _ in range(pickle.loads(read_bytes(stream)))]
    return _Unpacker(read_bytes(stream), graph, found, arrays).load()


def _read_array(stream: IO[bytes]) -> memoryview:
    """Read one parcel into memory that nobody fills with zeros before."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ParcelError
    (size,) = _HEAD.unpack(head)
    data = np.empty(size, np.uint8).data
    at = 0
    while at < size:
        part = cast("io.BufferedReader", stream).readinto(data[at : at + _PART])
        if not part:
            raise ParcelError
        at += part
    return data


_Slice = tuple[bytes, list[memoryview]]
"""A pickle, and the arrays it left out."""


class _Packer(pickle.Pickler):
    def __init__(
        self,
        file: IO[bytes],
        graph: Graph,
        slices: list[_Slice],
        whole: object,
        arrays: list[memoryview],
    ) -> None:
        def left_out(buffer: pickle.PickleBuffer) -> bool:
            """Take an array out of the pickle; True leaves it there."""
            data = buffer.raw()
            if data.nbytes < _LARGE:
                return True
            arrays.append(data)
            return False

        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL, buffer_callback=left_out)
        self._graph = graph
        self._slices = slices
        self._whole = whole

    def persistent_id(self, value: object) -> tuple[Any, ...] | None:
        if value is self._graph:
            return (_GRAPH,)
        kind = type(value)
        if (kind is dict or kind is tuple) and value is not self._whole:
            many = cast("dict[Any, Any] | tuple[Any, ...]", value)
            if len(many) > _SLICE:
                items = list(many.items()) if isinstance(many, dict) else list(many)
                return (kind.__name__, self._cut(items))
        return None

    def _cut(self, items: list[Any]) -> tuple[int, ...]:
        numbers = []
        for start in range(0, len(items), _SLICE):
            part = items[start : start + _SLICE]
            self._slices.append(_packed(part, self._graph, self._slices))
            numbers.append(len(self._slices) - 1)
        return tuple(numbers)

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, SurgeonError):
            return _error, (type(value), value.args, dict(value.__dict__))
        if isinstance(value, MappingProxyType):
            return MappingProxyType, (dict(value),)
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def __init__(
        self, data: bytes, graph: Graph, found: list[Any], arrays: list[memoryview]
    ) -> None:
        super().__init__(io.BytesIO(data), buffers=arrays)
        self._graph = graph
        self._found = found

    def persistent_load(self, key: Any) -> Any:
        if key[0] == _GRAPH:
            return self._graph
        # Slice by slice, as to put all in at once would keep the lock.
        if key[0] == "dict":
            whole: dict[Any, Any] = {}
            for number in key[1]:
                whole.update(self._found[number])
            return whole
        items: list[Any] = []
        for number in key[1]:
            items += self._found[number]
        return tuple(items)


def _packed(value: object, graph: Graph, slices: list[_Slice]) -> _Slice:
    buffer, arrays = io.BytesIO(), list[memoryview]()
    whole = value if not isinstance(value, dict | tuple) else None
    _Packer(buffer, graph, slices, whole, arrays).dump(value)
    return buffer.getvalue(), arrays


def _error(kind: type[SurgeonError], args: tuple[Any, ...], state: dict[str, Any]) -> SurgeonError:
    made = kind.__new__(kind, *args)
    made.args = args
    made.__dict__.update(state)
    return made
