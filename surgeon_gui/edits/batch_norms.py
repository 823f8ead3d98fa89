"""The edit that folds batch normalisations into the weights before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surgeon_gui.edits.base import edit
from surgeon_gui.edits.constants import constant_node, known_constants
from surgeon_gui.graph import attrs
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Array, DType, TensorValue
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead
from surgeon_gui.rewrite.subject import is_transparent

_FUSED = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
_ADDS = frozenset({"Add", "AddV2", "Sub", "BiasAdd"})
_SCALES = frozenset({"Mul", "RealDiv", "Div"})
_DATA = {
    "Conv2D": 0,
    "DepthwiseConv2dNative": 0,
    "MatMul": 0,
    "Conv3D": 0,
    "Conv2DBackpropInput": 2,
}
"""Which input of these ops is the data; the weights are input 1."""


@dataclass(frozen=True)
class _Affine:
    """What a chain of nodes does to each channel: `scale * x + shift`, each f64[channels]."""

    scale: Array
    shift: Array
    scales: bool = False

    def then(self, scale: Array | float, shift: Array | float, *, scales: bool) -> _Affine:
        return _Affine(self.scale * scale, self.shift * scale + shift, self.scales or scales)


@edit("fold-batch-norms")
@dataclass(frozen=True)
class FoldBatchNorms:
    """Fold batch normalisations into the weights of the layers before them.

    Fused ones, `BatchNormWithGlobalNormalization`, and those written as multiplications and
    additions of constants per channel, behind a convolution (depthwise, transposed, 3-D too) or a
    matrix product with constant weights. The last node keeps its name and becomes a BiasAdd.
    Results differ by rounding only: weights are computed in 64 bits.
    """

    @property
    def title(self) -> str:
        return "Fold batch normalisations"

    def apply(self, graph: Graph) -> Graph:
        known = known_constants(graph)
        outputs = {ref.node for ref in deduce_outputs(graph)}
        draft = Draft(graph)
        for node in graph:
            if node.op in _DATA and node.name in draft:
                _fold(draft, draft[node.name], known, outputs)
        return without_stale_colocation(graph, draft.commit())


def _fold(draft: Draft, layer: Node, known: Mapping[TensorRef, Array], outputs: set[str]) -> None:
    if len(layer.inputs) <= _DATA[layer.op]:
        return
    weights = known.get(layer.inputs[1])
    axes = _output_axes(layer)
    if weights is None or weights.dtype.kind != "f" or weights.ndim < 2:
        return
    channels = int(np.prod([weights.shape[axis] for axis in axes]))
    start = _Affine(np.ones(channels), np.zeros(channels))
    chain, affine = _chain(draft, layer, start, known, outputs)
    if not chain or not affine.scales:
        return
    if not (np.isfinite(affine.scale).all() and np.isfinite(affine.shift).all()):
        return
    spread = [size if axis in axes else 1 for axis, size in enumerate(weights.shape)]
    folded = (weights.astype(np.float64) * affine.scale.reshape(spread)).astype(weights.dtype)
    kind = DType.from_numpy(weights.dtype)
    stem = layer.inputs[1].node
    made = constant_node(draft.unique_name(f"{stem}_folded"), TensorValue.from_array(folded, kind))
    bias = constant_node(
        draft.unique_name(f"{chain[-1].name}/bias"),
        TensorValue.from_array(affine.shift.astype(weights.dtype), kind),
    )
    draft.add(made, before=layer.name)
    inputs = list(layer.inputs)
    inputs[1] = TensorRef(made.name)
    draft.change(layer.name, inputs=tuple(inputs))
    last = chain[-1]
    draft.add(bias, before=last.name)
    layout = b"NCHW" if _channels_first(layer) else b"NHWC"
    draft.put(
        Node(
            last.name,
            "BiasAdd",
            [TensorRef(layer.name), TensorRef(bias.name)],
            {"T": kind, "data_format": layout},
            controls=last.controls,
            device=last.device,
        )
    )
    edges = {ref.node for node in chain for ref in node.inputs} | {stem}
    remove_dead(draft, edges - {layer.name}, outputs)


def _output_axes(layer: Node) -> tuple[int, ...]:
    """Axes of the weights that number the result's channels (HWIO, HWCM, HWOI, KN)."""
    if layer.op == "DepthwiseConv2dNative":
        return (2, 3)
    if layer.op == "Conv2DBackpropInput":
        return (2,)
    if layer.op == "MatMul":
        return (0,) if attrs.flag(layer, "transpose_b") else (1,)
    return (4,) if layer.op == "Conv3D" else (3,)


def _channels_first(node: Node) -> bool:
    return attrs.word(node, "data_format", "NHWC").startswith("NC")


