"""Passes that recognise activations written as arithmetic, and chains of affine layers."""

from __future__ import annotations

import math

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Layer
from surgeon_gui.network.layers import Activation, ActivationType, ElementWiseOperation, Scale
from surgeon_gui.network.simplify.bench import Bench
from surgeon_gui.network.simplify.folding import Affine, affine_of

_NEUTRAL = {
    ElementWiseOperation.SUM: 0,
    ElementWiseOperation.SUB: 0,
    ElementWiseOperation.PROD: 1,
    ElementWiseOperation.DIV: 1,
}


def recognise_activations(bench: Bench) -> None:
    """Maximum(x, alpha * x), Maximum(x, 0), Minimum(Maximum(x, low), high) become activations."""
    for found in bench.each():
        layer = found
        if isinstance(layer.kind, layers.ElementWise):
            _leaky_relu(bench, layer)
            layer = bench.layers[layer.name]
        if isinstance(layer.kind, layers.ElementWise):
            _relu_or_clip(bench, layer)
            _hard_sigmoid(bench, bench.layers[found.name])
        layer = bench.layers[found.name]
        if isinstance(layer.kind, Activation):
            _clip_of_relu(bench, layer, layer.kind)


def _clip_of_relu(bench: Bench, layer: Layer, kind: Activation) -> None:
    """A clip from 0 upwards needs no ReLU before it."""
    before = bench.producer(layer.inputs[0])
    if before is None or not isinstance(before.kind, Activation):
        return
    starts_at_zero = kind.type is ActivationType.CLIP and kind.alpha == 0
    if before.kind.type is ActivationType.RELU and (
        starts_at_zero or kind.type is ActivationType.RELU
    ):
        bench.replace(layer, kind, before.inputs, merged=[before])


def drop_neutral(bench: Bench) -> None:
    """Remove products with 1, sums with 0 and their like."""
    for layer in bench.each():
        kind = layer.kind
        if not isinstance(kind, layers.ElementWise) or kind.op not in _NEUTRAL:
            continue
        data, other = layer.inputs
        constant = bench.constant(other)
        if constant is None and kind.op in (ElementWiseOperation.SUM, ElementWiseOperation.PROD):
            data, other = other, data
            constant = bench.constant(other)
        if constant is None or bench.tensors[data].shape != layer.outputs[0].shape:
            continue
        if np.all(constant.weights_ == _NEUTRAL[kind.op]):
            bench.bypass(bench.replace(layer, kind, (data, other)))


def _scalar_operand(bench: Bench, layer: Layer) -> tuple[str, float] | None:
    """Return the tensor and the one number a layer combines."""
    for data, other in (layer.inputs, layer.inputs[::-1]):
        constant = bench.constant(other)
        if constant is not None and constant.weights_.size == 1 and bench.constant(data) is None:
            if constant.weights_.dtype != np.float32:
                return None
            if layer.outputs[0].shape != bench.tensors[data].shape:
                return None
            return data, float(constant.weights_.reshape(-1)[0])
    return None


def _is(layer: Layer | None, op: ElementWiseOperation) -> bool:
    return layer is not None and isinstance(layer.kind, layers.ElementWise) and layer.kind.op is op


def _leaky_relu(bench: Bench, layer: Layer) -> None:
    if not _is(layer, ElementWiseOperation.MAX):
        return
    for data, other in (layer.inputs, layer.inputs[::-1]):
        product = bench.producer(other)
        if product is None or not _is(product, ElementWiseOperation.PROD):
            continue
        scaled = _scalar_operand(bench, product)
        if scaled is None or scaled[0] != data or not 0 <= scaled[1] <= 1:
            continue
        kind = Activation(type=ActivationType.LEAKY_RELU, alpha=scaled[1])
        bench.replace(layer, kind, [data], merged=[product])
        return


