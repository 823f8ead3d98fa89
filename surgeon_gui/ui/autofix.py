"""Auto-fix: the bundled rules that cure what a target refuses, found by trying; Qt-free."""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.targets import SupportReport, inspect
from surgeon_gui.targets.base import Status

# One cure can lay bare the next problem; what is not cured after so many rounds needs a person.
MOST_ROUNDS = 6


@dataclass(frozen=True)
class Fix:
    """What would help.

    Attributes:
        rules: ids of the rules, in the order they were found.
        graph: the graph after them.
        before, after: how many nodes the target does not take.
    """

    rules: tuple[str, ...]
    graph: Graph
    before: int
    after: int

    @property
    def edit(self) -> ApplyRules:
        return ApplyRules(self.rules)


def find_fix(graph: Graph, target_id: str) -> Fix:
    """Return the rules that cure the most; none where no rule helps.

    Each round asks the target which rules would cure something and applies all rules found so far
    to the graph as it was, so that the result is what one edit gives.
    """
    report = inspect(graph, target_id)
    before = untaken(report)
    best = Fix((), graph, before, before)
    rules: tuple[str, ...] = ()
    for _ in range(MOST_ROUNDS):
        cures = {verdict.rule for verdict in report.verdicts.values()} - {None}
        wanted = tuple(dict.fromkeys([*rules, *sorted(filter(None, cures))]))
        if wanted == rules:
            break
        rules = wanted
        after = ApplyRules(rules).apply(graph)
        report = inspect(after, target_id)
        left = untaken(report)
        if left < best.after:
            best = Fix(rules, after, before, left)
    return best


def untaken(report: SupportReport) -> int:
    """Return how many nodes the target does not take as they are."""
    counts = report.counts
    return counts[Status.REFUSES] + counts[Status.CURED]
