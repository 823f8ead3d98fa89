"""INetworkDefinition back to Network: what TensorRT was really given.

TensorRT hands layers out as plain `ILayer`; their class is set here from their type, as its own
C++ API does by a cast. Constants that only carry a parameter (a scale, a fill value) become that
parameter again.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from surgeon_gui.engine.dtypes import BY_POINTER, dtype_of
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.fold import fold as folded
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Dims, Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import Constant, Plugin, Slice
from surgeon_gui.registry import Registry

E = TypeVar("E", bound=enum.Enum)

_CLASSES = {
    "CONDITIONAL_INPUT": "IIfConditionalInputLayer",
    "CONDITIONAL_OUTPUT": "IIfConditionalOutputLayer",
}


def cast_layer(layer: Any, type_name: str, flavour: Flavour) -> None:
    """Give a plain ILayer the class of its type, so that its parameters can be read.

    Args:
        layer: the wrapper; the change belongs to it alone.
        type_name: its LayerType's name, read before the cast (`type` means another thing after).
        flavour: the TensorRT the layer belongs to.

    Raises:
        EngineError: there is no such class.
    """
    wanted = _CLASSES.get(type_name, f"I{type_name.replace('_', '')}Layer").lower()
    for name in dir(flavour.module):
        if name.lower() == wanted:
            layer.__class__ = getattr(flavour.module, name)
            return
    raise EngineError(f"{flavour.title} has no class for {type_name} layers.", where=layer.name)


@dataclass
class LayerReader:
    """What a reader of one layer works with.

    Attributes:
        flavour: the TensorRT the layer belongs to.
        layer: TensorRT's layer, cast to its class.
        inputs: its input tensors; None where one is not set.
        constants: arrays of the Constant layers by the name of the tensor they make.
        fold: whether constant start, size and shape tensors become parameters.
        consumed: indices of inputs that became a parameter.
    """

    flavour: Flavour
    layer: Any
    inputs: list[Any]
    constants: Mapping[str, Array]
    fold: bool
    consumed: set[int] = field(default_factory=set)

    def member(self, ours: type[E], theirs: Any) -> E:
        """Return our member of one of TensorRT's; both have the same name.

        Raises:
            EngineError: we have none of that name.
        """
        found = ours.__members__.get(theirs.name)
        if found is None:
            raise EngineError(
                f"{ours.__name__}.{theirs.name} has no counterpart here.", where=self.layer.name
            )
        return found

    def has_input(self, index: int) -> bool:
        """Whether input `index` is set."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def constant(self, index: int) -> Array:
        """Return the value of input `index`, which becomes a parameter.

        Raises:
            EngineError: it is no constant.
        """
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None or tensor.name not in self.constants:
            raise EngineError(f"Input {index} of this layer is no constant.", where=self.layer.name)
        self.consumed.add(index)
        return self.constants[tensor.name]

    def folded(self, index: int) -> Dims | None:
        """Return input `index` as dims where it is a constant and those are to be folded."""
        if self.fold and self.has_input(index) and self.inputs[index].name in self.constants:
            return tuple(int(value) for value in self.constant(index).reshape(-1))
        return None

    @property
    def rank(self) -> int:
        """Rank of the first input."""
        return len(self.inputs[0].shape)

    def axes(self, mask: int) -> tuple[int, ...]:
        """Return the axes of a bit mask."""
        return tuple(axis for axis in range(self.rank) if mask >> axis & 1)

    def axis(self, mask: int) -> int:
        """Return the one axis of a bit mask.

        Raises:
            EngineError: it has several.
        """
        axes = self.axes(mask)
        if len(axes) != 1:
            raise EngineError(f"This layer works on the axes {axes}.", where=self.layer.name)
        return axes[0]

    def weights(self, weights: Any, shape: Dims) -> Array | None:
        """Return weights with `shape`, -1 in it inferred; None where there are none."""
        array = readable(weights)
        if self.fold:
            array = array.copy()
        return array.reshape(shape) if array.size else None


def readable(weights: Any) -> Array:
    """Return weights as a flat array; zeros for dtypes the bindings give no access to."""
    if isinstance(weights, np.ndarray):
        return weights
    return np.zeros(weights.size, dtype_of(weights.dtype).numpy)


def unreadable_as_zeros(network: Network) -> Network:
    """Return `network` as it would read back: weights of bfloat16 and float8 are zeros."""
    tensors = network.tensors

    def blank(layer: Layer) -> Kind:
        hidden: dict[str, Any] = {
            name: np.zeros_like(array)
            for name, array in layer.kind.weights().items()
            if DType.from_numpy(array.dtype) in BY_POINTER
        }
        if isinstance(layer.kind, Slice) and tensors[layer.inputs[0]].dtype in BY_POINTER:
            hidden["fill_value"] = 0.0
        return dataclasses.replace(layer.kind, **hidden)

    return dataclasses.replace(
        network,
        layers=tuple(dataclasses.replace(layer, kind=blank(layer)) for layer in network.layers),
    )


READERS: Registry[Callable[[Any, LayerReader], Kind]] = Registry("surgeon_gui.engine.readers")
"""Readers by name of LayerType: `reader(layer, context)` returns the kind."""


