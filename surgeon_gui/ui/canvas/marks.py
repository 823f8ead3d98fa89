"""Overlays as the canvas draws them: a mark and a tint per box, found once per overlay."""

from __future__ import annotations

from surgeon_gui.view.coloring import Tints
from surgeon_gui.view.overlay import (
    CHANGED,
    DIFFERENCES,
    Mark,
    Overlay,
    Summary,
    summarize,
)
from surgeon_gui.view.picture import Strand
from surgeon_gui.view.tree import Tree


class Marks:
    """Marks of nodes and summaries of groups.

    Args:
        tree: the items.
        overlay: what is said about its nodes.
        tints: what they are coloured by; None colours them by kind of op.
    """

    def __init__(self, tree: Tree, overlay: Overlay, tints: Tints | None = None) -> None:
        self.overlay = overlay
        self.tints = tints
        self._tree = tree
        self._status = self._by_node(tree, overlay)
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

    @staticmethod
    def _by_node(tree: Tree, overlay: Overlay) -> list[Mark | None]:
        if not overlay.marks:
            return []
        nodes, get = tree.graph.nodes, overlay.marks.get
        found = [get(nodes[position].name) for position in tree.nodes]
        # A folded constant is seen in its readers only, so they wear what is wrong with it.
        graph, readers_of = tree.graph, tree.folding.readers
        for name in overlay.drawn:
            position = graph.position(name) if name in graph else -1
            mark = overlay.marks[name]
            for reader in readers_of.get(position, ()):
                own = found[tree.place[reader]]
                if mark.status in DIFFERENCES:
                    if own is None:
                        found[tree.place[reader]] = Mark(CHANGED, f"It reads {name}.")
                elif own is None or mark.rank > own.rank:
                    found[tree.place[reader]] = mark
        return found

    @property
    def is_empty(self) -> bool:
        return not self._status

    def mark(self, node: int) -> Mark | None:
        """The mark a node wears; None where it wears none."""
        found = self._status[node] if self._status else None
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
            counts: dict[str, int] = {}
            if self._status:
                start, stop = self._tree.range_of(item)
                for mark in self._status[start:stop]:
                    if mark is not None:
                        counts[mark.status] = counts.get(mark.status, 0) + 1
            found = self._summaries[item] = summarize(counts)
        return found
