"""Layers that move elements without computing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import FLOAT_DTYPES, Dims, Kind, LayerError, TensorSpec
from surgeon_gui.network.layers.dims import checked_axis, permuted
from surgeon_gui.network.layers.enums import (
    CoordinateTransformation,
    InterpolationMode,
    RoundMode,
    SampleMode,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Shuffle(Kind):
    """Transpose, reshape, transpose; any part may be None.

    reshape_dims: a 0 copies the input's dimension when zero_is_placeholder, one -1 is inferred.
    With a second input, that shape tensor gives the dims; reshape_dims then only tells what is
    known of them (-1: nothing), or is None.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    first_transpose: tuple[int, ...] | None = None
    reshape_dims: Dims | None = None
    second_transpose: tuple[int, ...] | None = None
    zero_is_placeholder: bool = False

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        shape = permuted(inputs[0].shape, self.first_transpose)
        if len(inputs) == 2:
            shape = self.reshape_dims or (-1,) * inputs[1].shape[0]
            if len(shape) != inputs[1].shape[0]:
                raise LayerError(f"A vector of {inputs[1].shape[0]} is no {len(shape)} dims.")
        elif self.reshape_dims is not None:
            shape = self._reshaped(shape, self.reshape_dims)
        return [TensorSpec(inputs[0].dtype, permuted(shape, self.second_transpose))]

    def _reshaped(self, shape: Dims, wanted: Dims) -> Dims:
        refused = LayerError(f"{list(shape)} cannot be reshaped to {list(wanted)}.")
        if wanted.count(-1) > 1:
            raise LayerError(f"Reshape to {list(wanted)} has more than one -1.")
        copied = {i for i, dim in enumerate(wanted) if dim == 0 and self.zero_is_placeholder}
        if copied and max(copied) >= len(shape):
            raise refused
        dims = [shape[i] if i in copied else dim for i, dim in enumerate(wanted)]
        # Copied dimensions are the same on both sides: the others decide, whatever those are.
        rest = [dim for i, dim in enumerate(shape) if i not in copied]
        if all(dim >= 0 for dim in rest):
            others = [dim for i, dim in enumerate(wanted) if i not in copied]
            total, known = math.prod(rest), math.prod(dim for dim in others if dim >= 0)
            if -1 in others:
                if known == 0 or total % known:
                    raise refused
                dims[wanted.index(-1)] = total // known
            elif total != known:
                raise refused
        return tuple(dims)


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Kind):
    """Reads size elements per dimension from start by stride; outside the input as mode says.

    start may be negative with FILL, REFLECT, CLAMP, WRAP (padding). fill_value: what FILL puts
    there. With three inputs (data, start, size), int vectors give start and size; then start is ()
    and size only tells what is known of it (-1: nothing).
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 3)
    start: Dims
    size: Dims
    stride: Dims
    mode: SampleMode = SampleMode.STRICT_BOUNDS
    fill_value: float | int | bool = 0.0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if len(inputs) == 2:
            raise LayerError("Slice wants both start and size as tensors, or neither.")
        start = self.start if len(inputs) == 1 else self.stride
        if not len(start) == len(self.size) == len(self.stride) == data.rank:
            raise LayerError(f"Start, size and stride must have {data.rank} items.")
        if len(inputs) == 3:
            return [TensorSpec(data.dtype, self.size)]
        if min(self.size, default=0) < 0:
            raise LayerError(f"Slice cannot read {list(self.size)} elements.")
        if self.mode is SampleMode.STRICT_BOUNDS:
            for dim, first, size, stride in zip(
                data.shape, self.start, self.size, self.stride, strict=True
            ):
                last = first + (size - 1) * stride
                if dim >= 0 and size > 0 and not (0 <= first < dim and 0 <= last < dim):
                    raise LayerError(f"Slice {first}…{last} leaves a dimension of {dim}.")
        return [TensorSpec(data.dtype, self.size)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenation(Kind):
    arity: ClassVar[tuple[int, int | None]] = (1, None)
    axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        first = inputs[0]
        axis = checked_axis(self.axis, first.rank)
        total = 0
        dims = list(first.shape)
        for spec in inputs:
            if spec.rank != first.rank or spec.dtype is not first.dtype:
                raise LayerError("Concatenated tensors differ in rank or dtype.")
            for other, dim in enumerate(spec.shape):
                if other != axis:
                    if min(dims[other], dim) >= 0 and dims[other] != dim:
                        raise LayerError(f"Concatenated tensors differ in dimension {other}.")
                    dims[other] = max(dims[other], dim)
            total = -1 if total < 0 or spec.shape[axis] < 0 else total + spec.shape[axis]
        dims[axis] = total
        return [TensorSpec(first.dtype, tuple(dims))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Kind):
    """To the dims `shape` (all dimensions, N and C included), resizing the last three at most.

    With a second input, that shape tensor gives the dims; `shape` then only tells what is known of
    them (-1: nothing). CUBIC resizes the last two dimensions.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    shape: Dims
    resize_mode: InterpolationMode
    coordinate_transformation: CoordinateTransformation
    nearest_rounding: RoundMode = RoundMode.FLOOR
    cubic_coeff: float = -0.75
    exclude_outside: bool = False

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES | {DType.INT8}

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if len(self.shape) != inputs[0].rank:
            raise LayerError(f"Resize to rank {len(self.shape)} of rank {inputs[0].rank}.")
        resized = 2 if self.resize_mode is InterpolationMode.CUBIC else 3
        if self.shape[:-resized] != inputs[0].shape[:-resized]:
            raise LayerError(f"Only the last {resized} dimensions can be resized.")
        if len(inputs) == 1 and min(self.shape, default=0) < 0:
            raise LayerError(f"Resize to {list(self.shape)} needs a shape tensor.")
        return [TensorSpec(inputs[0].dtype, self.shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shape(Kind):
    """The input's dimensions as an int64 vector."""

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.INT64, (inputs[0].rank,))]
