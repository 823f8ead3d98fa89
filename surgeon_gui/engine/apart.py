"""Layers taken apart into those that the TensorRT at hand has."""

from __future__ import annotations

import dataclasses

import numpy as np

from surgeon_gui.engine.flat import flattened
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import (
    Constant,
    ElementWise,
    Normalization,
    Reduce,
    ReduceOperation,
    Unary,
    UnaryOperation,
)
from surgeon_gui.network.layers import ElementWiseOperation as Op


def taken_apart(network: Network, flavour: Flavour) -> Network:
    """Return `network` in the layers the flavour has.

    Loops become the layers that stand around their body. TensorRT before 10.15 has weights per
    group in a group norm, not per channel: those follow as a product and a sum. TensorRT before 8.6
    has no Normalization at all.

    Raises:
        EngineError: a group norm has no other form there.
    """
    flat = flattened(network)
    if not any(_foreign(layer, flavour) for layer in flat.layers):
        return flat
    apart = _Apart(flat)
    for layer in flat.layers:
        if isinstance(layer.kind, Normalization) and _foreign(layer, flavour):
            if flavour.has("INetworkDefinition", "add_normalization"):
                apart.without_weights(layer, layer.kind)
            else:
                apart.arithmetic(layer, layer.kind)
        else:
            apart.layers.append(layer)
    return dataclasses.replace(flat, layers=tuple(apart.layers))


def _foreign(layer: Layer, flavour: Flavour) -> bool:
    kind = layer.kind
    if not isinstance(kind, Normalization) or not flavour.has("INetworkDefinition"):
        return False
    if flavour.has("INetworkDefinition", "add_normalization_v2"):
        return False
    first = flavour.has("INetworkDefinition", "add_normalization")
    return not first or (kind.num_groups > 1 and kind.scale.shape[1] != kind.num_groups)


class _Apart:
    def __init__(self, network: Network) -> None:
        self.layers: list[Layer] = []
        self._tensors = network.tensors
        self._taken = set(self._tensors) | {layer.name for layer in network.layers}

    def without_weights(self, layer: Layer, kind: Normalization) -> None:
        """Normalise group by group, then scale channel by channel."""
        source = self._tensors[layer.inputs[0]]
        shape = (1, kind.num_groups, *(1,) * (source.rank - 2))
        ones, zeros = np.ones(shape, kind.scale.dtype), np.zeros(shape, kind.scale.dtype)
        even = dataclasses.replace(kind, scale=ones, bias=zeros)
        self._scaled(layer, kind, self._made(layer, even, "even", source, source.shape))

    def arithmetic(self, layer: Layer, kind: Normalization) -> None:
        source = self._tensors[layer.inputs[0]]
        if kind.num_groups > 1:
            raise EngineError(
                "This TensorRT has no group norm.",
                where=layer.origin[0] if layer.origin else layer.name,
                hint="Build with TensorRT 8.6 or later.",
            )
        reduced = tuple(1 if axis in kind.axes else dim for axis, dim in enumerate(source.shape))
        mean = Reduce(op=ReduceOperation.AVG, axes=kind.axes, keep_dims=True)

        def step(op: Op, hint: str, left: Tensor, right: Tensor) -> Tensor:
            shape = source.shape if source.shape in (left.shape, right.shape) else reduced
            return self._made(layer, ElementWise(op=op), hint, left, shape, right)

        average = self._made(layer, mean, "mean", source, reduced)
        centred = step(Op.SUB, "centred", source, average)
        squared = step(Op.PROD, "squared", centred, centred)
        variance = self._made(layer, mean, "variance", squared, reduced)
        epsilon = np.full((1,) * source.rank, kind.epsilon, kind.scale.dtype)
        shifted = step(Op.SUM, "shifted", variance, self._constant(layer, epsilon, "epsilon"))
        root = self._made(layer, Unary(op=UnaryOperation.SQRT), "deviation", shifted, reduced)
        self._scaled(layer, kind, step(Op.DIV, "even", centred, root))

    def _scaled(self, layer: Layer, kind: Normalization, even: Tensor) -> None:
        scale = self._constant(layer, kind.scale, "scale")
        product = ElementWise(op=Op.PROD)
        scaled = self._made(layer, product, "scaled", even, even.shape, scale)
        bias = self._constant(layer, kind.bias, "bias")
        total = ElementWise(op=Op.SUM)
        names = (scaled.name, bias.name)
        self.layers.append(dataclasses.replace(layer, kind=total, inputs=names))

    def _constant(self, layer: Layer, array: Array, hint: str) -> Tensor:
        name = self._free(f"{layer.name}/{hint}")
        made = Tensor(self._tensors[layer.inputs[0]].dtype, array.shape, name)
        self.layers.append(Layer(name, Constant(weights_=array), (), (made,), layer.origin))
        return made

    def _made(
        self,
        layer: Layer,
        kind: Kind,
        hint: str,
        source: Tensor,
        shape: tuple[int, ...],
        *more: Tensor,
    ) -> Tensor:
        name = self._free(f"{layer.name}/{hint}")
        made = Tensor(source.dtype, shape, name)
        names = tuple(tensor.name for tensor in (source, *more))
        self.layers.append(Layer(name, kind, names, (made,), layer.origin))
        return made

    def _free(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._taken:
            count += 1
            name = f"{wanted}__{count}"
        self._taken.add(name)
        return name
