"""How attribute values are written in the text form of a graph (see `text`)."""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import numpy as np

from surgeon_gui.errors import OpenError, TextFormError
from surgeon_gui.graph.values import (
    Array,
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorValue,
    float32,
    tensor_from_message,
)
from surgeon_gui.proto import graphdef_pb2 as pb

LONGEST_LIST = 64
"""Constants with more elements, not all equal, are written in base64."""

SHAPE_KEYS = frozenset({"shape", "element_shape", "_output_shape"})
"""Attributes whose bracketed list of numbers is a shape."""

_SHORT = {
    DType.FLOAT32: "f32",
    DType.FLOAT64: "f64",
    DType.FLOAT16: "f16",
    DType.BFLOAT16: "bf16",
    DType.INT8: "i8",
    DType.INT16: "i16",
    DType.INT32: "i32",
    DType.INT64: "i64",
    DType.UINT8: "u8",
    DType.UINT16: "u16",
    DType.UINT32: "u32",
    DType.UINT64: "u64",
    DType.COMPLEX64: "c64",
    DType.COMPLEX128: "c128",
}
_LONG = {text: dtype for dtype, text in _SHORT.items()}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_NUMBER = re.compile(r"[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)


def dtype_text(dtype: DType) -> str:
    """Return the short name: `f32`, `i64`, `bool`; `dtype:131` for one without a name."""
    short = _SHORT.get(dtype)
    if short is not None:
        return short
    return f"dtype:{dtype.value}" if dtype.name.startswith("DT_") else dtype.text


def dtype_from_text(text: str) -> DType:
    """Return the dtype of a short or long name.

    Raises:
        ValueError: there is none of that name.
    """
    found = _LONG.get(text)
    return found if found is not None else DType.from_text(text)


def quoted(data: bytes) -> str:
    """Return bytes as a string literal; what is not printable ASCII becomes an escape."""
    out = []
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\x{byte:02x}")
    return f'"{"".join(out)}"'


def float_text(value: float) -> str:
    """Return the shortest text of a 32-bit float; always with a dot, an exponent or a name."""
    return str(np.float32(value))


def value_text(value: AttrValue, key: str = "") -> str:
    """Return an attribute value as text; `key` decides whether `[…]` may stand for a shape."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, bytes):
        return quoted(value)
    if isinstance(value, DType):
        return dtype_text(value)
    if isinstance(value, Shape):
        return _shape_text(value, key)
    if isinstance(value, TensorValue):
        return _tensor_text(value)
    if isinstance(value, FuncRef):
        content = _base64(value.message) if value.message else ""
        return f"@{quoted(value.name.encode())}{content}"
    if isinstance(value, RawAttr):
        return f"raw {_base64(value.message)}"
    prefix = "list" if key in SHAPE_KEYS else ""
    return f"{prefix}[{', '.join(value_text(item, '[]') for item in value)}]"


def _base64(data: bytes) -> str:
    return f'b64"{base64.b64encode(data).decode()}"'


def _shape_text(value: Shape, key: str) -> str:
    if value.dims is None:
        return "?"
    prefix = "" if key in SHAPE_KEYS else "shape"
    return prefix + "[" + ", ".join("?" if dim == -1 else str(dim) for dim in value.dims) + "]"


def _tensor_text(value: TensorValue) -> str:
    try:
        array = value.array
    except OpenError:
        # Damaged, or of a dtype without numbers: kept as it is.
        return f"tensor {_base64(value.to_message().SerializeToString(deterministic=True))}"
    return _elements_text(value, array)


def _elements_text(value: TensorValue, array: Array) -> str:
    head = dtype_text(value.dtype)
    if value.shape:
        head += "[" + ",".join(map(str, value.shape)) + "]"
    flat = array.reshape(-1)
    if flat.size > 1 and _all_same(flat, value.dtype):
        flat = flat[:1]
    if flat.size <= LONGEST_LIST and array.dtype.kind != "c":
        text = "{" + ", ".join(_element_text(item, value.dtype) for item in flat) + "}"
        if value.dtype is DType.STRING or _same_bits(text, flat, value.dtype):
            return head + text
    if value.dtype is DType.STRING:
        return head + "{" + ", ".join(quoted(item) for item in array.flat) + "}"
    return head + ("" if value.shape else "[]") + _base64(array.tobytes())


def _all_same(flat: np.ndarray[Any, Any], dtype: DType) -> bool:
    if dtype is DType.STRING:
        return all(item == flat[0] for item in flat)
    return flat.tobytes() == flat[:1].tobytes() * flat.size


def _element_text(item: Any, dtype: DType) -> str:
    if dtype is DType.STRING:
        return quoted(item)
    if dtype is DType.BOOL:
        return "true" if item else "false"
    return str(item)


def _same_bits(text: str, flat: np.ndarray[Any, Any], dtype: DType) -> bool:
    """Whether the listed elements read back bit for bit (a NaN with a payload would not)."""
    if dtype.numpy is None or dtype.numpy.kind in "iub":
        return True
    items = [float(item) for item in text.strip("{}").split(", ")] if flat.size else []
    return np.array(items, dtype=np.float64).astype(dtype.numpy).tobytes() == flat.tobytes()


class Reader:
    """Reads tokens and values out of a text, one after the other.

    Raises:
        TextFormError: something else stands there; the message names line and column.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def error(self, message: str, hint: str | None = None) -> TextFormError:
        before = self.text[: self.position]
        line = before.count("\n") + 1
        column = self.position - before.rfind("\n")
        return TextFormError(message, where=f"line {line}, column {column}", hint=hint)

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.position)
        self.position = found.end() if found else self.position

    def at_end(self) -> bool:
        self.skip()
        return self.position >= len(self.text)

    def take(self, token: str) -> bool:
        """Step over the token if it is next."""
        self.skip()
        if not self.text.startswith(token, self.position):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str, hint: str | None = None) -> None:
        if not self.take(token):
            found = self.text[self.position : self.position + 12].split("\n")[0]
            raise self.error(f"Expected {token!r}, found {found!r}.", hint)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def string(self) -> bytes | None:
        """Return the string literal that is next, None if there is none."""
        found = self.match(_STRING)
        if found is None:
            return None

        def plain(escape: re.Match[str]) -> str:
            code = escape[1]
            if code[0] == "x" and len(code) == 3:
                return chr(0xDC00 + int(code[1:], 16)) if code[1] > "7" else chr(int(code[1:], 16))
            return _ESCAPES.get(code, code)

        return _ESCAPE.sub(plain, found[1]).encode("utf-8", "surrogateescape")

    def base64(self) -> bytes:
        self.expect("b64")
        content = self.string()
        try:
            return base64.b64decode(content or b"", validate=True)
        except ValueError as error:
            raise self.error("This is no base64.") from error

    def items(self, close: str, read: Any) -> list[Any]:
        """Read what `read` reads, between commas, up to the closing token."""
        found: list[Any] = []
        while not self.take(close):
            if found:
                self.expect(",", f"Separate with commas and end with {close}.")
                if self.take(close):
                    break
            found.append(read())
        return found

    def value(self, key: str = "") -> AttrValue:
        """Read an attribute value; `key` decides whether `[…]` is a shape."""
        if self.take("["):
            return self._bracketed(key)
        if self.take("?"):
            return Shape(None)
        if self.take("@"):
            return self._function()
        text = self.string()
        if text is not None:
            return text
        number = self.match(_NUMBER)
        if number is not None:
            return self._number(number[0])
        word = self.match(_WORD)
        if word is None:
            raise self.error("Expected a value.", "Write 1, 1.0, true, f32, [1, 2], “text” …")
        return self._named(word[0])

    def _number(self, text: str) -> int | float:
        return int(text) if text.lstrip("+-").isdigit() else float32(float(text))

    def _named(self, word: str) -> AttrValue:
        if word in ("true", "false"):
            return word == "true"
        if word == "shape":
            self.expect("[")
            return self._shape()
        if word == "list":
            self.expect("[")
            return tuple(self.items("]", self.value))
        if word == "raw":
            return RawAttr(self.base64())
        if word == "tensor":
            return tensor_from_message(pb.TensorProto.FromString(self.base64()))
        if word == "dtype" and self.take(":"):
            number = self.match(re.compile(r"\d+"))
            return DType(int(number[0] if number else 0))
        try:
            dtype = dtype_from_text(word)
        except ValueError as error:
            raise self.error(
                f"{word} is no value.", "Quote text; dtypes are f32, i32, bool, string …"
            ) from error
        if self.text[self.position : self.position + 1] in ("[", "{") or self.text.startswith(
            'b64"', self.position
        ):
            return self._tensor(dtype)
        return dtype

    def _function(self) -> FuncRef:
        name = self.string()
        if name is None:
            word = self.match(_WORD)
            if word is None:
                raise self.error("Expected a function's name after @.")
            return FuncRef(word[0])
        content = self.base64() if self.text.startswith('b64"', self.position) else b""
        return FuncRef(name.decode(), content)

    def _bracketed(self, key: str) -> AttrValue:
        if key in SHAPE_KEYS:
            return self._shape()
        start = self.position
        values = self.items("]", lambda: self.value("[]"))
        if Shape(None) in values and any(isinstance(value, int) for value in values):
            self.position = start
            return self._shape()
        return tuple(values)

    def _shape(self) -> Shape:
        return Shape(tuple(self.items("]", self._dimension)))

    def _dimension(self) -> int:
        if self.take("?"):
            return -1
        number = self.match(_NUMBER)
        if number is None or not number[0].lstrip("-").isdigit():
            raise self.error("Expected a dimension.", "Write a number, or ? for an unknown one.")
        return int(number[0])

    def _tensor(self, dtype: DType) -> TensorValue:
        shape = self._shape().dims if self.take("[") else ()
        if shape is None or any(dim < 0 for dim in shape):
            raise self.error("A constant's dimensions are all known.")
        size = math.prod(shape)
        kind = dtype.numpy
        if kind is None:
            raise self.error(f"A constant cannot be {dtype.text}.")
        if self.text.startswith('b64"', self.position):
            data = self.base64()
            if len(data) != size * kind.itemsize:
                raise self.error(f"{len(data)} bytes do not fill {dtype.text} {list(shape)}.")
            return TensorValue.from_array(np.frombuffer(data, dtype=kind).reshape(shape), dtype)
        self.expect("{", "Write the elements: f32[2]{1, 2}.")
        elements = self.items("}", lambda: self._element(dtype))
        if len(elements) == 1 and size != 1:
            elements = elements * size
        if len(elements) != size:
            raise self.error(f"{len(elements)} elements do not fill {list(shape)}.")
        flat = np.empty(size, dtype=kind)
        try:
            flat[:] = elements
        except (OverflowError, ValueError, TypeError) as error:
            raise self.error(f"An element does not fit {dtype.text}.") from error
        return TensorValue.from_array(flat.reshape(shape), dtype)

    def _element(self, dtype: DType) -> object:
        number = self.match(_NUMBER)
        value: object
        if number is None:
            value = self.value()
            fits = isinstance(value, bytes if dtype is DType.STRING else bool)
        else:
            whole = number[0].lstrip("+-").isdigit()
            value = int(number[0]) if whole else float(number[0])
            kind = dtype.numpy
            fits = kind is not None and kind.kind not in "bO" and (whole or kind.kind not in "iu")
        if not fits:
            raise self.error(f"This does not belong in a constant of {dtype.text}.")
        return value
