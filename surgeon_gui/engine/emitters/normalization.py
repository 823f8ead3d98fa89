"""Normalization by the mean and variance of the tensor at hand."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter, axes_mask
from surgeon_gui.network.layers import Normalization


@EMITTERS.register("Normalization")
def normalization(kind: Normalization, out: LayerEmitter) -> Any:
    # The first version differs for groups only, which it is not given (taken_apart).
    newer = hasattr(out.net, "add_normalization_v2")
    add = out.method("add_normalization_v2" if newer else "add_normalization")
    scale, bias = out.constant(kind.scale, "scale"), out.constant(kind.bias, "bias")
    made = add(out.inputs[0], scale, bias, axes_mask(kind.axes))
    if made is not None:
        made.epsilon = kind.epsilon
        made.num_groups = kind.num_groups
    return made
