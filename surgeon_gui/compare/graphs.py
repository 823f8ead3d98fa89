"""What is different between two graphs: nodes that came, went and changed, and what in them."""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.graph.textvalues import value_text
from surgeon_gui.graph.values import AttrValue, TensorValue

_LONGEST = 60


@dataclass(frozen=True)
class NodeChange:
    """A node both graphs have, but not alike.

    Attributes:
        node: its name.
        changes: what is different, as `name: before → after`.
    """

    node: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class GraphDiff:
    """The difference of two graphs.

    Attributes:
        added: nodes of the second graph alone.
        removed: nodes of the first graph alone.
        changed: nodes of both that differ.
        outputs: how the chosen outputs differ, empty where they do not.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[NodeChange, ...]
    outputs: str

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.outputs)


def diff_graphs(before: Graph, after: Graph) -> GraphDiff:
    """Return the difference of two graphs, nodes told apart by their names."""
    delta = Delta.between(before, after)
    changed = tuple(
        NodeChange(name, node_changes(before[name], after[name])) for name in delta.changed
    )
    one, other = ([str(ref) for ref in graph.outputs or ()] for graph in (before, after))
    outputs = "" if one == other else _changed("outputs", ", ".join(one), ", ".join(other))
    return GraphDiff(
        delta.added, delta.removed, tuple(item for item in changed if item.changes), outputs
    )


def node_changes(before: Node, after: Node) -> tuple[str, ...]:
    """Return what is different between two nodes of one name."""
    found = []
    for what in ("op", "device"):
        one, other = getattr(before, what), getattr(after, what)
        if one != other:
            found.append(_changed(what, one, other))
    for what in ("inputs", "controls"):
        one, other = (", ".join(map(str, getattr(node, what))) for node in (before, after))
        if one != other:
            found.append(_changed(what, one, other))
    for name in sorted({*before.attrs, *after.attrs}):
        change = _attribute(name, before.attrs.get(name), after.attrs.get(name))
        if change:
            found.append(change)
    return tuple(found)


def _attribute(name: str, before: AttrValue | None, after: AttrValue | None) -> str:
    if isinstance(before, TensorValue) and isinstance(after, TensorValue):
        same_type = (before.dtype, before.shape) == (after.dtype, after.shape)
        if before.size > 8 and same_type:
            same = before.array.tobytes() == after.array.tobytes()
            kind = f"{before.dtype.text} {list(before.shape)}"
            return "" if same else f"{name}: {kind}, other numbers"
    one, other = ("" if value is None else value_text(value, name) for value in (before, after))
    return "" if one == other else _changed(name, one, other)


def _changed(name: str, before: str, after: str) -> str:
    return f"{name}: {_cut(before) or 'nothing'} → {_cut(after) or 'nothing'}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
