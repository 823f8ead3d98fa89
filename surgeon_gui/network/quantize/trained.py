"""Ranges that quantization-aware training left in a graph.

TensorFlow marks them by ops that round and go on in float: FakeQuantWithMinMaxArgs, …Vars,
…VarsPerChannel and QuantizeAndDequantizeV2, V3, V4 with `range_given`. TensorRT's grids are
symmetric, so a range of 0 to 6 becomes -6 to 6: twice the step, reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize.ranges import Ranges

_ARGS = "FakeQuantWithMinMaxArgs"
_ROUNDING = frozenset(
    {
        *(_ARGS, "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"),
        *("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4"),
    }
)


@dataclass(frozen=True)
class TrainedRanges:
    """The ranges found, by tensor of the graph.

    Attributes:
        reach: tensor → largest magnitude.
        asymmetric: how many of them were not symmetric.
    """

    reach: Mapping[TensorRef, float]
    asymmetric: int = 0

    def in_network(self, network: Network) -> Ranges:
        """Return them by tensor of the network made of the graph."""
        found = {
            name: self.reach[source.ref]
            for name, source in network.sources.items()
            if source.ref in self.reach
        }
        notes = []
        if found:
            notes.append(f"{len(found)} ranges come from quantization-aware training.")
        if found and self.asymmetric:
            notes.append(
                f"{self.asymmetric} of the graph's ranges were not symmetric and were widened: "
                "TensorRT's grids are symmetric."
            )
        return Ranges(found, dict(found), "training" if found else "", notes=tuple(notes))


def take_ranges(graph: Graph) -> tuple[Graph, TrainedRanges]:
    """Return the graph without its rounding ops, and the ranges they had.

    Those whose range is not known stay. Weights are rounded by their own largest element.
    """
    rounding = [node for node in graph if node.op in _ROUNDING and node.inputs]
    if not rounding:
        return graph, TrainedRanges({})
    types = infer_types(graph)
    draft = Draft(graph)
    reach: dict[TensorRef, float] = {}
    asymmetric = 0
    for node in rounding:
        ends = _ends(node, types)
        if ends is None:
            continue
        low, high = ends
        dtype = node.attrs.get("T", DType.FLOAT32)
        draft.change(node.name, op="Identity", inputs=node.inputs[:1], attrs={"T": dtype})
        if low.size > 1 or _is_constant(graph, node.inputs[0]):
            continue
        largest = float(max(-low.min(), high.max(), 0.0))
        for ref in (node.inputs[0], TensorRef(node.name)):
            reach[ref] = largest
        asymmetric += not np.isclose(-low, high, rtol=0.02).all()
    return draft.commit(), TrainedRanges(reach, asymmetric)


def _ends(node: Node, types: Types) -> tuple[Array, Array] | None:
    """Return both ends of the node's range, or None where they are not known."""
    if node.op == _ARGS:
        low, high = node.attrs.get("min", -6.0), node.attrs.get("max", 6.0)
        if isinstance(low, float) and isinstance(high, float):
            return np.asarray(low), np.asarray(high)
        return None
    if node.op.startswith("QuantizeAndDequantize") and node.attrs.get("range_given") is not True:
        return None
    if len(node.inputs) < 3:
        return None
    low_value, high_value = (types.value(ref) for ref in node.inputs[1:3])
    if low_value is None or high_value is None:
        return None
    return np.asarray(low_value), np.asarray(high_value)


def _is_constant(graph: Graph, ref: TensorRef) -> bool:
    node = graph.get(ref.node)
    while node is not None and node.op == "Identity" and node.inputs:
        node = graph.get(node.inputs[0].node)
    return node is not None and node.op == "Const"
