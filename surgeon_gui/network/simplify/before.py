"""A pass that folds per-channel arithmetic into the convolution after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Layer
from surgeon_gui.network.layers import Convolution, PaddingMode
from surgeon_gui.network.simplify.bench import Bench
from surgeon_gui.network.simplify.folding import Affine, affine_of


def fold_affines_before(bench: Bench) -> None:
    """Fold factors, and offsets where nothing is padded, into the convolution that reads them.

    A padded convolution sees zeros around its input, which an offset before it does not move.
    """
    for found in bench.each():
        layer: Layer | None = found
        while layer is not None:
            layer = _fold(bench, layer)


def _fold(bench: Bench, layer: Layer) -> Layer | None:
    """Return the convolution with what it reads folded in; None when there is nothing to fold."""
    kind = layer.kind
    if not isinstance(kind, Convolution) or kind.kernel is None or kind.kernel.dtype != np.float32:
        return None
    before = bench.producer(layer.inputs[0])
    if before is None or bench.only_reader(layer.inputs[0]) is not layer:
        return None
    affine = affine_of(bench, before, 1)
    if affine is None or bench.tensors[affine.data].shape != before.outputs[0].shape:
        return None
    if np.any(affine.offset) and _pads(kind):
        return None
    return bench.replace(
        layer, _folded(kind, kind.kernel, affine), [affine.data, *layer.inputs[1:]], merged=[before]
    )


def _pads(kind: Convolution) -> bool:
    explicit = kind.padding_mode is PaddingMode.EXPLICIT_ROUND_DOWN
    return not explicit or any(kind.pre_padding) or any(kind.post_padding)


def _folded(kind: Convolution, kernel: Array, affine: Affine) -> Convolution:
    groups, inner = kind.num_groups, kernel.shape[1]
    factor, offset = (
        np.broadcast_to(part, (groups * inner,)).reshape(groups, 1, inner, 1)
        for part in (affine.factor, affine.offset)
    )
    split = kernel.reshape(groups, -1, inner, int(np.prod(kernel.shape[2:])))
    scaled = np.multiply(split, factor.astype(np.float32), order="C").reshape(kernel.shape)
    if not np.any(affine.offset):
        return replace(kind, kernel=scaled)
    moved = np.sum(split * offset, axis=(2, 3)).reshape(-1)
    bias = moved if kind.bias is None else kind.bias + moved
    return replace(kind, kernel=scaled, bias=np.ascontiguousarray(bias, dtype=np.float32))
