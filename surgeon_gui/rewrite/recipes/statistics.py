"""Rewrites of what normalises by the statistics of the batch at hand."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.maker import Maker
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.subject import Mismatch

_EPSILON = 1e-4
"""FusedBatchNorm's own, where a graph states none."""


@action
def batch_statistics(place: Place) -> Replacement | Mismatch:
    """Spell out a batch norm in training mode: mean and variance over batch, height and width."""
    root = place.node("root")
    if attrs.word(root, "data_format", "NHWC") != "NHWC":
        return Mismatch(root.name, "Its channels do not come last.")
    maker = Maker(place)
    x, scale, offset = (place.tensor(name) for name in ("x", "scale", "offset"))
    axes = maker.indices("axes", 0, 1, 2)
    epsilon = maker.const("epsilon", np.array(attrs.real(root, "epsilon", _EPSILON), np.float32))
    mean = maker.node("mean", "Mean", [x, axes], {"keep_dims": True})
    centred = maker.node("centred", "Sub", [x, mean])
    square = maker.node("square", "Square", [centred])
    variance = maker.node("variance", "Mean", [square, axes], {"keep_dims": True})
    least = maker.node("least", "Add", [variance, epsilon])
    factor = maker.node("factor", "Mul", [maker.node("rsqrt", "Rsqrt", [least]), scale])
    scaled = maker.node("scaled", "Mul", [centred, factor])
    return maker.last("Add", [scaled, offset])
