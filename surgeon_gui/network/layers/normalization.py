"""Normalization by the mean and variance of the tensor at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import FLOAT_DTYPES, Kind, LayerError, TensorSpec
from surgeon_gui.network.layers.dims import checked_axis


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalization(Kind):
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, mean and variance taken along axes.

    Layer norm: the axes are the last ones. Instance norm: they are all after batch and channels.
    Group norm: as that, and num_groups is how many parts the channels are taken in.

    Attributes:
        scale: of the input's rank, broadcast to it; with groups, per channel.
        bias: of the same shape.
        axes: ascending.
        num_groups: more than 1 divides dimension 1; the axes are all after it then.
    """

    scale: Array
    bias: Array
    axes: tuple[int, ...]
    epsilon: float = 1e-5
    num_groups: int = 1

    @property
    def accepts(self) -> frozenset[DType]:
        return FLOAT_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        shape = inputs[0].shape
        if not self.axes or list(self.axes) != sorted(set(self.axes)):
            raise LayerError(f"Normalization along the axes {list(self.axes)}.")
        for axis in self.axes:
            checked_axis(axis, len(shape))
        if self.scale.shape != self.bias.shape:
            raise LayerError(
                f"Normalization has weights of {self.scale.shape} and {self.bias.shape}."
            )
        fits = len(self.scale.shape) == len(shape) and all(
            size in (1, dim) or dim < 0 for size, dim in zip(self.scale.shape, shape, strict=True)
        )
        if not fits:
            raise LayerError(f"Weights of {self.scale.shape} do not fit {list(shape)}.")
        if self.num_groups != 1 and (
            self.axes != tuple(range(2, len(shape))) or np.mod(shape[1], self.num_groups)
        ):
            raise LayerError(
                f"Channels of {list(shape)} in {self.num_groups} groups, axes {list(self.axes)}."
            )
        if self.num_groups != 1 and self.scale.shape[1] != shape[1]:
            raise LayerError("A group norm has a weight per channel.")
        return [TensorSpec(inputs[0].dtype, shape)]
