"""Making nodes, and reading what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from surgeon_gui.compat.graphsurgeon.dynamic_graph import remove_duplicates
from surgeon_gui.compat.graphsurgeon.messages import (
    NodeDef,
    as_nodes,
    name_of,
    new_nodedef,
)
from surgeon_gui.graph.values import Array, DType, TensorValue, tensor_from_message
from surgeon_gui.proto import graphdef_pb2 as pb

__all__ = [
    "create_node",
    "create_plugin_node",
    "extract_numpy_array",
    "remove_duplicates",
    "shape",
    "update_node",
]


def create_plugin_node(name: str, op: str | None = None, **kwargs: object) -> NodeDef:
    """Return a new node whose attributes carry the suffixes a TensorRT plugin reads.

    Args:
        name: of the node.
        op: the plugin; default: the name.
        **kwargs: attributes; `dtype` (a tf.DType), `shape` and `inputs` are special.

    Raises:
        TypeError: an attribute has a value no attribute can hold.
    """
    return create_node(name, op, trt_plugin=True, **kwargs)


def create_node(
    name: str, op: str | None = None, trt_plugin: bool = False, **kwargs: object
) -> NodeDef:
    """Return a new node; see `create_plugin_node`.

    Args:
        name: of the node.
        op: default: the name.
        trt_plugin: give attributes the suffixes a TensorRT plugin reads.
        **kwargs: attributes.
    """
    if not trt_plugin:
        print(f"Use create_plugin_node if {name} is a TensorRT plugin.")
    return update_node(new_nodedef(), name, op or name, trt_plugin, **kwargs)


def update_node(
    node: NodeDef,
    name: str | None = None,
    op: str | None = None,
    trt_plugin: bool = False,
    **kwargs: object,
) -> NodeDef:
    """Change a node and return it; see `create_plugin_node`.

    A given shape is appended to the one the node has, and inputs to those it has.
    """
    node.name = name or node.name
    node.op = op or node.op or node.name
    for key, value in kwargs.items():
        _set(node, key, value, suffixes=trt_plugin)
    return node


def _set(node: NodeDef, key: str, value: Any, *, suffixes: bool) -> None:
    def attr(suffix: str) -> Any:
        return node.attr[key + suffix if suffixes else key]

    number = _dtype_number(value)
    if number is not None:
        node.attr[key].type = number
    elif key == "shape":
        dims = node.attr["shape"].shape
        dims.SetInParent()
        for size in value:
            dims.dim.add(size=int(size))
    elif key == "inputs":
        node.input.extend(_input_names(value))
    elif isinstance(value, int | np.integer | np.bool_):
        attr("_u_int").i = int(value)
    elif isinstance(value, float | np.floating):
        attr("_u_float").f = float(value)
    elif isinstance(value, list | tuple):
        _set_list(attr, key, list(value))
    elif isinstance(value, str):
        attr("_u_str").s = value.encode()
    elif isinstance(value, np.ndarray):
        # By way of bytes, as the node may be TensorFlow's.
        message = TensorValue.from_array(value).to_message()
        node.attr[key].tensor.ParseFromString(message.SerializeToString())
    else:
        raise TypeError(f"{key}: a {type(value).__name__} cannot be an attribute.")


def _set_list(attr: Any, key: str, values: list[Any]) -> None:
    if not all(isinstance(item, int | float | np.integer | np.floating) for item in values):
        raise TypeError(f"{key}: a list attribute holds numbers only.")
    if any(isinstance(item, float | np.floating) for item in values):
        attr("_u_flist").list.f.extend(float(item) for item in values)
        return
    target = attr("_u_ilist").list
    target.SetInParent()
    target.i.extend(int(item) for item in values)


def _dtype_number(value: object) -> int | None:
    if isinstance(value, DType):
        number: int = value.value
        return number
    number_of = getattr(value, "as_datatype_enum", None)
    return number_of if isinstance(number_of, int) else None


def _input_names(value: Any) -> list[str]:
    try:
        inputs: Iterable[Any] = as_nodes(value)
    except TypeError as error:
        raise TypeError("inputs: give nodes or their names.") from error
    names: list[str] = []
    for item in inputs:
        if not isinstance(item, str | NodeDef):
            raise TypeError(f"inputs: a {type(item).__name__} is no node.")
        names.append(name_of(item))
    return names


def extract_numpy_array(node: NodeDef) -> Array:
    """Return the elements of a Const node, in one dimension."""
    message = pb.NodeDef.FromString(node.SerializeToString())
    tensor = message.attr["value"].tensor
    if "dtype" in message.attr:
        tensor.dtype = message.attr["dtype"].type
    return tensor_from_message(tensor).array.reshape(-1)


def shape(node: NodeDef) -> tuple[int, ...]:
    """Return a node's shape attribute, -1 for unknown dimensions; () if it has none."""
    if "shape" not in node.attr:
        return ()
    return tuple(int(dim.size) for dim in node.attr["shape"].shape.dim)
