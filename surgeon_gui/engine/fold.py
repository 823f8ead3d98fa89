"""Shape arithmetic on constants, as TensorRT's ONNX parser writes it in layers.

The parser computes where a slice begins and ends by layers on constant vectors; folded, its layers
have plain parameters again, which can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Dims, Kind
from surgeon_gui.network.layers import (
    Cast,
    Concatenation,
    Constant,
    ElementWise,
    ElementWiseOperation,
    Gather,
    GatherMode,
    Identity,
    SampleMode,
    Select,
    Shape,
    Shuffle,
    Slice,
    Unary,
    UnaryOperation,
)

_LARGEST = 64
"""Elements of the largest array folded: shapes are short."""

_OPERATIONS: dict[ElementWiseOperation, Callable[[Any, Any], Any]] = {
    ElementWiseOperation.SUM: np.add,
    ElementWiseOperation.PROD: np.multiply,
    ElementWiseOperation.SUB: np.subtract,
    ElementWiseOperation.MAX: np.maximum,
    ElementWiseOperation.MIN: np.minimum,
    ElementWiseOperation.FLOOR_DIV: np.floor_divide,
    ElementWiseOperation.LESS: np.less,
    ElementWiseOperation.GREATER: np.greater,
    ElementWiseOperation.EQUAL: np.equal,
    ElementWiseOperation.AND: np.logical_and,
    ElementWiseOperation.OR: np.logical_or,
}


def fold(kind: Kind, inputs: Sequence[Array | None], shape: Dims | None) -> Array | None:
    """Return the layer's output where it follows from constants alone.

    Args:
        kind: the layer.
        inputs: the values of its inputs; None where one is not constant.
        shape: dimensions of its first input.
    """
    if isinstance(kind, Constant):
        return kind.weights_
    if isinstance(kind, Shape):
        return np.array(shape, np.int64) if shape and min(shape) >= 0 else None
    arrays = [array for array in inputs if array is not None]
    if len(arrays) != len(inputs) or not arrays or max(a.size for a in arrays) > _LARGEST:
        return None
    if isinstance(kind, Identity):
        return arrays[0]
    if isinstance(kind, Cast) and kind.to_type.numpy is not None:
        return arrays[0].astype(kind.to_type.numpy)
    if isinstance(kind, Concatenation):
        return np.concatenate(arrays, axis=kind.axis)
    if isinstance(kind, Select):
        return np.where(*arrays)
    if isinstance(kind, Gather) and kind.mode is GatherMode.DEFAULT:
        return np.asarray(np.take(arrays[0], arrays[1], axis=kind.axis))
    if isinstance(kind, Shuffle) and kind.reshape_dims is not None:
        return arrays[0].reshape(kind.reshape_dims)
    return _computed(kind, arrays)


def _computed(kind: Kind, arrays: list[Array]) -> Array | None:
    integers = all(array.dtype.kind in "ib" for array in arrays)
    if isinstance(kind, Unary) and kind.op is UnaryOperation.NEG:
        return np.asarray(-arrays[0])
    if isinstance(kind, ElementWise) and kind.op in _OPERATIONS and integers:
        return np.asarray(_OPERATIONS[kind.op](*arrays))
    static = isinstance(kind, Slice) and kind.mode is SampleMode.STRICT_BOUNDS
    if isinstance(kind, Slice) and static and arrays[0].ndim == 1 and kind.start:
        places = kind.start[0] + kind.stride[0] * np.arange(kind.size[0])
        return np.asarray(arrays[0][places])
    return None
