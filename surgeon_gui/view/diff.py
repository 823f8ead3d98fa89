"""Two graphs as one: what came, went and changed, each node and edge with its mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.view.overlay import ADDED, CHANGED, REMOVED, Mark, Overlay
from surgeon_gui.view.tree import ROOT, Tree

MOST_OPENED = 400
"""Boxes that opening the groups with changes may show; beyond, the inner ones stay closed."""


@dataclass(frozen=True)
class Changes:
    """What is different between two graphs, by name.

    Attributes:
        added: nodes of the second graph alone.
        removed: nodes of the first graph alone.
        changed: nodes of both that differ, by their name in the second → what is different.
        renamed: name in the first graph → name in the second, where they are two. No new name is
            the name of another node in the first graph, and no old one of another in the second.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, str]
    renamed: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed)

    def __bool__(self) -> bool:
        return len(self) > 0


@dataclass(frozen=True)
class Merged:
    """Both graphs in one.

    Attributes:
        graph: the second graph's nodes, and between them those the first had alone. A changed node
            also reads what it read before. It is for drawing and need not be valid.
        overlay: the marks of its nodes and edges.
    """

    graph: Graph
    overlay: Overlay


def merge(before: Graph, after: Graph, changes: Changes) -> Merged:
    """Return one graph that holds both, with marks."""
    renamed = changes.renamed
    inputs_of = _Inputs(renamed)
    edges: dict[tuple[str, str], str] = {}
    old_name = {new: old for old, new in renamed.items()}
    nodes: list[Node] = []
    following = _removed_after(before, changes)
    nodes.extend(following.get("", ()))
    for node in after:
        old = before.get(old_name.get(node.name, node.name))
        if old is None:
            edges.update(((source, node.name), ADDED) for source in _sources(node))
        elif old is not node or renamed:
            node = _with_both(inputs_of.moved(old), node, edges)
        nodes.append(node)
        nodes.extend(following.get(node.name, ()))
    for at, node in enumerate(nodes):
        if node.name not in after:
            nodes[at] = node = inputs_of.moved(node)
            edges.update(((source, node.name), REMOVED) for source in _sources(node))
    graph = Graph(tuple(nodes), after.versions, outputs=after.outputs)
    return Merged(graph, Overlay(marks_of(changes), edges=edges))


def marks_of(changes: Changes) -> dict[str, Mark]:
    """Return the marks of the merged graph's nodes."""
    return {
        **{name: Mark(ADDED) for name in changes.added},
        **{name: Mark(REMOVED) for name in changes.removed},
        **{name: Mark(CHANGED, words) for name, words in changes.changed.items()},
    }


def sides(changes: Changes) -> tuple[Overlay, Overlay]:
    """Return the marks of the first graph and those of the second, each by its own names."""
    old_name = {new: old for old, new in changes.renamed.items()}
    changed = {name: Mark(CHANGED, words) for name, words in changes.changed.items()}
    return (
        Overlay(
            {
                **{name: Mark(REMOVED) for name in changes.removed},
                **{old_name.get(name, name): mark for name, mark in changed.items()},
            }
        ),
        Overlay({**{name: Mark(ADDED) for name in changes.added}, **changed}),
    )


def changed_part(merged: Merged, depth: int) -> Graph:
    """Return what is marked and its neighbours, for a picture without the rest.

    Args:
        merged: both graphs in one.
        depth: how many edges away from a mark a node may be; what a node reads from constants is
            always there, and no way leads on through a constant.
    """
    graph, overlay = merged.graph, merged.overlay
    kept = dict.fromkeys(name for name in overlay.marks if name in graph)
    kept.update(dict.fromkeys(end for edge in overlay.edges for end in edge if end in graph))
    edge = list(kept)
    for _ in range(depth):
        found: dict[str, None] = {}
        for name in edge:
            if not graph[name].is_const:
                found.update(dict.fromkeys(_sources(graph[name])))
                found.update(dict.fromkeys(node.name for node in graph.consumers(name)))
        edge = [name for name in found if name not in kept and name in graph]
        kept.update(dict.fromkeys(edge))
    for name in list(kept):
        for source in _sources(graph[name]):
            while (node := graph.get(source)) is not None and source not in kept:
                if node.is_const:
                    kept[source] = None
                    break
                if node.op != "Identity" or not _reads_constant(graph, node):
                    break
                kept[source] = None
                source = node.inputs[0].node
    return Graph(tuple(node for node in graph if node.name in kept), graph.versions)


