"""Problems grouped by their cause, for lists and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from surgeon_gui.targets.autofix import Fix
from surgeon_gui.targets.base import ANY_OP, Problem, SupportReport

MOST_OPS = 4
"""Ops a cause names; more are counted."""


@dataclass(frozen=True)
class Group:
    """Problems with one cause.

    Attributes:
        status: `refuses`, `cured`, `unknown` or `caveat`.
        severity: `error` or `warning`.
        reason, remedy, rule, source: as in the problems.
        confidence: how sure the source is; empty where a dry run decides.
        cause: the reason in words that do not depend on the op, as it is ignored.
        ops: how many nodes of which op; empty for what concerns the whole graph.
        nodes: where.
    """

    status: str
    severity: str
    reason: str
    remedy: str | None
    rule: str | None
    source: str | None
    ops: Mapping[str, int]
    nodes: tuple[str, ...]
    confidence: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Remaining:
    """What a fix leaves for one cause."""

    reason: str
    remedy: str | None
    ops: Mapping[str, int]
    nodes: tuple[str, ...]

    @property
    def words(self) -> str:
        """Which ops, and where where that is short: `Fill at zeros`, `Slice × 3, Fill`."""
        ops = ", ".join(f"{op} × {n}" if n > 1 else op for op, n in self.ops.items())
        return f"{ops} at {self.nodes[0]}" if len(self.nodes) == 1 else ops


_ORDER = ("refuses", "unknown", "cured", "caveat")


def group_problems(report: SupportReport) -> tuple[Group, ...]:
    """Return a report's problems by cause: what one rule set cures whole, then the gravest."""
    return _grouped(report.problems, report)


def group_ignored(report: SupportReport) -> tuple[Group, ...]:
    """Return what the user ignores by cause, the gravest first."""
    return _grouped(report.ignored, report)


def group_remaining(fix: Fix) -> tuple[Remaining, ...]:
    """Return by cause what a fix leaves, the most frequent first."""
    found: dict[tuple[str, str | None], list[Problem]] = {}
    for problem in fix.remaining:
        found.setdefault((problem.cause, problem.remedy), []).append(problem)
    groups = [
        Remaining(
            _reason(cause, alike),
            remedy,
            Counter(problem.op for problem in alike),
            tuple(problem.node for problem in alike),
        )
        for (cause, remedy), alike in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: -len(group.nodes)))


def _grouped(problems: Iterable[Problem], report: SupportReport) -> tuple[Group, ...]:
    found: dict[tuple[str, str, str | None, str | None], list[Problem]] = {}
    for problem in problems:
        key = (_status(problem, report), problem.cause, problem.remedy, problem.rule)
        found.setdefault(key, []).append(problem)
    groups = [
        Group(
            status,
            alike[0].severity,
            _reason(cause, alike),
            remedy,
            rule,
            alike[0].source,
            dict(Counter(problem.op for problem in alike if problem.op)),
            tuple(dict.fromkeys(name for problem in alike for name in problem.nodes)),
            _confidence(alike[0], report),
            cause,
        )
        for (status, cause, remedy, rule), alike in found.items()
    ]
    return tuple(sorted(groups, key=_rank))


def _rank(group: Group) -> tuple[bool, bool, int]:
    """What is known of the whole graph and cured at once goes before its single errors."""
    of_graph = not group.ops and group.rule is not None
    return not of_graph, group.severity != "error", _ORDER.index(group.status)


def _reason(cause: str, alike: Sequence[Problem]) -> str:
    """Return a cause with the ops it is about named again."""
    if not alike[0].is_of_op:
        return cause
    ops = list(dict.fromkeys(problem.op for problem in alike))
    more = len(ops) - MOST_OPS
    named = ops[:MOST_OPS] + ([f"{more} more ops"] if more > 0 else [])
    listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
    return f"{cause.removesuffix(ANY_OP)}{listed}."


def _confidence(problem: Problem, report: SupportReport) -> str:
    verdict = report.verdicts.get(problem.node)
    return verdict.confidence if verdict is not None and problem.source else ""


def _status(problem: Problem, report: SupportReport) -> str:
    verdict = report.verdicts.get(problem.node)
    if verdict is not None and verdict.status.value in _ORDER:
        return verdict.status.value
    return "refuses" if problem.severity == "error" else "caveat"
