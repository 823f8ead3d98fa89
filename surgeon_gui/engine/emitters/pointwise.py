"""Layers that work element by element."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.network.layers import (
    Activation,
    Cast,
    Dequantize,
    ElementWise,
    Identity,
    ParametricReLU,
    Quantize,
    Scale,
    Select,
    Unary,
)


@EMITTERS.register("Activation")
def activation(kind: Activation, out: LayerEmitter) -> Any:
    made = out.net.add_activation(out.inputs[0], out.member(kind.type))
    if made is not None:
        made.alpha = kind.alpha
        made.beta = kind.beta
    return made


@EMITTERS.register("Scale")
def scale(kind: Scale, out: LayerEmitter) -> Any:
    mode = out.flavour.get("ScaleMode", "CHANNEL" if kind.scale.ndim else "UNIFORM")
    shift, factor, power = (
        out.weights(None if array is None else array.reshape(-1), like=kind.scale)
        for array in (kind.shift, kind.scale, kind.power)
    )
    return out.net.add_scale_nd(out.inputs[0], mode, shift, factor, power, kind.channel_axis)


@EMITTERS.register("Unary")
def unary(kind: Unary, out: LayerEmitter) -> Any:
    return out.net.add_unary(out.inputs[0], out.member(kind.op))


@EMITTERS.register("ElementWise")
def elementwise(kind: ElementWise, out: LayerEmitter) -> Any:
    return out.net.add_elementwise(*out.inputs, out.member(kind.op))


@EMITTERS.register("Select")
def select(kind: Select, out: LayerEmitter) -> Any:
    return out.net.add_select(*out.inputs)


@EMITTERS.register("ParametricReLU")
def parametric_relu(kind: ParametricReLU, out: LayerEmitter) -> Any:
    return out.net.add_parametric_relu(*out.inputs)


@EMITTERS.register("Cast")
def cast(kind: Cast, out: LayerEmitter) -> Any:
    return out.net.add_cast(out.inputs[0], out.data_type(kind.to_type))


@EMITTERS.register("Identity")
def identity(kind: Identity, out: LayerEmitter) -> Any:
    return out.net.add_identity(out.inputs[0])


@EMITTERS.register("Quantize")
def quantize(kind: Quantize, out: LayerEmitter) -> Any:
    return _with_scale(out.net.add_quantize, "IQuantizeLayer", kind, out)


@EMITTERS.register("Dequantize")
def dequantize(kind: Dequantize, out: LayerEmitter) -> Any:
    return _with_scale(out.net.add_dequantize, "IDequantizeLayer", kind, out)


def _with_scale(add: Any, layer: str, kind: Quantize | Dequantize, out: LayerEmitter) -> Any:
    """TensorRT takes the scale as a tensor, and the output's dtype since it has `to_type`."""
    arguments = [out.inputs[0], out.constant(kind.scale, "scale")]
    if out.flavour.has(layer, "to_type"):
        arguments.append(out.data_type(kind.to_type))
    made = add(*arguments)
    if made is not None and kind.axis is not None:
        made.axis = kind.axis
    return made
