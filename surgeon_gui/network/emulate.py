"""Half precision where nothing computes in it: float32, rounded after every layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import Cast, Constant

_NARROW = frozenset({DType.FLOAT16, DType.BFLOAT16})
_ARRAYS = frozenset(dtype.numpy for dtype in _NARROW)


def without_halves(network: Network) -> Network:
    """Return a network with the same numbers for a runtime whose kernels lack half precision.

    Tensors keep their names and hold float32; each is rounded as its layer's result would be, to an
    infinity where it is too large. What the layer adds up inside is not rounded, nor is it in
    TensorRT. Left to itself, ONNX Runtime computes float16 in float32 on the CPU and rounds hardly
    anything: what overflows in TensorRT would not be seen.
    """
    if not _has_halves(network):
        return network
    taken = set(network.tensors) | {layer.name for layer in network.layers}
    layers: list[Layer] = []
    for layer in network.layers:
        exact = dataclasses.replace(layer, kind=_widened(layer.kind))
        if isinstance(layer.kind, Constant) or not _is_narrow(layer.outputs):
            layers.append(dataclasses.replace(exact, outputs=tuple(map(_wide, layer.outputs))))
            continue
        outputs = [_renamed(tensor, taken, "exact") for tensor in layer.outputs]
        layers.append(dataclasses.replace(exact, outputs=tuple(outputs)))
        for made, tensor in zip(outputs, layer.outputs, strict=True):
            if tensor.dtype in _NARROW:
                layers += _rounded(made, tensor, taken, layer.origin)
    inputs = tuple(map(_wide, network.inputs))
    return dataclasses.replace(network, inputs=inputs, layers=tuple(layers))


def _has_halves(network: Network) -> bool:
    return _is_narrow(network.inputs) or any(
        _is_narrow(layer.outputs) or any(map(_has_halves, layer.kind.networks().values()))
        for layer in network.layers
    )


def _is_narrow(tensors: Sequence[Tensor]) -> bool:
    return any(tensor.dtype in _NARROW for tensor in tensors)


def _wide(tensor: Tensor) -> Tensor:
    narrow = tensor.dtype in _NARROW
    return dataclasses.replace(tensor, dtype=DType.FLOAT32) if narrow else tensor


def _renamed(tensor: Tensor, taken: set[str], hint: str) -> Tensor:
    if tensor.dtype not in _NARROW:
        return tensor
    name, count = f"{tensor.name}/{hint}", 0
    while name in taken:
        count += 1
        name = f"{tensor.name}/{hint}__{count}"
    taken.add(name)
    return Tensor(DType.FLOAT32, tensor.shape, name)


def _rounded(
    made: Tensor, wanted: Tensor, taken: set[str], origin: tuple[str, ...]
) -> tuple[Layer, Layer]:
    narrow = Tensor(wanted.dtype, made.shape, f"{made.name}/rounded")
    taken.add(narrow.name)
    there = Layer(narrow.name, Cast(to_type=wanted.dtype), (made.name,), (narrow,), origin)
    name = f"{made.name}/back"
    taken.add(name)
    back = Cast(to_type=DType.FLOAT32)
    return there, Layer(name, back, (narrow.name,), (_wide(wanted),), origin)


def _widened(kind: Kind) -> Kind:
    changes: dict[str, Any] = {}
    for name, value in kind.parameters().items():
        if isinstance(value, np.ndarray) and value.dtype in _ARRAYS:
            changes[name] = value.astype(np.float32)
        elif isinstance(value, DType) and value in _NARROW:
            changes[name] = DType.FLOAT32
        elif isinstance(value, Network):
            changes[name] = without_halves(value)
    return dataclasses.replace(kind, **changes) if changes else kind
