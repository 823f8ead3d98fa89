"""Layers that slide a window over N-C-spatial tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import FLOAT_DTYPES, Dims, Kind, LayerError, TensorSpec
from surgeon_gui.network.layers.dims import spatial_size
from surgeon_gui.network.layers.enums import PaddingMode, PoolingType


def _check_windows(window: Dims) -> None:
    if len(window) not in (2, 3):
        raise LayerError(
            f"TensorRT has windows of 2 or 3 dimensions, not {len(window)}.",
            hint="Add a dimension of 1.",
        )


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

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        _check_windows(self.kernel_size)
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
            spatial_size(size, window, stride, dilation, pre + post, self.padding_mode)
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

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        _check_windows(self.kernel_size)
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

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES | {DType.INT8}

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        data = inputs[0]
        _check_windows(self.window_size)
        if data.rank != len(self.window_size) + 2:
            raise LayerError(f"A {len(self.window_size)}-D pool got rank {data.rank}.")
        spatial = tuple(
            spatial_size(size, window, stride, 1, pre + post, self.padding_mode)
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
class LRN(Kind):
    """x / (k + alpha / window * sum of squares over window channels) ** beta; window odd."""

    window_size: int
    alpha: float
    beta: float
    k: float

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if self.window_size not in range(1, 16, 2):
            raise LayerError(f"The LRN window {self.window_size} must be odd, 15 at most.")
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]
