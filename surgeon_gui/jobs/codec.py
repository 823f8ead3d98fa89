"""Frozen dataclasses to JSON and back, checked against their annotations.

Paths become absolute, so that a stored spec can be run again from any folder. JSON has no NaN and
no infinity; they travel as the strings `NaN`, `Infinity` and `-Infinity`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from surgeon_gui.errors import ProtocolError

T = TypeVar("T")

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(value: object) -> Any:
    """Return `value` (a dataclass of the kinds `decode` reads) as JSON's own types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: encode(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.path.abspath(value)
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode(kind: type[T], data: object, where: str = "") -> T:
    """Return the `kind` that `data` (as `encode` wrote it) describes.

    Raises:
        ProtocolError: a field is missing, unknown or of another type; `where` says which.
    """
    value: T = _decode(kind, data, where or kind.__name__)
    return value


def _decode(kind: Any, data: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, data, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        (inner,) = (item for item in arguments if item is not type(None))
        return _decode(inner, data, where)
    if origin is tuple and isinstance(data, list):
        if arguments[1:] == (...,):
            arguments = (arguments[0],) * len(data)
        if len(arguments) == len(data):
            return tuple(
                _decode(inner, item, f"{where}[{index}]")
                for index, (inner, item) in enumerate(zip(arguments, data, strict=True))
            )
    elif origin is Mapping and isinstance(data, dict):
        return {key: _decode(arguments[1], item, f"{where}[{key}]") for key, item in data.items()}
    elif kind is Path and isinstance(data, str):
        return Path(data)
    elif kind is float and isinstance(data, str) and data in _NON_FINITE:
        return _NON_FINITE[data]
    elif kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    elif kind in (bool, int, str) and type(data) is kind:
        return data
    raise ProtocolError(f"A value of another kind was expected here: {data!r:.100}.", where=where)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_dataclass(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ProtocolError(f"An object was expected here: {data!r:.100}.", where=where)
    fields = {item.name: item for item in dataclasses.fields(kind) if item.init}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise ProtocolError(f"Unknown fields: {', '.join(unknown)}.", where=where)
    missing = [
        name
        for name, item in fields.items()
        if name not in data
        and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ProtocolError(f"Missing fields: {', '.join(missing)}.", where=where)
    hints = _hints(kind)
    return kind(
        **{name: _decode(hints[name], item, f"{where}.{name}") for name, item in data.items()}
    )
