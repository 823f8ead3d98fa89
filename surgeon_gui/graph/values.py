"""The values a graph's attributes hold: shapes, tensors, lists; shapes and tensors as messages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.dtypes import DType as DType
from surgeon_gui.proto import graphdef_pb2 as pb

Array = npt.NDArray[Any]

_LARGEST_FILLED = 1 << 31


@dataclass(frozen=True, slots=True)
class Shape:
    """A static shape: `dims` is None for an unknown rank, a dimension of -1 is unknown."""

    dims: tuple[int, ...] | None = None

    @classmethod
    def of(cls, *dims: int) -> Shape:
        return cls(tuple(dims))

    @property
    def rank(self) -> int | None:
        return None if self.dims is None else len(self.dims)

    @property
    def is_static(self) -> bool:
        """Whether rank and every dimension are known."""
        return self.dims is not None and all(dim >= 0 for dim in self.dims)

    @property
    def size(self) -> int | None:
        """Number of elements, or None while a dimension is unknown."""
        return math.prod(self.dims) if self.dims is not None and self.is_static else None

    def __str__(self) -> str:
        if self.dims is None:
            return "?"
        return "[" + ",".join("?" if dim < 0 else str(dim) for dim in self.dims) + "]"


@dataclass(frozen=True, slots=True)
class TensorType:
    """What is known about a tensor before it is computed."""

    dtype: DType
    shape: Shape = Shape()

    def __str__(self) -> str:
        return f"{self.dtype.text} {self.shape}"


class TensorValue:
    """A constant: dtype, shape and elements, which stay where they were read from until asked for.

    A value read from a file keeps a view into the file's bytes; `array` is then a read-only numpy
    view of them, not a copy.
    """

    __slots__ = ("_array", "_content", "_message", "dtype", "shape")

    def __init__(
        self,
        dtype: DType,
        shape: tuple[int, ...],
        *,
        array: Array | None = None,
        content: memoryview | bytes | None = None,
        message: pb.TensorProto | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self._array = array
        self._content = content
        self._message = message

    @classmethod
    def from_array(cls, array: npt.ArrayLike, dtype: DType | None = None) -> TensorValue:
        """Return the constant holding `array`, which must not be changed afterwards."""
        values = np.asarray(array)
        if dtype is not None and dtype.numpy is not None and values.dtype != dtype.numpy:
            values = values.astype(dtype.numpy)
        kind = dtype or DType.from_numpy(values.dtype)
        if kind is DType.STRING:
            flat = [item.encode() if isinstance(item, str) else bytes(item) for item in values.flat]
            boxed = np.empty(values.size, dtype=np.object_)
            boxed[:] = flat
            values = boxed.reshape(values.shape)
        values = values.view()
        values.flags.writeable = False
        return cls(kind, tuple(values.shape), array=values)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements (string elements count their own lengths)."""
        if self.dtype is DType.STRING:
            return sum(len(item) for item in self.array.flat)
        kind = self.dtype.numpy
        return self.size * (kind.itemsize if kind is not None else 0)

    @property
    def array(self) -> Array:
        """The elements; read-only.

        Raises:
            OpenError: the proto holds fewer or more elements than its shape, or a dtype numpy has
                no counterpart for.
        """
        if self._array is None:
            self._array = self._decode()
        return self._array

    def _decode(self) -> Array:
        kind = self.dtype.numpy
        if kind is None:
            raise OpenError(f"A constant of dtype {self.dtype.text} has no values to show.")
        if any(dim < 0 for dim in self.shape):
            raise OpenError(f"A constant has the impossible shape {list(self.shape)}.")
        content = self._content
        if content is None and self._message is not None:
            content = self._message.tensor_content
        if content is not None and len(content):
            if len(content) != self.size * kind.itemsize:
                raise OpenError(
                    f"A constant {self.dtype.text} {list(self.shape)} should have "
                    f"{self.size * kind.itemsize} bytes but has {len(content)}."
                )
            return np.frombuffer(content, dtype=kind).reshape(self.shape)
        values = self._listed_values(kind)
        if values.size > self.size or (values.size == 0 and self.size):
            if values.size == 0 and self.dtype is not DType.STRING:
                values = np.zeros(1, dtype=kind)
            elif values.size == 0:
                values = np.array([b""], dtype=np.object_)
            else:
                raise OpenError(
                    f"A constant of shape {list(self.shape)} holds {values.size} values."
                )
        if values.size < self.size:
            if self.size * kind.itemsize > _LARGEST_FILLED:
                raise OpenError(
                    f"A constant of shape {list(self.shape)} stands for {self.size} equal values, "
                    "more than can be worked with."
                )
            # TensorFlow repeats the last value (tensor.proto, comment on tensor_content).
            filled = np.empty(self.size, dtype=kind)
            filled[: values.size] = values
            filled[values.size :] = values[-1]
            values = filled
        values = values.reshape(self.shape)
        values.flags.writeable = False
        return values

    def _listed_values(self, kind: np.dtype[Any]) -> Array:
        message = self._message
        if message is None:
            return np.empty(0, dtype=kind)
        if self.dtype is DType.STRING:
            strings = np.empty(len(message.string_val), dtype=np.object_)
            strings[:] = list(message.string_val)
            return strings
        if self.dtype in (DType.FLOAT16, DType.BFLOAT16):
            return np.array(message.half_val, dtype=np.uint16).view(kind)
        if self.dtype in (DType.FLOAT8_E5M2, DType.FLOAT8_E4M3FN):
            return np.frombuffer(message.float8_val, dtype=kind)
        if self.dtype in (DType.COMPLEX64, DType.COMPLEX128):
            parts = message.scomplex_val if self.dtype is DType.COMPLEX64 else message.dcomplex_val
            pairs = np.array(parts, dtype=np.float64).reshape(-1, 2)
            return (pairs[:, 0] + 1j * pairs[:, 1]).astype(kind)
        lists: dict[DType, Iterable[Any]] = {
            DType.FLOAT32: message.float_val,
            DType.FLOAT64: message.double_val,
            DType.INT64: message.int64_val,
            DType.BOOL: message.bool_val,
            DType.UINT32: message.uint32_val,
            DType.UINT64: message.uint64_val,
        }
        listed = lists.get(self.dtype, message.int_val)
        return np.array(
            listed, dtype=np.int64 if kind.kind in "iu" and kind.itemsize < 8 else kind
        ).astype(kind)

    def to_message(self) -> pb.TensorProto:
        """Return the TensorProto; elements go to `tensor_content`, strings to `string_val`."""
        if self._message is not None:
            message = pb.TensorProto()
            message.CopyFrom(self._message)
            if self._content is not None:
                message.tensor_content = bytes(self._content)
            return message
        message = pb.TensorProto(dtype=self.dtype.number)
        message.tensor_shape.SetInParent()
        for dim in self.shape:
            message.tensor_shape.dim.add(size=dim)
        if self.dtype is DType.STRING:
            message.string_val.extend(self.array.flat)
        else:
            message.tensor_content = self.array.tobytes()
        return message

    @property
    def _bits(self) -> bytes | list[bytes]:
        try:
            return list(self.array.flat) if self.dtype is DType.STRING else self.array.tobytes()
        except OpenError:
            return self.to_message().SerializeToString(deterministic=True)

    def __eq__(self, other: object) -> bool:
        """Equal dtype, shape and element bits (so NaN equals the same NaN)."""
        if not isinstance(other, TensorValue):
            return NotImplemented
        if self is other:
            return True
        if (self.dtype, self.shape) != (other.dtype, other.shape):
            return False
        return self._bits == other._bits

    def __hash__(self) -> int:
        return hash((self.dtype, self.shape))

    def __repr__(self) -> str:
        return f"TensorValue({self.dtype.text} {list(self.shape)})"


