"""Loops and conditionals as TensorRT has them: layers around those inside, all in one network.

A Network holds what a loop repeats in networks of its own. TensorRT's list of layers is flat: a
recurrence per tensor of the state, whose second input is made by the body further down; a trip
limit that reads the condition; an output per last value. A conditional has a layer for
its condition, for each tensor its branches read, and for each that they make. Source: ILoop and
IIfConditional of TensorRT 8.6 to 11.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.network.ir import Kind, Layer, Network, Tensor, TensorSpec
from surgeon_gui.network.layers import Conditional, Loop


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Condition(Kind):
    """Decides which branch runs."""

    conditional: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return []


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionalInput(Kind):
    """Hands a tensor to the branches."""

    conditional: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionalOutput(Kind):
    """What the first branch made where the condition held, else what the second made."""

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    conditional: str

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [TensorSpec(inputs[0].dtype, inputs[0].shape)]


LOOP_BOUNDARIES = (Recurrence, TripLimit, LoopOutput)
"""The layers that stand around a loop's body."""

BOUNDARIES = (*LOOP_BOUNDARIES, Condition, ConditionalInput, ConditionalOutput)
"""The layers that stand around a loop's body and a conditional's branches."""


def flattened(network: Network) -> Network:
    """Return `network` with loops and conditionals as TensorRT has them; names stay unique."""
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
        if isinstance(layer.kind, Conditional):
            self._conditional(layer, layer.kind, inputs, outputs)
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

    def _conditional(
        self, layer: Layer, kind: Conditional, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> None:
        condition, *outside = inputs
        name = self._free_layer(f"{layer.name}/condition")
        self._put(name, Condition(conditional=layer.name), [condition], (), layer)
        given = []
        for place, tensor in enumerate(outside):
            made = dataclasses.replace(tensor, name=self._free(f"{layer.name}/input_{place}"))
            entry = ConditionalInput(conditional=layer.name)
            self._put(made.name, entry, [tensor], (made,), layer)
            given.append(made)
        then, other = (self._inner(part, given) for part in (kind.then, kind.other))
        for place, (one, two, made) in enumerate(zip(then, other, outputs, strict=True)):
            name = self._free_layer(f"{layer.name}/output_{place}") if place else layer.name
            chosen = ConditionalOutput(conditional=layer.name)
            self._put(name, chosen, [one, two], (made,), layer)

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
