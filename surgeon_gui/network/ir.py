"""Network: our neutral form of TensorRT's network definition.

A Network is a list of layers in execution order; each layer has a *kind*, which carries the
parameters under the names `INetworkDefinition` gives them, and knows the types of its outputs.
Layouts are TensorRT's: convolutions and pools work on NC+spatial tensors, kernels are KC+spatial
(C, K for deconvolution). The kinds are in `layers.py`.

Source: TensorRT for RTX 1.7 Python API (INetworkDefinition), TensorRT 10 operator reference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from surgeon_gui.errors import ConvertError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType

Dims = tuple[int, ...]
"""Dimensions of a network tensor; -1 is a dimension that an optimization profile bounds."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """dtype and dimensions of a tensor that has no name yet."""

    dtype: DType
    shape: Dims

    @property
    def rank(self) -> int:
        return len(self.shape)


@dataclass(frozen=True, slots=True)
class Tensor(TensorSpec):
    """A tensor of the network: named, typed."""

    name: str

    def __str__(self) -> str:
        dims = ",".join("?" if dim < 0 else str(dim) for dim in self.shape)
        return f"{self.name} {self.dtype.text} [{dims}]"


MAX_RANK = 8
"""Most dimensions a tensor of TensorRT has."""

FLOAT_DTYPES = frozenset({DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16})
NUMBER_DTYPES = FLOAT_DTYPES | {DType.INT32, DType.INT64, DType.INT8}
TENSOR_DTYPES = NUMBER_DTYPES | {DType.BOOL, DType.FLOAT8_E4M3FN}
"""What layers may read; uint8 stands only between the network's ends and a Cast.