@dataclass(frozen=True)
class FuncRef:
    """A function attribute: the function's name and its own attributes, as serialized."""

    name: str
    message: bytes = b""


@dataclass(frozen=True)
class RawAttr:
    """An attribute this program does not interpret; kept as the serialized AttrValue."""

    message: bytes


AttrValue = (
    int
    | float
    | bool
    | bytes
    | DType
    | Shape
    | TensorValue
    | FuncRef
    | RawAttr
    | tuple["int | float | bool | bytes | DType | Shape | TensorValue | FuncRef", ...]
)


def float32(value: float) -> float:
    """Round `value` to what a float attribute can hold (AttrValue.f is 32-bit)."""
    return float(np.float32(value))


def shape_from_message(message: pb.TensorShapeProto) -> Shape:
    if message.unknown_rank:
        return Shape(None)
    return Shape(tuple(dim.size for dim in message.dim))


def tensor_from_message(message: pb.TensorProto, content: memoryview | None = None) -> TensorValue:
    """Return the constant of a TensorProto whose `tensor_content` may live elsewhere.

    Args:
        message: the proto, not to be changed afterwards; with `content` given, without its own.
        content: the bytes of tensor_content, in the file they were read from.
    """
    shape = tuple(dim.size for dim in message.tensor_shape.dim)
    return TensorValue(DType(message.dtype), shape, content=content, message=message)


def shape_to_message(value: Shape) -> pb.TensorShapeProto:
    if value.dims is None:
        return pb.TensorShapeProto(unknown_rank=True)
    message = pb.TensorShapeProto()
    for dim in value.dims:
        message.dim.add(size=dim)
    return message
