"""Our dtypes and TensorRT's."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import DType

NAMES = {
    DType.FLOAT32: "FLOAT",
    DType.FLOAT16: "HALF",
    DType.BFLOAT16: "BF16",
    DType.INT8: "INT8",
    DType.INT32: "INT32",
    DType.INT64: "INT64",
    DType.BOOL: "BOOL",
    DType.UINT8: "UINT8",
    DType.FLOAT8_E4M3FN: "FP8",
}
"""TensorRT's DataType member of each dtype it knows."""

_BACK = {name: dtype for dtype, name in NAMES.items()}

BY_POINTER = (DType.BFLOAT16, DType.FLOAT8_E4M3FN)
"""Dtypes whose numpy arrays the bindings refuse; they take an address instead."""


def data_type(flavour: Flavour, dtype: DType) -> Any:
    """Return the flavour's DataType of `dtype`.

    Raises:
        EngineError: this TensorRT has no such dtype.
    """
    name = NAMES.get(dtype)
    if name is None or not flavour.has("DataType", name):
        raise EngineError(
            f"{flavour.title} has no {dtype.text} tensors.", hint="Cast it to another dtype first."
        )
    return flavour.get("DataType", name)


def dtype_of(data_type: Any) -> DType:
    """Return our dtype of a DataType member.

    Raises:
        EngineError: we have none for it.
    """
    dtype = _BACK.get(data_type.name)
    if dtype is None:
        raise EngineError(f"TensorRT's dtype {data_type.name} is not known here.")
    return dtype
