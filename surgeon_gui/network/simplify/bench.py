"""Bench: a network taken apart, for passes that merge and remove layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Kind, Layer, Network, Source, Tensor
from surgeon_gui.network.layers import Constant, Identity


class Bench:
    """Layers by name in execution order, who makes and who reads each tensor.

    Passes keep three promises: a tensor that stays means the same as before, outputs keep their
    tensors, and the origins of merged layers are kept.
    """

    def __init__(self, network: Network, padded_by_size: Set[str] = frozenset()) -> None:
        self.inputs = network.inputs
        self.outputs = list(network.outputs)
        self.padded_by_size = padded_by_size
        self.sources: dict[str, Source] = dict(network.sources)
        self.layers: dict[str, Layer] = {layer.name: layer for layer in network.layers}
        self.tensors: dict[str, Tensor] = network.tensors
        self.maker: dict[str, str] = {}
        self._readers: dict[str, list[str]] = {}
        for layer in network.layers:
            self._connect(layer)

    def _connect(self, layer: Layer) -> None:
        for tensor in layer.outputs:
            self.maker[tensor.name] = layer.name
            self.tensors[tensor.name] = tensor
        for name in dict.fromkeys(layer.inputs):
            self._readers.setdefault(name, []).append(layer.name)

    def _disconnect(self, layer: Layer) -> None:
        for tensor in layer.outputs:
            if self.maker.get(tensor.name) == layer.name:
                del self.maker[tensor.name]
        for name in dict.fromkeys(layer.inputs):
            self._readers[name].remove(layer.name)

    def each(self) -> Iterator[Layer]:
        """Yield the layers in order; those removed or replaced on the way show as they are then."""
        for name in list(self.layers):
            layer = self.layers.get(name)
            if layer is not None:
                yield layer

    def readers(self, tensor: str) -> list[Layer]:
        return [self.layers[name] for name in self._readers.get(tensor, ())]

    def producer(self, tensor: str) -> Layer | None:
        """Return the layer that makes a tensor; None for a network input."""
        name = self.maker.get(tensor)
        return None if name is None else self.layers[name]

    def only_reader(self, tensor: str) -> Layer | None:
        """Return the single layer that reads a tensor which is no output of the network."""
        readers = self._readers.get(tensor, ())
        if len(readers) != 1 or tensor in self.outputs:
            return None
        return self.layers[readers[0]]

    def constant(self, tensor: str) -> Constant | None:
        """Return the Constant that makes a tensor."""
        layer = self.producer(tensor)
        return layer.kind if layer is not None and isinstance(layer.kind, Constant) else None

    def replace(
        self,
        layer: Layer,
        kind: Kind,
        inputs: Sequence[str] | None = None,
        *,
        merged: Sequence[Layer] = (),
        outputs: tuple[Tensor, ...] | None = None,
    ) -> Layer:
        """Give a layer another kind, other inputs or outputs, and the origins of merged layers."""
        origin = dict.fromkeys(layer.origin)
        for other in merged:
            origin.update(dict.fromkeys(other.origin))
        changed = replace(
            layer,
            kind=kind,
            inputs=layer.inputs if inputs is None else tuple(inputs),
            outputs=layer.outputs if outputs is None else outputs,
            origin=tuple(origin),
        )
        self._disconnect(layer)
        self.layers[layer.name] = changed
        self._connect(changed)
        return changed

    def insert(self, layer: Layer) -> None:
        """Add a layer whose name is free."""
        self.layers[layer.name] = layer
        self._connect(layer)

    def remove(self, layer: Layer) -> None:
        self._disconnect(layer)
        del self.layers[layer.name]

    def absorb(self, layer: Layer, reader: Layer, kind: Kind) -> Layer:
        """Let `layer`, as `kind`, make what its only reader made; the reader goes."""
        self.remove(reader)
        return self.replace(layer, kind, merged=[reader], outputs=(reader.outputs[0],))

    def bypass(self, layer: Layer) -> bool:
        """Remove a layer whose output equals its first input; return whether that was possible."""
        source, target = layer.inputs[0], layer.outputs[0]
        if target.name not in self.outputs:
            self.remove(layer)
            self.redirect(target.name, source)
            if target.name in self.sources:
                self.sources.setdefault(source, self.sources[target.name])
            return True
        producer = self.producer(source)
        if producer is None or source in self.outputs:
            return False
        # The output's name stays, so its producer takes it over.
        self.remove(layer)
        outputs = tuple(target if made.name == source else made for made in producer.outputs)
        self.replace(producer, producer.kind, merged=[layer], outputs=outputs)
        self.redirect(source, target.name)
        return True

    def redirect(self, old: str, new: str) -> None:
        """Let every reader of a tensor read another."""
        for layer in self.readers(old):
            inputs = [new if name == old else name for name in layer.inputs]
            self.replace(layer, layer.kind, inputs)

    def prune(self) -> None:
        """Remove layers nothing reads."""
        for name in reversed(list(self.layers)):
            layer = self.layers[name]
            if not any(
                tensor.name in self.outputs or self._readers.get(tensor.name)
                for tensor in layer.outputs
            ):
                self.remove(layer)

    def network(self) -> Network:
        """Return the network, layers in execution order."""
        made = {tensor.name for tensor in self.inputs}
        order: list[Layer] = []
        waiting: dict[str, list[Layer]] = {}
        for layer in self.layers.values():
            self._place(layer, made, order, waiting)
        sources = {
            name: source
            for name, source in self.sources.items()
            if name in self.maker or any(tensor.name == name for tensor in self.inputs)
        }
        return Network(self.inputs, tuple(order), tuple(self.outputs), sources)

    def _place(
        self, layer: Layer, made: set[str], order: list[Layer], waiting: dict[str, list[Layer]]
    ) -> None:
        """Append a layer once its inputs are made, then those that waited for its outputs."""
        ready = [layer]
        while ready:
            current = ready.pop()
            missing = next((name for name in current.inputs if name not in made), None)
            if missing is not None:
                waiting.setdefault(missing, []).append(current)
                continue
            order.append(current)
            for tensor in current.outputs:
                made.add(tensor.name)
                ready.extend(reversed(waiting.pop(tensor.name, [])))


def tidy(network: Network, refs: Sequence[TensorRef]) -> Network:
    """Drop layers nothing reads; name each output after the GraphDef tensor it stands for.

    An output that is an input of the network, or marked twice, gets an Identity layer of its own.

    Args:
        network: as lowered.
        refs: the GraphDef tensors of its outputs.
    """
    bench = Bench(network)
    bench.prune()
    taken: set[str] = {tensor.name for tensor in network.inputs}
    for place, name in enumerate(bench.outputs):
        if name in taken:
            _own_tensor(bench, place, name)
        taken.add(bench.outputs[place])
    for place, ref in enumerate(refs):
        _name_output(bench, place, ref)
    return bench.network()


def _own_tensor(bench: Bench, place: int, name: str) -> None:
    source = bench.tensors[name]
    unique = f"{name}__output"
    while unique in bench.tensors or unique in bench.layers:
        unique += "_"
    copy = Tensor(source.dtype, source.shape, unique)
    producer = bench.producer(name)
    origin = producer.origin if producer else (name,)
    layer = Layer(unique, Identity(), (name,), (copy,), origin)
    bench.insert(layer)
    bench.outputs[place] = unique


def _name_output(bench: Bench, place: int, ref: TensorRef) -> None:
    name, wanted = bench.outputs[place], str(ref)
    if name != wanted and all(tensor.name != wanted for tensor in bench.inputs):
        if wanted in bench.maker:
            spare = f"{wanted}__inner"
            while spare in bench.tensors:
                spare += "_"
            _rename(bench, wanted, spare)
        _rename(bench, name, wanted)
    final = bench.outputs[place]
    bench.sources[final] = Source(ref, tuple(range(bench.tensors[final].rank)))


def _rename(bench: Bench, old: str, new: str) -> None:
    producer = bench.producer(old)
    assert producer is not None
    renamed = tuple(
        replace(tensor, name=new) if tensor.name == old else tensor for tensor in producer.outputs
    )
    bench.replace(producer, producer.kind, outputs=renamed)
    bench.redirect(old, new)
    if old in bench.sources:
        bench.sources[new] = bench.sources.pop(old)
    if old in bench.outputs:
        bench.outputs[bench.outputs.index(old)] = new
    bench.tensors.pop(old, None)


def settle(network: Network) -> Network:
    """Return the network with every weight contiguous in memory; shared weights stay shared."""
    return _settled(network, {})


def _settled(network: Network, settled: dict[int, Array]) -> Network:
    result = []
    for layer in network.layers:
        changes: dict[str, Any] = {
            name: _settled(inner, settled) for name, inner in layer.kind.networks().items()
        }
        for name, array in layer.kind.weights().items():
            if not array.flags.c_contiguous:
                found = settled.get(id(array))
                if found is None:
                    found = settled[id(array)] = np.ascontiguousarray(array)
                changes[name] = found
        result.append(replace(layer, kind=replace(layer.kind, **changes)) if changes else layer)
    return replace(network, layers=tuple(result))
