"""Nodes UFF has no operation for: `_OP` with every attribute as a field, for a plugin to read."""

from __future__ import annotations

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.values import AttrValue, DType, RawAttr, Shape, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import Conversion
from surgeon_gui.uff.wiring import WiredNode


def custom(conversion: Conversion, node: WiredNode, inputs: list[str]) -> list[str]:
    """Write a node as a custom one; its inputs are all walked."""
    data: dict[str, pb.Data] = {}
    for key, value in node.attrs.items():
        field = _field(conversion, node, key, value)
        if field is not None:
            data[key] = field
    made = conversion.add(node.name, f"_{node.op}", inputs)
    for key, field in data.items():
        made.fields[key].CopyFrom(field)
    conversion.custom[node.name] = node.op
    return inputs


def _field(conversion: Conversion, node: WiredNode, key: str, value: AttrValue) -> pb.Data | None:
    if isinstance(value, bool):
        return fields.boolean(value)
    if isinstance(value, int):
        return fields.integer(value)
    if isinstance(value, float):
        return fields.real(value)
    if isinstance(value, bytes):
        return fields.text(_string(conversion, node, value))
    if isinstance(value, DType):
        return pb.Data() if value in (DType.BOOL, DType.STRING) else fields.dtype(value)
    if isinstance(value, Shape):
        return fields.integers(value.dims or ())
    if isinstance(value, TensorValue):
        raise Unsupported(
            node.name,
            f"Its attribute {key} is a tensor, which no UFF field can hold.",
            "Give the plugin a list of numbers instead.",
        )
    if isinstance(value, tuple):
        return _list(conversion, node, value) if value else None
    if isinstance(value, RawAttr):
        if not value.message:
            return None
        raise Unsupported(
            node.name,
            f"Its attribute {key} has a form no UFF field can hold.",
            f"Set {key} to one number, text or list, or remove it.",
        )
    return pb.Data()


def _list(conversion: Conversion, node: WiredNode, values: tuple[AttrValue, ...]) -> pb.Data:
    data = pb.Data()
    for value in values:
        if isinstance(value, bool):
            data.b_list.val.append(value)
        elif isinstance(value, int):
            data.i_list.val.append(value)
        elif isinstance(value, float):
            data.d_list.val.append(value)
        elif isinstance(value, bytes):
            data.s_list.val.append(_string(conversion, node, value))
    return data


def _string(conversion: Conversion, node: WiredNode, value: bytes) -> str:
    """Return text; NVIDIA's converter under Python 3 writes the bytes as `b'text'`."""
    if conversion.strict:
        return str(value)
    conversion.repaired("strings are written without Python's b''", node.name)
    return value.decode("utf-8", "backslashreplace")
