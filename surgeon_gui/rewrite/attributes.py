"""Attribute values as people write them in rule files and scripts, and back.

A plain TOML value is what it looks like: `1` an integer, `1.0` a float, `true`, `"text"`, a list.
What TOML has no form for is a table of one word: `{dtype = "float32"}`, `{shape = [-1, 28]}`,
`{shape = "?"}` (unknown rank), `{tensor = [1, 2], dtype = "int32"}`, `{raw = "base64"}`. A kind can
be forced: `{int = …}`, `{float = …}`, `{bool = …}`, `{str = …}`, `{ints = …}`, `{floats = …}`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from surgeon_gui.graph.attrmessages import attr_from_message, attr_to_message
from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorValue,
    float32,
)
from surgeon_gui.proto import graphdef_pb2 as pb

SUFFIXES = ("_u_int", "_u_float", "_u_str", "_u_bool", "_u_ilist", "_u_flist")
_PLAIN_KEYS = frozenset({"dtype", "shape"})


def value_from_toml(value: Any) -> AttrValue:
    """Return the attribute value a TOML value stands for.

    Raises:
        ValueError: it stands for none; the message says what is wrong.
    """
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float32(value)
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return _list_value(value)
    if isinstance(value, dict):
        return _typed_value(value)
    raise ValueError(f"{value!r} is no attribute value")


def _list_value(items: list[Any]) -> tuple[Any, ...]:
    if any(isinstance(item, list) for item in items):
        raise ValueError("a list in a list is no attribute value; use {tensor = …}")
    if {type(item) for item in items} == {int, float}:
        return tuple(float32(float(item)) for item in items)
    values = tuple(value_from_toml(item) for item in items)
    if len({type(item) for item in values}) > 1:
        raise ValueError("a list must hold values of one kind")
    return values


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


_WRITABLE = frozenset(
    {
        DType.FLOAT32,
        DType.FLOAT64,
        DType.FLOAT16,
        DType.INT32,
        DType.INT64,
        DType.INT8,
        DType.UINT8,
        DType.BOOL,
    }
)
"""Dtypes whose elements TOML can state exactly (it knows inf and nan)."""

_TYPED: dict[str, Callable[[Any], AttrValue]] = {
    "int": lambda value: int(value),
    "float": lambda value: float32(float(_number(value))),
    "bool": lambda value: bool(value),
    "str": lambda value: str(value).encode(),
    "ints": lambda value: tuple(int(item) for item in value),
    "floats": lambda value: tuple(float32(float(_number(item))) for item in value),
    "dtype": lambda value: DType.from_text(str(value)),
    "shape": lambda value: Shape(None if value == "?" else tuple(int(dim) for dim in value)),
    "raw": lambda value: attr_from_message(pb.AttrValue.FromString(base64.b64decode(value))),
    "bytes": lambda value: base64.b64decode(value),
}


def _typed_value(table: Mapping[str, Any]) -> AttrValue:
    if "tensor" in table:
        unknown = set(table) - {"tensor", "dtype", "shape"}
        if unknown:
            raise ValueError(f"a tensor has no {min(unknown)}")
        dtype = DType.from_text(table["dtype"]) if "dtype" in table else None
        array = np.array(table["tensor"])
        if dtype is None and array.dtype.kind in "fi":
            dtype = DType.FLOAT32 if array.dtype.kind == "f" else DType.INT32
        if "shape" in table:
            array = np.broadcast_to(array, table["shape"]) if array.ndim == 0 else array
            array = array.reshape(table["shape"])
        return TensorValue.from_array(np.ascontiguousarray(array).reshape(array.shape), dtype)
    if len(table) != 1 or (kind := next(iter(table))) not in _TYPED:
        raise ValueError(
            f"{{{', '.join(table)}}} is no value; write one of {', '.join([*_TYPED, 'tensor'])}"
        )
    try:
        return _TYPED[kind](table[kind])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{table[kind]!r} is no {kind}") from error


def value_to_toml(value: AttrValue) -> Any:
    """Return the TOML value that `value_from_toml` reads as `value`."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, DType):
        return {"dtype": value.text if value.name in DType.__members__ else str(value.value)}
    if isinstance(value, Shape):
        return {"shape": "?" if value.dims is None else list(value.dims)}
    if isinstance(value, TensorValue) and value.dtype in _WRITABLE and value.size:
        items = value.array.astype(np.float64) if value.dtype.is_floating else value.array
        return {"tensor": items.tolist(), "dtype": value.dtype.text}
    if isinstance(value, tuple) and all(
        isinstance(item, bool | int | float | bytes | DType | Shape) for item in value
    ):
        return [value_to_toml(item) for item in value]
    return {"raw": base64.b64encode(attr_to_message(value).SerializeToString()).decode()}


def _short(value: float) -> float:
    """Return the float of fewest digits with the same 32-bit value."""
    return float(str(np.float32(value))) if float32(value) == value else value


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"bytes": base64.b64encode(value).decode()}


def plugin_attributes(fields: Mapping[str, AttrValue]) -> dict[str, AttrValue]:
    """Return a plugin node's attributes: each key with the suffix that says its kind.

    The convention is graphsurgeon's create_plugin_node: `negSlope = 0.1` becomes
    `negSlope_u_float`, which the UFF converter writes as it stands. Dtypes, tensors, `dtype` and
    `shape` get no suffix; booleans become integers; keys that have a suffix keep it.
    """
    return {plugin_key(key, value): _plugin_value(value) for key, value in fields.items()}


def _plugin_value(value: AttrValue) -> AttrValue:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple) and any(isinstance(item, bool) for item in value):
        return tuple(int(item) for item in value if isinstance(item, bool | int))
    return value


def plugin_key(key: str, value: AttrValue) -> str:
    """Return the name of a plugin's attribute with graphsurgeon's suffix for the value's kind."""
    if key in _PLAIN_KEYS or key.startswith("_") or key.endswith(SUFFIXES):
        return key
    if isinstance(value, DType | Shape | TensorValue | FuncRef | RawAttr):
        return key
    if isinstance(value, tuple):
        kinds = {type(item) for item in value}
        if float in kinds:
            return f"{key}_u_flist"
        return f"{key}_u_ilist" if kinds <= {int, bool} else key
    if isinstance(value, bytes):
        return f"{key}_u_str"
    return f"{key}_u_float" if isinstance(value, float) else f"{key}_u_int"


def plugin_field(key: str) -> str:
    """Return a plugin attribute's name without its suffix: `negSlope`."""
    for suffix in SUFFIXES:
        if key.endswith(suffix):
            return key.removesuffix(suffix)
    return key
