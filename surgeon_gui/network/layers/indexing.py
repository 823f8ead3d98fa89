"""Layers that read or write where other tensors say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import FLOAT_DTYPES, Kind, LayerError, TensorSpec
from surgeon_gui.network.layers.dims import checked_axis
from surgeon_gui.network.layers.enums import BoundingBoxFormat, GatherMode, ScatterMode


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Kind):
    """DEFAULT: data.shape[:axis] + indices.shape[elementwise:] + data.shape[axis+1:]."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    axis: int = 0
    mode: GatherMode = GatherMode.DEFAULT
    num_elementwise_dims: int = 0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data, indices = inputs
        shared = self.num_elementwise_dims
        if self.mode is GatherMode.ELEMENT:
            return [TensorSpec(data.dtype, indices.shape)]
        if self.mode is GatherMode.ND:
            width = indices.shape[-1]
            if width < 0:
                raise LayerError("GatherND needs a known number of index columns.")
            return [TensorSpec(data.dtype, (*indices.shape[:-1], *data.shape[shared + width :]))]
        axis = checked_axis(self.axis, data.rank)
        shape = (*data.shape[:axis], *indices.shape[shared:], *data.shape[axis + 1 :])
        return [TensorSpec(data.dtype, shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Kind):
    """data, indices, updates -> data with updates written in."""

    arity: ClassVar[tuple[int, int | None]] = (3, 3)
    mode: ScatterMode
    axis: int = 0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class OneHot(Kind):
    """indices, values [off, on], depth (scalar) -> the depth axis inserted at `axis`."""

    arity: ClassVar[tuple[int, int | None]] = (3, 3)
    axis: int
    depth: int

    @property
    def accepts(self) -> frozenset[DType]:
        return frozenset({DType.INT32, DType.INT64})

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        shape = list(inputs[0].shape)
        shape.insert(self.axis, self.depth)
        return [TensorSpec(inputs[1].dtype, tuple(shape))]


@dataclass(frozen=True, eq=False, kw_only=True)
class ReverseSequence(Kind):
    """data, int32 lengths."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    batch_axis: int
    sequence_axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class NMS(Kind):
    """Non-maximum suppression.

    Inputs: boxes f32[N, B, 4] (or [N, B, C, 4]), scores f32[N, B, C], most boxes per class int32[],
    then optionally the IoU and the score threshold f32[].
    Outputs: indices int32[-1, 3] (batch, class, box) and their count int32[].
    """

    arity: ClassVar[tuple[int, int | None]] = (3, 5)
    topk_box_limit: int
    bounding_box_format: BoundingBoxFormat = BoundingBoxFormat.CORNER_PAIRS

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.INT32, (-1, 3)), TensorSpec(DType.INT32, ())]


@dataclass(frozen=True, eq=False, kw_only=True)
class NonZero(Kind):
    """The places of what is not 0 as int32[rank, -1]: a column each, in order of memory."""

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES | {DType.INT32, DType.INT64, DType.BOOL}

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if not inputs[0].rank:
            raise LayerError("NonZero needs a tensor with dimensions.")
        return [TensorSpec(DType.INT32, (inputs[0].rank, -1))]
