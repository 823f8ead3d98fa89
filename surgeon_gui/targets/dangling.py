"""Inputs that name no node: TensorFlow does not even load such a graph."""

from __future__ import annotations

from collections.abc import Set

from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.targets.base import Status, Verdict


def missing_input(graph: Graph, node: Node) -> str | None:
    """Return the first node that another reads or waits for and that does not exist."""
    for source in (*(ref.node for ref in node.inputs), *node.controls):
        if source not in graph:
            return source
    return None


def add_dangling(graph: Graph, live: Set[str], verdicts: dict[str, Verdict]) -> None:
    """Refuse nodes that read or wait for what does not exist.

    Args:
        graph: the graph.
        live: the nodes outputs need; others leave no trace.
        verdicts: by node, changed in place.
    """
    for name in live:
        node = graph.get(name)
        missing = None if node is None else missing_input(graph, node)
        if missing is not None:
            verdicts[name] = Verdict(
                Status.REFUSES,
                f"Its input {missing} does not exist.",
                "Connect the input to another node or remove this node.",
            )