Which layer takes which: what TensorRT for RTX 1.7.1 builds, tried layer by layer.
"""


class LayerError(ConvertError):
    """A layer's parameters do not fit its inputs."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind:
    """What a layer computes: one subclass per TensorRT layer, in `layers.py`.

    Subclasses are frozen dataclasses whose fields are the layer's parameters; array fields hold
    weights and are never changed in place.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """Fewest and most inputs; None: no upper bound."""

    @property
    def type_name(self) -> str:
        """The layer's name as TensorRT spells it: `ElementWise`."""
        return type(self).__name__

    @property
    def accepts(self) -> frozenset[DType]:
        """Dtypes the first input may have."""
        return TENSOR_DTYPES

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        """Return the types of the outputs.

        Raises:
            LayerError: the parameters do not fit the inputs.
        """
        raise LayerError(f"{self.type_name} does not say what it returns.")

    def check(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        """`infer`, after checking number, dtype and rank of the inputs.

        Raises:
            LayerError: TensorRT has no such layer.
        """
        fewest, most = self.arity
        if len(inputs) < fewest or (most is not None and len(inputs) > most):
            raise LayerError(f"{self.type_name} cannot take {len(inputs)} inputs.")
        if inputs and inputs[0].dtype not in self.accepts:
            raise LayerError(
                f"TensorRT's {self.type_name} does not take {inputs[0].dtype.text}.",
                hint="Cast it to another dtype before.",
            )
        outputs = self.infer(inputs)
        rank = max((spec.rank for spec in (*inputs, *outputs)), default=0)
        if rank > MAX_RANK:
            raise LayerError(f"TensorRT's tensors have {MAX_RANK} dimensions at most, not {rank}.")
        return outputs

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name, in order of declaration."""
        return {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the parameters that are arrays."""
        return {
            name: value
            for name, value in self.parameters().items()
            if isinstance(value, np.ndarray)
        }

    def networks(self) -> dict[str, Network]:
        """Return the parameters that are networks: what a loop repeats."""
        return {
            name: value for name, value in self.parameters().items() if isinstance(value, Network)
        }


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One layer: kind, wiring, and the GraphDef nodes it came from.

    Attributes:
        name: unique among layers.
        kind: what it computes.
        inputs: names of the tensors it reads.
        outputs: the tensors it makes.
        origin: names of the GraphDef nodes it stands for, the most telling first.
    """

    name: str
    kind: Kind
    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]
    origin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Which GraphDef tensor a network tensor equals.

    Attributes:
        ref: the GraphDef tensor.
        axes: dimension i of the GraphDef tensor is dimension `axes[i]` of the network tensor:
            (0, 2, 3, 1) for an NHWC tensor held as NCHW.
    """

    ref: TensorRef
    axes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A whole network, layers in execution order.

    Attributes:
        inputs: the network's inputs.
        layers: in an order in which every tensor is made before it is read.
        outputs: names of the tensors marked as outputs, in order.
        sources: for tensors equal to a GraphDef tensor, which one and in what layout.
    """

    inputs: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name."""
        found = {tensor.name: tensor for tensor in self.inputs}
        for layer in self.layers:
            found.update((tensor.name, tensor) for tensor in layer.outputs)
        return found

    @property
    def output_tensors(self) -> tuple[Tensor, ...]:
        tensors = self.tensors
        return tuple(tensors[name] for name in self.outputs)

    @property
    def weight_bytes(self) -> int:
        return sum({id(array): array.nbytes for array in self._arrays()}.values())

    def _arrays(self) -> Iterator[np.ndarray[Any, Any]]:
        for layer in self.layers:
            yield from layer.kind.weights().values()
            for inner in layer.kind.networks().values():
                yield from inner._arrays()

    def __str__(self) -> str:
        return f"{len(self.layers)} layers"


class NetworkBuilder:
    """Makes a Network layer by layer; names are made unique, types are inferred and checked."""

    def __init__(self) -> None:
        self._inputs: list[Tensor] = []
        self._layers: list[Layer] = []
        self._outputs: list[str] = []
        self._tensors: dict[str, Tensor] = {}
        self._layer_names: set[str] = set()
        self._sources: dict[str, Source] = {}

    def __len__(self) -> int:
        return len(self._layers)

    def __contains__(self, tensor: Tensor) -> bool:
        return self._tensors.get(tensor.name) is tensor

    def has(self, name: str) -> bool:
        """Whether a tensor has this name."""
        return name in self._tensors

    def tensor(self, name: str) -> Tensor:
        return self._tensors[name]

    def _unique(self, wanted: str, taken: Iterable[str] | Mapping[str, Any] | set[str]) -> str:
        name, count = wanted, 0
        while name in taken:
            count += 1
            name = f"{wanted}__{count}"
        return name

    def add_input(self, name: str, dtype: DType, shape: Dims) -> Tensor:
        """Declare a network input.

        Raises:
            LayerError: the name is taken.
        """
        if name in self._tensors:
            raise LayerError("Two network inputs have this name.", where=name)
        tensor = Tensor(dtype, shape, name)
        self._inputs.append(tensor)
        self._tensors[name] = tensor
        return tensor

    def add(
        self,
        kind: Kind,
        inputs: Sequence[Tensor] = (),
        *,
        name: str,
        origin: Sequence[str] = (),
    ) -> tuple[Tensor, ...]:
        """Append a layer; return its outputs, named after the layer (`name`, `name:1` …).

        Raises:
            LayerError: the parameters do not fit the inputs; `where` is the layer's name.
        """
        for tensor in inputs:
            if tensor not in self:
                raise LayerError(f"It reads {tensor.name}, which no layer makes.", where=name)
        try:
            specs = kind.check(list(inputs))
        except LayerError as error:
            raise LayerError(error.message, where=error.where or name, hint=error.hint) from error
        layer_name = self._unique(name, self._layer_names)
        self._layer_names.add(layer_name)
        outputs = []
        for port, spec in enumerate(specs):
            wanted = layer_name if port == 0 else f"{layer_name}:{port}"
            tensor = Tensor(spec.dtype, spec.shape, self._unique(wanted, self._tensors))
            self._tensors[tensor.name] = tensor
            outputs.append(tensor)
        self._layers.append(
            Layer(
                layer_name,
                kind,
                tuple(t.name for t in inputs),
                tuple(outputs),
                tuple(origin) or (name,),
            )
        )
        return tuple(outputs)

    def mark_output(self, tensor: Tensor) -> None:
        self._outputs.append(tensor.name)

    def set_source(self, tensor: Tensor, source: Source) -> None:
        """Record which GraphDef tensor `tensor` equals; the first record stays."""
        self._sources.setdefault(tensor.name, source)

    def build(self) -> Network:
        return Network(
            tuple(self._inputs), tuple(self._layers), tuple(self._outputs), dict(self._sources)
        )
