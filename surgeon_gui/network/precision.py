"""Half precision by rewriting the network, for builders that keep the dtypes they are given.

Inputs and outputs stay float32 unless told otherwise: a Cast follows each input and precedes each
output. Layers that TensorRT computes in float32 only, or whose sums leave the range of half
precision, keep float32 between casts of their own.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Collection
from typing import Any

import numpy as np

from surgeon_gui.errors import ConvertError, UsageError
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Kind, Layer, Network, Tensor
from surgeon_gui.network.layers import (
    LRN,
    NMS,
    Cast,
    Conditional,
    Constant,
    Cumulative,
    Deconvolution,
    Loop,
    Normalization,
    Plugin,
    Reduce,
    ReduceOperation,
    Softmax,
)

_LOG = logging.getLogger(__name__)

HALVES = {"fp16": DType.FLOAT16, "bf16": DType.BFLOAT16}
"""Half precision by the word a build and a verification use."""

_LARGEST = {DType.FLOAT16: 65504.0, DType.BFLOAT16: (2 - 2**-7) * 2.0**127}

IN_FLOAT32: dict[DType, tuple[type[Kind], ...]] = {
    DType.FLOAT16: (LRN, NMS, Cumulative, Loop, Conditional, Plugin),
    DType.BFLOAT16: (LRN, NMS, Cumulative, Loop, Conditional, Plugin, Deconvolution),
}
"""Kinds that keep float32: a loop adds its rounding up turn by turn; TensorRT for RTX 1.7 builds no
bfloat16 deconvolution."""


SENSITIVE = (Softmax, Normalization)
"""Kinds that keep float32 because small differences of large numbers decide what they give."""

LARGE_SUM = 4096
"""Elements from which on a sum or mean keeps float32."""


def with_precision(
    network: Network, dtype: DType, kept: Collection[str] = (), *, half_ends: bool = False
) -> Network:
    """Return `network` computing in `dtype`.

    Names of layers are kept; the network's inputs and outputs keep name and, unless `half_ends`,
    dtype. Constants beyond the dtype's range (masks, limits) become its largest number, with a
    warning in the log. Softmax, norms and large sums keep float32.

    Args:
        network: the network; its float32 tensors change, no others.
        dtype: FLOAT16 or BFLOAT16.
        kept: more layers, or GraphDef nodes whose layers, keep float32.
        half_ends: float32 inputs and outputs become `dtype` too.

    Raises:
        ConvertError: a weight is outside the dtype's range; `where` is the layer's GraphDef node.
        UsageError: nothing of the network is called as one of `kept`.
    """
    known = {name for layer in network.layers for name in (layer.name, *layer.origin)}
    unknown = next((name for name in kept if name not in known), None)
    if unknown is not None:
        raise UsageError(
            "No layer is called so, or comes from such a node.",
            where=unknown,
            hint="Take a name from the graph, or from the list of layers.",
        )
    return _Rewriter(network, dtype, frozenset(kept), half_ends).run()


class _Rewriter:
    def __init__(
        self, network: Network, dtype: DType, kept: frozenset[str], half_ends: bool
    ) -> None:
        self._kept = kept
        self._half_ends = half_ends
        self._shapes = {name: tensor.shape for name, tensor in network.tensors.items()}
        self._network = network
        self._dtype = dtype
        self._layers: list[Layer] = []
        self._names = set(network.tensors) | {layer.name for layer in network.layers}
        self._types: dict[str, Tensor] = {}
        self._casts: dict[tuple[str, DType], str] = {}
        self._renamed: dict[str, str] = {}
        self._weights: dict[int, tuple[Array, Array]] = {}

    def run(self) -> Network:
        inputs = tuple(self._end(tensor) for tensor in self._network.inputs)
        self._types.update((tensor.name, tensor) for tensor in inputs)
        outputs = set(self._network.outputs)
        for layer in self._network.layers:
            self._add(layer, outputs)
        for layer in self._network.layers:
            for tensor in layer.outputs:
                if tensor.name in self._renamed:
                    self._restore(self._end(tensor), layer.origin)
        return dataclasses.replace(self._network, inputs=inputs, layers=tuple(self._layers))

    def _end(self, tensor: Tensor) -> Tensor:
        changes = self._half_ends and tensor.dtype is DType.FLOAT32
        return dataclasses.replace(tensor, dtype=self._dtype) if changes else tensor

    def _keeps(self, layer: Layer) -> bool:
        """Whether a layer computes in float32."""
        kind = layer.kind
        if not self._kept.isdisjoint((layer.name, *layer.origin)):
            return True
        if isinstance(kind, Reduce) and kind.op in (ReduceOperation.SUM, ReduceOperation.AVG):
            shape = self._shapes[layer.inputs[0]]
            return math.prod(max(shape[axis], 1) for axis in kind.axes) >= LARGE_SUM
        return isinstance(kind, (*IN_FLOAT32[self._dtype], *SENSITIVE))

    def _add(self, layer: Layer, outputs: set[str]) -> None:
        keeps = self._keeps(layer)
        wanted = DType.FLOAT32 if keeps else self._dtype
        inputs = tuple(self._as(name, wanted, layer) for name in layer.inputs)
        kind = layer.kind if keeps else self._convert(layer)
        if isinstance(kind, Conditional):
            # Its branches compute in the new precision between inputs and outputs that stay.
            then, other = (with_precision(part, self._dtype) for part in (kind.then, kind.other))
            kind = Conditional(then=then, other=other)
        specs = kind.check([self._types[name] for name in inputs])
        made = []
        for tensor, spec in zip(layer.outputs, specs, strict=True):
            name = tensor.name
            if name in outputs and spec.dtype is not self._end(tensor).dtype:
                name = self._unique(f"{name}/{self._dtype.text}")
                self._renamed[tensor.name] = name
            result = Tensor(spec.dtype, tensor.shape, name)
            self._types[name] = result
            made.append(result)
        self._layers.append(
            dataclasses.replace(layer, kind=kind, inputs=inputs, outputs=tuple(made))
        )

    def _as(self, name: str, wanted: DType, layer: Layer) -> str:
        """Return the tensor `name` as `wanted`, adding a Cast where it is another float."""
        source = self._types[self._renamed.get(name, name)]
        if source.dtype is wanted or source.dtype not in (DType.FLOAT32, self._dtype):
            return source.name
        key = (source.name, wanted)
        if key not in self._casts:
            cast = Tensor(wanted, source.shape, self._unique(f"{name}/as_{wanted.text}"))
            self._types[cast.name] = cast
            self._layers.append(
                Layer(cast.name, Cast(to_type=wanted), (source.name,), (cast,), layer.origin)
            )
            self._casts[key] = cast.name
        return self._casts[key]

    def _restore(self, tensor: Tensor, origin: tuple[str, ...]) -> None:
        """Give an output of the network back its name and dtype."""
        name = self._unique(f"{tensor.name}/as_{tensor.dtype.text}")
        self._layers.append(
            Layer(
                name, Cast(to_type=tensor.dtype), (self._renamed[tensor.name],), (tensor,), origin
            )
        )

    def _unique(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._names:
            count += 1
            name = f"{wanted}__{count}"
        self._names.add(name)
        return name

    def _convert(self, layer: Layer) -> Kind:
        """Return the layer's kind with its float32 weights and dtypes in the new precision."""
        changes: dict[str, Any] = {}
        for name, value in layer.kind.parameters().items():
            if isinstance(value, np.ndarray) and value.dtype == np.float32:
                changes[name] = self._narrow(value, layer)
            elif value is DType.FLOAT32:
                changes[name] = self._dtype
        return dataclasses.replace(layer.kind, **changes) if changes else layer.kind

    def _narrow(self, array: Array, layer: Layer) -> Array:
        if id(array) not in self._weights:
            with np.errstate(over="ignore"):
                narrow = array.astype(self._dtype.numpy)
            if np.isfinite(narrow.astype(np.float32)).sum() != np.isfinite(array).sum():
                narrow = self._saturated(array, layer)
            self._weights[id(array)] = (array, narrow)
        return self._weights[id(array)][1]

    def _saturated(self, array: Array, layer: Layer) -> Array:
        node = layer.origin[0] if layer.origin else layer.name
        largest = float(np.abs(array[np.isfinite(array)]).max())
        if not isinstance(layer.kind, Constant):
            raise ConvertError(
                f"A weight of {largest:g} is too large for {self._dtype.text}.",
                where=node,
                hint="Build with bf16 or fp32.",
            )
        limit = _LARGEST[self._dtype]
        _LOG.warning("%s: %g became %g, the largest %s.", node, largest, limit, self._dtype.text)
        kept = np.where(np.isinf(array), array, np.clip(array, -limit, limit))
        return kept.astype(self._dtype.numpy)
