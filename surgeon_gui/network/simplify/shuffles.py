"""Passes on Shuffle, Identity and Cast: what only moves data is merged or dropped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims, Layer
from surgeon_gui.network.layers import Shuffle
from surgeon_gui.network.simplify.bench import Bench

Order = tuple[int, ...]


def drop_identities(bench: Bench) -> None:
    """Remove Identity layers, casts to the dtype at hand, and casts through a wider dtype."""
    for layer in bench.each():
        kind = layer.kind
        if isinstance(kind, layers.Identity) or (
            isinstance(kind, layers.Cast) and bench.tensors[layer.inputs[0]].dtype is kind.to_type
        ):
            bench.bypass(layer)
        elif isinstance(kind, layers.Cast):
            _merge_cast(bench, layer, kind)


def _merge_cast(bench: Bench, layer: Layer, kind: layers.Cast) -> None:
    """uint8 -> int32 -> float32 is uint8 -> float32: the middle holds every value."""
    before = bench.producer(layer.inputs[0])
    if before is None or not isinstance(before.kind, layers.Cast):
        return
    source = bench.tensors[before.inputs[0]].dtype
    middle = before.kind.to_type
    if source.numpy is None or middle.numpy is None:
        return
    if np.can_cast(source.numpy, middle.numpy, "safe"):
        bench.replace(layer, kind, before.inputs, merged=[before])


def merge_shuffles(bench: Bench) -> None:
    """Join a Shuffle to the Shuffle it reads where one can do both; drop those that do nothing."""
    for found in bench.each():
        layer: Layer | None = found
        while layer is not None:
            layer = _merge_shuffle(bench, layer)


def _merge_shuffle(bench: Bench, layer: Layer) -> Layer | None:
    """Return the merged layer, which may merge again; None when nothing changed."""
    if not isinstance(layer.kind, Shuffle) or len(layer.inputs) != 1:
        return None
    if _moves_nothing(bench.tensors[layer.inputs[0]].shape, layer):
        bench.bypass(layer)
        return None
    before = bench.producer(layer.inputs[0])
    if before is None or not isinstance(before.kind, Shuffle) or len(before.inputs) != 1:
        return None
    kind = joined(before.kind, layer.kind, bench.tensors[layer.inputs[0]].shape)
    if kind is None:
        return None
    return bench.replace(layer, kind, before.inputs, merged=[before])


def joined(first: Shuffle, then: Shuffle, middle: Dims) -> Shuffle | None:
    """Return one Shuffle for two; `middle` is the shape between them."""
    if first.zero_is_placeholder or then.zero_is_placeholder:
        return None
    between = _composed(first.second_transpose, then.first_transpose)
    if first.reshape_dims is None:
        order = _composed(
            _composed(first.first_transpose, first.second_transpose), then.first_transpose
        )
        return replace(then, first_transpose=order)
    if then.reshape_dims is None:
        order = _composed(between, then.second_transpose)
        return replace(first, second_transpose=order)
    if between is None or _unmoved(middle, first.second_transpose, between):
        return Shuffle(
            first_transpose=first.first_transpose,
            reshape_dims=then.reshape_dims,
            second_transpose=then.second_transpose,
        )
    return None


def _composed(first: Order | None, then: Order | None) -> Order | None:
    """Return the one transpose that does `first`, then `then`."""
    if first is None or then is None:
        order = then if first is None else first
    else:
        order = tuple(first[axis] for axis in then)
    return None if order is not None and order == tuple(range(len(order))) else order


def _unmoved(middle: Dims, second: Order | None, between: Order) -> bool:
    """Whether `between`, applied to the first reshape's result, moves no element."""
    if second is None:
        shape = middle
    else:
        dims = [0] * len(middle)
        for place, axis in enumerate(second):
            dims[axis] = middle[place]
        shape = tuple(dims)
    moved = [axis for axis in between if shape[axis] != 1]
    return moved == sorted(moved)


def _moves_nothing(shape: Dims, layer: Layer) -> bool:
    """Whether the output has the input's shape and its elements in the input's order."""
    kind = layer.kind
    assert isinstance(kind, Shuffle)
    if layer.outputs[0].shape != shape:
        return False
    if kind.reshape_dims is not None:
        return kind.first_transpose is None and kind.second_transpose is None
    order = _composed(kind.first_transpose, kind.second_transpose)
    if order is None:
        return True
    moved = [axis for axis in order if shape[axis] != 1]
    return moved == sorted(moved)


def transposes_to_reshapes(bench: Bench) -> None:
    """Write a transpose that only moves dimensions of 1 as the reshape it is."""
    for layer in bench.each():
        kind = layer.kind
        if not isinstance(kind, Shuffle) or kind.first_transpose is None or len(layer.inputs) != 1:
            continue
        shape = bench.tensors[layer.inputs[0]].shape
        moved = [axis for axis in kind.first_transpose if shape[axis] != 1]
        if moved == sorted(moved) and kind.second_transpose is None:
            bench.replace(layer, Shuffle(reshape_dims=layer.outputs[0].shape))
