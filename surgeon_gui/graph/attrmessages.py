"""Attribute values to and from AttrValue messages."""

from __future__ import annotations

from typing import Any

from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorValue,
    shape_from_message,
    shape_to_message,
    tensor_from_message,
)
from surgeon_gui.proto import graphdef_pb2 as pb


def attr_from_message(message: pb.AttrValue) -> AttrValue:
    """Return the typed value of an AttrValue message."""
    kind = message.WhichOneof("value")
    if kind == "i":
        return message.i
    if kind == "f":
        return message.f
    if kind == "b":
        return message.b
    if kind == "s":
        return message.s
    if kind == "type":
        return DType(message.type)
    if kind == "shape":
        return shape_from_message(message.shape)
    if kind == "tensor":
        return tensor_from_message(message.tensor)
    if kind == "func":
        return FuncRef(message.func.name, message.func.SerializeToString(deterministic=True))
    if kind == "list":
        return _list_from_message(message)
    return RawAttr(message.SerializeToString(deterministic=True))


def _list_from_message(message: pb.AttrValue) -> AttrValue:
    values = message.list
    kinds: list[tuple[Any, ...]] = [
        tuple(values.i),
        tuple(values.f),
        tuple(values.b),
        tuple(values.s),
        tuple(DType(number) for number in values.type),
        tuple(shape_from_message(shape) for shape in values.shape),
        tuple(tensor_from_message(tensor) for tensor in values.tensor),
        tuple(
            FuncRef(func.name, func.SerializeToString(deterministic=True)) for func in values.func
        ),
    ]
    filled = [kind for kind in kinds if kind]
    if len(filled) > 1:
        return RawAttr(message.SerializeToString(deterministic=True))
    return filled[0] if filled else ()


def attr_to_message(value: AttrValue) -> pb.AttrValue:
    """Return the AttrValue message of a typed value.

    Raises:
        TypeError: the value has no attribute form.
    """
    message = pb.AttrValue()
    if isinstance(value, bool):
        message.b = value
    elif isinstance(value, DType):
        message.type = value.number
    elif isinstance(value, int):
        message.i = value
    elif isinstance(value, float):
        message.f = value
    elif isinstance(value, bytes):
        message.s = value
    elif isinstance(value, Shape):
        message.shape.CopyFrom(shape_to_message(value))
    elif isinstance(value, TensorValue):
        message.tensor.CopyFrom(value.to_message())
    elif isinstance(value, FuncRef):
        message.func.CopyFrom(_func_to_message(value))
    elif isinstance(value, RawAttr):
        message.ParseFromString(value.message)
    elif isinstance(value, tuple):
        message.list.SetInParent()
        for item in value:
            _append_to_list(message.list, item)
    else:
        raise TypeError(f"{value!r} cannot be an attribute")
    return message


def _append_to_list(values: pb.AttrValue.ListValue, item: object) -> None:
    if isinstance(item, bool):
        values.b.append(item)
    elif isinstance(item, DType):
        values.type.append(item.number)
    elif isinstance(item, int):
        values.i.append(item)
    elif isinstance(item, float):
        values.f.append(item)
    elif isinstance(item, bytes):
        values.s.append(item)
    elif isinstance(item, Shape):
        values.shape.append(shape_to_message(item))
    elif isinstance(item, TensorValue):
        values.tensor.append(item.to_message())
    elif isinstance(item, FuncRef):
        values.func.append(_func_to_message(item))
    else:
        raise TypeError(f"{item!r} cannot stand in a list attribute")


def _func_to_message(value: FuncRef) -> pb.NameAttrList:
    message = pb.NameAttrList.FromString(value.message)
    message.name = value.name
    return message
