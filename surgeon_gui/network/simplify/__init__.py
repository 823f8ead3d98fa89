"""Network to Network: the same numbers with the layers an expert would have written."""

from __future__ import annotations

import dataclasses
from collections.abc import Set

from surgeon_gui.network.ir import Network
from surgeon_gui.network.simplify.before import fold_affines_before
from surgeon_gui.network.simplify.bench import Bench, settle, tidy
from surgeon_gui.network.simplify.conditionals import recognise_conditionals
from surgeon_gui.network.simplify.dense import products_to_convolutions
from surgeon_gui.network.simplify.folding import (
    fold_affines,
    fold_paddings,
    fold_transposed_features,
)
from surgeon_gui.network.simplify.moving import hoist_transposes, keep_reduced_dims
from surgeon_gui.network.simplify.norm_shapes import fold_affines_after_norms, unfold_norms
from surgeon_gui.network.simplify.norms import recognise_norms
from surgeon_gui.network.simplify.patterns import (
    drop_neutral,
    merge_affines,
    recognise_activations,
    recognise_gelu,
)
from surgeon_gui.network.simplify.sharing import share_layers
from surgeon_gui.network.simplify.shuffles import (
    drop_identities,
    merge_shuffles,
    transposes_to_reshapes,
)

__all__ = ["settle", "simplify", "tidy"]

_PASSES = (
    drop_identities,
    drop_neutral,
    merge_shuffles,
    share_layers,
    keep_reduced_dims,
    hoist_transposes,
    merge_shuffles,
    recognise_norms,
    unfold_norms,
    fold_affines_after_norms,
    recognise_activations,
    recognise_gelu,
    products_to_convolutions,
    merge_shuffles,
    fold_affines,
    merge_affines,
    fold_paddings,
    fold_affines_before,
    fold_transposed_features,
    merge_shuffles,
    transposes_to_reshapes,
    share_layers,
    recognise_conditionals,
)


def simplify(network: Network, padded_by_size: Set[str] = frozenset()) -> Network:
    """Return an equal network with fewer layers.

    Tensors that stay keep their names, sources and numbers; layers keep the nodes they stand for.

    Args:
        network: what to simplify.
        padded_by_size: nodes with SAME padding in a graph of any size. Where they stride, how much
            they pad is told by a mode, and padding before them is not added to it.
    """
    bench = Bench(network, padded_by_size)
    for layer in bench.each():
        inner = layer.kind.networks()
        if inner:
            shorter = {name: simplify(item, padded_by_size) for name, item in inner.items()}
            bench.replace(layer, dataclasses.replace(layer.kind, **shorter))
    for step in _PASSES:
        step(bench)
        bench.prune()
    return bench.network()
