"""A TensorRT network as a graph, so that layers are drawn as nodes are."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorType, TensorValue
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers.sources import Constant, Plugin


@dataclass(frozen=True)
class NetworkGraph:
    """The graph of a network's layers, for drawing.

    A layer is a node of its name, with its weights as attributes, and an input of the network is a
    Placeholder.

    Attributes:
        graph: the layers.
        layers: per node that is a layer, which one.
        tensors: what is known of each tensor, by node and port.
    """

    unit: ClassVar[str] = "layer"

    graph: Graph
    layers: Mapping[str, Layer]
    tensors: Mapping[TensorRef, Tensor] = field(repr=False)

    def type(self, ref: TensorRef) -> TensorType:
        """The dtype and shape of a tensor, as the canvas asks for it."""
        found = self.tensors.get(ref)
        if found is None:
            return TensorType(DType.INVALID, Shape())
        return TensorType(found.dtype, Shape(found.shape))

    def layers_from(self, nodes: frozenset[str]) -> tuple[str, ...]:
        """Return the layers that came from any of these GraphDef nodes."""
        return tuple(
            name for name, layer in self.layers.items() if not nodes.isdisjoint(layer.origin)
        )

    def origin(self, item: str) -> tuple[str, ...]:
        """Return the GraphDef nodes a layer or all layers of a namespace came from."""
        if not item.endswith("/"):
            layer = self.layers.get(item)
            return layer.origin if layer is not None else ()
        inside = (layer for name, layer in self.layers.items() if name.startswith(item))
        return tuple(dict.fromkeys(node for layer in inside for node in layer.origin))


def graph_from_network(network: Network) -> NetworkGraph:
    """Return the graph of a network's layers."""
    nodes: list[Node] = []
    taken = {layer.name for layer in network.layers}
    made_by: dict[str, TensorRef] = {}
    tensors: dict[TensorRef, Tensor] = {}
    for tensor in network.inputs:
        name = _unique(tensor.name, taken)
        nodes.append(
            Node(name, "Placeholder", attrs={"dtype": tensor.dtype, "shape": Shape(tensor.shape)})
        )
        made_by[tensor.name] = TensorRef(name)
        tensors[TensorRef(name)] = tensor
    for layer in network.layers:
        inputs = [made_by[name] for name in layer.inputs if name in made_by]
        attrs: dict[str, AttrValue]
        if isinstance(layer.kind, Constant):
            attrs = {"value": TensorValue.from_array(layer.kind.weights_)}
        else:
            weights = layer.kind.weights().items()
            attrs = {name: TensorValue.from_array(array) for name, array in weights}
        nodes.append(Node(layer.name, _op(layer), inputs, attrs))
        for port, tensor in enumerate(layer.outputs):
            made_by[tensor.name] = TensorRef(layer.name, port)
            tensors[TensorRef(layer.name, port)] = tensor
    outputs = tuple(made_by[name] for name in network.outputs if name in made_by)
    graph = Graph(tuple(nodes), outputs=outputs)
    return NetworkGraph(graph, {layer.name: layer for layer in network.layers}, tensors)


def layer_text(layer: Layer) -> str:
    """Return a layer's kind with the word that tells it apart: `Activation LEAKY_RELU`."""
    if isinstance(layer.kind, Plugin):
        return f"{layer.kind.type_name} {layer.kind.plugin_name}"
    word = next(
        (
            value.name
            for key, value in layer.kind.parameters().items()
            if isinstance(value, enum.Enum)
            and not isinstance(value, DType)
            and not key.startswith("padding")
        ),
        "",
    )
    return f"{layer.kind.type_name} {word}".strip()


def _op(layer: Layer) -> str:
    """What the head says; constants are called as in graphs, so that they fold."""
    return "Const" if isinstance(layer.kind, Constant) else layer_text(layer)


def _unique(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 0
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name
