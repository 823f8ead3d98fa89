"""Passes NVIDIA's UFF converter runs on every graph."""

from __future__ import annotations

from surgeon_gui.compat.graphsurgeon.dynamic_graph import DynamicGraph
from surgeon_gui.uff import passes

__all__ = ["process_dilated_conv", "process_softmax"]


def process_dilated_conv(dynamic_graph: DynamicGraph) -> DynamicGraph:
    """Fold SpaceToBatchND, Conv2D, BatchToSpaceND into the Conv2D, in place."""
    wiring = dynamic_graph._wiring()
    passes.process_dilated_conv(wiring)
    dynamic_graph._keep(wiring)
    return dynamic_graph


def process_softmax(dynamic_graph: DynamicGraph) -> DynamicGraph:
    """Unwrap the Softmax of more than two dimensions that old TensorFlow wrote, in place."""
    wiring = dynamic_graph._wiring()
    passes.process_softmax(wiring)
    dynamic_graph._keep(wiring)
    return dynamic_graph
