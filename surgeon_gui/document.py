"""Document: a graph with its history. Undo keeps old graphs, so it needs no inverse operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from surgeon_gui.edits.base import Edit
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph

Reason = Literal["applied", "undone", "redone", "jumped", "saved"]


@dataclass(frozen=True)
class Revision:
    """A state of the document: the graph, and the edit that led to it (None for the opened one)."""

    edit: Edit | None
    graph: Graph

    @property
    def title(self) -> str:
        return "Opened" if self.edit is None else self.edit.title


@dataclass(frozen=True)
class Change:
    """What a subscriber is told: the graph before and after, and why it changed."""

    reason: Reason
    before: Graph
    after: Graph

    @cached_property
    def delta(self) -> Delta:
        """The nodes added, removed and changed."""
        return Delta.between(self.before, self.after)


Callback = Callable[[Change], None]


class Document:
    """A graph under surgery.

    Revisions share unchanged nodes and constants, so a revision of a large graph costs little.
    `path` is the file that was opened or last saved to; `name` is what a graph in no file is
    called, without an ending.
    """

    def __init__(self, graph: Graph, path: Path | None = None, name: str = "") -> None:
        self.path = path
        self.name = name
        self._revisions: list[Revision] = [Revision(None, graph)]
        self._index = 0
        self._saved: Revision | None = self._revisions[0]
        self._callbacks: dict[object, Callback] = {}

    @property
    def graph(self) -> Graph:
        """The graph as it is now."""
        return self.revision.graph

    @property
    def original(self) -> Graph:
        """The graph as it was opened."""
        return self._revisions[0].graph

    @property
    def revision(self) -> Revision:
        return self._revisions[self._index]

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """All states, the opened graph first, including those that redo can still reach."""
        return tuple(self._revisions)

    @property
    def index(self) -> int:
        """Where in `revisions` the document is."""
        return self._index

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits that led from the opened graph to this one: the surgery script."""
        return tuple(
            revision.edit
            for revision in self._revisions[: self._index + 1]
            if revision.edit is not None
        )

    @property
    def can_undo(self) -> bool:
        return self._index > 0

    @property
    def can_redo(self) -> bool:
        return self._index < len(self._revisions) - 1

    @property
    def is_clean(self) -> bool:
        """Whether this state is the one opened or last saved."""
        return self._saved is self.revision

    def preview(self, edit: Edit) -> Delta:
        """Return what `edit` would change, without changing anything.

        Raises:
            EditError: it cannot be applied.
        """
        return Delta.between(self.graph, edit.apply(self.graph))

    def apply(self, edit: Edit) -> Delta:
        """Apply an edit and return what changed; an edit without effect leaves no revision.

        Raises:
            EditError: it cannot be applied; the document is as before.
        """
        return self.commit(edit, edit.apply(self.graph)).delta

    def commit(self, edit: Edit, graph: Graph) -> Change:
        """Record `graph` as the result of `edit`, which was applied elsewhere (in a thread)."""
        before = self.graph
        if graph is before:
            return Change("applied", before, graph)
        del self._revisions[self._index + 1 :]
        self._revisions.append(Revision(edit, graph))
        self._index += 1
        return self._tell("applied", before)

    def undo(self) -> bool:
        """Go back one revision; False at the first."""
        return self._move(self._index - 1, "undone")

    def redo(self) -> bool:
        """Go forward one revision, to the very same graph object; False at the last."""
        return self._move(self._index + 1, "redone")

    def jump(self, index: int) -> bool:
        """Go to a revision; False when it is the present one or does not exist."""
        return self._move(index, "jumped")

    def mark_saved(self, path: Path | None = None) -> None:
        """Take this state for the saved one, at `path` when given."""
        if path is not None:
            self.path = path
        self._saved = self.revision
        self._tell("saved", self.graph)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` after each change; the function returned ends that."""
        key = object()
        self._callbacks[key] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(key, None)

        return unsubscribe

    def _move(self, index: int, reason: Reason) -> bool:
        if index == self._index or not 0 <= index < len(self._revisions):
            return False
        before = self.graph
        self._index = index
        self._tell(reason, before)
        return True

    def _tell(self, reason: Reason, before: Graph) -> Change:
        change = Change(reason, before, self.graph)
        for callback in list(self._callbacks.values()):
            callback(change)
        return change