def read_network(definition: Any, flavour: Flavour, *, fold: bool = False) -> Network:
    """Return the Network that `definition` holds.

    Args:
        definition: an INetworkDefinition.
        flavour: the TensorRT it belongs to.
        fold: compute shape arithmetic on constants, make its results parameters of the layers that
            read them, and leave out what nothing reads then. Weights are copied.

    Raises:
        EngineError: it has a layer that no Network kind stands for.
    """
    inputs = tuple(_tensor(definition.get_input(i)) for i in range(definition.num_inputs))
    outputs = tuple(definition.get_output(i).name for i in range(definition.num_outputs))
    shapes = {tensor.name: tensor.shape for tensor in inputs}
    constants: dict[str, Array] = {}
    layers: list[Layer] = []
    swallowed: set[str] = set()
    for plain in _in_order(definition):
        layer, consumed = _read_layer(plain, flavour, constants, fold)
        layers.append(layer)
        swallowed |= consumed
        shapes.update((tensor.name, tensor.shape) for tensor in layer.outputs)
        if isinstance(layer.kind, Constant):
            constants[layer.outputs[0].name] = layer.kind.weights_
        elif fold:
            known = [constants.get(name) for name in layer.inputs]
            found = folded(layer.kind, known, shapes[layer.inputs[0]] if layer.inputs else None)
            if found is not None:
                constants[layer.outputs[0].name] = found
    return Network(inputs, tuple(_needed(layers, outputs, swallowed, constants, fold)), outputs)


def _in_order(definition: Any) -> list[Any]:
    """Return the layers so that each comes after those it reads.

    A network lists its layers as they were added; one can be given inputs made after it.
    """
    layers = [definition.get_layer(index) for index in range(definition.num_layers)]
    makers = {
        layer.get_output(port).name: index
        for index, layer in enumerate(layers)
        for port in range(layer.num_outputs)
    }
    order: dict[int, None] = {}
    opened: set[int] = set()
    for start in range(len(layers)):
        pending = [start]
        while pending:
            index = pending[-1]
            layer = layers[index]
            # What a recurrence reads second is made in the loop that it begins.
            ports = 1 if layer.type.name == "RECURRENCE" else layer.num_inputs
            tensors = (layer.get_input(port) for port in range(ports))
            needed = (makers.get(tensor.name) for tensor in tensors if tensor is not None)
            # A maker that is open already waits for this very layer: the edge closes a loop.
            missing = [maker for maker in needed if maker is not None and maker not in opened]
            opened.add(index)
            if missing:
                pending.extend(missing)
            else:
                order.setdefault(pending.pop())
    return [layers[index] for index in order]


def _needed(
    layers: list[Layer],
    outputs: tuple[str, ...],
    swallowed: set[str],
    constants: Mapping[str, Array],
    fold: bool,
) -> list[Layer]:
    """Leave out constants that became parameters and, when folding, what they came from."""
    used = set(outputs)
    kept = []
    for layer in reversed(layers):
        names = {tensor.name for tensor in layer.outputs}
        made = set(constants) if fold else swallowed
        gone = bool(names) and names <= made and not names & used
        if not gone:
            used.update(layer.inputs)
            kept.append(layer)
    return kept[::-1]


def read_interface(definition: Any) -> Network:
    """Return a network of the inputs and outputs of `definition`, which it does not compute."""
    inputs = [_tensor(definition.get_input(i)) for i in range(definition.num_inputs)]
    outputs = [_tensor(definition.get_output(i)) for i in range(definition.num_outputs)]
    opaque = Plugin(plugin_name="network", declared=tuple(outputs))
    layer = Layer("network", opaque, tuple(t.name for t in inputs), tuple(outputs))
    return Network(tuple(inputs), (layer,), tuple(t.name for t in outputs))


def _read_layer(
    layer: Any, flavour: Flavour, constants: Mapping[str, Array], fold: bool
) -> tuple[Layer, set[str]]:
    """Return the layer, and the names of the tensors that became parameters."""
    # The name of the type first: after the cast, `type` may be a parameter.
    type_name = layer.type.name
    if type_name not in READERS:
        raise EngineError(f"No Network kind stands for {type_name} layers.", where=layer.name)
    cast_layer(layer, type_name, flavour)
    inputs = [layer.get_input(index) for index in range(layer.num_inputs)]
    reader = LayerReader(flavour, layer, inputs, constants, fold)
    kind = READERS[type_name](layer, reader)
    named = [(index, tensor) for index, tensor in enumerate(inputs) if tensor is not None]
    made = Layer(
        layer.name,
        kind,
        tuple(tensor.name for index, tensor in named if index not in reader.consumed),
        tuple(_tensor(layer.get_output(index)) for index in range(layer.num_outputs)),
        tuple(layer.metadata.split()),
    )
    return made, {tensor.name for index, tensor in named if index in reader.consumed}


def _tensor(tensor: Any) -> Tensor:
    try:
        shape = tuple(tensor.shape)
    except (RuntimeError, ValueError) as error:
        raise EngineError(
            "TensorRT cannot infer this tensor's shape.", where=tensor.name
        ) from error
    return Tensor(dtype_of(tensor.dtype), shape, tensor.name)
