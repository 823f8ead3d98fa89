"""Whole numbers that stand for steps of a range: TensorFlow 1's quantized tensors.

A network holds them in int32 and computes with them in float32. Source of the three modes:
TensorFlow's quantize_op.cc and dequantize_op.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import UnaryOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

Numbers = Array | np.float32

_RANGES = {
    DType.QINT8: (8, -(2**7)),
    DType.QUINT8: (8, 0),
    DType.QINT16: (16, -(2**15)),
    DType.QUINT16: (16, 0),
}
"""Bits, and the smallest whole number."""


@dataclass(frozen=True)
class _Grid:
    """The whole numbers of a dtype, and the range they are spread over.

    Attributes:
        least: the smallest whole number.
        most: the largest.
        bits: of the dtype.
        low: where the range begins; a vector: per element of a dimension.
        high: where it ends.
        narrow: whether the smallest number is left out, where the mode asks.
        ends: the shape that TensorFlow gives the range's ends.
    """

    least: int
    most: int
    bits: int
    low: Array
    high: Array
    narrow: bool
    ends: tuple[int, ...]

    @property
    def half(self) -> np.float32:
        """What moves signed numbers to begin at 0."""
        return np.float32(-self.least)


def _grid(node: Call, dtype: DType, rank: int) -> _Grid:
    found = _RANGES.get(dtype)
    if found is None:
        raise node.refuse(
            f"Its whole numbers are {dtype.text}, more than float32 can tell apart.",
            "Cut the graph before it, or convert the model in float32.",
        )
    axis = node.integer("axis", -1)
    shape = (1,) * rank if axis < 0 else tuple(-1 if at == axis else 1 for at in range(rank))
    low, high = (
        np.asarray(node.constant(place, what), np.float32).reshape(shape if axis >= 0 else ())
        for place, what in ((1, "the minimum"), (2, "the maximum"))
    )
    narrow = node.flag("narrow_range", False)
    ends = () if axis < 0 else (-1,)
    bits, least = found
    return _Grid(least, least + 2**bits - 1, bits, low, high, narrow, ends)


def _mode(node: Call) -> str:
    mode = node.text("mode", "MIN_COMBINED")
    if mode not in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
        raise node.refuse(f"It quantizes by {mode}, which is not known.", "Use mode SCALED.")
    return mode


@converter("Dequantize")
def dequantize(node: Call, b: Lower) -> Value:
    """Steps times their width, and where the range begins."""
    data = node.input(0)
    grid, mode = _grid(node, data.dtype, data.rank), _mode(node)
    if mode == "SCALED":
        bottom = np.float32(grid.least + grid.narrow)
        width = grid.high / np.float32(grid.most)
        if grid.least:
            width = np.maximum(width, grid.low / bottom)
        offset, start = np.float32(0), np.zeros_like(width)
    elif mode == "MIN_COMBINED":
        width = (grid.high - grid.low) / np.float32(grid.most - grid.least)
        offset, start = grid.half, grid.low
    else:
        width, start = _from_the_first(grid)
        offset = grid.half
    steps = b.cast(data, DType.FLOAT32, suffix="steps")
    if offset:
        steps = b.elementwise(Op.SUM, steps, Value.known(offset), suffix="from_zero")
    scaled = b.elementwise(Op.PROD, steps, Value.known(width), suffix="scaled")
    moved = b.elementwise(Op.SUM, scaled, Value.known(start), suffix="moved")
    target = node.dtype("dtype", DType.FLOAT32)
    return b.cast(moved, target)


def _from_the_first(grid: _Grid) -> tuple[Array, Array]:
    """Return the steps' width, and the beginning of the range moved onto a step."""
    steps = 2.0**grid.bits
    span = grid.high.astype(np.float64) - grid.low
    width = span / (steps - 1)
    safe = np.where(span == 0, 1.0, width)
    start = np.where(span == 0, grid.low, _away(grid.low / safe) * safe)
    return width.astype(np.float32), start.astype(np.float32)


@converter("QuantizeV2")
def quantize(node: Call, b: Lower) -> tuple[Value, Value, Value]:
    """Clipped to the range, counted in steps and rounded; the range is known beforehand."""
    data, dtype = node.input(0), node.dtype("T", DType.QUINT8)
    grid, mode = _grid(node, dtype, data.rank), _mode(node)
    low = np.minimum(np.float32(0), grid.low)
    least_span = np.float32(node.number("ensure_minimum_range", 0.01))
    span = np.maximum(np.float32(1), np.maximum(abs(grid.low), abs(grid.high))) * least_span
    high = np.maximum(np.float32(0), np.maximum(grid.high, low + span))
    to_even = node.text("round_mode", "HALF_AWAY_FROM_ZERO") == "HALF_TO_EVEN"
    if mode == "SCALED":
        least = grid.least + grid.narrow
        # An end on 0 does not tell how wide a step is.
        below, above = (
            np.where(end * most > 0, most / np.where(end == 0, 1, end), np.finfo(np.float32).max)
            for end, most in ((low, least), (high, grid.most))
        )
        scale = np.minimum(below, above).astype(np.float32)
        low, high = (np.float32(end) / scale for end in (least, grid.most))
        counted = b.elementwise(Op.PROD, _clipped(b, data, low, high), Value.known(scale))
        steps = _rounded(b, counted, to_even=to_even)
    elif mode == "MIN_COMBINED":
        scale = np.float32(grid.most - grid.least) / (high - low)
        moved = b.elementwise(Op.SUB, _clipped(b, data, low, high), Value.known(low))
        counted = b.elementwise(Op.PROD, moved, Value.known(scale))
        if grid.least:
            counted = b.elementwise(Op.SUB, counted, Value.known(grid.half))
        steps = _rounded(b, counted)
    else:
        scale = ((2.0**grid.bits - 1) / (high - low)).astype(np.float32)
        counted = _rounded(b, b.elementwise(Op.PROD, data, Value.known(scale)))
        first = _away(low * scale).astype(np.float32) - np.float32(grid.least)
        moved = b.elementwise(Op.SUB, counted, Value.known(first))
        steps = _clipped(b, moved, np.float32(grid.least), np.float32(grid.most))
    whole = b.cast(steps, DType.INT32)
    ends = [Value.known(np.asarray(end, np.float32).reshape(grid.ends)) for end in (low, high)]
    return replace(whole, dtype=dtype), ends[0], ends[1]


def _clipped(b: Lower, data: Value, low: Numbers, high: Numbers) -> Value:
    lowered = b.elementwise(Op.MIN, data, Value.known(np.asarray(high, np.float32)), suffix="high")
    return b.elementwise(Op.MAX, lowered, Value.known(np.asarray(low, np.float32)), suffix="low")


def _rounded(b: Lower, data: Value, *, to_even: bool = False) -> Value:
    """Return the nearest whole numbers, halves away from zero where not to even ones."""
    if to_even:
        return b.unary(UnaryOperation.ROUND, data, suffix="rounded")
    size = b.unary(UnaryOperation.ABS, data, suffix="size")
    shifted = b.elementwise(Op.SUM, size, b.scalar(0.5, data.dtype), suffix="shifted")
    floored = b.unary(UnaryOperation.FLOOR, shifted, suffix="floored")
    sign = b.unary(UnaryOperation.SIGN, data, suffix="sign")
    return b.elementwise(Op.PROD, floored, sign, suffix="rounded")


def _away(numbers: Array) -> Array:
    return np.asarray(np.sign(numbers) * np.floor(np.abs(numbers) + 0.5))
