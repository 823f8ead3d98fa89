"""Ops that round to a quantized grid and back, as quantization-aware training leaves them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import UnaryOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

Array = npt.NDArray[Any]


@converter(
    "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"
)
def fake_quant(node: Call, b: Lower) -> Value:
    """Clip to the range, round to its grid; the range is nudged so that zero lies on the grid."""
    data = node.input(0)
    if node.op == "FakeQuantWithMinMaxArgs":
        low = np.array(node.number("min", -6.0), np.float32)
        high = np.array(node.number("max", 6.0), np.float32)
    else:
        low = node.constant(1, "the minimum").astype(np.float32)
        high = node.constant(2, "the maximum").astype(np.float32)
    least = 1 if node.flag("narrow_range", False) else 0
    most = 2 ** node.integer("num_bits", 8) - 1
    if np.any(high <= low):
        raise node.refuse("Its range is empty.", "Set a minimum below the maximum.")
    scale = (high - low) / np.float32(most - least)
    zero = np.clip(np.floor(least - low / scale + np.float32(0.5)), least, most)
    start = ((least - zero) * scale).astype(np.float32)
    end = ((most - zero) * scale).astype(np.float32)
    clipped = _clip(b, data, start, end)
    moved = b.elementwise(Op.SUB, clipped, Value.known(start), suffix="moved")
    inverse = Value.known((1 / scale).astype(np.float32))
    steps = b.elementwise(Op.PROD, moved, inverse, suffix="steps")
    return b.elementwise(
        Op.SUM,
        b.elementwise(Op.PROD, _rounded_up(b, steps), Value.known(scale), suffix="scaled"),
        Value.known(start),
    )


def _clip(b: Lower, data: Value, low: Array, high: Array) -> Value:
    raised = b.elementwise(Op.MAX, data, Value.known(low), suffix="low")
    return b.elementwise(Op.MIN, raised, Value.known(high), suffix="high")


def _rounded_up(b: Lower, data: Value) -> Value:
    """Return the nearest whole number, halves upwards."""
    shifted = b.elementwise(Op.SUM, data, b.scalar(0.5, data.dtype), suffix="shifted")
    return b.unary(UnaryOperation.FLOOR, shifted, suffix="rounded")


@converter("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4")
def quantize_and_dequantize(node: Call, b: Lower) -> Value:
    data = node.input(0)
    if not node.flag("range_given", False):
        raise node.refuse(
            "Its range is measured on the data at hand.",
            "Set range_given with a minimum and a maximum, from quantization-aware training.",
        )
    low, high = node.constant(1, "the minimum"), node.constant(2, "the maximum")
    bits = (
        node.constant_int(3, "the number of bits")
        if node.op == "QuantizeAndDequantizeV3"
        else node.integer("num_bits", 8)
    )
    signed = node.flag("signed_input", True)
    narrow = node.flag("narrow_range", False)
    least = -(2 ** (bits - 1)) + (1 if narrow else 0) if signed else 0
    most = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    step = _step(low.astype(np.float32), high.astype(np.float32), least, most)
    axis = node.integer("axis", -1)
    half_to_even = node.text("round_mode", "HALF_TO_EVEN") == "HALF_TO_EVEN"
    if signed and bits == 8 and not narrow and half_to_even and step.size == 1:
        # This is what TensorRT's own pair of layers does.
        quantized = layers.Quantize(scale=step.reshape(()))
        inner = b.add(quantized, b.tensor(b.live(data)), suffix="quantize")
        live = b.live(data)
        outer = b.add(layers.Dequantize(scale=step.reshape(())), inner)
        return Value.of(outer, data.dtype, live.axes)
    if axis >= 0 and step.size > 1:
        shape = [1] * data.rank
        shape[axis] = step.size
        step = step.reshape(shape)
    clipped = _clip(b, data, step * np.float32(least), step * np.float32(most))
    steps = b.elementwise(Op.DIV, clipped, Value.known(step), suffix="steps")
    if half_to_even:
        rounded = b.unary(UnaryOperation.ROUND, steps, suffix="rounded")
    else:
        rounded = _rounded_up(b, steps)
    return b.elementwise(Op.PROD, rounded, Value.known(step))


def _step(low: Array, high: Array, least: int, most: int) -> Array:
    """Return the grid's step: the larger of what either end of the range asks for."""
    from_low = low / least if least else np.zeros_like(low)
    step = np.maximum(np.maximum(from_low, high / most), np.finfo(np.float32).tiny)
    return np.asarray(step, dtype=np.float32)
