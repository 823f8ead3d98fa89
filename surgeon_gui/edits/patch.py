"""The edit that states changed nodes outright: what a preprocess script did, without its code."""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.edits.base import edit, param
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import resolve_output
from surgeon_gui.graph.text import parse_text, print_text


@edit("patch")
@dataclass(frozen=True)
class Patch:
    """Put nodes in and take nodes out as they are stated."""

    nodes: str = param(
        "Nodes", tip="New and changed nodes in the text form of graphs.", kind="text", default=""
    )
    removed: tuple[str, ...] = param(
        "Removed", tip="The nodes to take out.", kind="nodes", default=()
    )
    outputs: tuple[str, ...] = param(
        "Outputs", tip="The outputs afterwards; none means deduced.", kind="tensors", default=()
    )
    source: str = param("Made by", tip="What made these changes.", kind="text", default="")

    @property
    def title(self) -> str:
        return f"Run {self.source}" if self.source else "Patch nodes"

    def _stated(self) -> Graph:
        return parse_text(self.nodes) if self.nodes.strip() else Graph(())

    def apply(self, graph: Graph) -> Graph:
        missing = next((name for name in self.removed if name not in graph), None)
        if missing is not None:
            raise EditError("There is no such node to take out.", where=missing)
        stated = {node.name: node for node in self._stated()}
        gone = frozenset(self.removed)
        kept = [stated.pop(node.name, node) for node in graph if node.name not in gone]
        made = Graph(
            (*kept, *stated.values()), graph.versions, graph.library, graph.extra, outputs=None
        )
        wanted: tuple[TensorRef, ...] = tuple(resolve_output(made, text) for text in self.outputs)
        made = made.with_outputs(wanted or None)
        return graph if made == graph else made


def patch_between(before: Graph, after: Graph, source: str = "") -> Patch:
    """Return the edit that makes `after` of `before`.

    Args:
        before: the graph to change.
        after: what it becomes; the order of nodes in it does not matter.
        source: what made the change, for the title.
    """
    delta = Delta.between(before, after)
    names = {*delta.added, *delta.changed}
    text = print_text(Graph(tuple(node for node in after if node.name in names)))
    outputs = tuple(str(ref) for ref in after.outputs or ())
    return Patch(text, tuple(delta.removed), outputs, source)
