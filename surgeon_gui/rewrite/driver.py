"""Applying rules until nothing more fits, within limits, with a record of every change."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.frames import kept_in_frames
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.rule import GROUPS, Rule
from surgeon_gui.rewrite.search import RuleIndex
from surgeon_gui.rewrite.subject import Match, Subject, output_names

Stopped = Literal["done", "changes", "seconds", "nodes", "cancelled"]


@dataclass(frozen=True)
class Limits:
    """When to stop though rules still fit: rules that feed each other would never end.

    Attributes:
        changes: the most changes, per node of the graph (at least 1000 in all).
        seconds: the longest time.
        nodes: how many times its nodes the graph may grow to (by at least 1000).
    """

    changes: float = 4.0
    seconds: float = 120.0
    nodes: float = 4.0


@dataclass(frozen=True)
class Firing:
    """One change: the rule, the nodes it matched, and the nodes that stand there afterwards."""

    rule: str
    root: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    removed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "nodes": list(self.before)}


@dataclass(frozen=True)
class RewriteReport:
    """What rules did to a graph, in order, and why they stopped."""

    changes: tuple[Firing, ...]
    stopped: Stopped
    seconds: float

    def counts(self) -> dict[str, int]:
        """How often each rule fired, in order of first firing."""
        found: dict[str, int] = {}
        for firing in self.changes:
            found[firing.rule] = found.get(firing.rule, 0) + 1
        return found

    @property
    def reason(self) -> str:
        """Why it stopped, for people."""
        last = ", ".join(dict.fromkeys(firing.rule for firing in self.changes[-10:]))
        return {
            "done": "No rule fits any more.",
            "changes": f"Stopped after {len(self.changes)} changes; these rules repeat: {last}.",
            "seconds": f"Stopped after {self.seconds:.0f} s; the last rules were {last}.",
            "nodes": f"Stopped as the graph grew too large; the last rules were {last}.",
            "cancelled": "Cancelled.",
        }[self.stopped]


@dataclass(frozen=True)
class RewriteResult:
    """The rewritten graph (the very same one if no rule fitted) and the report."""

    graph: Graph
    report: RewriteReport

    @property
    def changes(self) -> tuple[Firing, ...]:
        return self.report.changes

    @property
    def stopped(self) -> Stopped:
        return self.report.stopped


class _Stop(Exception):
    def __init__(self, reason: Stopped) -> None:
        super().__init__(reason)
        self.reason: Stopped = reason


def apply_rules(
    graph: Graph,
    rules: Iterable[Rule],
    *,
    limits: Limits | None = None,
    only: Collection[str] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> RewriteResult:
    """Return the graph with all rules applied wherever they fit.

    Groups run in the order of GROUPS, within a group the greatest benefit first, each group until
    nothing fits, and all groups again until none did anything. Outputs keep their names; what
    nobody needs any more after a change is removed.

    Args:
        graph: the graph.
        rules: the rules, in any order.
        limits: when to stop early.
        only: names of the nodes the matches' roots must be; None for any.
        cancelled: asked now and then; True stops.
    """
    return _Run(graph, rules, limits or Limits(), only, cancelled).result()


class _Run:
    def __init__(
        self,
        graph: Graph,
        rules: Iterable[Rule],
        limits: Limits,
        only: Collection[str] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.graph = graph
        self.draft = Draft(graph)
        self.outputs = output_names(graph)
        self.subject = Subject(self.draft, self.outputs, self.draft.commit)
        self.only = None if only is None else frozenset(only)
        self.cancelled = cancelled
        self.changes: list[Firing] = []
        self.started = time.monotonic()
        self.deadline = self.started + limits.seconds
        self.most_changes = max(1000, limits.changes * len(graph))
        self.most_nodes = max(len(graph) + 1000, limits.nodes * len(graph))
        self.growth = 0
        listed = sorted(rules, key=lambda rule: -rule.benefit)
        grouped = ([rule for rule in listed if rule.group == group] for group in GROUPS)
        self.groups = [RuleIndex(group) for group in grouped if group]
        # Names of nodes near a change, in order; a group looks only at what came after its turn.
        self.touched: list[str] = []

    def result(self) -> RewriteResult:
        stopped: Stopped = "done"
        try:
            self._all_groups()
        except _Stop as stop:
            stopped = stop.reason
        graph = kept_in_frames(self.graph, self.draft.commit())
        graph = without_stale_colocation(self.graph, graph)
        seconds = time.monotonic() - self.started
        return RewriteResult(graph, RewriteReport(tuple(self.changes), stopped, seconds))

    def _all_groups(self) -> None:
        seen: list[int] = []
        for index in self.groups:
            self._group(index, self.draft.names())
            seen.append(len(self.touched))
        while any(position < len(self.touched) for position in seen):
            for number, index in enumerate(self.groups):
                fresh = self.touched[seen[number] :]
                self._group(index, list(self._around(fresh, index.depth)))
                seen[number] = len(self.touched)

    def _group(self, index: RuleIndex, names: Sequence[str]) -> None:
        """Apply one group to these nodes, and to those near each change, until nothing fits."""
        while names:
            start = len(self.touched)
            for count, name in enumerate(names):
                if count % 256 == 0:
                    self._check_time()
                if self.only is None or name in self.only:
                    self._visit(name, index)
            if len(self.touched) > start:
                self.subject.forget()
            names = list(self._around(self.touched[start:], index.depth))

    def _visit(self, name: str, index: RuleIndex) -> None:
        node = self.draft.get(name)
        if node is None:
            return
        rules = index.rules(node.op)
        sources = self.subject.source_ops(name) if rules else frozenset()
        for rule in rules:
            found = rule.match(self.subject, name, sources)
            if found is not None:
                self._fire(rule, *found)
                return

    def _fire(self, rule: Rule, match: Match, replacement: Replacement) -> None:
        nodes = [self.draft[name] for name in match.names]
        edges = {source for node in nodes for source in _sources(node)}
        readers = [node.name for node in self.draft.consumers(match.root)]
        perform(self.draft, match, replacement)
        removed = remove_dead(self.draft, {*match.names, *edges} - {match.root}, self.outputs)
        kept = [match.root] if isinstance(replacement.root, Node) else []
        after = (*(node.name for node in (*replacement.added, *replacement.changed)), *kept)
        gone = () if kept else (match.root,)
        self.changes.append(Firing(rule.id, match.root, match.names, after, (*gone, *removed)))
        self.touched += [*after, *readers, *match.names, *sorted(edges)]
        self.growth += len(replacement.added) - len(removed) - len(gone)
        if len(self.changes) >= self.most_changes:
            raise _Stop("changes")
        if len(self.graph) + self.growth > self.most_nodes:
            raise _Stop("nodes")

    def _check_time(self) -> None:
        if self.cancelled():
            raise _Stop("cancelled")
        if time.monotonic() > self.deadline:
            raise _Stop("seconds")

    def _around(self, touched: Iterable[str], depth: int) -> Iterator[str]:
        """Yield the nodes a match near the touched ones could have as its root.

        Those are the nodes up to a pattern's depth downstream; identities in between do not count.
        """
        seen: dict[str, int] = {}
        pending = [(name, 0) for name in touched]
        while pending:
            name, steps = pending.pop()
            node = self.draft.get(name)
            if node is None or seen.get(name, depth + 1) <= steps:
                continue
            seen[name] = steps
            if steps < depth:
                far = steps if node.op == "Identity" else steps + 1
                pending += [(reader.name, far) for reader in self.draft.consumers(name)]
        yield from seen


def _sources(node: Node) -> list[str]:
    return [*(ref.node for ref in node.inputs), *node.controls]


def perform(draft: Draft, match: Match, replacement: Replacement) -> None:
    """Put the replacement in the root's place; nodes no longer needed are left."""
    root = draft[match.root]
    for node in replacement.added:
        draft.add(node, before=root.name)
    for node in replacement.changed:
        draft.put(node)
    if isinstance(replacement.root, Node):
        draft.put(replacement.root)
    elif replacement.root is None:
        draft.redirect_controls(root.name, root.controls if replacement.forward_controls else ())
        draft.remove(root.name)
    else:
        bypass_node(draft, root, replacement.root)


def bypass_node(draft: Draft, root: Node, ref: TensorRef) -> None:
    """Let the readers of a node read `ref`, wait for what the node waited for, and remove it."""
    readers = [
        node.name for node in draft.consumers(root.name) if TensorRef(root.name) in node.inputs
    ]
    draft.rewire(TensorRef(root.name), ref)
    for name in readers:
        reader = draft[name]
        new = [other for other in root.controls if other not in reader.controls and other != name]
        if new:
            draft.change(name, controls=(*reader.controls, *new))
    draft.redirect_controls(root.name, [ref.node, *root.controls])
    draft.remove(root.name)


def remove_dead(draft: Draft, names: Iterable[str], outputs: Collection[str]) -> tuple[str, ...]:
    """Remove those of the nodes that nobody uses, and then what only they used, and so on."""
    removed: list[str] = []
    pending = sorted(names, reverse=True)
    while pending:
        name = pending.pop()
        node = draft.get(name)
        if node is None or name in outputs or draft.consumers(name):
            continue
        draft.remove(name)
        removed.append(name)
        pending += _sources(node)
    return tuple(removed)
