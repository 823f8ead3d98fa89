"""Cases of normalization by the mean and variance of the tensor at hand."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers import Normalization
from tests.network.cases.case import Case, case, random

X = random(2, 6, 4, 5)


def _normal(
    name: str,
    weights: tuple[int, ...],
    axes: tuple[int, ...],
    groups: int = 1,
    epsilon: float = 1e-3,
    x: Array = X,
) -> Case:
    scale = random(*weights, seed=1, low=0.5)
    bias = random(*weights, seed=2)
    parted = x.reshape(x.shape[0], groups, -1) if groups > 1 else x
    along = (2,) if groups > 1 else axes
    mean = parted.mean(along, keepdims=True)
    variance = parted.var(along, keepdims=True)
    even = ((parted - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)
    kind = Normalization(scale=scale, bias=bias, axes=axes, epsilon=epsilon, num_groups=groups)
    return case(f"normalization_{name}", kind, [x], (even * scale + bias).astype(np.float32))


CASES: tuple[Case, ...] = (
    _normal("layer", (1, 1, 1, 5), (3,)),
    _normal("layer_of_two_axes", (1, 1, 4, 5), (2, 3)),
    _normal("layer_of_a_matrix", (1, 5), (1,), x=random(3, 5)),
    _normal("layer_of_one_weight", (1, 1, 1, 1), (3,)),
    _normal("instance", (1, 6, 1, 1), (2, 3)),
    _normal("instance_of_volumes", (1, 3, 1, 1, 1), (2, 3, 4), x=random(2, 3, 4, 3, 2)),
    _normal("group", (1, 6, 1, 1), (2, 3), groups=3),
    _normal("group_of_volumes", (1, 4, 1, 1, 1), (2, 3, 4), 2, 1e-5, random(1, 4, 2, 3, 2)),
    _normal("channels", (1, 6, 1, 1), (1,)),
    _normal("batch", (1, 6, 1, 1), (0, 2, 3)),
)
