"""A pass that computes once what several layers compute from the same tensors."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Layer
from surgeon_gui.network.simplify.bench import Bench

_SMALL = 4096
"""Bytes of weights up to which equal numbers count as the same; larger ones must be one array."""


def share_layers(bench: Bench) -> None:
    """Let one layer speak for all that have its kind, parameters and inputs."""
    first: dict[Hashable, str] = {}
    for layer in bench.each():
        if isinstance(layer.kind, layers.Plugin) or layer.kind.networks():
            continue
        known = bench.layers.get(first.setdefault(_key(layer), layer.name))
        if known is None or known is layer:
            continue
        if any(tensor.name in bench.outputs for tensor in layer.outputs):
            continue
        bench.remove(layer)
        bench.replace(known, known.kind, merged=[layer])
        for tensor, same in zip(layer.outputs, known.outputs, strict=True):
            bench.redirect(tensor.name, same.name)


def _key(layer: Layer) -> Hashable:
    parameters = layer.kind.parameters().items()
    values = tuple((name, _hashable(value)) for name, value in parameters)
    return (type(layer.kind), layer.inputs, values)


def _hashable(value: Any) -> Hashable:
    if not isinstance(value, np.ndarray):
        # 1 == True == 1.0, and 0.0 == -0.0: none of these pairs is one parameter.
        return repr(value) if isinstance(value, float | tuple) else (type(value), value)
    if value.nbytes > _SMALL:
        return id(value)
    return (value.shape, value.dtype.str, value.tobytes())