def _relu_or_clip(bench: Bench, layer: Layer) -> None:
    low_op, high_op = ElementWiseOperation.MAX, ElementWiseOperation.MIN
    operand = _scalar_operand(bench, layer)
    if operand is None or not (_is(layer, low_op) or _is(layer, high_op)):
        return
    data, limit = operand
    before = bench.producer(data)
    inner = _lower_limit(bench, before) if _is(layer, high_op) else None
    if inner is not None and before is not None and inner[1] <= limit:
        kind = Activation(type=ActivationType.CLIP, alpha=inner[1], beta=limit)
        bench.replace(layer, kind, [inner[0]], merged=[before])
        return
    if _is(layer, low_op) and before is not None and _is(before, high_op):
        outer = _scalar_operand(bench, before)
        if outer is not None and limit <= outer[1]:
            kind = Activation(type=ActivationType.CLIP, alpha=limit, beta=outer[1])
            bench.replace(layer, kind, [outer[0]], merged=[before])
            return
    if _is(layer, low_op) and limit == 0:
        readers = bench.readers(layer.outputs[0].name)
        if not any(_is(reader, high_op) and _scalar_operand(bench, reader) for reader in readers):
            bench.replace(layer, Activation(type=ActivationType.RELU), [data])


def _hard_sigmoid(bench: Bench, layer: Layer) -> None:
    """relu6(x + 3) / 6, and every clip from 0 scaled to end at 1."""
    if not (_is(layer, ElementWiseOperation.PROD) or _is(layer, ElementWiseOperation.DIV)):
        return
    operand = _scalar_operand(bench, layer)
    if operand is None or (_is(layer, ElementWiseOperation.DIV) and operand[0] != layer.inputs[0]):
        return
    data, number = operand
    factor = number if _is(layer, ElementWiseOperation.PROD) else 1 / number
    clip = bench.producer(data)
    if clip is None or not isinstance(clip.kind, Activation) or factor <= 0:
        return
    kind = clip.kind
    if (
        kind.type is not ActivationType.CLIP
        or kind.alpha != 0
        or abs(kind.beta * factor - 1) > 1e-6
    ):
        return
    shift = bench.producer(clip.inputs[0])
    if shift is None or not _is(shift, ElementWiseOperation.SUM):
        return
    shifted = _scalar_operand(bench, shift)
    if shifted is None:
        return
    bench.replace(
        layer,
        Activation(type=ActivationType.HARD_SIGMOID, alpha=factor, beta=shifted[1] * factor),
        [shifted[0]],
        merged=[clip, shift],
    )


def recognise_gelu(bench: Bench) -> None:
    """X / 2 * (1 + erf(x / sqrt 2)), and the form with tanh, in whatever order it is multiplied."""
    for layer in bench.each():
        kind = layer.kind
        if isinstance(kind, layers.Unary) and kind.op is layers.UnaryOperation.ERF:
            data = _scaled(bench, layer.inputs[0], 2**-0.5)
            if data is not None:
                _gelu(bench, layer, data, ActivationType.GELU_ERF)
        elif isinstance(kind, Activation) and kind.type is ActivationType.TANH:
            data = _tanh_argument(bench, layer.inputs[0])
            if data is not None:
                _gelu(bench, layer, data, ActivationType.GELU_TANH)


def _gelu(bench: Bench, inner: Layer, data: str, kind: ActivationType) -> None:
    """Replace the product of x, 1/2 and 1 + inner, if that is what the layers after it are."""
    shifted = bench.only_reader(inner.outputs[0].name)
    if shifted is None or not isinstance(shifted.kind, layers.ElementWise):
        return
    if _scalar_operand(bench, shifted) != (inner.outputs[0].name, 1.0):
        return
    seen = [inner, shifted]
    if shifted.kind.op is ElementWiseOperation.SUB and shifted.inputs[1] == inner.outputs[0].name:
        # 1 - erf(-x): what TensorFlow writes with Erfc.
        negated = bench.producer(data)
        if negated is None or not isinstance(negated.kind, layers.Unary):
            return
        if negated.kind.op is not layers.UnaryOperation.NEG:
            return
        data = negated.inputs[0]
    elif shifted.kind.op is not ElementWiseOperation.SUM:
        return
    tensor = shifted.outputs[0].name
    half = met = False
    while not (half and met):
        reader = bench.only_reader(tensor)
        if reader is None or not _is(reader, ElementWiseOperation.PROD):
            return
        if _scalar_operand(bench, reader) == (tensor, 0.5) and not half:
            half = True
        elif met:
            return
        else:
            other = reader.inputs[1] if reader.inputs[0] == tensor else reader.inputs[0]
            if other == data:
                met = True
            elif not half and _scaled(bench, other, 0.5) == data:
                half = met = True
            else:
                return
        seen.append(reader)
        tensor = reader.outputs[0].name
    last = seen[-1]
    bench.replace(last, Activation(type=kind), [data], merged=seen[:-1])


