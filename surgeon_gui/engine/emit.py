"""Network to TensorRT's INetworkDefinition; `emitters/` holds one function per layer kind."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surgeon_gui.engine.apart import taken_apart
from surgeon_gui.engine.dtypes import BY_POINTER, data_type
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import collected
from surgeon_gui.errors import BuildFailed, EngineError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.registry import Registry

ENUM_NAMES = {
    layers.CoordinateTransformation: "ResizeCoordinateTransformation",
    layers.RoundMode: "ResizeRoundMode",
}
"""Enumerations that TensorRT spells otherwise than the Network does."""


def create_network(builder: Any, flavour: Flavour) -> Any:
    """Return an empty INetworkDefinition with explicit batch, strongly typed where that exists."""
    name = "STRONGLY_TYPED" if flavour.strongly_typed else "EXPLICIT_BATCH"
    if not flavour.has("NetworkDefinitionCreationFlag", name):
        return builder.create_network(0)
    return builder.create_network(1 << int(flavour.get("NetworkDefinitionCreationFlag", name)))


def member(flavour: Flavour, item: enum.Enum) -> Any:
    """Return the flavour's member for one of the Network's enumeration members.

    Raises:
        EngineError: this TensorRT does not have it.
    """
    return flavour.get(ENUM_NAMES.get(type(item), type(item).__name__), item.name)


@dataclass
class Emission:
    """What came of emitting a network.

    Attributes:
        tensors: TensorRT's tensors by the network's names.
        origins: GraphDef nodes by the name of the TensorRT layer.
        kept: arrays whose memory TensorRT reads until the build is over.
        loops: TensorRT's ILoop by name.
        conditionals: TensorRT's IIfConditional by name.
        recurrences: of loops that have not ended, with the name of their second input.
    """

    tensors: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kept: list[Array] = field(default_factory=list)
    loops: dict[str, Any] = field(default_factory=dict)
    conditionals: dict[str, Any] = field(default_factory=dict)
    recurrences: dict[str, list[tuple[Any, str]]] = field(default_factory=dict)


def emit(network: Network, flavour: Flavour, definition: Any) -> Emission:
    """Add `network` to the empty INetworkDefinition `definition`.

    Layers and tensors keep their names; `layer.metadata` holds the GraphDef nodes a layer came
    from, separated by spaces.

    Raises:
        BuildFailed: TensorRT refuses a layer; `where` is the GraphDef node it came from.
    """
    network = taken_apart(network, flavour)
    emission = Emission()
    for tensor in network.inputs:
        emission.tensors[tensor.name] = _add_input(tensor, flavour, definition)
    specs = network.tensors
    taken = {layer.name for layer in network.layers} | set(specs)
    for layer in network.layers:
        out = LayerEmitter(flavour, definition, layer, specs, emission, taken)
        with collected() as said:
            made = _add_layer(layer, out, said.errors)
            _name_layer(made, layer.name, layer, emission)
            if not flavour.strongly_typed:
                _keep_dtypes(made, layer, flavour)
            for port, spec in enumerate(layer.outputs):
                tensor = made.get_output(port)
                tensor.name = spec.name
                _check_shape(tensor, layer, said.errors)
                emission.tensors[spec.name] = tensor
        if said.errors:
            # A refused setter only logs, and leaves the parameter as it was.
            raise BuildFailed(
                _because(f"TensorRT refuses the {layer.kind.type_name} layer", said.errors),
                where=layer.origin[0] if layer.origin else layer.name,
            )
    for name in network.outputs:
        definition.mark_output(emission.tensors[name])
    return emission


def _add_input(tensor: Tensor, flavour: Flavour, definition: Any) -> Any:
    with collected() as said:
        made = definition.add_input(tensor.name, data_type(flavour, tensor.dtype), tensor.shape)
    if made is None:
        raise BuildFailed(_because("TensorRT refuses this input", said.errors), where=tensor.name)
    return made


def _add_layer(layer: Layer, out: LayerEmitter, errors: list[str]) -> Any:
    where = layer.origin[0] if layer.origin else layer.name
    try:
        made = EMITTERS[layer.kind.type_name](layer.kind, out)
    except EngineError as error:
        raise BuildFailed(error.message, where=error.where or where, hint=error.hint) from error
    except (TypeError, ValueError, RuntimeError) as error:
        reason = "; ".join(errors) or str(error).strip().split("\n", 1)[0]
        raise BuildFailed(
            f"TensorRT refuses the {layer.kind.type_name} layer: {reason}", where=where
        ) from error
    if made is None:
        raise BuildFailed(
            _because(f"TensorRT refuses the {layer.kind.type_name} layer", errors), where=where
        )
    return made


def _name_layer(made: Any, name: str, layer: Layer, emission: Emission) -> None:
    made.name = name
    made.metadata = " ".join(layer.origin)
    emission.origins[name] = layer.origin


def _keep_dtypes(made: Any, layer: Layer, flavour: Flavour) -> None:
    """Ask an old builder, which chooses by itself, to compute in half where the network does."""
    for port, tensor in enumerate(layer.outputs):
        if tensor.dtype is DType.FLOAT16:
            made.precision = data_type(flavour, tensor.dtype)
            made.set_output_type(port, data_type(flavour, tensor.dtype))


def _check_shape(tensor: Any, layer: Layer, errors: list[str]) -> None:
    """Ask for the shape, which makes TensorRT check the layer's parameters against its inputs."""
    try:
        len(tensor.shape)
    except (RuntimeError, ValueError) as error:
        raise BuildFailed(
            _because(
                f"TensorRT cannot infer the shape of the {layer.kind.type_name} layer", errors
            ),
            where=layer.origin[0] if layer.origin else layer.name,
        ) from error


