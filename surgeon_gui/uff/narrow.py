"""The dtypes NVIDIA's parser reads, and what the others are written as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from surgeon_gui.graph.values import Array, DType

NARROWED: Mapping[DType, DType] = {
    DType.FLOAT64: DType.FLOAT32,
    DType.BFLOAT16: DType.FLOAT32,
    DType.INT64: DType.INT32,
    DType.INT16: DType.INT32,
    DType.UINT8: DType.INT32,
    DType.UINT16: DType.INT32,
    DType.UINT32: DType.INT32,
    DType.UINT64: DType.INT32,
    DType.BOOL: DType.INT32,
}
"""NVIDIA documents float32, float16, int32 and int8 for Input and Const, nothing else."""


class Narrowed(NamedTuple):
    """Elements in another dtype; `whole` is False where some had to be cut off at its limits."""

    values: Array
    whole: bool


def narrow(values: Array, target: DType) -> Narrowed:
    """Return elements in one of the dtypes of `NARROWED`."""
    whole = True
    if target.is_integer and values.size and values.dtype.kind != "b":
        limits = np.iinfo(np.int32)
        if values.max() > limits.max or values.min() < limits.min:
            whole = False
            values = np.clip(values, limits.min, limits.max)
    return Narrowed(values.astype(target.numpy), whole)
