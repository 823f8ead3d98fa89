"""What is different between two graphs: nodes that came, went and changed, and what in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from surgeon_gui.compare.numbers import compare_numbers
from surgeon_gui.graph.model import Graph, Node, TensorRef, same_attrs
from surgeon_gui.graph.textvalues import value_text
from surgeon_gui.graph.values import AttrValue, TensorValue

_LONGEST = 60
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
# From this many bytes on numpy compares quicker than Python copies.
_LARGE = 4096

Loop = Callable[[Iterable[Node]], Iterable[Node]]


@dataclass(frozen=True)
class NodeChange:
    """A node both graphs have, but not alike.

    Attributes:
        node: its name, in the second graph where it was renamed.
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
        changed: nodes of both that differ, those with another name among them.
        outputs: how the chosen outputs differ, empty where they do not.
        renamed: name in the first graph → name in the second, where they are two.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[NodeChange, ...]
    outputs: str
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.outputs)


def diff_graphs(before: Graph, after: Graph, loop: Loop = iter) -> GraphDiff:
    """Return the difference of two graphs, nodes told apart by their names.

    A node that was renamed by an edit is followed to its new name.

    Args:
        before: the first graph.
        after: the second.
        loop: what the walks over all nodes run through; a window lets its own thread in there.
    """
    renamed = renamed_nodes(before, after)
    origin = {new: old for old, new in renamed.items()}
    added, changed = [], []
    for node in loop(after):
        old = before.get(origin.get(node.name, node.name))
        if old is None:
            added.append(node.name)
        elif changes := node_changes(old, node, renamed):
            changed.append(NodeChange(node.name, changes))
    removed = tuple(
        node.name for node in before if node.name not in after and node.name not in renamed
    )
    one = [str(_moved(ref, renamed)) for ref in before.outputs or ()]
    other = [str(ref) for ref in after.outputs or ()]
    outputs = "" if one == other else _changed("outputs", ", ".join(one), ", ".join(other))
    return GraphDiff(tuple(added), removed, tuple(changed), outputs, renamed)


def renamed_nodes(before: Graph, after: Graph) -> dict[str, str]:
    """Return name before → name after of the nodes an edit renamed.

    A copy of a node with another name keeps the bytes it was read from, or else its attributes; by
    these the two are one node. Graphs read from two files share neither.
    """
    gone = _by_body(node for node in before if node.name not in after)
    if not gone:
        return {}
    come = _by_body(node for node in after if node.name not in before)
    return {
        gone[body][0]: names[0]
        for body, names in come.items()
        if len(names) == 1 and len(gone.get(body, ())) == 1
    }


def _by_body(nodes: Iterable[Node]) -> dict[int, list[str]]:
    """Return the names of nodes by what the copies of one node have in common."""
    found: dict[int, list[str]] = {}
    for node in nodes:
        body = id(node.attrs) if node.origin is None else id(node.origin)
        found.setdefault(body, []).append(node.name)
    return found


def node_changes(
    before: Node, after: Node, renamed: Mapping[str, str] = _NO_NAMES
) -> tuple[str, ...]:
    """Return what is different between two nodes, `renamed` names counting as the same."""
    if before is after and not renamed:
        return ()
    found = []
    for what in ("name", "op", "device"):
        one, other = getattr(before, what), getattr(after, what)
        if one != other:
            found.append(_changed(what, one, other))
    old_inputs, old_controls = moved_inputs(before, renamed)
    for what, was, now in (
        ("inputs", old_inputs, after.inputs),
        ("controls", old_controls, after.controls),
    ):
        if was != now:
            found.append(_changed(what, ", ".join(map(str, was)), ", ".join(map(str, now))))
    if have_same_attrs(before, after):
        return tuple(found)
    for name in sorted({*before.attrs, *after.attrs}):
        change = _attribute(name, before.attrs.get(name), after.attrs.get(name))
        if change:
            found.append(change)
    return tuple(found)


def moved_inputs(
    node: Node, renamed: Mapping[str, str]
) -> tuple[tuple[TensorRef, ...], tuple[str, ...]]:
    """Return a node's inputs and controls by the names they have after."""
    if not renamed:
        return node.inputs, node.controls
    inputs = tuple(_moved(ref, renamed) for ref in node.inputs)
    return inputs, tuple(renamed.get(name, name) for name in node.controls)


def _moved(ref: TensorRef, renamed: Mapping[str, str]) -> TensorRef:
    return ref._replace(node=renamed[ref.node]) if ref.node in renamed else ref


def have_same_attrs(before: Node, after: Node) -> bool:
    """Whether two nodes have equal attributes; equal bytes are not decoded for that."""
    one, other = before.encoded_attrs, after.encoded_attrs
    if one is not None and other is not None and len(one) == len(other):
        if one is other:
            return True
        if len(one) < _LARGE:
            if bytes(one) == bytes(other):
                return True
        elif np.array_equal(np.frombuffer(one, np.uint8), np.frombuffer(other, np.uint8)):
            return True
    return same_attrs(before.attrs, after.attrs)


def _attribute(name: str, before: AttrValue | None, after: AttrValue | None) -> str:
    if isinstance(before, TensorValue) and isinstance(after, TensorValue):
        same_type = (before.dtype, before.shape) == (after.dtype, after.shape)
        if before.size > 8 and same_type:
            words = compare_numbers(before, after).words
            return f"{name}: {before.dtype.text} {list(before.shape)}, {words}" if words else ""
    one, other = ("" if value is None else value_text(value, name) for value in (before, after))
    return "" if one == other else _changed(name, one, other)


def _changed(name: str, before: str, after: str) -> str:
    return f"{name}: {_cut(before) or 'nothing'} → {_cut(after) or 'nothing'}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
