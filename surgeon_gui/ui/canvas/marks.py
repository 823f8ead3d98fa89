"""Overlays as the canvas draws them: a mark and a tint per box, found once per overlay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from surgeon_gui.view.coloring import Tints
from surgeon_gui.view.overlay import (
    CHANGED,
    DIFFERENCES,
    Mark,
    Overlay,
    Summary,
    summarize,
)
from surgeon_gui.view.pace import BATCH, Pace
from surgeon_gui.view.picture import Strand
from surgeon_gui.view.tree import Tree


class Marks:
    """Marks of nodes and summaries of groups; `marks_steps` makes them.

    Args:
        tree: the items.
        overlay: what is said about its nodes.
        tints: what they are coloured by; None colours them by kind of op.
        by_node: the mark of each node of the tree; empty without any.
    """

    def __init__(
        self, tree: Tree, overlay: Overlay, tints: Tints | None, by_node: Sequence[Mark | None]
    ) -> None:
        self.tree = tree
        self.overlay = overlay
        self.tints = tints
        self._by_node = by_node
        self._summaries: dict[int, Summary] = {}
        self._edges = self._by_link(tree, overlay)
        self._strands: dict[int, tuple[Strand, str]] = {}

    @staticmethod
    def _by_link(tree: Tree, overlay: Overlay) -> dict[tuple[int, int], str]:
        graph, place = tree.graph, tree.place
        return {
            (place[graph.position(source)], place[graph.position(target)]): status
            for (source, target), status in overlay.edges.items()
            if source in graph and target in graph
        }

    @property
    def is_empty(self) -> bool:
        return not self._by_node

    def mark(self, node: int) -> Mark | None:
        """The mark a node wears; None where it wears none."""
        found = self._by_node[node] if self._by_node else None
        return found if found is not None and found.is_drawn else None

    @property
    def has_edges(self) -> bool:
        """Whether edges have marks too."""
        return bool(self._edges)

    def edge(self, strand: Strand) -> str:
        """What the edges of a strand are, `changed` where they are not all the same; or empty."""
        known = self._strands.get(id(strand))
        if known is None:
            found = {self._edges.get((link.source, link.target), "") for link in strand.links}
            status = found.pop() if len(found) == 1 else CHANGED
            known = self._strands[id(strand)] = (strand, status)
        return known[1]

    def summary(self, item: int) -> Summary:
        """The summary of a group, or of a node as if it were one."""
        found = self._summaries.get(item)
        if found is None:
            start, stop = self.tree.range_of(item)
            inside = self._by_node[start:stop]
            counts = Counter([mark.status for mark in inside if mark is not None])
            found = self._summaries[item] = summarize(counts)
        return found


def marks_steps(tree: Tree, overlay: Overlay, tints: Tints | None) -> Pace[Marks]:
    """Return the marks an overlay gives the nodes of a tree, in steps."""
    found: list[Mark | None] = []
    if not overlay.marks:
        return Marks(tree, overlay, tints, found)
    graph, marks = tree.graph, overlay.marks
    for start in range(0, len(tree.nodes), BATCH):
        batch = tree.nodes[start : start + BATCH]
        found += [marks.get(graph.nodes[position].name) for position in batch]
        yield len(found) / len(tree.nodes)
    # A folded constant is seen in its readers only, so they wear what is wrong with it.
    for number, name in enumerate(overlay.drawn):
        if number % BATCH == 0:
            yield 1.0
        mark = marks[name]
        for reader in tree.folding.readers.get(graph.positions.get(name, -1), ()):
            place = tree.place[reader]
            own = found[place]
            if mark.status in DIFFERENCES:
                if own is None:
                    found[place] = Mark(CHANGED, f"It reads {name}.")
            elif own is None or mark.rank > own.rank:
                found[place] = mark
    return Marks(tree, overlay, tints, found)
