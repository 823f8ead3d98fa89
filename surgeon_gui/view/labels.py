"""What is written in a node: its op, its name, its tensor and its weights."""

from __future__ import annotations

from typing import Protocol

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import TensorType


class TensorTypes(Protocol):
    """What is known of a graph's tensors (`graph.shapes.Types` is one)."""

    def type(self, ref: TensorRef) -> TensorType: ...
