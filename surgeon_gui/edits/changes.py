"""What a list of edits did to a graph, told rule by rule, for reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph


def changes_of(graph: Graph, edits: Iterable[Edit]) -> list[dict[str, Any]]:
    """Return `{rule or edit, nodes}` for each change, by doing the edits again.

    Where one cannot be done any more (a rule's file may be gone) that one and those after it are
    told by their titles, without nodes.

    Args:
        graph: the graph before the first.
        edits: in the order in which they were made.
    """
    wanted = list(edits)
    found: list[dict[str, Any]] = []
    for count, edit in enumerate(wanted):
        try:
            graph, changes = _change(graph, edit)
        except SurgeonError:
            return [*found, *({"edit": each.title, "nodes": []} for each in wanted[count:])]
        found += changes
    return found


def _change(graph: Graph, edit: Edit) -> tuple[Graph, list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    if isinstance(edit, ApplyRules):
        for applied in edit.run(graph):
            found += applied.changes()
            graph = applied.graph
        return graph, found
    after = edit.apply(graph)
    delta = Delta.between(graph, after)
    nodes = [*delta.added, *delta.changed, *delta.removed]
    return after, [{"edit": edit.title, "nodes": nodes}]
