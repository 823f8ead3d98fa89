"""Layers that work element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from surgeon_gui.engine.dtypes import dtype_of
from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Cast,
    Dequantize,
    ElementWise,
    ElementWiseOperation,
    Identity,
    ParametricReLU,
    Quantize,
    Scale,
    Select,
    Unary,
    UnaryOperation,
)


@READERS.register("ACTIVATION")
def activation(layer: Any, reader: LayerReader) -> Activation:
    kind = reader.member(ActivationType, layer.type)
    return Activation(type=kind, alpha=layer.alpha, beta=layer.beta)


@READERS.register("SCALE")
def scale(layer: Any, reader: LayerReader) -> Scale:
    shape: Dims = () if layer.mode.name == "UNIFORM" else (-1,)
    factor = reader.weights(layer.scale, shape)
    shift = reader.weights(layer.shift, shape)
    ones: Array = np.ones((), np.float32) if factor is None else factor
    return Scale(
        scale=ones,
        shift=np.zeros_like(ones) if shift is None else shift,
        power=reader.weights(layer.power, shape),
        channel_axis=layer.channel_axis,
    )


@READERS.register("UNARY")
def unary(layer: Any, reader: LayerReader) -> Unary:
    return Unary(op=reader.member(UnaryOperation, layer.op))


@READERS.register("ELEMENTWISE")
def elementwise(layer: Any, reader: LayerReader) -> ElementWise:
    return ElementWise(op=reader.member(ElementWiseOperation, layer.op))


@READERS.register("SELECT")
def select(layer: Any, reader: LayerReader) -> Select:
    return Select()


@READERS.register("PARAMETRIC_RELU")
def parametric_relu(layer: Any, reader: LayerReader) -> ParametricReLU:
    return ParametricReLU()


@READERS.register("CAST")
def cast(layer: Any, reader: LayerReader) -> Cast:
    return Cast(to_type=dtype_of(layer.to_type))


@READERS.register("IDENTITY")
def identity(layer: Any, reader: LayerReader) -> Identity:
    return Identity()


def _quantization(layer: Any, reader: LayerReader) -> dict[str, Any]:
    if reader.has_input(2) and reader.constant(2).any():
        raise EngineError("A zero point other than 0 has no counterpart.", where=layer.name)
    return {
        "scale": reader.constant(1),
        "axis": None if layer.axis < 0 else layer.axis,
        "to_type": dtype_of(layer.get_output(0).dtype),
    }


@READERS.register("QUANTIZE")
def quantize(layer: Any, reader: LayerReader) -> Quantize:
    return Quantize(**_quantization(layer, reader))


@READERS.register("DEQUANTIZE")
def dequantize(layer: Any, reader: LayerReader) -> Dequantize:
    return Dequantize(**_quantization(layer, reader))
