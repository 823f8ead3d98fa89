"""Colocation attributes: TensorFlow refuses a graph where `_class` names a node that is gone."""

from __future__ import annotations

from collections.abc import Mapping

from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.graph.values import AttrValue

_MARK = b"loc:@"


def without_stale_colocation(before: Graph, after: Graph) -> Graph:
    """Return `after` without colocation with nodes that `before` had and `after` has not."""
    if before is after:
        return after
    gone = {node.name.encode() for node in before if node.name not in after}
    if not gone:
        return after
    changed: dict[str, AttrValue | None] = {}
    for node in after:
        places = _colocated(node)
        kept = tuple(place for place in places if place.removeprefix(_MARK) not in gone)
        if len(kept) < len(places):
            changed[node.name] = kept or None
    return _with_class(after, changed)


def with_renamed_colocation(graph: Graph, names: Mapping[str, str]) -> Graph:
    """Return the graph whose colocation attributes follow nodes renamed from key to value."""
    renamed = {old.encode(): new.encode() for old, new in names.items()}
    changed: dict[str, AttrValue | None] = {}
    for node in graph:
        places = _colocated(node)
        moved = tuple(
            _MARK + renamed.get(place.removeprefix(_MARK), place.removeprefix(_MARK))
            for place in places
        )
        if moved != places:
            changed[node.name] = moved
    return _with_class(graph, changed)


def _colocated(node: Node) -> tuple[bytes, ...]:
    """Return what `_class` holds; constants as read are not decoded to find out."""
    if node.source is not None and (node.is_const or _MARK not in bytes(node.source)):
        return ()
    value = node.attrs.get("_class")
    if not isinstance(value, tuple):
        return ()
    return tuple(item for item in value if isinstance(item, bytes) and item.startswith(_MARK))


def _with_class(graph: Graph, changed: Mapping[str, AttrValue | None]) -> Graph:
    if not changed:
        return graph
    draft = Draft(graph)
    for name, value in changed.items():
        draft.set_attr(name, "_class", value)
    return draft.commit()