def _because(what: str, errors: list[str]) -> str:
    return f"{what}: {'; '.join(errors)}" if errors else f"{what} and does not say why."


@dataclass(frozen=True)
class LayerEmitter:
    """What an emitter of one layer works with.

    Attributes:
        flavour: the TensorRT in use.
        net: the INetworkDefinition.
        layer: the layer to add.
    """

    flavour: Flavour
    net: Any
    layer: Layer
    specs: Mapping[str, Tensor]
    emission: Emission
    taken: set[str]

    @property
    def inputs(self) -> list[Any]:
        """TensorRT's tensors the layer reads."""
        return [self.emission.tensors[name] for name in self.layer.inputs]

    def input_spec(self, index: int) -> Tensor:
        """Return dtype and dimensions of input `index`."""
        return self.specs[self.layer.inputs[index]]

    def member(self, item: enum.Enum) -> Any:
        """Return TensorRT's member for one of ours."""
        return member(self.flavour, item)

    def data_type(self, dtype: DType) -> Any:
        """Return TensorRT's DataType of `dtype`."""
        return data_type(self.flavour, dtype)

    def method(self, name: str) -> Callable[..., Any]:
        """Return a method of the INetworkDefinition that not every version has.

        Raises:
            EngineError: this one does not.
        """
        if not hasattr(self.net, name):
            raise EngineError(
                f"{self.flavour.title} has no {self.layer.kind.type_name} layer.",
                hint="Replace the node, or build with a TensorRT that has it.",
            )
        found: Callable[..., Any] = getattr(self.net, name)
        return found

    def weights(self, array: Array | None, like: Array | None = None) -> Any:
        """Return `array` as TensorRT takes weights, kept alive for it.

        Args:
            array: the weights; None is no weights.
            like: weights whose dtype missing ones must have.

        Raises:
            EngineError: TensorRT has no weights of that dtype.
        """
        if array is None:
            kinds = [] if like is None else [self.data_type(DType.from_numpy(like.dtype))]
            return self.flavour.module.Weights(*kinds)
        dtype = DType.from_numpy(array.dtype)
        kind = self.data_type(dtype)
        if not array.flags.c_contiguous:
            array = array.copy(order="C")
        self.emission.kept.append(array)
        if dtype in BY_POINTER:
            return self.flavour.module.Weights(kind, array.ctypes.data, array.size)
        return array

    def constant(self, array: Array, hint: str) -> Any:
        """Add a Constant layer named after this one and `hint`; return its tensor."""
        made = self.net.add_constant(array.shape, self.weights(array))
        name, count = f"{self.layer.name}/{hint}", 0
        while name in self.taken:
            count += 1
            name = f"{self.layer.name}/{hint}__{count}"
        self.taken.add(name)
        _name_layer(made, name, self.layer, self.emission)
        tensor = made.get_output(0)
        tensor.name = name
        return tensor

    def scalar(self, value: float, dtype: DType, hint: str) -> Any:
        """Add a rank-0 Constant; return its tensor."""
        return self.constant(np.array(value, dtype=dtype.numpy), hint)


def axes_mask(axes: Sequence[int]) -> int:
    """Return the bit mask TensorRT takes axes as."""
    return sum(1 << axis for axis in axes)


EMITTERS: Registry[Callable[[Any, LayerEmitter], Any]] = Registry("surgeon_gui.engine.emitters")
"""Emitters by kind: `emitter(kind, out)` adds the layer and returns TensorRT's ILayer."""
