"""The layer kinds of a Network, with TensorRT's parameter names and meanings.

Dynamic dimensions are -1 and stay -1 wherever a result depends on them.

Source: TensorRT 10 operator reference, TensorRT for RTX 1.7 Python API; what builds was tried on
TensorRT for RTX 1.7.1.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Dims, Kind, LayerError, TensorSpec

Array = npt.NDArray[Any]


class PaddingMode(enum.Enum):
    """How a convolution or pool pads; with SAME_UPPER the extra row goes to the end."""

    EXPLICIT_ROUND_DOWN = "EXPLICIT_ROUND_DOWN"
    EXPLICIT_ROUND_UP = "EXPLICIT_ROUND_UP"
    SAME_UPPER = "SAME_UPPER"
    SAME_LOWER = "SAME_LOWER"


class PoolingType(enum.Enum):
    MAX = "MAX"
    AVERAGE = "AVERAGE"


class ActivationType(enum.Enum):
    """What alpha and beta mean depends on the function.

    LEAKY_RELU alpha = slope; CLIP alpha = low, beta = high; HARD_SIGMOID
    max(0, min(1, alpha*x + beta)); THRESHOLDED_RELU x if x > alpha else 0.
    """

    RELU = "RELU"
    SIGMOID = "SIGMOID"
    TANH = "TANH"
    LEAKY_RELU = "LEAKY_RELU"
    ELU = "ELU"
    SELU = "SELU"
    SOFTSIGN = "SOFTSIGN"
    SOFTPLUS = "SOFTPLUS"
    CLIP = "CLIP"
    HARD_SIGMOID = "HARD_SIGMOID"
    SCALED_TANH = "SCALED_TANH"
    THRESHOLDED_RELU = "THRESHOLDED_RELU"
    GELU_ERF = "GELU_ERF"
    GELU_TANH = "GELU_TANH"


class UnaryOperation(enum.Enum):
    EXP = "EXP"
    LOG = "LOG"
    SQRT = "SQRT"
    RECIP = "RECIP"
    ABS = "ABS"
    NEG = "NEG"
    SIN = "SIN"
    COS = "COS"
    TAN = "TAN"
    SINH = "SINH"
    COSH = "COSH"
    ASIN = "ASIN"
    ACOS = "ACOS"
    ATAN = "ATAN"
    ASINH = "ASINH"
    ACOSH = "ACOSH"
    ATANH = "ATANH"
    CEIL = "CEIL"
    FLOOR = "FLOOR"
    ERF = "ERF"
    NOT = "NOT"
    SIGN = "SIGN"
    ROUND = "ROUND"
    ISINF = "ISINF"
    ISNAN = "ISNAN"


class ElementWiseOperation(enum.Enum):
    SUM = "SUM"
    PROD = "PROD"
    MAX = "MAX"
    MIN = "MIN"
    SUB = "SUB"
    DIV = "DIV"
    POW = "POW"
    FLOOR_DIV = "FLOOR_DIV"
    AND = "AND"
    OR = "OR"
    XOR = "XOR"
    EQUAL = "EQUAL"
    GREATER = "GREATER"
    LESS = "LESS"


class ReduceOperation(enum.Enum):
    SUM = "SUM"
    PROD = "PROD"
    MAX = "MAX"
    MIN = "MIN"
    AVG = "AVG"


class MatrixOperation(enum.Enum):
    NONE = "NONE"
    TRANSPOSE = "TRANSPOSE"


class SampleMode(enum.Enum):
    """What a slice reads outside its input."""

    STRICT_BOUNDS = "STRICT_BOUNDS"
    FILL = "FILL"
    REFLECT = "REFLECT"
    CLAMP = "CLAMP"
    WRAP = "WRAP"


class InterpolationMode(enum.Enum):
    NEAREST = "NEAREST"
    LINEAR = "LINEAR"
    CUBIC = "CUBIC"


class CoordinateTransformation(enum.Enum):
    ALIGN_CORNERS = "ALIGN_CORNERS"
    ASYMMETRIC = "ASYMMETRIC"
    HALF_PIXEL = "HALF_PIXEL"


class RoundMode(enum.Enum):
    """How NEAREST picks a source coordinate (TensorRT ResizeRoundMode)."""

    HALF_UP = "HALF_UP"
    HALF_DOWN = "HALF_DOWN"
    FLOOR = "FLOOR"
    CEIL = "CEIL"


class GatherMode(enum.Enum):
    DEFAULT = "DEFAULT"
    ELEMENT = "ELEMENT"
    ND = "ND"


class TopKOperation(enum.Enum):
    MAX = "MAX"
    MIN = "MIN"


class ScatterMode(enum.Enum):
    ELEMENT = "ELEMENT"
    ND = "ND"


class CumulativeOperation(enum.Enum):
    SUM = "SUM"


def _spatial(
    size: int, window: int, stride: int, dilation: int, pads: int, mode: PaddingMode
) -> int:
    if size < 0:
        return -1
    if mode in (PaddingMode.SAME_UPPER, PaddingMode.SAME_LOWER):
        return -(-size // stride)
    room = size + pads - ((window - 1) * dilation + 1)
    if mode is PaddingMode.EXPLICIT_ROUND_UP:
        return -(-room // stride) + 1
    return room // stride + 1


def broadcast_dims(left: Dims, right: Dims) -> Dims:
    """Return the dims of an element-wise result: equal ranks, dimensions equal or 1.

    Raises:
        LayerError: they do not go together.
    """
    if len(left) != len(right):
        raise LayerError(f"Ranks {len(left)} and {len(right)} differ; TensorRT wants equal ranks.")
    dims = []
    for one, other in zip(left, right, strict=True):
        if one == 1:
            dims.append(other)
        elif other == 1 or one == other:
            dims.append(one)
        elif one < 0 or other < 0:
            dims.append(max(one, other))
        else:
            raise LayerError(f"Shapes {list(left)} and {list(right)} do not broadcast.")
    return tuple(dims)


def _axis(axis: int, rank: int) -> int:
    if not 0 <= axis < rank:
        raise LayerError(f"Axis {axis} is outside a tensor of rank {rank}.")
    return axis


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(Kind):
    """N-C-spatial input; kernel f32[K, C/groups, *spatial]; one stride … per spatial dimension.

    kernel None: the kernel is input 1 (quantized weights). bias f32[K] or None.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    num_output_maps: int
    kernel_size: Dims
    stride: Dims
    pre_padding: Dims
    post_padding: Dims
    dilation: Dims
    num_groups: int = 1
    padding_mode: PaddingMode = PaddingMode.EXPLICIT_ROUND_DOWN
    kernel: Array | None
    bias: Array | None = None

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if data.rank != len(self.kernel_size) + 2:
            raise LayerError(f"A {len(self.kernel_size)}-D convolution got rank {data.rank}.")
        channels = data.shape[1]
        if self.kernel is not None:
            wanted = (self.num_output_maps, self.kernel.shape[1], *self.kernel_size)
            if self.kernel.shape != wanted:
                raise LayerError(f"The kernel is {self.kernel.shape}, not {wanted}.")
            if channels >= 0 and self.kernel.shape[1] * self.num_groups != channels:
                raise LayerError(
                    f"The kernel takes {self.kernel.shape[1] * self.num_groups} channels, "
                    f"the input has {channels}."
                )
        spatial = tuple(
            _spatial(size, window, stride, dilation, pre + post, self.padding_mode)
            for size, window, stride, dilation, pre, post in zip(
                data.shape[2:],
                self.kernel_size,
                self.stride,
                self.dilation,
                self.pre_padding,
                self.post_padding,
                strict=True,
            )
        )
        return [TensorSpec(data.dtype, (data.shape[0], self.num_output_maps, *spatial))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Deconvolution(Kind):
    """N-C-spatial input; kernel f32[C, K/groups, *spatial]; padding is cropped from the output.

    Output size: (size - 1) * stride + (window - 1) * dilation + 1 - pre - post.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    num_output_maps: int
    kernel_size: Dims
    stride: Dims
    pre_padding: Dims
    post_padding: Dims
    dilation: Dims
    num_groups: int = 1
    kernel: Array | None
    bias: Array | None = None

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if data.rank != len(self.kernel_size) + 2:
            raise LayerError(f"A {len(self.kernel_size)}-D deconvolution got rank {data.rank}.")
        spatial = tuple(
            -1 if size < 0 else (size - 1) * stride + (window - 1) * dilation + 1 - pre - post
            for size, window, stride, dilation, pre, post in zip(
                data.shape[2:],
                self.kernel_size,
                self.stride,
                self.dilation,
                self.pre_padding,
                self.post_padding,
                strict=True,
            )
        )
        return [TensorSpec(data.dtype, (data.shape[0], self.num_output_maps, *spatial))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pooling(Kind):
    """N-C-spatial input; MAX ignores padding, AVERAGE may count it."""

    type: PoolingType
    window_size: Dims
    stride: Dims
    pre_padding: Dims
    post_padding: Dims
    padding_mode: PaddingMode = PaddingMode.EXPLICIT_ROUND_DOWN
    average_count_excludes_padding: bool = True

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if data.rank != len(self.window_size) + 2:
            raise LayerError(f"A {len(self.window_size)}-D pool got rank {data.rank}.")
        spatial = tuple(
            _spatial(size, window, stride, 1, pre + post, self.padding_mode)
            for size, window, stride, pre, post in zip(
                data.shape[2:],
                self.window_size,
                self.stride,
                self.pre_padding,
                self.post_padding,
                strict=True,
            )
        )
        return [TensorSpec(data.dtype, (*data.shape[:2], *spatial))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Kind):
    type: ActivationType
    alpha: float = 0.0
    beta: float = 0.0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scale(Kind):
    """(x * scale + shift) ** power per channel; each array f32[C]; C is dimension channel_axis."""

    scale: Array
    shift: Array
    power: Array | None = None
    channel_axis: int = 1

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        channels = inputs[0].shape[_axis(self.channel_axis, inputs[0].rank)]
        for array in (self.scale, self.shift, self.power):
            if array is not None and channels >= 0 and array.shape != (channels,):
                raise LayerError(f"Scale has {array.shape} weights for {channels} channels.")
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Unary(Kind):
    op: UnaryOperation

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        boolean = self.op in (UnaryOperation.ISINF, UnaryOperation.ISNAN)
        return [TensorSpec(DType.BOOL if boolean else inputs[0].dtype, inputs[0].shape)]


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

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        left, right = inputs
        if left.dtype is not right.dtype:
            raise LayerError(f"Dtypes {left.dtype.text} and {right.dtype.text} differ.")
        dtype = DType.BOOL if self.op in _COMPARISONS else left.dtype
        return [TensorSpec(dtype, broadcast_dims(left.shape, right.shape))]


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixMultiply(Kind):
    """Equal ranks of at least 2; leading dimensions broadcast."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    op0: MatrixOperation = MatrixOperation.NONE
    op1: MatrixOperation = MatrixOperation.NONE

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
class Reduce(Kind):
    """axes: ascending (TensorRT takes them as a bit mask)."""

    op: ReduceOperation
    axes: tuple[int, ...]
    keep_dims: bool

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        gone = {_axis(axis, data.rank) for axis in self.axes}
        if self.keep_dims:
            shape = tuple(1 if axis in gone else dim for axis, dim in enumerate(data.shape))
        else:
            shape = tuple(dim for axis, dim in enumerate(data.shape) if axis not in gone)
        return [TensorSpec(data.dtype, shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shuffle(Kind):
    """Transpose, reshape, transpose; any part may be None.

    reshape_dims: a 0 copies the input's dimension when zero_is_placeholder, one -1 is inferred.
    With a second input, that shape tensor gives the dims and reshape_dims is None.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    first_transpose: tuple[int, ...] | None = None
    reshape_dims: Dims | None = None
    second_transpose: tuple[int, ...] | None = None
    zero_is_placeholder: bool = False

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        shape = _permuted(inputs[0].shape, self.first_transpose)
        if len(inputs) == 2:
            shape = (-1,) * inputs[1].shape[0]
        elif self.reshape_dims is not None:
            shape = self._reshaped(shape, self.reshape_dims)
        return [TensorSpec(inputs[0].dtype, _permuted(shape, self.second_transpose))]

    def _reshaped(self, shape: Dims, wanted: Dims) -> Dims:
        dims = list(wanted)
        if self.zero_is_placeholder:
            dims = [shape[i] if dim == 0 else dim for i, dim in enumerate(dims)]
        if dims.count(-1) > 1 and not any(dim < 0 for dim in shape):
            raise LayerError(f"Reshape to {list(wanted)} has more than one -1.")
        if all(dim >= 0 for dim in shape):
            total, known = math.prod(shape), math.prod(dim for dim in dims if dim >= 0)
            if -1 in dims:
                if known == 0 or total % known:
                    raise LayerError(f"{list(shape)} cannot be reshaped to {list(wanted)}.")
                dims[dims.index(-1)] = total // known
            elif total != known:
                raise LayerError(f"{list(shape)} cannot be reshaped to {list(wanted)}.")
        return tuple(dims)


def _permuted(shape: Dims, permutation: tuple[int, ...] | None) -> Dims:
    if permutation is None:
        return shape
    if sorted(permutation) != list(range(len(shape))):
        raise LayerError(f"{permutation} is no permutation of rank {len(shape)}.")
    return tuple(shape[axis] for axis in permutation)


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Kind):
    """Reads size elements per dimension from start by stride; outside the input as mode says.

    start may be negative with FILL, REFLECT, CLAMP (padding). fill_value: what FILL puts there.
    """

    start: Dims
    size: Dims
    stride: Dims
    mode: SampleMode = SampleMode.STRICT_BOUNDS
    fill_value: float | int | bool = 0.0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        if not len(self.start) == len(self.size) == len(self.stride) == data.rank:
            raise LayerError(f"Start, size and stride must have {data.rank} items.")
        if self.mode is SampleMode.STRICT_BOUNDS:
            for dim, start, size, stride in zip(
                data.shape, self.start, self.size, self.stride, strict=True
            ):
                last = start + (size - 1) * stride
                if dim >= 0 and size > 0 and not (0 <= start < dim and 0 <= last < dim):
                    raise LayerError(f"Slice {start}…{last} leaves a dimension of {dim}.")
        return [TensorSpec(data.dtype, self.size)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenation(Kind):
    arity: ClassVar[tuple[int, int | None]] = (1, None)
    axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        first = inputs[0]
        axis = _axis(self.axis, first.rank)
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
class Softmax(Kind):
    """Over one axis; rank 2 or more."""

    axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        _axis(self.axis, inputs[0].rank)
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Kind):
    """To static output dims (all dimensions, N and C included)."""

    shape: Dims
    resize_mode: InterpolationMode
    coordinate_transformation: CoordinateTransformation
    nearest_rounding: RoundMode = RoundMode.FLOOR
    cubic_coeff: float = -0.75

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if len(self.shape) != inputs[0].rank:
            raise LayerError(f"Resize to rank {len(self.shape)} of rank {inputs[0].rank}.")
        return [TensorSpec(inputs[0].dtype, self.shape)]


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
        axis = _axis(self.axis, data.rank)
        shape = (*data.shape[:axis], *indices.shape[shared:], *data.shape[axis + 1 :])
        return [TensorSpec(data.dtype, shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class TopK(Kind):
    """Values and int32 indices, sorted, along one axis; k at most 3840."""

    op: TopKOperation
    k: int
    axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        axis = _axis(self.axis, data.rank)
        shape = (*data.shape[:axis], self.k, *data.shape[axis + 1 :])
        return [TensorSpec(data.dtype, shape), TensorSpec(DType.INT32, shape)]


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
class Constant(Kind):
    arity: ClassVar[tuple[int, int | None]] = (0, 0)
    weights_: Array

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.from_numpy(self.weights_.dtype), self.weights_.shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Cast(Kind):
    to_type: DType

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Kind):
    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shape(Kind):
    """The input's dimensions as an int64 vector."""

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.INT64, (inputs[0].rank,))]


@dataclass(frozen=True, eq=False, kw_only=True)
class LRN(Kind):
    """x / (k + alpha / window * sum of squares over window channels) ** beta; window odd."""

    window_size: int
    alpha: float
    beta: float
    k: float

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if self.window_size % 2 == 0:
            raise LayerError(f"The LRN window {self.window_size} must be odd.")
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantize(Kind):
    """x / scale, rounded half to even, saturated to int8; scale f32[] or f32[C] along axis."""

    scale: Array
    axis: int | None = None
    to_type: DType = DType.INT8

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dequantize(Kind):
    """q * scale; scale f32[] or f32[C] along axis."""

    scale: Array
    axis: int | None = None
    to_type: DType = DType.FLOAT32

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(self.to_type, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class OneHot(Kind):
    """indices, values [off, on], depth (scalar) -> the depth axis inserted at `axis`."""

    arity: ClassVar[tuple[int, int | None]] = (3, 3)
    axis: int
    depth: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        shape = list(inputs[0].shape)
        shape.insert(self.axis, self.depth)
        return [TensorSpec(inputs[1].dtype, tuple(shape))]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Kind):
    """data, indices, updates -> data with updates written in."""

    arity: ClassVar[tuple[int, int | None]] = (3, 3)
    mode: ScatterMode
    axis: int = 0

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(Kind):
    arity: ClassVar[tuple[int, int | None]] = (1, 2)
    equation: str

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
class Cumulative(Kind):
    op: CumulativeOperation
    axis: int
    exclusive: bool = False
    reverse: bool = False

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        _axis(self.axis, inputs[0].rank)
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class ReverseSequence(Kind):
    """data, int32 lengths."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    batch_axis: int
    sequence_axis: int

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class ParametricReLU(Kind):
    """x, slopes (broadcast, same rank) -> x if x > 0 else slopes * x."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        broadcast_dims(inputs[0].shape, inputs[1].shape)
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
    bounding_box_format: str = "CORNER_PAIRS"

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(DType.INT32, (-1, 3)), TensorSpec(DType.INT32, ())]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plugin(Kind):
    """A TensorRT plugin; types of the outputs are declared, fields are what its creator takes."""

    arity: ClassVar[tuple[int, int | None]] = (0, None)
    plugin_name: str
    plugin_version: str = "1"
    plugin_namespace: str = ""
    fields: tuple[tuple[str, Any], ...] = ()
    declared: tuple[TensorSpec, ...] = ()

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return list(self.declared)


def permutation_is_identity(permutation: Sequence[int]) -> bool:
    return list(permutation) == list(range(len(permutation)))


def as_float32(array: Array) -> Array:
    """Return `array` as contiguous float32, itself if it is that already."""
    return np.ascontiguousarray(array, dtype=np.float32)