def _scaled(bench: Bench, tensor: str, factor: float) -> str | None:
    """Return x when the tensor is factor * x."""
    layer = bench.producer(tensor)
    if layer is None or not isinstance(layer.kind, layers.ElementWise):
        return None
    operand = _scalar_operand(bench, layer)
    if operand is None or not operand[1]:
        return None
    number = operand[1]
    if _is(layer, ElementWiseOperation.DIV) and operand[0] == layer.inputs[0]:
        number = 1 / number
    elif not _is(layer, ElementWiseOperation.PROD):
        return None
    return operand[0] if abs(number - factor) < 1e-6 else None


def _tanh_argument(bench: Bench, tensor: str) -> str | None:
    """Return x when the tensor is sqrt(2 / pi) * (x + 0.044715 * x ** 3)."""
    inner = _scaled(bench, tensor, (2 / math.pi) ** 0.5)
    total = None if inner is None else bench.producer(inner)
    if total is None or not _is(total, ElementWiseOperation.SUM):
        return None
    for data, other in (total.inputs, total.inputs[::-1]):
        cube = _scaled(bench, other, 0.044715)
        if cube is not None and _is_cube(bench, cube, data):
            return data
    return None


def _is_cube(bench: Bench, tensor: str, data: str) -> bool:
    layer = bench.producer(tensor)
    if layer is None or not isinstance(layer.kind, layers.ElementWise):
        return False
    if layer.kind.op is ElementWiseOperation.POW:
        return _scalar_operand(bench, layer) == (data, 3.0)
    for one, other in (layer.inputs, layer.inputs[::-1]):
        square = bench.producer(other)
        if one == data and square is not None and square.inputs == (data, data):
            return _is(layer, ElementWiseOperation.PROD) and _is(square, ElementWiseOperation.PROD)
    return False


def _lower_limit(bench: Bench, layer: Layer | None) -> tuple[str, float] | None:
    """Return the tensor and the number below which a layer cuts it off."""
    if layer is None:
        return None
    if isinstance(layer.kind, Activation) and layer.kind.type is ActivationType.RELU:
        return layer.inputs[0], 0.0
    if _is(layer, ElementWiseOperation.MAX):
        return _scalar_operand(bench, layer)
    return None


def merge_affines(bench: Bench) -> None:
    """Join per-channel scales and shifts that follow each other into one Scale."""
    for found in bench.each():
        layer = bench.layers.get(found.name)
        while layer is not None:
            layer = _merge_affine(bench, layer)


def _merge_affine(bench: Bench, layer: Layer) -> Layer | None:
    """Return the Scale made of a layer and its only reader; None when they do not go together."""
    reader = bench.only_reader(layer.outputs[0].name)
    shape = layer.outputs[0].shape
    if reader is None or len(shape) < 3:
        return None
    for axis in dict.fromkeys((1, len(shape) - 1)):
        first, then = affine_of(bench, layer, axis), affine_of(bench, reader, axis)
        if first is None or then is None or shape[axis] < 0:
            continue
        if reader.outputs[0].shape != shape or bench.tensors[first.data].shape != shape:
            continue
        if bench.tensors[first.data].dtype.numpy != np.float32:
            return None
        scale = _joined(first, then, shape[axis])
        return bench.replace(
            layer, scale, [first.data], merged=[_taken(bench, reader)], outputs=reader.outputs
        )
    return None


def _taken(bench: Bench, layer: Layer) -> Layer:
    bench.remove(layer)
    return layer


def _joined(first: Affine, then: Affine, channels: int) -> Scale:
    factor = first.factor * then.factor
    offset = first.offset * then.factor + then.offset
    # What is the same for all channels is one number: their count may be an open dimension.
    shape = () if factor.size == offset.size == 1 else (channels,)
    factor, offset = (np.broadcast_to(item.reshape(-1), shape or (1,)) for item in (factor, offset))
    return Scale(
        scale=np.ascontiguousarray(factor, dtype=np.float32).reshape(shape),
        shift=np.ascontiguousarray(offset, dtype=np.float32).reshape(shape),
        channel_axis=first.axis,
    )
