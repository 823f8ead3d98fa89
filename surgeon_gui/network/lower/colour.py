"""Colours: hue, saturation and value, from and to red, green and blue in the last dimension."""

from __future__ import annotations

from surgeon_gui.network.layers import ActivationType, ReduceOperation, UnaryOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.arithmetic import choose, is_zero
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


def _channels(node: Call, b: Lower, data: Value) -> tuple[Value, Value, Value]:
    if data.rank == 0 or data.shape[-1] != 3:
        raise node.refuse(f"Colours have 3 channels, this tensor is {list(data.shape)}.")
    size = (*data.shape[:-1], 1)
    red, green, blue = (
        b.slice(data, (*(0,) * (data.rank - 1), place), size, suffix=name)
        for place, name in enumerate(("first", "second", "third"))
    )
    return red, green, blue


def _extremes(b: Lower, data: Value) -> tuple[Value, Value]:
    """Return the largest channel, and how far the smallest lies below it."""
    last = (data.rank - 1,)
    value = b.reduce(ReduceOperation.MAX, data, last, True, suffix="value")
    lowest = b.reduce(ReduceOperation.MIN, data, last, True, suffix="lowest")
    return value, b.elementwise(Op.SUB, value, lowest, suffix="range")


def _without_zeros(b: Lower, value: Value, name: str) -> Value:
    zero = is_zero(b, value, f"{name}_zero")
    return choose(b, zero, b.scalar(1, value.dtype), value, suffix=f"{name}_divisor")


def _to_hsv(node: Call, b: Lower, data: Value) -> tuple[Value, Value, Value]:
    red, green, blue = _channels(node, b, data)
    value, spread = _extremes(b, data)
    divisor = _without_zeros(b, spread, "range")

    def sector(high: Value, low: Value, turn: float, name: str) -> Value:
        distance = b.elementwise(Op.SUB, high, low, suffix=f"{name}_distance")
        angle = b.elementwise(Op.DIV, distance, divisor, suffix=f"{name}_angle")
        return b.elementwise(Op.SUM, angle, b.scalar(turn, data.dtype), suffix=name)

    from_red = sector(green, blue, 0.0, "red")
    from_green = sector(blue, red, 2.0, "green")
    from_blue = sector(red, green, 4.0, "blue")
    is_green = b.elementwise(Op.EQUAL, value, green, suffix="is_green")
    is_red = b.elementwise(Op.EQUAL, value, red, suffix="is_red")
    other = choose(b, is_green, from_green, from_blue, suffix="green_or_blue")
    angle = choose(b, is_red, from_red, other, suffix="angle")
    grey = is_zero(b, spread, "grey")
    angle = choose(b, grey, b.scalar(0, data.dtype), angle, suffix="hue_or_none")
    turns = b.elementwise(Op.DIV, angle, b.scalar(6, data.dtype), suffix="turns")
    full = b.scalar(1, data.dtype)
    ratio = b.elementwise(
        Op.DIV, spread, _without_zeros(b, value, "value"), suffix="saturation_ratio"
    )
    positive = b.elementwise(Op.GREATER, value, b.scalar(0, data.dtype), suffix="lit")
    saturation = choose(b, positive, ratio, b.scalar(0, data.dtype), suffix="saturation")
    return _fraction(b, turns, full, "hue"), saturation, value


def _fraction(b: Lower, value: Value, one: Value, name: str) -> Value:
    """Return what lies past the last whole number, 0 to 1."""
    whole = b.elementwise(Op.FLOOR_DIV, value, one, suffix=f"{name}_whole")
    return b.elementwise(Op.SUB, value, whole, suffix=name)


def _to_rgb(b: Lower, hue: Value, saturation: Value, value: Value) -> Value:
    dtype = hue.dtype
    angle = b.elementwise(Op.PROD, hue, b.scalar(6, dtype), suffix="sixths")
    rest = b.elementwise(Op.SUB, b.scalar(1, dtype), saturation, suffix="paleness")
    channels = []
    for name, centre, sign in (("r", 3.0, 1.0), ("g", 2.0, -1.0), ("b", 4.0, -1.0)):
        offset = b.elementwise(Op.SUB, angle, b.scalar(centre, dtype), suffix=f"{name}_offset")
        size = b.unary(UnaryOperation.ABS, offset, suffix=f"{name}_size")
        scaled = b.elementwise(Op.PROD, size, b.scalar(sign, dtype), suffix=f"{name}_slope")
        shift = b.scalar(-1.0 if sign > 0 else 2.0, dtype)
        line = b.elementwise(Op.SUM, scaled, shift, suffix=f"{name}_line")
        share = b.activation(ActivationType.CLIP, line, 0.0, 1.0, suffix=f"{name}_share")
        part = b.elementwise(Op.PROD, saturation, share, suffix=f"{name}_part")
        whole = b.elementwise(Op.SUM, rest, part, suffix=f"{name}_whole")
        channels.append(b.elementwise(Op.PROD, whole, value, suffix=f"{name}_channel"))
    return concatenate(b, channels, hue.rank - 1)


@converter("RGBToHSV")
def rgb_to_hsv(node: Call, b: Lower) -> Value:
    data = b.live(node.input(0))
    return concatenate(b, list(_to_hsv(node, b, data)), data.rank - 1)


@converter("HSVToRGB")
def hsv_to_rgb(node: Call, b: Lower) -> Value:
    return _to_rgb(b, *_channels(node, b, b.live(node.input(0))))


@converter("AdjustHue")
def adjust_hue(node: Call, b: Lower) -> Value:
    data = b.live(node.input(0))
    hue, saturation, value = _to_hsv(node, b, data)
    turned = b.elementwise(
        Op.SUM, hue, b.cast(node.input(1), data.dtype, suffix="delta"), suffix="turned"
    )
    return _to_rgb(b, _fraction(b, turned, b.scalar(1, data.dtype), "new_hue"), saturation, value)


@converter("AdjustSaturation")
def adjust_saturation(node: Call, b: Lower) -> Value:
    """Each channel's distance from the largest is scaled, until the smallest is zero at most."""
    data = b.live(node.input(0))
    _channels(node, b, data)
    scale = b.cast(node.input(1), data.dtype, suffix="scale")
    value, spread = _extremes(b, data)
    most = b.elementwise(Op.DIV, value, _without_zeros(b, spread, "range"), suffix="most")
    ratio = b.elementwise(Op.MIN, most, scale, suffix="ratio")
    ratio = b.elementwise(Op.MAX, ratio, b.scalar(0, data.dtype), suffix="positive_ratio")
    distance = b.elementwise(Op.SUB, value, data, suffix="distance")
    scaled = b.elementwise(Op.PROD, distance, ratio, suffix="scaled")
    return b.elementwise(Op.SUB, value, scaled)