def _rank(layer: Node) -> int:
    return {"MatMul": 2, "Conv3D": 5}.get(layer.op, 4)


def _chain(
    draft: Draft,
    layer: Node,
    affine: _Affine,
    known: Mapping[TensorRef, Array],
    outputs: set[str],
) -> tuple[list[Node], _Affine]:
    """Return the nodes behind a layer that only scale and shift its channels, and what they do.

    The chain ends with the last of them; identities in between are part of it.
    """
    chain: list[Node] = []
    pending: list[Node] = []
    current = layer
    while current.name not in outputs:
        readers = draft.consumers(current.name)
        if len(readers) != 1 or current.name in readers[0].controls:
            break
        reader = readers[0]
        # What waits for something keeps waiting only as the last of the chain.
        if (chain or pending) and current.controls:
            break
        if is_transparent(reader):
            pending.append(reader)
            current = reader
            continue
        step = _step(reader, TensorRef(current.name), layer, affine, known, draft)
        if step is None:
            break
        affine = step
        chain += [*pending, reader]
        pending = []
        current = reader
    return chain, affine


def _step(
    node: Node,
    data: TensorRef,
    layer: Node,
    before: _Affine,
    known: Mapping[TensorRef, Array],
    draft: Draft,
) -> _Affine | None:
    if node.op in _FUSED:
        return _fused(node, data, layer, before, known, draft)
    if node.op == "BatchNormWithGlobalNormalization":
        return _global(node, data, before, known)
    if node.op not in _ADDS | _SCALES or len(node.inputs) != 2 or node.inputs.count(data) != 1:
        return None
    first = node.inputs[0] == data
    if node.op == "BiasAdd" and _channels_first(node) != _channels_first(layer):
        return None
    other = known.get(node.inputs[1 if first else 0])
    constant = None if other is None else _per_channel(other, node, layer, before.scale.size)
    if constant is None:
        return None
    if node.op == "Sub":
        return (
            before.then(1.0, -constant, scales=False)
            if first
            else before.then(-1.0, constant, scales=True)
        )
    if node.op in _ADDS:
        return before.then(1.0, constant, scales=False)
    if node.op == "Mul":
        return before.then(constant, 0.0, scales=True)
    if not first or not constant.all():
        return None
    return before.then(1.0 / constant, 0.0, scales=True)


def _per_channel(array: Array, node: Node, layer: Node, channels: int) -> Array | None:
    """Return a constant operand as f64[channels], None where it is not one number a channel."""
    if array.dtype.kind not in "f" or array.ndim > _rank(layer):
        return None
    if array.size == 1:
        return np.full(channels, array.astype(np.float64).reshape(()))
    if node.op == "BiasAdd":
        wanted: tuple[int, ...] = (channels,)
    else:
        behind = _rank(layer) - 2 if _channels_first(layer) else 0
        wanted = (channels,) + (1,) * behind
    if array.size != channels or array.shape[-len(wanted) :] != wanted:
        return None
    return array.astype(np.float64).reshape(-1)


def _vectors(
    node: Node, data: TensorRef, known: Mapping[TensorRef, Array], channels: int
) -> list[Array] | None:
    """Return the four parameters of a batch normalisation of `data`, each f64[channels]."""
    if len(node.inputs) != 5 or node.inputs[0] != data:
        return None
    found = [known.get(ref) for ref in node.inputs[1:]]
    if any(item is None or item.shape != (channels,) for item in found):
        return None
    return [item.astype(np.float64) for item in found if item is not None]


def _fused(
    node: Node,
    data: TensorRef,
    layer: Node,
    before: _Affine,
    known: Mapping[TensorRef, Array],
    draft: Draft,
) -> _Affine | None:
    found = _vectors(node, data, known, before.scale.size)
    others_read = any(
        ref.node == node.name and ref.port > 0
        for reader in draft.consumers(node.name)
        for ref in reader.inputs
    )
    if found is None or others_read or attrs.flag(node, "is_training", True):
        return None
    if _channels_first(node) != _channels_first(layer):
        return None
    gamma, beta, mean, variance = found
    scale = gamma / np.sqrt(variance + attrs.real(node, "epsilon", 1e-4))
    return before.then(scale, beta - mean * scale, scales=True)


def _global(
    node: Node, data: TensorRef, before: _Affine, known: Mapping[TensorRef, Array]
) -> _Affine | None:
    found = _vectors(node, data, known, before.scale.size)
    if found is None:
        return None
    mean, variance, beta, gamma = found
    scale = 1.0 / np.sqrt(variance + attrs.real(node, "variance_epsilon"))
    if attrs.flag(node, "scale_after_normalization"):
        scale = scale * gamma
    return before.then(scale, beta - mean * scale, scales=True)
