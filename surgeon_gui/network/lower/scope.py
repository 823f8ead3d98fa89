"""The nodes a lowering can look up: the graph's, and those that unrolled loops add."""

from __future__ import annotations

from surgeon_gui.graph.model import Graph, Node


class Scope:
    """Nodes by name.

    Attributes:
        graph: the graph being lowered.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._added: dict[str, Node] = {}

    def add(self, node: Node) -> None:
        self._added[node.name] = node

    def get(self, name: str) -> Node | None:
        return self._added.get(name) or self.graph.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._added or name in self.graph
