"""Layers that work element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import (
    FLOAT_DTYPES,
    NUMBER_DTYPES,
    TENSOR_DTYPES,
    Kind,
    LayerError,
    TensorSpec,
)
from surgeon_gui.network.layers.dims import broadcast_dims, checked_axis
from surgeon_gui.network.layers.enums import ActivationType, ElementWiseOperation, UnaryOperation

_TWO_FACTORS = (ActivationType.SELU, ActivationType.SOFTPLUS, ActivationType.SCALED_TANH)


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Kind):
    """A function of one variable; what alpha and beta mean is told at `ActivationType`."""

    type: ActivationType
    alpha: float = 0.0
    beta: float = 0.0

    @property
    def accepts(self) -> frozenset[DType]:
        return NUMBER_DTYPES if self.type is ActivationType.RELU else FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if self.type in _TWO_FACTORS and 0.0 in (self.alpha, self.beta):
            raise LayerError(f"{self.type.name} with a factor of 0 is a constant.")
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scale(Kind):
    """(x * scale + shift) ** power; arrays of shape [C], or [] for one value for all.

    C is the size of dimension channel_axis. Rank 3 or more.
    """

    scale: Array
    shift: Array
    power: Array | None = None
    channel_axis: int = 1

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if inputs[0].rank < 3:
            raise LayerError(f"Scale wants rank 3 or more, not {inputs[0].rank}.")
        channels = inputs[0].shape[checked_axis(self.channel_axis, inputs[0].rank)]
        for array in (self.shift, self.power):
            if array is not None and array.shape != self.scale.shape:
                raise LayerError(f"Scale has weights of {self.scale.shape} and {array.shape}.")
        if self.scale.shape not in ((), (channels,)) and channels >= 0:
            raise LayerError(f"Scale has {self.scale.shape} weights for {channels} channels.")
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


_BOOL = frozenset({DType.BOOL})
_UNARY_DTYPES: dict[UnaryOperation, frozenset[DType]] = {
    UnaryOperation.NOT: _BOOL,
    UnaryOperation.ABS: NUMBER_DTYPES,
    UnaryOperation.NEG: NUMBER_DTYPES,
    UnaryOperation.SIGN: NUMBER_DTYPES,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Unary(Kind):
    op: UnaryOperation

    @property
    def accepts(self) -> frozenset[DType]:
        return _UNARY_DTYPES.get(self.op, FLOAT_DTYPES)

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        boolean = self.op in (UnaryOperation.ISINF, UnaryOperation.ISNAN)
        return [TensorSpec(DType.BOOL if boolean else inputs[0].dtype, inputs[0].shape)]


_ELEMENTWISE_DTYPES: dict[ElementWiseOperation, frozenset[DType]] = {
    ElementWiseOperation.AND: _BOOL,
    ElementWiseOperation.OR: _BOOL,
    ElementWiseOperation.XOR: _BOOL,
    ElementWiseOperation.EQUAL: NUMBER_DTYPES | _BOOL,
    ElementWiseOperation.POW: NUMBER_DTYPES - {DType.INT8},
}
_COMPARISONS = (
    ElementWiseOperation.EQUAL,
    ElementWiseOperation.GREATER,
    ElementWiseOperation.LESS,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ElementWise(Kind):
    """Same dtype and same rank on both sides; dimensions of 1 broadcast."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    op: ElementWiseOperation

    @property
    def accepts(self) -> frozenset[DType]:
        return _ELEMENTWISE_DTYPES.get(self.op, NUMBER_DTYPES)

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        left, right = inputs
        if left.dtype is not right.dtype:
            raise LayerError(f"Dtypes {left.dtype.text} and {right.dtype.text} differ.")
        dtype = DType.BOOL if self.op in _COMPARISONS else left.dtype
        return [TensorSpec(dtype, broadcast_dims(left.shape, right.shape))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Select(Kind):
    """condition (bool), then, else: equal ranks, broadcast."""

    arity: ClassVar[tuple[int, int | None]] = (3, 3)

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        condition, then, other = inputs
        if condition.dtype is not DType.BOOL or then.dtype is not other.dtype:
            raise LayerError("Select wants a bool condition and two tensors of one dtype.")
        shape = broadcast_dims(broadcast_dims(condition.shape, then.shape), other.shape)
        return [TensorSpec(then.dtype, shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class ParametricReLU(Kind):
    """x, slopes (broadcast, same rank) -> x if x > 0 else slopes * x."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        broadcast_dims(inputs[0].shape, inputs[1].shape)
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Cast(Kind):
    to_type: DType

    @property
    def accepts(self) -> frozenset[DType]:
        return TENSOR_DTYPES | {DType.UINT8}

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Kind):
    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantize(Kind):
    """x / scale, rounded half to even, saturated to int8; scale f32[] or f32[C] along axis."""

    scale: Array
    axis: int | None = None
    to_type: DType = DType.INT8

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dequantize(Kind):
    """q * scale; scale f32[] or f32[C] along axis."""

    scale: Array
    axis: int | None = None
    to_type: DType = DType.FLOAT32

    @property
    def accepts(self) -> frozenset[DType]:
        return frozenset({DType.INT8, DType.FLOAT8_E4M3FN})

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]
