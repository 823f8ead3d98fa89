"""The protobuf wire format, read in place: fields of a message as ranges of the bytes they lie in.

Large files are not parsed by protobuf, which would copy every constant; see
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LENGTH_DELIMITED = 2
"""The wire type of strings, bytes and messages."""


class Field(NamedTuple):
    """One field of a message: data[start:end] is its value, data[tag:end] all of it."""

    number: int
    wire: int
    tag: int
    start: int
    end: int


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """Return the number at `position` and where it ends; IndexError where there is none."""
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
        if shift > 63:
            raise IndexError


def read_fields(data: memoryview, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in data[start:end]; IndexError where it is no message."""
    position = start
    while position < end:
        tag = position
        key, position = read_varint(data, position)
        wire = key & 7
        if wire == LENGTH_DELIMITED:
            length, position = read_varint(data, position)
            value, position = position, position + length
        elif wire == 0:
            value = position
            _, position = read_varint(data, position)
        elif wire == 1:
            value, position = position, position + 8
        elif wire == 5:
            value, position = position, position + 4
        else:
            raise IndexError
        if position > end or key < 8:
            raise IndexError
        yield Field(key >> 3, wire, tag, value, position)


def varint(value: int) -> bytes:
    """Return a number of at least zero as a varint."""
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | 0x80 if value else byte)
        if not value:
            return bytes(out)


def field_head(number: int, length: int) -> bytes:
    """Return the tag and length of a length-delimited field."""
    return varint(number << 3 | LENGTH_DELIMITED) + varint(length)
