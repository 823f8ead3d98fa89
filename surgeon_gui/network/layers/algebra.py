"""Layers that combine elements along axes: products, reductions, softmax, top-k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import FLOAT_DTYPES, NUMBER_DTYPES, Kind, LayerError, TensorSpec
from surgeon_gui.network.layers.dims import broadcast_dims, checked_axis
from surgeon_gui.network.layers.enums import (
    CumulativeOperation,
    MatrixOperation,
    ReduceOperation,
    TopKOperation,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixMultiply(Kind):
    """Equal ranks of at least 2; leading dimensions broadcast."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    op0: MatrixOperation = MatrixOperation.NONE
    op1: MatrixOperation = MatrixOperation.NONE

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        left, right = inputs
        if left.dtype is not right.dtype:
            raise LayerError(f"Dtypes {left.dtype.text} and {right.dtype.text} differ.")
        if min(left.rank, right.rank) < 2:
            raise LayerError("A matrix product needs rank 2 or more on both sides.")
        batch = broadcast_dims(left.shape[:-2], right.shape[:-2])
        rows, inner = left.shape[-2:]
        if self.op0 is MatrixOperation.TRANSPOSE:
            rows, inner = inner, rows
        depth, columns = right.shape[-2:]
        if self.op1 is MatrixOperation.TRANSPOSE:
            depth, columns = columns, depth
        if min(inner, depth) >= 0 and inner != depth:
            raise LayerError(f"The inner dimensions {inner} and {depth} differ.")
        return [TensorSpec(left.dtype, (*batch, rows, columns))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(Kind):
    arity: ClassVar[tuple[int, int | None]] = (1, None)
    equation: str

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        sources, _, target = self.equation.replace(" ", "").partition("->")
        sizes: dict[str, int] = {}
        for labels, spec in zip(sources.split(","), inputs, strict=True):
            if len(labels) != spec.rank:
                raise LayerError(f"{self.equation} does not fit rank {spec.rank}.")
            for label, dim in zip(labels, spec.shape, strict=True):
                sizes[label] = max(sizes.get(label, -1), dim)
        return [TensorSpec(inputs[0].dtype, tuple(sizes[label] for label in target))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduce(Kind):
    """axes: ascending (TensorRT takes them as a bit mask)."""

    op: ReduceOperation
    axes: tuple[int, ...]
    keep_dims: bool

    @property
    def accepts(self) -> frozenset[DType]:
        averages = self.op is ReduceOperation.AVG
        return NUMBER_DTYPES - {DType.INT8} if averages else NUMBER_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if not self.axes:
            raise LayerError("A reduction over no axis is an identity.")
        gone = {checked_axis(axis, data.rank) for axis in self.axes}
        if self.keep_dims:
            shape = tuple(1 if axis in gone else dim for axis, dim in enumerate(data.shape))
        else:
            shape = tuple(dim for axis, dim in enumerate(data.shape) if axis not in gone)
        return [TensorSpec(data.dtype, shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Kind):
    """Over one axis; rank 2 or more."""

    axis: int

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if inputs[0].rank < 2:
            raise LayerError("Softmax wants rank 2 or more.")
        checked_axis(self.axis, inputs[0].rank)
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Cumulative(Kind):
    op: CumulativeOperation
    axis: int
    exclusive: bool = False
    reverse: bool = False

    @property
    def accepts(self) -> frozenset[DType]:
        return NUMBER_DTYPES - {DType.INT8}

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        checked_axis(self.axis, inputs[0].rank)
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


MAX_K = 3840
"""Most elements TopK finds."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TopK(Kind):
    """Values and int32 indices, sorted, along one axis; k at most 3840."""

    op: TopKOperation
    k: int
    axis: int

    @property
    def accepts(self) -> frozenset[DType]:
        return NUMBER_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        axis = checked_axis(self.axis, data.rank)
        if not 1 <= self.k <= MAX_K:
            raise LayerError(f"TopK finds 1 to {MAX_K} elements, not {self.k}.")
        shape = (*data.shape[:axis], self.k, *data.shape[axis + 1 :])
        return [TensorSpec(data.dtype, shape), TensorSpec(DType.INT32, shape)]
