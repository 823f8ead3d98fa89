"""Comparing two graphs, off the UI thread; Qt-free."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.ui.comparing.sources import open_both
from surgeon_gui.ui.pauses import BREATH_SECONDS, breathing
from surgeon_gui.view.diff import (
    Changes,
    Merged,
    changed_groups,
    changed_part,
    marks_of,
    merge,
    sides,
)
from surgeon_gui.view.overlay import Overlay
from surgeon_gui.view.pace import completed
from surgeon_gui.view.tree import Tree, tree_steps


@dataclass(frozen=True)
class Compared:
    """Two graphs and what is different.

    Attributes:
        before, after: the graphs.
        changes: what is different, by name.
        outputs: how the chosen outputs differ, empty where they do not.
        merged: both in one.
        overlays: the marks of the first and of the second.
    """

    before: Graph
    after: Graph
    changes: Changes
    outputs: str
    merged: Merged
    overlays: tuple[Overlay, Overlay]

    @property
    def is_equal(self) -> bool:
        return not self.changes and not self.outputs

    @property
    def old_names(self) -> dict[str, str]:
        """Name after → name before, where they are two."""
        return {new: old for old, new in self.changes.renamed.items()}

    def nodes(self, name: str) -> tuple[Node | None, Node | None]:
        """Return a node of the merged graph as each of the two has it."""
        old = self.old_names.get(name, name)
        return self.before.get(old), self.after.get(name)


@dataclass(frozen=True)
class Drawing:
    """A graph ready to be drawn.

    Attributes:
        tree: what can be drawn of it.
        overlay: its marks.
        opened: the groups to open so that the changes are seen.
    """

    tree: Tree
    overlay: Overlay
    opened: tuple[str, ...]


def compare(one: Graph | Path, other: Graph | Path) -> Compared:
    """Compare two graphs or files.

    Raises:
        SurgeonError: a file cannot be read, or the two cannot be compared.
    """
    before, after = open_both(one, other)
    found = diff_graphs(before, after, breathing)
    changes = Changes(
        found.added,
        found.removed,
        {item.node: "\n".join(item.changes) for item in found.changed},
        found.renamed,
    )
    merged = merge(before, after, changes)
    return Compared(before, after, changes, found.outputs, merged, sides(changes))


def draw_sides(compared: Compared) -> tuple[Drawing, Drawing]:
    """Prepare the two graphs for drawing side by side."""
    one, other = compared.overlays
    return _drawing(compared.before, one), _drawing(compared.after, other)


def draw_merged(compared: Compared, neighbours: int | None) -> Drawing:
    """Prepare the merged graph for drawing.

    Args:
        compared: the two graphs.
        neighbours: how far from a change a node may be to be drawn; None draws all.
    """
    merged = compared.merged
    graph = merged.graph if neighbours is None else changed_part(merged, neighbours)
    return _drawing(graph, merged.overlay)


def _drawing(graph: Graph, overlay: Overlay) -> Drawing:
    tree = completed(tree_steps(graph), _breathe)
    return Drawing(tree, overlay, changed_groups(tree, overlay.marks))


def _breathe() -> None:
    """Let the window's thread in between two steps of a thread's work."""
    time.sleep(BREATH_SECONDS)


def statuses(compared: Compared) -> list[tuple[str, str, str]]:
    """Return every change as name, status and words, in the order of the merged graph."""
    marks = marks_of(compared.changes)
    return [
        (node.name, marks[node.name].status, marks[node.name].reason)
        for node in compared.merged.graph
        if node.name in marks
    ]
