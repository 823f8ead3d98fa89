"""Where a network is rounded to eight bits: pairs of Quantize and Dequantize TensorRT can fuse.

Placed (TensorRT developer guide, "Explicit quantization"):
- on what a convolution, deconvolution or product with constant weights reads, one scale a tensor;
- on its weights, a scale per output channel;
- on the other side of a sum such a layer feeds, so that the sum joins the layer;
- on what an average pool reads, where what it makes is rounded as well.

Two readers of a tensor share one pair. Maximum pools, concatenations and reshapes need none: what
they read is rounded where it is made or what they make where it is read, and TensorRT moves the
pairs through them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

import numpy as np

from surgeon_gui.errors import ConvertError, UsageError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import (
    Activation,
    Constant,
    Convolution,
    Deconvolution,
    Dequantize,
    ElementWise,
    ElementWiseOperation,
    MatrixMultiply,
    MatrixOperation,
    Pooling,
    PoolingType,
    Quantize,
)
from surgeon_gui.network.quantize.ranges import Ranges

LARGEST = {DType.INT8: 127.0, DType.FLOAT8_E4M3FN: 448.0}
"""The largest number of each eight-bit dtype."""

# A tensor that is zero everywhere has a step all the same.
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Placement:
    """What can be rounded in a network.

    Attributes:
        layers: layers that can compute in eight bits, in execution order.
        reads: layer → the tensors it has rounded; the weights are not among them.
    """

    layers: tuple[str, ...]
    reads: Mapping[str, tuple[str, ...]]

    def tensors(self, kept: Set[str] = frozenset()) -> tuple[str, ...]:
        """Return the tensors to round when some layers are kept as they are, each once."""
        return tuple(
            dict.fromkeys(
                name for layer in self.layers if layer not in kept for name in self.reads[layer]
            )
        )


def placement_of(network: Network) -> Placement:
    """Return which layers can compute in eight bits, and what each has rounded."""
    makers = {tensor.name: layer for layer in network.layers for tensor in layer.outputs}
    tensors = network.tensors
    readers: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for name in layer.inputs:
            readers.setdefault(name, []).append(layer)
    reads: dict[str, tuple[str, ...]] = {}
    for layer in network.layers:
        if _computes(layer, makers) and tensors[layer.inputs[_data(layer, makers)]].dtype in (
            DType.FLOAT32,
        ):
            reads[layer.name] = (layer.inputs[_data(layer, makers)],)
    for layer in network.layers:
        if _is_sum(layer):
            others = _other_sides(layer, makers, readers, reads)
            if others:
                reads[layer.name] = others
        elif _is_average(layer) and _feeds(layer, readers, reads):
            reads[layer.name] = (layer.inputs[0],)
    order = tuple(layer.name for layer in network.layers if layer.name in reads)
    return Placement(order, reads)


def _computes(layer: Layer, makers: Mapping[str, Layer]) -> bool:
    """Whether it is a product with weights that are known."""
    kind = layer.kind
    if isinstance(kind, Convolution | Deconvolution):
        return kind.kernel is not None and kind.kernel.dtype == np.float32
    if isinstance(kind, MatrixMultiply):
        constant = [_constant(name, makers) is not None for name in layer.inputs]
        return constant.count(True) == 1
    return False


def _constant(name: str, makers: Mapping[str, Layer]) -> Array | None:
    maker = makers.get(name)
    if maker is None or not isinstance(maker.kind, Constant):
        return None
    weights = maker.kind.weights_
    return weights if weights.dtype == np.float32 and weights.ndim >= 2 else None


def _data(layer: Layer, makers: Mapping[str, Layer]) -> int:
    """Return which input is not the weights."""
    if isinstance(layer.kind, MatrixMultiply) and _constant(layer.inputs[0], makers) is not None:
        return 1
    return 0


def _is_sum(layer: Layer) -> bool:
    return isinstance(layer.kind, ElementWise) and layer.kind.op is ElementWiseOperation.SUM


def _is_average(layer: Layer) -> bool:
    return isinstance(layer.kind, Pooling) and layer.kind.type is PoolingType.AVERAGE


def _other_sides(
    layer: Layer,
    makers: Mapping[str, Layer],
    readers: Mapping[str, list[Layer]],
    reads: Mapping[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """Return the side of a sum that comes past a rounded layer, where its result is rounded too."""
    made = [makers.get(name) for name in layer.inputs]
    rounded = [
        maker is not None and isinstance(maker.kind, Convolution) and maker.name in reads
        for maker in made
    ]
    if not any(rounded) or not _feeds(layer, readers, reads):
        return ()
    other = 0 if rounded[1] else 1
    maker = made[other]
    is_weight = maker is not None and isinstance(maker.kind, Constant)
    return () if is_weight else (layer.inputs[other],)


def _feeds(
    layer: Layer, readers: Mapping[str, list[Layer]], reads: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether a rounded layer reads it, at once or past an activation."""
    for reader in readers.get(layer.outputs[0].name, []):
        if reader.name in reads and layer.outputs[0].name in reads[reader.name]:
            return True
        if isinstance(reader.kind, Activation):
            made = reader.outputs[0].name
            if any(made in reads.get(next_.name, ()) for next_ in readers.get(made, [])):
                return True
    return False


def kept_layers(
    network: Network, names: Iterable[str], placement: Placement | None = None
) -> frozenset[str]:
    """Return the layers to keep in float: those so called, and those of GraphDef nodes so called.

    Raises:
        UsageError: a name is of nothing that could be rounded.
    """
    reads = (placement or placement_of(network)).reads
    found: set[str] = set()
    for name in names:
        matching = {
            layer.name
            for layer in network.layers
            if layer.name in reads and (layer.name == name or name in layer.origin)
        }
        if not matching:
            raise UsageError(
                "No layer that could be rounded is called so, or comes from such a node.",
                where=name,
                hint="Take a name from the table of layers.",
            )
        found |= matching
    return frozenset(found)


