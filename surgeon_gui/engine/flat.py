"""Loops as TensorRT has them: layers around the body's, all in one network.

A Network holds what a loop repeats in networks of its own. TensorRT's list of layers is flat: a
recurrence per tensor of the state, whose second input is made by the body further down; a trip
limit that reads the condition; an output per last value. Source: ILoop of TensorRT 8.6 to 11.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.network.ir import Kind, Layer, Network, Tensor, TensorSpec
from surgeon_gui.network.layers import Loop


@dataclass(frozen=True, eq=False, kw_only=True)
class Recurrence(Kind):
    """The first value, then what the turn before made."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    loop: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class TripLimit(Kind):
    """kind: WHILE, a turn begins where the input is true; COUNT, the input says how many."""

    loop: str
    kind: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return []


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopOutput(Kind):
    """kind: LAST_VALUE, what a recurrence is after the last turn."""

    loop: str
    kind: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


BOUNDARIES = (Recurrence, TripLimit, LoopOutput)
"""The layers that stand around a loop's body."""


def flattened(network: Network) -> Network:
    """Return `network` with every loop as the layers TensorRT has for it; names stay unique."""
    if not any(layer.kind.networks() for layer in network.layers):
        return network
    flat = _Flat(network)
    known = {tensor.name: tensor for tensor in network.inputs}
    for layer in network.layers:
        known.update((tensor.name, tensor) for tensor in layer.outputs)
        flat.add(layer, known, layer.outputs)
    return dataclasses.replace(network, layers=tuple(flat.layers))


class _Flat:
    def __init__(self, network: Network) -> None:
        self.layers: list[Layer] = []
        self._taken = set(network.tensors) | {layer.name for layer in network.layers}
        self._layer_names = set(self._taken)

    def add(self, layer: Layer, known: Mapping[str, Tensor], outputs: Sequence[Tensor]) -> None:
        """Append a layer; `known` maps what it reads, `outputs` are what it makes here."""
        inputs = [known[name] for name in layer.inputs]
        if isinstance(layer.kind, Loop):
            self._loop(layer, layer.kind, inputs, outputs)
            return
        names = tuple(tensor.name for tensor in inputs)
        self.layers.append(dataclasses.replace(layer, inputs=names, outputs=tuple(outputs)))

    def _loop(
        self, layer: Layer, kind: Loop, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> None:
        before, outside = inputs[: len(outputs)], inputs[len(outputs) :]
        now = [
            dataclasses.replace(tensor, name=self._free(f"{layer.name}/state_{place}"))
            for place, tensor in enumerate(before)
        ]
        start = len(self.layers)
        (go,) = self._inner(kind.condition, [*now, *outside])
        limit = self._free_layer(f"{layer.name}/while")
        self._put(limit, TripLimit(loop=layer.name, kind="WHILE"), [go], (), layer)
        after = self._inner(kind.body, [*now, *outside])
        recurrences = [
            Layer(
                tensor.name,
                Recurrence(loop=layer.name),
                (first.name, following.name),
                (tensor,),
                layer.origin,
            )
            for tensor, first, following in zip(now, before, after, strict=True)
        ]
        self.layers[start:start] = recurrences
        for place, (tensor, made) in enumerate(zip(now, outputs, strict=True)):
            name = self._free_layer(f"{layer.name}/last_{place}") if place else layer.name
            last = LoopOutput(loop=layer.name, kind="LAST_VALUE")
            self._put(name, last, [tensor], (made,), layer)

    def _put(
        self,
        name: str,
        kind: Kind,
        inputs: Sequence[Tensor],
        outputs: tuple[Tensor, ...],
        layer: Layer,
    ) -> None:
        names = tuple(tensor.name for tensor in inputs)
        self.layers.append(Layer(name, kind, names, outputs, layer.origin))

    def _inner(self, network: Network, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Append the layers of a network that reads `inputs`; return what it makes."""
        known = dict(zip((tensor.name for tensor in network.inputs), inputs, strict=True))
        for layer in network.layers:
            made = []
            for tensor in layer.outputs:
                renamed = dataclasses.replace(tensor, name=self._free(tensor.name))
                known[tensor.name] = renamed
                made.append(renamed)
            self.add(dataclasses.replace(layer, name=self._free_layer(layer.name)), known, made)
        return [known[name] for name in network.outputs]

    def _free(self, wanted: str) -> str:
        return _free(wanted, self._taken)

    def _free_layer(self, wanted: str) -> str:
        """Return a name for a layer, which may be that of the tensor it makes."""
        return _free(wanted, self._layer_names)


def _free(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 0
    while name in taken:
        count += 1
        name = f"{wanted}__{count}"
    taken.add(name)
    return name
