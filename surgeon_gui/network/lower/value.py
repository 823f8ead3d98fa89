"""What a TensorFlow tensor is while its graph is lowered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.network.ir import Dims, Tensor

Array = npt.NDArray[Any]
Permutation = tuple[int, ...]
Guard = tuple[TensorRef, bool]
"""A conditional's predicate, and what it must be for a value to exist."""

# TensorRT computes in these; everything narrower or stranger is held in a wider one.
_HELD_AS = {
    DType.FLOAT32: DType.FLOAT32,
    DType.FLOAT64: DType.FLOAT32,
    DType.FLOAT16: DType.FLOAT16,
    DType.BFLOAT16: DType.BFLOAT16,
    DType.INT32: DType.INT32,
    DType.INT64: DType.INT64,
    DType.BOOL: DType.BOOL,
    DType.UINT8: DType.INT32,
    DType.INT8: DType.INT32,
    DType.INT16: DType.INT32,
    DType.UINT16: DType.INT32,
    DType.UINT32: DType.INT64,
    DType.QUINT8: DType.INT32,
    DType.QINT8: DType.INT32,
    DType.QUINT16: DType.INT32,
    DType.QINT16: DType.INT32,
    DType.QINT32: DType.INT32,
}


def held_dtype(dtype: DType) -> DType | None:
    """Return the dtype a network tensor has for a GraphDef tensor of `dtype`; None: it cannot."""
    return _HELD_AS.get(dtype)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """A GraphDef tensor: known numbers, or a network tensor in some layout.

    Attributes:
        dtype: as TensorFlow has it; the network tensor's may be wider (`held_dtype`).
        shape: TensorFlow's dimensions, all known.
        array: the numbers in TensorFlow's layout, when they do not depend on the inputs.
        tensor: the network tensor otherwise.
        axes: dimension i of this value is dimension `axes[i]` of `tensor`.
        guards: the branches of conditionals it lies on, when which is taken depends on data.
        items: what a list holds, for the lists of loops; None for a tensor, and for a list whose
            elements are written and read at places that depend on data.
        stack: the elements of such a list, along dimension 0.
        guessed: it stands in for, or depends on, what a refused node would have made.
        dead: it lies on the branch of a conditional that is never taken.
    """

    dtype: DType
    shape: Dims
    array: Array | None = None
    tensor: Tensor | None = None
    axes: Permutation = ()
    guards: frozenset[Guard] = frozenset()
    items: tuple[Value | None, ...] | None = None
    stack: Value | None = None
    guessed: bool = False
    dead: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        size = 1
        for dim in self.shape:
            size *= dim
        return size

    @property
    def type(self) -> TensorType:
        return TensorType(self.dtype, Shape(self.shape))

    @property
    def is_list(self) -> bool:
        return self.items is not None or self.stack is not None

    @property
    def is_constant(self) -> bool:
        return self.array is not None

    @classmethod
    def known(cls, array: npt.ArrayLike, dtype: DType | None = None) -> Value:
        """Return the value of known numbers."""
        values = np.asarray(array)
        return cls(dtype or DType.from_numpy(values.dtype), tuple(values.shape), array=values)

    @classmethod
    def of(cls, tensor: Tensor, dtype: DType, axes: Permutation | None = None) -> Value:
        """Return the value held in a network tensor, dimension i in dimension `axes[i]`."""
        if axes is None:
            return cls(dtype, tensor.shape, tensor=tensor, axes=tuple(range(tensor.rank)))
        return cls(dtype, tuple(tensor.shape[axis] for axis in axes), tensor=tensor, axes=axes)


Growing = Mapping[TensorRef, Dims]
"""Dimensions of tensors, those that follow an open one -1; no tensors without any."""

Items = tuple[Value | None, ...]
"""The elements of a list; None for one that was never written."""

DEAD = Value(DType.INVALID, (), dead=True)


def inverse(permutation: Sequence[int]) -> Permutation:
    """Return the permutation that undoes this one."""
    result = [0] * len(permutation)
    for position, axis in enumerate(permutation):
        result[axis] = position
    return tuple(result)


def is_identity(permutation: Sequence[int]) -> bool:
    return all(position == axis for position, axis in enumerate(permutation))


def channels_first(rank: int, data_format: str) -> Permutation:
    """Return the axes that hold a tensor of this layout as batch, channels, spatial.

    Args:
        rank: of the tensor, spatial dimensions plus two.
        data_format: `NHWC`, `NDHWC`, `NCHW` …
    """
    if data_format.endswith("C"):
        return (0, *range(2, rank), 1)
    return tuple(range(rank))
