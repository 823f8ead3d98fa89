"""What its user chose to ignore at a node, kept in an attribute of the node itself.

TensorFlow leaves attributes alone that begin with an underscore, so the choice lives in the graph:
it is saved with it, undone with it, and goes when a rule replaces the node.
"""

from __future__ import annotations

from collections.abc import Iterable

from surgeon_gui.graph.model import Node

IGNORED = "_surgeon_ignore"
"""The attribute: a list of causes, each the reason a problem is told with; empty for any."""


def ignored_causes(node: Node) -> tuple[str, ...]:
    """Return the reasons that are not to be told at a node; an empty one stands for all."""
    value = node.attrs.get(IGNORED)
    if not isinstance(value, tuple):
        return ()
    return tuple(
        item.decode("utf-8", errors="replace") for item in value if isinstance(item, bytes)
    )


def is_ignored(node: Node, cause: str) -> bool:
    """Whether a problem with that reason is to be ignored at a node."""
    causes = ignored_causes(node)
    return cause in causes or "" in causes


def with_ignored_causes(node: Node, causes: Iterable[str]) -> Node:
    """Return the node with these causes ignored, and no others."""
    wanted = tuple(dict.fromkeys(cause.encode() for cause in causes))
    attrs = {key: value for key, value in node.attrs.items() if key != IGNORED}
    return node.replace(attrs={**attrs, IGNORED: wanted} if wanted else attrs)
