"""TensorArrays and TensorLists of unrolled loops: plain lists of values, known while lowering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import unstack
from surgeon_gui.network.lower.value import Items, Value


def listed(items: Sequence[Value | None]) -> Value:
    """Return the value of a list."""
    return Value(DType.VARIANT, (), items=tuple(items))


def _items(node: Call, index: int) -> Items:
    items = node.input(index).items
    if items is None:
        raise node.refuse(
            f"{node.op} reads a list that is not known.", "Cut the graph before and after the loop."
        )
    return items


def _element(node: Call, items: Items, index: int) -> Value:
    """Return one element; one never written is zero, when its shape can be told."""
    if not 0 <= index < len(items):
        raise node.refuse(f"It reads element {index} of a list of {len(items)}.")
    found = items[index]
    if found is not None:
        return found
    example = next((item for item in items if item is not None), None)
    if example is None:
        raise node.refuse(f"It reads element {index}, which was never written.")
    return Value.known(np.zeros(example.shape, example.dtype.numpy), example.dtype)


def _stacked(node: Call, b: Lower, items: Items, indices: Sequence[int]) -> Value:
    elements = [_element(node, items, index) for index in indices]
    if not elements:
        raise node.refuse("It stacks an empty list.")
    rows = [b.view(item, (1, *item.shape)) for item in elements]
    return concatenate(b, rows, 0)


def _written(node: Call, items: Items, index: int, value: Value) -> Value:
    if index < 0:
        raise node.refuse(f"It writes element {index} of a list.")
    grown = [*items, *[None] * (index + 1 - len(items))]
    grown[index] = value
    return listed(grown)


@converter("TensorArrayV3")
def tensor_array(node: Call, b: Lower) -> tuple[Value, Value]:
    """The handle says nothing: what the array holds flows along with output 1."""
    size = node.constant_int(0, "the size")
    return Value.known(np.zeros(2, np.int32)), listed([None] * size)


@converter("TensorArrayScatterV3")
def tensor_array_scatter(node: Call, b: Lower) -> Value:
    indices = node.constant_ints(1, "the indices")
    items = list(_items(node, 3))
    items += [None] * (max(indices, default=-1) + 1 - len(items))
    for index, part in zip(indices, unstack(b, node.input(2), 0), strict=True):
        items[index] = part
    return listed(items)


@converter("TensorArrayReadV3")
def tensor_array_read(node: Call, b: Lower) -> Value:
    return _element(node, _items(node, 2), node.constant_int(1, "the index"))


@converter("TensorArrayWriteV3")
def tensor_array_write(node: Call, b: Lower) -> Value:
    return _written(node, _items(node, 3), node.constant_int(1, "the index"), node.input(2))


@converter("TensorArrayGatherV3")
def tensor_array_gather(node: Call, b: Lower) -> Value:
    return _stacked(node, b, _items(node, 2), node.constant_ints(1, "the indices"))


@converter("TensorArraySizeV3")
def tensor_array_size(node: Call, b: Lower) -> Value:
    return Value.known(np.int32(len(_items(node, 1))))


@converter("TensorListReserve")
def list_reserve(node: Call, b: Lower) -> Value:
    return listed([None] * node.constant_int(1, "the number of elements"))


@converter("EmptyTensorList")
def list_empty(node: Call, b: Lower) -> Value:
    return listed([])


@converter("TensorListFromTensor")
def list_from_tensor(node: Call, b: Lower) -> Value:
    return listed(unstack(b, node.input(0), 0))


@converter("TensorListGetItem")
def list_get(node: Call, b: Lower) -> Value:
    return _element(node, _items(node, 0), node.constant_int(1, "the index"))


@converter("TensorListSetItem")
def list_set(node: Call, b: Lower) -> Value:
    return _written(node, _items(node, 0), node.constant_int(1, "the index"), node.input(2))


@converter("TensorListPushBack")
def list_push(node: Call, b: Lower) -> Value:
    return listed([*_items(node, 0), node.input(1)])


@converter("TensorListPopBack")
def list_pop(node: Call, b: Lower) -> tuple[Value, Value]:
    items = _items(node, 0)
    return listed(items[:-1]), _element(node, items, len(items) - 1)


@converter("TensorListStack")
def list_stack(node: Call, b: Lower) -> Value:
    items = _items(node, 0)
    return _stacked(node, b, items, range(len(items)))


@converter("TensorListLength")
def list_length(node: Call, b: Lower) -> Value:
    return Value.known(np.int32(len(_items(node, 0))))


@converter("TensorListResize")
def list_resize(node: Call, b: Lower) -> Value:
    items, size = _items(node, 0), node.constant_int(1, "the size")
    return listed([*items[:size], *[None] * (size - len(items))])
