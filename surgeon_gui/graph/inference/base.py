"""What inference functions share: their registry and the algebra of partly known shapes.

An inference function takes the node, its input types, and the values known so far (None, or an
array, masked where an element is unknown), and returns the output types. An unknown dimension is
-1, an unknown rank is `Shape(None)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.registry import Registry

Types = Sequence[TensorType]
Values = Sequence[Array | None]
Inference = Callable[[Node, Types, Values], Types]

INFERENCES: Registry[Inference] = Registry("surgeon_gui.graph.inference")


def infers(*names: str) -> Callable[[Inference], Inference]:
    """Register an inference function for ops, each argument one name or several with spaces."""
    return INFERENCES.register(*" ".join(names).split())


UNKNOWN = Shape(None)
SCALAR = Shape(())


class Mismatch(ValueError):
    """The inputs do not fit together, or not this op; the message says how."""


def dtype_of(node: Node, inputs: Types, *keys: str, index: int = 0) -> DType:
    """Return a dtype attribute (default T), else the dtype of an input."""
    found = attrs.dtype(node, *(keys or ("T",)))
    if found is DType.INVALID and index < len(inputs):
        return inputs[index].dtype
    return found


def same_as(node: Node, inputs: Types, *keys: str, index: int = 0) -> Types:
    """One output with the shape of an input."""
    return (TensorType(dtype_of(node, inputs, *keys, index=index), inputs[index].shape),)


def ranked(shape: Shape, rank: int) -> tuple[int, ...]:
    """Return the dimensions of a shape that has to have this rank, unknown ones where it is open.

    Raises:
        Mismatch: it has another rank.
    """
    if shape.dims is None:
        return (-1,) * rank
    if len(shape.dims) != rank:
        raise Mismatch(f"needs rank {rank}, got {shape}")
    return shape.dims


def meet_dims(first: int, second: int) -> int:
    """Return the dimension both describe.

    Raises:
        Mismatch: they differ.
    """
    if first < 0 or first == second:
        return second
    if second < 0:
        return first
    raise Mismatch(f"dimension {first} is not {second}")


def meet(*shapes: Shape) -> Shape:
    """Return what is known about one shape from several descriptions of it.

    Raises:
        Mismatch: they contradict one another.
    """
    found = UNKNOWN
    for shape in shapes:
        if found.dims is None:
            found = shape
        elif shape.dims is not None and found.dims != shape.dims:
            if len(found.dims) != len(shape.dims):
                raise Mismatch(f"{found} is not {shape}")
            found = Shape(tuple(map(meet_dims, found.dims, shape.dims)))
    return found


def join(*shapes: Shape) -> Shape:
    """Return the most specific shape that covers all of them."""
    found = shapes[0]
    for shape in shapes[1:]:
        if found.dims is None or shape.dims is None or len(found.dims) != len(shape.dims):
            return UNKNOWN
        if found.dims != shape.dims:
            found = Shape(
                tuple(a if a == b else -1 for a, b in zip(found.dims, shape.dims, strict=True))
            )
    return found


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape elementwise ops give, numpy's rule.

    Raises:
        Mismatch: the shapes do not broadcast.
    """
    found = shapes[0]
    for shape in shapes[1:]:
        if found.dims is None or shape.dims is None:
            return UNKNOWN
        if found.dims == shape.dims:
            continue
        rank = max(len(found.dims), len(shape.dims))
        first = (1,) * (rank - len(found.dims)) + found.dims
        second = (1,) * (rank - len(shape.dims)) + shape.dims
        dims = []
        for a, b in zip(first, second, strict=True):
            if a == b or b == 1:
                dims.append(a)
            elif a == 1:
                dims.append(b)
            elif a < 0 or b < 0:
                dims.append(max(a, b))
            else:
                raise Mismatch(f"{found} and {shape} do not broadcast")
        found = Shape(tuple(dims))
    return found


def elements(value: Array | None) -> list[int | None] | None:
    """Return a known integer vector (or scalar) as a list, None for each unknown element."""
    if value is None:
        return None
    if isinstance(value, np.ma.MaskedArray):
        flat = np.ravel(value.data).tolist()
        masked = np.ravel(np.ma.getmaskarray(value)).tolist()
        return [None if hidden else int(item) for item, hidden in zip(flat, masked, strict=True)]
    return [int(item) for item in value.reshape(-1).tolist()]


def known(value: Array | None) -> list[int] | None:
    """Return an integer vector as a list, None unless every element is known."""
    found = elements(value)
    if found is None:
        return None
    whole = [item for item in found if item is not None]
    return whole if len(whole) == len(found) else None


def scalar(values: Values, index: int) -> int | None:
    """Return a known integer scalar input."""
    if index >= len(values):
        return None
    found = known(values[index])
    return found[0] if found and len(found) == 1 else None


def shape_from_value(shape: Shape, value: Array | None) -> Shape:
    """Return the shape an integer vector input names, with unknown elements as -1.

    Args:
        shape: the vector's own shape, which tells the rank when the value is unknown.
        value: its value.
    """
    found = elements(value)
    if found is not None:
        return Shape(tuple(-1 if item is None else item for item in found))
    if shape.dims is not None and len(shape.dims) == 1 and shape.dims[0] >= 0:
        return Shape((-1,) * shape.dims[0])
    return UNKNOWN


def normal_axis(axis: int, rank: int) -> int:
    """Return an axis counted from the front.

    Raises:
        Mismatch: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise Mismatch(f"axis {axis} is outside rank {rank}")
    return axis % rank


def sum_dims(dims: Sequence[int]) -> int:
    return -1 if any(dim < 0 for dim in dims) else sum(dims)


def scaled(dim: int, factor: int) -> int:
    return -1 if dim < 0 else dim * factor