def changed_groups(tree: Tree, names: Iterable[str], most: int = MOST_OPENED) -> tuple[str, ...]:
    """Return the groups to open so that these nodes are seen, outer before inner.

    A group that would show more boxes than `most` leaves stays closed, with all inside it.
    """
    wanted: dict[int, None] = {}
    for name in names:
        item = tree.find(name)
        if item is not None:
            wanted.update(dict.fromkeys(reversed(tree.ancestors(item))))
    opened: dict[int, None] = {}
    room = most - len(tree.group(ROOT).children)
    for group in sorted(wanted, key=lambda item: (tree.depth(item), -item)):
        parent, size = tree.parent(group), len(tree.group(group).children)
        if (parent == ROOT or parent in opened) and size <= room:
            opened[group] = None
            room -= size
    return tuple(map(tree.name, opened))


class _Inputs:
    """Turns nodes of the first graph to the names of the second."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed

    def moved(self, node: Node) -> Node:
        renamed = self._renamed
        if not renamed:
            return node
        return node.replace(
            inputs=tuple(
                ref._replace(node=renamed[ref.node]) if ref.node in renamed else ref
                for ref in node.inputs
            ),
            controls=tuple(renamed.get(name, name) for name in node.controls),
        )


def _with_both(old: Node, node: Node, edges: dict[tuple[str, str], str]) -> Node:
    """Return a node of both graphs that reads what it read before too; file its edges."""
    if old.inputs == node.inputs and old.controls == node.controls:
        return node
    before, after = dict.fromkeys(_sources(old)), dict.fromkeys(_sources(node))
    edges.update(((source, node.name), ADDED) for source in after if source not in before)
    edges.update(((source, node.name), REMOVED) for source in before if source not in after)
    inputs: tuple[TensorRef, ...] = tuple(ref for ref in old.inputs if ref.node not in after)
    controls = tuple(name for name in old.controls if name not in after)
    return node.replace(inputs=(*node.inputs, *inputs), controls=(*node.controls, *controls))


def _removed_after(before: Graph, changes: Changes) -> dict[str, list[Node]]:
    """Return the removed nodes by the node of both graphs that stood last before them."""
    gone = frozenset(changes.removed)
    found: dict[str, list[Node]] = {}
    last = ""
    for node in before:
        if node.name in gone:
            found.setdefault(last, []).append(node)
        else:
            last = changes.renamed.get(node.name, node.name)
    return found


def _sources(node: Node) -> list[str]:
    return [*(ref.node for ref in node.inputs), *node.controls]


def _reads_constant(graph: Graph, node: Node) -> bool:
    source = graph.get(node.inputs[0].node) if node.inputs else None
    return source is not None and source.is_const


def renamed_namespaces(renamed: Mapping[str, str]) -> dict[str, str]:
    """Return namespace before → after, `path/` each, where all renamed nodes in it moved alike."""
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for old, new in renamed.items():
        one, other = old.split("/"), new.split("/")
        while len(one) > 1 and len(other) > 1 and one[-1] == other[-1]:
            one.pop()
            other.pop()
            space, now = "/".join(one) + "/", "/".join(other) + "/"
            if space != now and found.setdefault(space, now) != now:
                unclear.add(space)
    return {space: now for space, now in found.items() if space not in unclear}
