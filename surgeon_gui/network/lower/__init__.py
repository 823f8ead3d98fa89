"""From a TensorFlow graph to a Network: one converter per op, layouts kept lazy.

Adding an op is adding one function to one file of this package:

    @converter("Relu")
    def relu(node: Call, b: Lower) -> Value:
        return b.activation(ActivationType.RELU, node.input(0))
"""

from __future__ import annotations

from surgeon_gui.network.lower.driver import network_from_graph
from surgeon_gui.network.lower.result import Lowering

__all__ = ["Lowering", "network_from_graph"]
