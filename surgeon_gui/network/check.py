"""Whether two networks are the same: layer by layer, parameters, weights by bits, wiring."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import Resize, Shuffle, Slice, permutation_is_identity

_SHOWN = 60
_CHUNK = 1 << 22
_NUMBERS = (int, float)


def same_network(left: Network, right: Network) -> list[str]:
    """Return the differences, a sentence each; none means the two compute the same.

    Layers are compared in order. Names of inner tensors and layers do not matter, nor does
    `origin`; names of the network's inputs do. Float parameters are compared as float32, as
    TensorRT keeps them; weights bit by bit.
    """
    differences = _compare_inputs(left, right)
    if len(left.layers) != len(right.layers):
        differences.append(f"{len(left.layers)} layers became {len(right.layers)}.")
    renamed = {
        ours.name: theirs.name for ours, theirs in zip(left.inputs, right.inputs, strict=False)
    }
    for ours, theirs in zip(left.layers, right.layers, strict=False):
        differences += [f"{ours.name}: {text}" for text in _compare_layers(ours, theirs, renamed)]
        renamed.update(
            (one.name, other.name) for one, other in zip(ours.outputs, theirs.outputs, strict=False)
        )
    expected = tuple(renamed.get(name, name) for name in left.outputs)
    if expected != right.outputs:
        differences.append(f"The outputs {_list(left.outputs)} became {_list(right.outputs)}.")
    return differences


def compare_kinds(left: Kind, right: Kind) -> list[str]:
    """Return how two layers' parameters differ, a sentence each."""
    if type(left) is not type(right):
        return [f"{left.type_name} became {right.type_name}."]
    ours, theirs = _normal(left).parameters(), _normal(right).parameters()
    return [
        f"{name} {_show(value)} became {_show(theirs[name])}."
        for name, value in ours.items()
        if not _same(value, theirs[name])
    ]


def known_by_tensors(kind: Kind, inputs: int) -> Kind:
    """Return `kind` without what it only repeats of its shape tensors, given that many inputs."""
    if isinstance(kind, Slice) and inputs == 3:
        return dataclasses.replace(kind, size=())
    if isinstance(kind, Resize) and inputs == 2:
        return dataclasses.replace(kind, shape=())
    if isinstance(kind, Shuffle) and inputs == 2:
        return dataclasses.replace(kind, reshape_dims=None)
    return kind


def _compare_inputs(left: Network, right: Network) -> list[str]:
    ours, theirs = map(_list, (left.inputs, right.inputs))
    return [] if ours == theirs else [f"The inputs {ours} became {theirs}."]


def _compare_layers(left: Layer, right: Layer, renamed: dict[str, str]) -> list[str]:
    differences = compare_kinds(
        known_by_tensors(left.kind, len(left.inputs)),
        known_by_tensors(right.kind, len(right.inputs)),
    )
    expected = tuple(renamed.get(name, name) for name in left.inputs)
    if expected != right.inputs:
        differences.append(f"It reads {_list(right.inputs)} instead of {_list(expected)}.")
    if len(left.outputs) != len(right.outputs):
        differences.append(f"{len(left.outputs)} outputs became {len(right.outputs)}.")
    for ours, theirs in zip(left.outputs, right.outputs, strict=False):
        if not _same_type(ours, theirs):
            differences.append(f"It makes {theirs} instead of {ours}.")
    return differences


def _same_type(left: Tensor, right: Tensor) -> bool:
    """Whether dtype and rank agree, and the dimensions where both know them."""
    return (
        left.dtype is right.dtype
        and left.rank == right.rank
        and all(
            one == other or min(one, other) < 0
            for one, other in zip(left.shape, right.shape, strict=True)
        )
    )


def _normal(kind: Kind) -> Kind:
    """Return `kind` with parameters that do nothing left out."""
    if not isinstance(kind, Shuffle):
        return kind
    first, second = (
        None if order is None or permutation_is_identity(order) else order
        for order in (kind.first_transpose, kind.second_transpose)
    )
    return dataclasses.replace(kind, first_transpose=first, second_transpose=second)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and _same_bits(left, right)
    if isinstance(left, Network) and isinstance(right, Network):
        return not same_network(left, right)
    if isinstance(left, float) or isinstance(right, float):
        return type(left) in _NUMBERS and type(right) in _NUMBERS and _same_float(left, right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)


def _same_float(left: float, right: float) -> bool:
    return bool(np.array_equal(np.float32(left), np.float32(right), equal_nan=True))


def _same_bits(left: Array, right: Array) -> bool:
    if left is right:
        return True
    ours, theirs = (
        np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (left, right)
    )
    return all(
        np.array_equal(ours[start : start + _CHUNK], theirs[start : start + _CHUNK])
        for start in range(0, ours.size, _CHUNK)
    )


def _show(value: Any) -> str:
    if isinstance(value, np.ndarray):
        values = np.array2string(value.reshape(-1)[:4], separator=", ", threshold=4)
        return f"{value.dtype}{list(value.shape)} {values}{'…' if value.size > 4 else ''}"
    text = getattr(value, "name", None) or repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _list(items: tuple[Any, ...]) -> str:
    return ", ".join(map(str, items)) or "none"
