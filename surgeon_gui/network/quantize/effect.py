"""What rounding changes that can be counted without a GPU: bytes of weights, and products."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Layer, Network
from surgeon_gui.network.layers import (
    Constant,
    Convolution,
    Deconvolution,
    Einsum,
    MatrixMultiply,
    MatrixOperation,
)


@dataclass(frozen=True)
class Effect:
    """What a network's weights take, and where it multiplies.

    Attributes:
        float_bytes: of its float32 weights.
        rounded_bytes: of the same where those of rounded layers have a byte each.
        share: multiplications in rounded layers, of all in convolutions and matrix products.
    """

    float_bytes: int
    rounded_bytes: int
    share: float


def effect_of(network: Network, rounded: Set[str]) -> Effect:
    """Count for a float network of which some layers, by name, would be rounded."""
    constants = {
        layer.outputs[0].name: layer.kind.weights_
        for layer in network.layers
        if isinstance(layer.kind, Constant)
    }
    # By identity: layers may share an array.
    arrays, narrow = {}, set()
    total = inside = 0
    for layer in network.layers:
        for array in _weights(layer):
            arrays[id(array)] = array.nbytes
        count = _products(network, layer)
        total += count
        if layer.name in rounded:
            inside += count
            if isinstance(layer.kind, Convolution | Deconvolution):
                narrow.add(id(layer.kind.kernel))
            elif isinstance(layer.kind, MatrixMultiply):
                narrow.update(id(constants[name]) for name in layer.inputs if name in constants)
    size = sum(arrays.values())
    saved = sum(3 * size // 4 for key, size in arrays.items() if key in narrow)
    return Effect(size, size - saved, inside / total if total else 0.0)


def _weights(layer: Layer) -> Iterator[Array]:
    for value in layer.kind.parameters().values():
        if isinstance(value, np.ndarray) and value.dtype == np.float32:
            yield value


def _products(network: Network, layer: Layer) -> int:
    """Return how many numbers a layer multiplies; a dimension that is open counts as 1."""
    kind = layer.kind
    if isinstance(kind, Convolution) and kind.kernel is not None:
        return _size(layer.outputs[0].shape) * math.prod(kind.kernel.shape[1:])
    if isinstance(kind, Deconvolution) and kind.kernel is not None:
        return _size(network.tensors[layer.inputs[0]].shape) * math.prod(kind.kernel.shape[1:])
    if isinstance(kind, MatrixMultiply):
        left = network.tensors[layer.inputs[0]].shape
        turned = kind.op0 is MatrixOperation.TRANSPOSE and len(left) > 1
        return _size(layer.outputs[0].shape) * max(left[-2 if turned else -1], 1)
    if isinstance(kind, Einsum) and len(layer.inputs) > 1:
        terms = kind.equation.split("->")[0].split(",")
        shapes = (network.tensors[name].shape for name in layer.inputs)
        pairs = zip("".join(terms), (dim for shape in shapes for dim in shape), strict=True)
        return _size(tuple(dict(pairs).values()))
    return 0


def _size(shape: tuple[int, ...]) -> int:
    return math.prod(max(dim, 1) for dim in shape)
