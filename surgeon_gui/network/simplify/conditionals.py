"""A pass that runs only the branch that is taken.

A conditional on data lowers to both branches and a Select per result. Where a branch is costly and
nothing else reads what is in it, the Selects become one layer that runs either branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers import (
    Conditional,
    Convolution,
    Deconvolution,
    Einsum,
    Identity,
    Loop,
    MatrixMultiply,
    Select,
    Shuffle,
)
from surgeon_gui.network.simplify.bench import Bench

_COSTLY = (Convolution, Deconvolution, MatrixMultiply, Einsum, Loop, Conditional)
"""Kinds worth not to be run."""


def recognise_conditionals(bench: Bench) -> None:
    """Make one layer of the Selects that the same bool decides, and of what they choose from."""
    groups: dict[str, list[str]] = {}
    for layer in bench.each():
        decides = _one_bool(bench, layer)
        if decides is not None:
            groups.setdefault(decides, []).append(layer.name)
    for decides, names in groups.items():
        selects = [bench.layers[name] for name in names if name in bench.layers]
        if selects:
            _join(bench, decides, selects)


def _one_bool(bench: Bench, layer: Layer) -> str | None:
    """Return the tensor that alone decides a Select, before it was reshaped."""
    if not isinstance(layer.kind, Select):
        return None
    condition, *branches = layer.inputs
    shape = layer.outputs[0].shape
    if any(bench.tensors[name].shape != shape for name in branches):
        return None
    tensor = bench.tensors[condition]
    if any(size != 1 for size in tensor.shape):
        return None
    maker = bench.producer(condition)
    while maker is not None and isinstance(maker.kind, Shuffle) and len(maker.inputs) == 1:
        condition = maker.inputs[0]
        maker = bench.producer(condition)
    return condition


def _join(bench: Bench, decides: str, selects: Sequence[Layer]) -> None:
    order = [layer.name for layer in bench.network().layers]
    cones = [_cone(bench, order, selects, place) for place in (1, 2)]
    if not any(isinstance(layer.kind, _COSTLY) for cone in cones for layer in cone):
        return
    read = list(dict.fromkeys(name for cone in cones for name in _read(cone)))
    for place in (1, 2):
        made = {tensor.name for layer in cones[place - 1] for tensor in layer.outputs}
        wanted = [layer.inputs[place] for layer in selects]
        read += [name for name in wanted if name not in made and name not in read]
    outside = tuple(bench.tensors[name] for name in read)
    then, other = (
        _network(bench, cone, outside, selects, place)
        for place, cone in zip((1, 2), cones, strict=True)
    )
    inside = [*cones[0], *cones[1], *selects]
    origins = dict.fromkeys(
        origin for layer in (*selects, *cones[0], *cones[1]) for origin in layer.origin
    )
    for layer in inside:
        bench.remove(layer)
    condition = _rank_0(bench, decides, selects[0])
    bench.insert(
        Layer(
            selects[0].name,
            Conditional(then=then, other=other),
            (condition, *read),
            tuple(layer.outputs[0] for layer in selects),
            tuple(origins),
        )
    )


def _cone(bench: Bench, order: Sequence[str], selects: Sequence[Layer], place: int) -> list[Layer]:
    """Return the layers that only serve what the Selects read at `place`, in order."""
    names = {layer.name for layer in selects}
    found: dict[str, Layer] = {}
    for name in reversed(order):
        layer = bench.layers[name]
        read = [tensor.name for tensor in layer.outputs if bench.readers(tensor.name)]
        if name in names or not read or any(t.name in bench.outputs for t in layer.outputs):
            continue
        if all(_serves(bench, tensor, found, selects, names, place) for tensor in read):
            found[name] = layer
    return list(found.values())[::-1]


def _serves(
    bench: Bench,
    tensor: str,
    found: dict[str, Layer],
    selects: Sequence[Layer],
    names: set[str],
    place: int,
) -> bool:
    """Whether only layers of the branch, and the Selects at `place`, read a tensor."""
    return all(
        reader.name in found
        or (
            reader.name in names
            and [at for at, name in enumerate(reader.inputs) if name == tensor] == [place]
        )
        for reader in bench.readers(tensor)
    )


def _read(cone: Sequence[Layer]) -> list[str]:
    """Return what a branch reads from outside."""
    made = {tensor.name for layer in cone for tensor in layer.outputs}
    return [name for layer in cone for name in layer.inputs if name not in made]


def _network(
    bench: Bench,
    cone: Sequence[Layer],
    outside: tuple[Tensor, ...],
    selects: Sequence[Layer],
    place: int,
) -> Network:
    """Return a branch; what it only hands on becomes a tensor of its own."""
    layers = list(cone)
    made = {tensor.name for layer in cone for tensor in layer.outputs}
    outputs: list[str] = []
    for select in selects:
        name = select.inputs[place]
        if name in made and name not in outputs:
            outputs.append(name)
            continue
        own = f"{name}/branch"
        while own in bench.tensors or own in bench.layers or own in outputs:
            own += "_"
        tensor = replace(bench.tensors[name], name=own)
        layers.append(Layer(own, Identity(), (name,), (tensor,), select.origin))
        outputs.append(own)
    inner = Bench(Network(outside, tuple(layers), tuple(outputs)))
    recognise_conditionals(inner)
    return inner.network()


def _rank_0(bench: Bench, name: str, select: Layer) -> str:
    """Return a bool as a tensor of rank 0."""
    tensor = bench.tensors[name]
    if tensor.shape == ():
        return name
    flat = f"{select.name}/condition"
    while flat in bench.tensors or flat in bench.layers:
        flat += "_"
    made = Tensor(tensor.dtype, (), flat)
    bench.insert(Layer(flat, Shuffle(reshape_dims=()), (name,), (made,), select.origin))
    return flat
