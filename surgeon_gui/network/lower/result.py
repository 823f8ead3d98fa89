"""What became of a graph that was lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import TensorType
from surgeon_gui.network.ir import Dims, Network


@dataclass(frozen=True, eq=False)
class Lowering:
    """What became of a graph.

    Attributes:
        network: the network, or None when there are problems.
        problems: why not, at most one per node, in execution order.
        types: dtype and shape of every tensor that was reached.
        vanished: nodes that need no layer: constants, shape arithmetic, identities, and what other
            nodes' layers absorbed whole.
        unjudged: nodes nothing can be said about, because a tensor they read has no known shape.
        layers_of: for every node with layers, their names in the network.
        notes: what the user should know about a node that was lowered.
        tried: where dimensions are left open, the shapes of the inputs it was lowered at.
    """

    network: Network | None
    problems: tuple[Unsupported, ...]
    types: Mapping[TensorRef, TensorType]
    vanished: frozenset[str]
    unjudged: frozenset[str]
    layers_of: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str]
    tried: tuple[Mapping[str, Dims], ...] = ()


def layers_of(network: Network) -> dict[str, tuple[str, ...]]:
    """Return the names of every node's layers."""
    found: dict[str, list[str]] = {}
    for layer in network.layers:
        for origin in layer.origin:
            found.setdefault(origin, []).append(layer.name)
    return {name: tuple(names) for name, names in found.items()}
