"""TensorArrays and TensorLists of loops.

While a loop is unrolled they are plain lists of values, known while lowering. In a loop that runs
as often as the data says, a list is one tensor of all its elements, its stack.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import unstack
from surgeon_gui.network.lower.value import Items, Value


def listed(items: Sequence[Value | None]) -> Value:
    """Return the value of a list."""
    return Value(DType.VARIANT, (), items=tuple(items))


def stacked(stack: Value) -> Value:
    """Return the value of a list whose elements lie along dimension 0 of a tensor."""
    return Value(DType.VARIANT, (), stack=stack)


def stack_of(b: Lower, value: Value, example: Value | None = None) -> Value | None:
    """Return a list's elements as one tensor, 0 where none was written.

    Args:
        b: the lowering.
        value: the list.
        example: what an element is like; None: as those that were written.
    """
    if value.stack is not None:
        return value.stack
    items = value.items or ()
    example = next((item for item in items if item is not None), example)
    if example is None or not items:
        return None
    shape, dtype = example.shape, example.dtype
    if any(item is not None and item.shape != shape for item in items):
        return None
    zeros = np.zeros((len(items), *shape), dtype.numpy)
    written = {index: item for index, item in enumerate(items) if item is not None}
    if not written:
        return Value.known(zeros, dtype)
    if b.growing and len(written) < len(items):
        # There may be any number of elements: those never written are no layers.
        stack = Value.known(zeros, dtype)
        for index, item in written.items():
            stack = _scattered(b, stack, Value.known(np.int32(index)), item, f"stack_{index}")
        return stack
    blank = Value.known(zeros[0], dtype)
    rows = [b.view(blank if item is None else item, (1, *shape)) for item in items]
    return concatenate(b, rows, 0, suffix="stack")


def _is_long(node: Call, b: Lower, place: int) -> bool:
    """Whether a tensor of elements has an open number of them."""
    return b.growing.get(node.node.inputs[place], (0,))[:1] == (-1,)


def _counts(node: Call, b: Lower, place: int) -> bool:
    """Whether an input of an open size counts: as that of a node does which reads all of a list."""
    value, source = node.input(place), b.scope.get(node.node.inputs[place].node)
    return value.array is None and source is not None and source.op == "Range"


def _items(node: Call, b: Lower, index: int) -> Items:
    value = node.input(index)
    if value.items is not None:
        return value.items
    if value.stack is not None:
        return tuple(unstack(b, value.stack, 0))
    raise node.refuse(
        f"{node.op} reads a list that is not known.", "Cut the graph before and after the loop."
    )


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


def _read(node: Call, b: Lower, place: int, at: int) -> Value:
    """Return the element that input `at` says of the list that is input `place`."""
    index = node.input(at)
    if index.array is not None:
        return _element(node, _items(node, b, place), node.constant_int(at, "the index"))
    stack = stack_of(b, node.input(place))
    if stack is None:
        raise node.refuse(
            "Which element it reads depends on data, and the elements' shape is not known.",
            "Give the list its element_shape, or cut the graph before and after the loop.",
        )
    kind = layers.Gather(axis=0)
    return Value.of(b.add(kind, b.logical(b.live(stack)), b.logical(index)), stack.dtype)


def _joined(node: Call, b: Lower, place: int, indices: Sequence[int] | None = None) -> Value:
    """Return the elements of a list along a new dimension 0; None: all of them."""
    value = node.input(place)
    stack = value.stack if value.items is None else None
    if stack is not None and (indices is None or list(indices) == list(range(stack.shape[0]))):
        return stack
    items = _items(node, b, place)
    elements = [_element(node, items, index) for index in indices or range(len(items))]
    if not elements:
        raise node.refuse("It stacks an empty list.")
    rows = [b.view(item, (1, *item.shape)) for item in elements]
    return concatenate(b, rows, 0)


def _write(node: Call, b: Lower, place: int, at: int, value: Value) -> Value:
    """Return the list with one element written where input `at` says."""
    index, before = node.input(at), node.input(place)
    if index.array is not None and before.items is not None:
        return _written(node, _items(node, b, place), node.constant_int(at, "the index"), value)
    stack = stack_of(b, before, value)
    if stack is None or stack.shape[1:] != value.shape:
        raise node.refuse(
            f"It writes an element of shape {list(value.shape)} to a list of other or no elements.",
            "Give the list its size and its element_shape from the start.",
        )
    return stacked(_scattered(b, stack, index, value))


def _scattered(b: Lower, stack: Value, index: Value, value: Value, suffix: str = "") -> Value:
    """Return the stack with one element written."""
    kind = layers.Scatter(mode=layers.ScatterMode.ND)
    where = b.view(b.live(index), (1, 1))
    updates = b.view(b.live(value), (1, *value.shape))
    parts = (b.logical(b.live(item)) for item in (stack, where, updates))
    return Value.of(b.add(kind, *parts, suffix=suffix), stack.dtype)


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
    if _is_long(node, b, 2) and _counts(node, b, 1):
        return stacked(b.live(node.input(2)))
    indices = node.constant_ints(1, "the indices")
    items = list(_items(node, b, 3))
    items += [None] * (max(indices, default=-1) + 1 - len(items))
    for index, part in zip(indices, unstack(b, node.input(2), 0), strict=True):
        items[index] = part
    whole = list(indices) == list(range(len(items)))
    return Value(
        DType.VARIANT, (), items=tuple(items), stack=node.input(2) if whole and items else None
    )


@converter("TensorArrayReadV3")
def tensor_array_read(node: Call, b: Lower) -> Value:
    return _read(node, b, 2, 1)


@converter("TensorArrayWriteV3")
def tensor_array_write(node: Call, b: Lower) -> Value:
    return _write(node, b, 3, 1, node.input(2))


@converter("TensorArrayGatherV3")
def tensor_array_gather(node: Call, b: Lower) -> Value:
    if node.input(2).stack is not None and _counts(node, b, 1):
        return _joined(node, b, 2)
    return _joined(node, b, 2, node.constant_ints(1, "the indices"))


@converter("TensorArraySizeV3")
def tensor_array_size(node: Call, b: Lower) -> Value:
    return Value.known(np.int32(_count(node, b, 1)))


@converter("TensorListReserve")
def list_reserve(node: Call, b: Lower) -> Value:
    return listed([None] * node.constant_int(1, "the number of elements"))


@converter("EmptyTensorList")
def list_empty(node: Call, b: Lower) -> Value:
    return listed([])


@converter("TensorListFromTensor")
def list_from_tensor(node: Call, b: Lower) -> Value:
    data = node.input(0)
    if _is_long(node, b, 0):
        return stacked(b.live(data))
    items = tuple(unstack(b, data, 0))
    return Value(DType.VARIANT, (), items=items, stack=data if items else None)


@converter("TensorListGetItem")
def list_get(node: Call, b: Lower) -> Value:
    return _read(node, b, 0, 1)


@converter("TensorListSetItem")
def list_set(node: Call, b: Lower) -> Value:
    return _write(node, b, 0, 1, node.input(2))


@converter("TensorListPushBack")
def list_push(node: Call, b: Lower) -> Value:
    return listed([*_items(node, b, 0), node.input(1)])


@converter("TensorListPopBack")
def list_pop(node: Call, b: Lower) -> tuple[Value, Value]:
    items = _items(node, b, 0)
    return listed(items[:-1]), _element(node, items, len(items) - 1)


@converter("TensorListStack")
def list_stack(node: Call, b: Lower) -> Value:
    return _joined(node, b, 0)


@converter("TensorListLength")
def list_length(node: Call, b: Lower) -> Value:
    return Value.known(np.int32(_count(node, b, 0)))


def _count(node: Call, b: Lower, place: int) -> int:
    value = node.input(place)
    if value.items is None and value.stack is not None:
        return value.stack.shape[0]
    return len(_items(node, b, place))


@converter("TensorListResize")
def list_resize(node: Call, b: Lower) -> Value:
    items, size = _items(node, b, 0), node.constant_int(1, "the size")
    return listed([*items[:size], *[None] * (size - len(items))])
