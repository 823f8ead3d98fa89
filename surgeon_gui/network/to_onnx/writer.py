"""What an exporter of one layer writes with: nodes, constants, names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from surgeon_gui.errors import ConvertError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers import Pooling
from surgeon_gui.registry import Registry

OPSET = 17
"""The ONNX operator set written unless a layer needs a later one or the user asks for another.

The parser of TensorRT 8.6 reads none later.
"""

OPSETS = range(13, 21)
"""The operator sets that can be written: from 13 axes and shapes are inputs throughout; 20 brings
Gelu, and all that the layers here can use."""

_IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9}
"""The ONNX file format of each operator set (onnx/docs/Versioning.md)."""

PLUGIN_DOMAIN = "surgeon.plugins"
"""Domain of the nodes that stand for TensorRT plugins."""


def onnx_dtype(dtype: DType) -> int:
    """Return ONNX's number for `dtype`.

    Raises:
        ConvertError: ONNX has no such dtype.
    """
    if dtype.numpy is None or dtype is DType.STRING:
        raise ConvertError(f"An ONNX tensor cannot hold {dtype.text}.")
    return onnx.helper.np_dtype_to_tensor_dtype(dtype.numpy)


class NeedsOpset(Exception):
    """A layer has no form in the operator set being written.

    Attributes:
        opset: the first that has one.
    """

    def __init__(self, opset: int) -> None:
        super().__init__(f"opset {opset}")
        self.opset = opset


class ModelWriter:
    """The ONNX model under construction.

    Args:
        tensors: every tensor of the network by name; new names avoid these.
        opset: the operator set to write.
        pooled: names of the tensors that pools read.

    Attributes:
        model: nodes and types; without the weights.
        graph: where nodes are added: the model's own graph, or a loop's body.
        initializers: for each weight its TensorProto without data, and the array, not copied.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        opset: int = OPSET,
        pooled: frozenset[str] = frozenset(),
    ) -> None:
        self.model = onnx.ModelProto(ir_version=_IR_VERSIONS[opset], producer_name="Graph Surgeon")
        self.model.opset_import.add(domain="", version=opset)
        self.opset = opset
        self.pooled = set(pooled)
        self.graph = self.model.graph
        self.tensors = tensors
        self.initializers: list[tuple[onnx.TensorProto, Array]] = []
        self._names = set(tensors)
        self._node_names: set[str] = set()
        self._stored: dict[tuple[int, tuple[int, ...], str], tuple[str, Array]] = {}

    def unique(self, wanted: str) -> str:
        """Return `wanted`, numbered when another tensor has that name."""
        name = _numbered(wanted, self._names)
        self._names.add(name)
        return name

    def add_node(
        self,
        op: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        layer: Layer,
        domain: str = "",
        attributes: Mapping[str, Any],
    ) -> None:
        wanted = layer.name if layer.name not in self._node_names else f"{layer.name}/{op}"
        name = _numbered(wanted, self._node_names)
        self._node_names.add(name)
        node = self.graph.node.add(op_type=op, name=name, domain=domain)
        node.input.extend(inputs)
        node.output.extend(outputs)
        node.doc_string = " ".join(layer.origin)
        for key, value in attributes.items():
            if value is not None:
                node.attribute.append(onnx.helper.make_attribute(key, value))

    @contextmanager
    def subgraph(self, name: str) -> Iterator[onnx.GraphProto]:
        """Add nodes to a graph of their own until the end of the block; weights stay outside."""
        outer, self.graph = self.graph, onnx.GraphProto(name=name)
        try:
            yield self.graph
        finally:
            self.graph = outer

    def write_inner(self, network: Network, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Write the layers of a network that a layer holds; return its outputs.

        Args:
            network: its tensors get names that are free here.
            inputs: what it reads for its own inputs.
        """
        known = dict(zip((tensor.name for tensor in network.inputs), inputs, strict=True))
        pooled = pooled_tensors(network)
        for layer in network.layers:
            made = []
            for tensor in layer.outputs:
                renamed = dataclasses.replace(tensor, name=self.unique(tensor.name))
                known[tensor.name] = renamed
                if tensor.name in pooled:
                    self.pooled.add(renamed.name)
                made.append(renamed)
            read = tuple(known[name] for name in layer.inputs)
            LAYERS[layer.kind.type_name](layer.kind, LayerWriter(self, layer, read, tuple(made)))
        return [known[name] for name in network.outputs]

    def add_weights(self, array: Array, wanted: str) -> str:
        """Store `array` once, whoever else uses it; return the name it has."""
        array = np.ascontiguousarray(array) if array.ndim else array
        address = array.__array_interface__["data"][0]
        key = (address, array.shape, array.dtype.str)
        if key not in self._stored:
            name = self.unique(wanted)
            self.store(array, name)
            # The array is kept, so that its address is nobody else's.
            self._stored[key] = (name, array)
        return self._stored[key][0]

    def store(self, array: Array, name: str) -> None:
        """Store `array` as the initializer `name`."""
        tensor = onnx.TensorProto(
            name=name, data_type=onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        )
        tensor.dims.extend(array.shape)
        self.initializers.append((tensor, array))


def pooled_tensors(network: Network) -> frozenset[str]:
    """Return the names of the tensors that pools of a network read."""
    return frozenset(layer.inputs[0] for layer in network.layers if isinstance(layer.kind, Pooling))


def declare(info: onnx.ValueInfoProto, tensor: Tensor) -> None:
    """Fill in name, dtype and dimensions; an unknown dimension gets a name of its own."""
    info.name = tensor.name
    kind = info.type.tensor_type
    kind.elem_type = onnx_dtype(tensor.dtype)
    kind.shape.SetInParent()
    for axis, size in enumerate(tensor.shape):
        dim = kind.shape.dim.add()
        if size >= 0:
            dim.dim_value = size
        else:
            dim.dim_param = f"{tensor.name}.{axis}"


def _numbered(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 0
    while name in taken:
        count += 1
        name = f"{wanted}__{count}"
    return name


@dataclass(frozen=True)
class LayerWriter:
    """Writes the nodes of one layer.

    Attributes:
        inputs: the tensors the layer reads.
        outputs: the tensors the layer makes.
    """

    writer: ModelWriter
    layer: Layer
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def names(self) -> list[str]:
        """Names of the layer's inputs."""
        return [tensor.name for tensor in self.inputs]

    @property
    def opset(self) -> int:
        """The operator set being written."""
        return self.writer.opset

    @property
    def is_pooled(self) -> bool:
        """Whether a pool reads what this layer makes."""
        return self.outputs[0].name in self.writer.pooled

    def need(self, opset: int) -> None:
        """Say that this layer can only be written from an operator set on.

        Raises:
            NeedsOpset: an earlier one is being written.
        """
        if self.opset < opset:
            raise NeedsOpset(opset)

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output of its own; return the output's name."""
        output = self.writer.unique(f"{self.layer.name}/{op}")
        self.writer.add_node(op, inputs, [output], layer=self.layer, attributes=attributes)
        return output

    def result(
        self, op: str, inputs: Sequence[str], *, port: int = 0, domain: str = "", **attributes: Any
    ) -> None:
        """Add the node that makes the layer's output `port`."""
        self.results(op, inputs, [self.outputs[port].name], domain=domain, **attributes)

    def results(
        self,
        op: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        domain: str = "",
        **attributes: Any,
    ) -> None:
        """Add a node with several outputs of given names."""
        self.writer.add_node(
            op, inputs, outputs, layer=self.layer, domain=domain, attributes=attributes
        )

    def weights(self, array: Array, hint: str) -> str:
        """Add a constant named after the layer and `hint`; return its name."""
        return self.writer.add_weights(array, f"{self.layer.name}/{hint}")

    def ints(self, values: Sequence[int], hint: str) -> str:
        """Add an int64 vector."""
        return self.weights(np.array(values, dtype=np.int64), hint)

    def scalar(self, value: float, hint: str, dtype: DType | None = None) -> str:
        """Add a rank-0 constant; its dtype is the first input's unless given."""
        kind = (dtype or self.inputs[0].dtype).numpy
        with np.errstate(over="ignore"):
            # A limit beyond half precision is no limit there.
            return self.weights(np.array(value, dtype=kind), hint)

    def fresh(self, hint: str) -> str:
        """Return a new tensor name."""
        return self.writer.unique(f"{self.layer.name}/{hint}")

    def as_int64(self, index: int) -> str:
        """Return the name of input `index`, cast to int64 where it is not."""
        tensor = self.inputs[index]
        if tensor.dtype is DType.INT64:
            return tensor.name
        return self.node("Cast", [tensor.name], to=onnx_dtype(DType.INT64))

    def cannot(self, reason: str, hint: str | None = None) -> ConvertError:
        """Return the error that says why ONNX cannot express this layer."""
        return ConvertError(reason, where=self.layer.name, hint=hint)


LAYERS: Registry[Callable[[Any, LayerWriter], None]] = Registry("surgeon_gui.network.to_onnx.kinds")
"""Exporters by kind: `exporter(kind, writer)`."""