def quantized_network(
    network: Network,
    ranges: Ranges,
    *,
    kept: Set[str] = frozenset(),
    dtype: DType = DType.INT8,
    placement: Placement | None = None,
) -> Network:
    """Return the network with its layers' inputs and weights rounded to eight bits.

    Names of layers and tensors are kept; the new layers are named after what they round.

    Args:
        network: the network; float32.
        ranges: how far its tensors reach.
        kept: names of layers that stay as they are.
        dtype: INT8 or FLOAT8_E4M3FN.
        placement: where, as `placement_of` found it; None looks.

    Raises:
        ConvertError: a tensor that is to be rounded has no range; `where` is its GraphDef node.
    """
    return _Rewriter(network, ranges, placement or placement_of(network), kept, dtype).run()


class _Rewriter:
    def __init__(
        self,
        network: Network,
        ranges: Ranges,
        placement: Placement,
        kept: Set[str],
        dtype: DType,
    ) -> None:
        self._network = network
        self._ranges = ranges
        self._placement = placement
        self._kept = kept
        self._dtype = dtype
        self._tensors = network.tensors
        self._makers = {tensor.name: layer for layer in network.layers for tensor in layer.outputs}
        self._names = {*self._tensors, *(layer.name for layer in network.layers)}
        self._layers: list[Layer] = []
        self._rounded: dict[str, str] = {}

    def run(self) -> Network:
        for layer in self._network.layers:
            reads = self._placement.reads.get(layer.name, ())
            if not reads or layer.name in self._kept:
                self._layers.append(layer)
                continue
            inputs = tuple(
                self._round(name, layer) if name in reads else name for name in layer.inputs
            )
            self._layers.append(self._with_weights(dataclasses.replace(layer, inputs=inputs)))
        return dataclasses.replace(self._network, layers=tuple(self._layers))

    def _round(self, name: str, layer: Layer) -> str:
        """Return the tensor rounded to the grid of its range."""
        if name not in self._rounded:
            reach = self._ranges.reach.get(name)
            if reach is None:
                raise ConvertError(
                    f"The tensor {name} has no range.",
                    where=layer.origin[0] if layer.origin else layer.name,
                    hint="Calibrate again: the ranges are of another network.",
                )
            scale = np.asarray(max(reach / LARGEST[self._dtype], _SMALLEST), np.float32)
            self._rounded[name] = self._pair(self._tensors[name], scale, None, layer.origin)
        return self._rounded[name]

    def _pair(self, tensor: Tensor, scale: Array, axis: int | None, origin: tuple[str, ...]) -> str:
        inner = Tensor(self._dtype, tensor.shape, self._unique(f"{tensor.name}/quantized"))
        outer = Tensor(tensor.dtype, tensor.shape, self._unique(f"{tensor.name}/dequantized"))
        quantize = Quantize(scale=scale, axis=axis, to_type=self._dtype)
        dequantize = Dequantize(scale=scale, axis=axis, to_type=tensor.dtype)
        self._layers.append(Layer(inner.name, quantize, (tensor.name,), (inner,), origin))
        self._layers.append(Layer(outer.name, dequantize, (inner.name,), (outer,), origin))
        return outer.name

    def _with_weights(self, layer: Layer) -> Layer:
        """Return the layer reading its weights through a pair, a scale per output channel."""
        kind = layer.kind
        if isinstance(kind, Convolution | Deconvolution) and kind.kernel is not None:
            # A deconvolution's kernel is C, K/groups, …; TensorRT's scales lie along one axis.
            grouped = isinstance(kind, Deconvolution) and kind.num_groups > 1
            axis = None if grouped else int(isinstance(kind, Deconvolution))
            name = self._unique(f"{layer.name}/kernel")
            kernel = Tensor(DType.FLOAT32, kind.kernel.shape, name)
            self._layers.append(
                Layer(name, Constant(weights_=kind.kernel), (), (kernel,), layer.origin)
            )
            rounded = self._pair(kernel, self._scales(kind.kernel, axis), axis, layer.origin)
            plain: Kind = dataclasses.replace(kind, kernel=None)
            return dataclasses.replace(layer, kind=plain, inputs=(*layer.inputs, rounded))
        if isinstance(kind, MatrixMultiply):
            for at, name in enumerate(layer.inputs):
                weights = _constant(name, self._makers)
                if weights is not None:
                    turned = (kind.op0, kind.op1)[at] is MatrixOperation.TRANSPOSE
                    axis = weights.ndim - (1 if turned == (at == 0) else 2)
                    rounded = self._rounded.get(name) or self._pair(
                        self._tensors[name], self._scales(weights, axis), axis, layer.origin
                    )
                    self._rounded[name] = rounded
                    inputs = tuple(
                        rounded if index == at else item for index, item in enumerate(layer.inputs)
                    )
                    return dataclasses.replace(layer, inputs=inputs)
        return layer

    def _scales(self, weights: Array, axis: int | None) -> Array:
        others = tuple(at for at in range(weights.ndim) if at != axis)
        largest = np.abs(weights).max(axis=others if axis is not None else None)
        scales = np.maximum(largest / LARGEST[self._dtype], _SMALLEST)
        return np.asarray(scales, np.float32)

    def _unique(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._names:
            count += 1
            name = f"{wanted}__{count}"
        self._names.add(name)
        return name
