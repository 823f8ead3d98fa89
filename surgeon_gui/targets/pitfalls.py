"""Pitfalls: what goes wrong though the ops are known, most of it silently.

The facts are in `data/pitfalls.json`: `detect` is the condition that fires, `ops` the nodes it is
asked of, and `show` says how it is told: at each `node`, once for the `graph`, only to advise where
a node is `refused` anyway, or `never` (it serves to explain error messages).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import DType
from surgeon_gui.targets.base import Problem, Status, Verdict
from surgeon_gui.targets.checks.context import Context, holds
from surgeon_gui.targets.plugins import facts
from surgeon_gui.targets.tables import first

Hits = Mapping[str, tuple[str, ...]]
"""Ids of pitfalls that concern the whole graph, and the nodes where they show."""


@dataclass(frozen=True)
class Pitfall:
    """One way to go wrong.

    Attributes:
        id, title: its names.
        targets: patterns of the ids of the targets it concerns.
        severity: `error`, `warning` or `info`.
        show: see the module.
        ops: the ops it is asked of; None for any.
        detect: the condition that fires.
        reason, remedy: for people.
        rule: a bundled rule that may cure it, or None.
        messages: fragments of the messages it causes.
        source, confidence: where it comes from and how sure that is.
    """

    id: str
    title: str
    targets: tuple[str, ...]
    severity: str
    show: str
    ops: frozenset[str] | None
    detect: Mapping[str, Any]
    reason: str
    remedy: str
    rule: str | None
    messages: tuple[str, ...]
    source: str | None
    confidence: str

    def concerns(self, target_id: str) -> bool:
        return any(fnmatchcase(target_id, pattern) for pattern in self.targets)

    def fires(self, context: Context) -> bool:
        """Whether it is the case at a node, as far as the graph tells."""
        if self.ops is not None and context.node.op not in self.ops:
            return False
        return holds(self.detect, context) is True

    def warning(self) -> Verdict:
        status = Status.REFUSES if self.severity == "error" else Status.CAVEAT
        return Verdict(
            status, self.reason, self.remedy, self.rule, self.source, confidence=self.confidence
        )


@cache
def pitfalls() -> tuple[Pitfall, ...]:
    """Return every known pitfall."""
    return tuple(_read(entry) for entry in facts("pitfalls")["pitfalls"])


def _read(entry: Mapping[str, Any]) -> Pitfall:
    ops = entry.get("ops") or _ops_of(entry["detect"])
    return Pitfall(
        id=entry["id"],
        title=entry["title"],
        targets=tuple(entry["targets"]),
        severity=entry["severity"],
        show=entry["show"],
        ops=None if ops is None else frozenset(ops),
        detect=entry["detect"],
        reason=entry["reason"],
        remedy=entry["remedy"],
        rule=entry.get("rule"),
        messages=tuple(entry.get("error_messages", ())),
        source=first(entry["source"]),
        confidence=entry["confidence"],
    )


def _ops_of(detect: Mapping[str, Any]) -> Sequence[str] | None:
    """Return the ops a condition can hold for, where it names them."""
    if detect["kind"] == "op_in":
        found: Sequence[str] = detect["values"]
        return found
    if detect["kind"] == "all":
        named = (_ops_of(part) for part in detect["of"])
        return next((ops for ops in named if ops is not None), None)
    return None


def add_pitfalls(
    target_id: str,
    graph: Graph,
    types: Types,
    verdicts: dict[str, Verdict],
    *,
    advise_only: bool = False,
) -> Hits:
    """Warn of pitfalls in a judge's verdicts; return where those of the whole graph show.

    A node that vanishes is left alone, one that is refused gets advice where it has none, one that
    is taken gets the warning.

    Args:
        target_id: the target judged for.
        graph: the graph.
        types: what is known of its tensors.
        verdicts: a verdict per node; changed in place.
        advise_only: our own converters decide, their verdicts stay.
    """
    by_op, anywhere, general = _arranged(target_id, advise_only)
    for node in graph:
        verdict = verdicts[node.name]
        if verdict.status in (Status.VANISHES, Status.CURED):
            continue
        found = [*by_op.get(node.op, ()), *anywhere]
        if found and not (advise_only and verdict.status is not Status.REFUSES):
            context = Context(graph, node, types)
            verdicts[node.name] = _judged(verdict, found, context)
    live = [node for node in graph if verdicts[node.name].status is not Status.VANISHES]
    return _hits(general, graph, live, types)


@cache
def _arranged(
    target_id: str, advise_only: bool
) -> tuple[Mapping[str, list[Pitfall]], tuple[Pitfall, ...], tuple[Pitfall, ...]]:
    """Return a target's pitfalls by op, those of any op, and those of the whole graph."""
    by_op: dict[str, list[Pitfall]] = {}
    anywhere: list[Pitfall] = []
    general: list[Pitfall] = []
    for pitfall in pitfalls():
        if not pitfall.concerns(target_id) or pitfall.show == "never":
            continue
        if pitfall.show == "graph":
            if not advise_only:
                general.append(pitfall)
        elif pitfall.ops is None:
            anywhere.append(pitfall)
        else:
            for op in pitfall.ops:
                by_op.setdefault(op, []).append(pitfall)
    return by_op, tuple(anywhere), tuple(general)


def _judged(verdict: Verdict, found: Iterable[Pitfall], context: Context) -> Verdict:
    if verdict.status is Status.REFUSES:
        if verdict.remedy is not None:
            return verdict
        for pitfall in found:
            if pitfall.fires(context):
                source = verdict.source or pitfall.source
                return replace(verdict, remedy=pitfall.remedy, source=source)
        return verdict
    shown = [pitfall for pitfall in found if pitfall.show == "node" and pitfall.fires(context)]
    worst = min(shown, key=lambda pitfall: pitfall.severity != "error", default=None)
    if worst is None or worst.severity == "info":
        return verdict
    if verdict.status is Status.CAVEAT and worst.severity != "error":
        # The table has said it already; what the pitfall knows besides is the way out.
        return verdict if verdict.remedy else replace(verdict, remedy=worst.remedy)
    return worst.warning()


def _hits(found: Iterable[Pitfall], graph: Graph, live: Sequence[Node], types: Types) -> Hits:
    hits = {}
    present = {node.op for node in live}
    for pitfall in found:
        if pitfall.ops is not None and present.isdisjoint(pitfall.ops):
            continue
        at = tuple(
            node.name
            for node in live
            if (pitfall.ops is None or node.op in pitfall.ops)
            and _may_fire(pitfall, node, types)
            and pitfall.fires(Context(graph, node, types))
        )
        if at:
            hits[pitfall.id] = at
    return hits


def general_problems(hits: Hits) -> Iterator[Problem]:
    """Yield what concerns the whole graph, each pitfall once."""
    for pitfall in pitfalls():
        at = hits.get(pitfall.id)
        if not at:
            continue
        yield Problem(
            "",
            "",
            pitfall.severity,
            pitfall.reason,
            pitfall.remedy,
            pitfall.rule,
            pitfall.source,
            at,
        )


def _may_fire(pitfall: Pitfall, node: Node, types: Types) -> bool:
    """Leave out what computes nothing at run time: constants and shapes."""
    if pitfall.detect["kind"] != "dtype_any_in":
        return True
    ref = TensorRef(node.name)
    return types.type(ref).dtype is not DType.INVALID and types.value(ref) is None
