"""Edits that ignore problems at nodes, and take that back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.ignored import IGNORED, ignored_causes, with_ignored_causes
from surgeon_gui.graph.model import Graph


@edit("ignore")
@dataclass(frozen=True)
class Ignore:
    """Ignore a problem at nodes: it is listed as ignored and no longer counts."""

    nodes: tuple[str, ...] = param("Nodes", tip="Where to ignore it.", kind="nodes")
    cause: str = param(
        "Cause",
        tip="The problem's reason, as the problems list words it; none ignores everything there.",
        kind="text",
        default="",
    )

    @property
    def title(self) -> str:
        return f"Ignore a problem at {counted(self.nodes)}"

    def apply(self, graph: Graph) -> Graph:
        return _changed(graph, self.nodes, lambda causes: (*causes, self.cause))


@edit("stop-ignoring")
@dataclass(frozen=True)
class StopIgnoring:
    """Take back what was ignored at nodes."""

    nodes: tuple[str, ...] = param("Nodes", tip="Where it counts again.", kind="nodes")
    cause: str = param(
        "Cause",
        tip="The reason that was ignored; none takes back everything there.",
        kind="text",
        default="",
    )

    @property
    def title(self) -> str:
        return f"Stop ignoring at {counted(self.nodes)}"

    def apply(self, graph: Graph) -> Graph:
        def kept(causes: tuple[str, ...]) -> tuple[str, ...]:
            # What was ignored whatever it is cannot be told apart any more: all of it counts again.
            return tuple(each for each in causes if self.cause and each not in ("", self.cause))

        return _changed(graph, self.nodes, kept)


def _changed(
    graph: Graph,
    names: tuple[str, ...],
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> Graph:
    draft = Draft(graph)
    for name in dict.fromkeys(names):
        node = graph[name]
        changed = with_ignored_causes(node, change(ignored_causes(node)))
        if changed is not node:
            draft.set_attr(name, IGNORED, changed.attrs.get(IGNORED))
    return draft.commit()
