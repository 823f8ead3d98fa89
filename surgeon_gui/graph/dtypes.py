"""TensorFlow's dtypes and their numpy counterparts."""

from __future__ import annotations

import enum
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from surgeon_gui.proto import graphdef_pb2 as pb


class DType(enum.Enum):
    """TensorFlow's DataType; the value is its number (tensorflow/core/framework/types.proto)."""

    INVALID = 0
    FLOAT32 = 1
    FLOAT64 = 2
    INT32 = 3
    UINT8 = 4
    INT16 = 5
    INT8 = 6
    STRING = 7
    COMPLEX64 = 8
    INT64 = 9
    BOOL = 10
    QINT8 = 11
    QUINT8 = 12
    QINT32 = 13
    BFLOAT16 = 14
    QINT16 = 15
    QUINT16 = 16
    UINT16 = 17
    COMPLEX128 = 18
    FLOAT16 = 19
    RESOURCE = 20
    VARIANT = 21
    UINT32 = 22
    UINT64 = 23
    FLOAT8_E5M2 = 24
    FLOAT8_E4M3FN = 25
    FLOAT8_E4M3FNUZ = 26
    FLOAT8_E4M3B11FNUZ = 27
    FLOAT8_E5M2FNUZ = 28
    INT4 = 29
    UINT4 = 30
    INT2 = 31
    UINT2 = 32
    FLOAT4_E2M1FN = 33

    @classmethod
    def _missing_(cls, value: object) -> DType:
        """Keep numbers this table does not name (reference types are base + 100)."""
        if not isinstance(value, int):
            raise TypeError(f"{value!r} is no TensorFlow DataType")
        member = object.__new__(cls)
        base = value - 100
        known = base in cls._value2member_map_
        member._name_ = f"{cls(base).name}_REF" if known else f"DT_{value}"
        member._value_ = value
        cls._value2member_map_[value] = member
        return member

    @property
    def number(self) -> pb.DataType:
        """The number as a protobuf enum, which is open: any number may stand there."""
        return cast("pb.DataType", self.value)

    @property
    def text(self) -> str:
        """The lower-case name, as numpy and TensorFlow spell it: `float32`."""
        return self.name.lower()

    @property
    def numpy(self) -> np.dtype[Any] | None:
        """The numpy dtype, or None where numpy has none (resource, variant, unknown)."""
        return _numpy_dtypes().get(self)

    @property
    def is_floating(self) -> bool:
        return self in _FLOATING

    @property
    def is_integer(self) -> bool:
        return self in _INTEGER

    @classmethod
    def from_numpy(cls, dtype: npt.DTypeLike) -> DType:
        wanted = np.dtype(dtype)
        if wanted.kind in "OSU":
            return cls.STRING
        for member, candidate in _numpy_dtypes().items():
            if candidate == wanted and not member.name.startswith("Q"):
                return member
        raise ValueError(f"TensorFlow has no dtype for numpy's {wanted}")

    @classmethod
    def from_text(cls, text: str) -> DType:
        """Return the dtype named `float32`, `DT_FLOAT`, `double`, `half` ….

        Raises:
            ValueError: there is no such dtype.
        """
        name = text.strip().lower().removeprefix("dt_")
        name = {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)
        for member in cls:
            if member.text == name:
                return member
        if name.endswith("_ref"):
            return cls(cls.from_text(name.removesuffix("_ref")).value + 100)
        if name.isdigit():
            return cls(int(name))
        raise ValueError(f"{text!r} is no TensorFlow dtype")


_FLOATING = frozenset({DType.FLOAT32, DType.FLOAT64, DType.FLOAT16, DType.BFLOAT16})
_INTEGER = frozenset(
    {
        DType.INT8,
        DType.INT16,
        DType.INT32,
        DType.INT64,
        DType.UINT8,
        DType.UINT16,
        DType.UINT32,
        DType.UINT64,
    }
)
_NUMPY: dict[DType, np.dtype[Any]] = {}


def _numpy_dtypes() -> dict[DType, np.dtype[Any]]:
    if not _NUMPY:
        import ml_dtypes

        names: dict[DType, Any] = {
            DType.FLOAT32: np.float32,
            DType.FLOAT64: np.float64,
            DType.INT32: np.int32,
            DType.UINT8: np.uint8,
            DType.INT16: np.int16,
            DType.INT8: np.int8,
            DType.COMPLEX64: np.complex64,
            DType.INT64: np.int64,
            DType.BOOL: np.bool_,
            DType.QINT8: np.int8,
            DType.QUINT8: np.uint8,
            DType.QINT32: np.int32,
            DType.BFLOAT16: ml_dtypes.bfloat16,
            DType.QINT16: np.int16,
            DType.QUINT16: np.uint16,
            DType.UINT16: np.uint16,
            DType.COMPLEX128: np.complex128,
            DType.FLOAT16: np.float16,
            DType.UINT32: np.uint32,
            DType.UINT64: np.uint64,
            DType.FLOAT8_E5M2: ml_dtypes.float8_e5m2,
            DType.FLOAT8_E4M3FN: ml_dtypes.float8_e4m3fn,
            DType.STRING: np.object_,
        }
        _NUMPY.update({member: np.dtype(kind) for member, kind in names.items()})
    return _NUMPY
