"""Auto-fix: the fewest bundled rules that clear what a target refuses, found by trying.

A rule set is tried first where a problem names one, as a detector's do: single rules cannot do what
it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Shape
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets
from surgeon_gui.rewrite.search import count_matches
from surgeon_gui.targets.base import Problem, Status, SupportReport
from surgeon_gui.targets.inspect import inspect, rules_for

MOST_ROUNDS = 6
"""One cure can lay bare the next problem; what so many rounds leave needs a person."""


@dataclass(frozen=True)
class Step:
    """One rule or rule set of a fix.

    Attributes:
        rule: its id.
        summary: what it does.
        changes: how often it fires, or how many changes the set makes.
        exact: whether the numbers stay the same.
        left: how many nodes the target does not take after it and those before it.
    """

    rule: str
    summary: str
    changes: int
    exact: bool
    left: int


@dataclass(frozen=True)
class Fix:
    """A plan: what would help, and what it would come to.

    Attributes:
        rules: ids of the rules, in the order in which they fire; a rule set comes first.
        before, after: how many nodes the target does not take.
        steps: what each rule does.
        remaining: the errors no rule removes.
    """

    rules: tuple[str, ...]
    before: int
    after: int
    steps: tuple[Step, ...] = ()
    remaining: tuple[Problem, ...] = ()

    @property
    def edit(self) -> ApplyRules:
        """The fix as one undoable edit."""
        return ApplyRules(self.rules)

    @property
    def is_exact(self) -> bool:
        """Whether the outputs keep their numbers by the rules' own account; Verify proves it."""
        return all(step.exact for step in self.steps)

    @property
    def words(self) -> str:
        """What it comes to, in a sentence."""
        if not self.rules:
            return "No rule helps." if self.before else "There is nothing to fix."
        left = f"{self.after} of {self.before} problems remain" if self.after else "no problem left"
        return f"{self.size}: {left}."

    @property
    def size(self) -> str:
        """How many rules and rule sets it is, in words."""
        sets = sum(rule in bundled_sets() for rule in self.rules)
        parts = ((sets, "rule set"), (len(self.rules) - sets, "rule"))
        return " and ".join(
            f"{count} {word}{'s' if count > 1 else ''}" for count, word in parts if count
        )


@dataclass(frozen=True)
class _Try:
    rules: tuple[str, ...]
    graph: Graph
    report: SupportReport
    fired: Mapping[str, int]

    @property
    def cost(self) -> tuple[int, int]:
        """Nodes refused, and nodes nothing is known of behind them."""
        return untaken(self.report), self.report.counts[Status.UNKNOWN]


def find_fix(
    graph: Graph,
    target_id: str,
    *,
    outputs: Sequence[TensorRef] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Fix:
    """Return the fewest rules that clear the most; none where no rule helps.

    A rule set that a problem names comes before them, where more is cleared with it.
    Rules that cure a refused node come first; where that is not enough, all that fit are tried
    together. What then can be left out without loss is left out, rules that change numbers first.

    Args:
        graph: the graph.
        target_id: see `catalogue`.
        outputs: as for `inspect`.
        shapes: as for `inspect`.
        cancelled: asked between tries; True ends the search with the best plan so far.
    """
    fix, report = _by_rules(graph, target_id, outputs, shapes, cancelled)
    for name in dict.fromkeys(problem.rule for problem in report.problems):
        if name is None or name not in bundled_sets() or not fix.after or cancelled():
            continue
        better = _behind_set(name, fix, graph, target_id, outputs, shapes, cancelled)
        if better is not None:
            fix = better
    return fix


def _behind_set(
    name: str,
    fix: Fix,
    graph: Graph,
    target_id: str,
    outputs: Sequence[TensorRef] | None,
    shapes: Mapping[str, Shape] | None,
    cancelled: Callable[[], bool],
) -> Fix | None:
    """Return the fix that begins with a rule set, or None where it is no better."""
    try:
        applied = ApplyRules((name,)).run(graph)
        made = applied[-1].graph
        if graph.outputs and not set(graph.outputs) <= set(deduce_outputs(made)):
            # Outputs the user chose are not to be given up for others.
            return None
        kept = outputs if outputs and all(ref.node in made for ref in outputs) else None
        rest, _ = _by_rules(made, target_id, kept, shapes, cancelled)
        edit = ApplyRules((name, *rest.rules))
        left = inspect(edit.apply(graph), target_id, outputs=kept, shapes=shapes)
    except SurgeonError:
        # The set does not fit this graph, though it looks as if it should.
        return None
    if untaken(left) >= fix.after:
        return None
    changes = sum(len(each.changes()) for each in applied)
    step = Step(name, bundled_sets()[name].title, changes, exact=False, left=rest.before)
    return replace(
        rest,
        rules=edit.rules,
        before=fix.before,
        after=untaken(left),
        steps=(step, *rest.steps),
    )


def _by_rules(
    graph: Graph,
    target_id: str,
    outputs: Sequence[TensorRef] | None,
    shapes: Mapping[str, Shape] | None,
    cancelled: Callable[[], bool],
) -> tuple[Fix, SupportReport]:
    """Return the fix by single rules, and what the target says of the graph as it is."""

    def attempt(rules: Iterable[str]) -> _Try:
        wanted = tuple(dict.fromkeys(rules))
        known = bundled_rules()
        result = apply_rules(graph, [known[rule] for rule in wanted])
        report = inspect(result.graph, target_id, outputs=outputs, shapes=shapes)
        return _Try(wanted, result.graph, report, result.report.counts())

    first = _Try((), graph, inspect(graph, target_id, outputs=outputs, shapes=shapes), {})
    best = _cured(first, attempt, cancelled) if untaken(first.report) else first
    if best.cost[0] and not cancelled():
        best = _with_all_that_fit(best, attempt, cancelled)
    if best.rules:
        best = _shortened(best, first, attempt, cancelled)
    listed = bundled_rules()
    rules = tuple(rule for rule in best.fired if rule in best.rules)
    left = [untaken(attempt(rules[: count + 1]).report) for count in range(len(rules) - 1)]
    left.append(untaken(best.report))
    fix = Fix(
        rules,
        untaken(first.report),
        untaken(best.report),
        tuple(
            Step(rule, listed[rule].summary, best.fired[rule], listed[rule].exact, after)
            for rule, after in zip(rules, left, strict=False)
        ),
        tuple(
            problem
            for problem in best.report.problems
            if problem.node
            and best.report.verdicts[problem.node].status in (Status.REFUSES, Status.CURED)
        ),
    )
    return fix, first.report


def untaken(report: SupportReport) -> int:
    """Return how many nodes the target does not take as they are."""
    counts = report.counts
    return counts[Status.REFUSES] + counts[Status.CURED]


def _cured(first: _Try, attempt: Callable[..., _Try], cancelled: Callable[[], bool]) -> _Try:
    """Apply what the report offers, to the graph as it was, until nothing new is offered."""
    best = present = first
    for _ in range(MOST_ROUNDS):
        offered = {
            verdict.rule
            for verdict in present.report.verdicts.values()
            if verdict.status is Status.CURED and verdict.rule is not None
        }
        if offered <= set(present.rules) or cancelled():
            break
        present = attempt([*present.rules, *sorted(offered)])
        if present.cost < best.cost:
            best = present
    return best


def _with_all_that_fit(
    best: _Try, attempt: Callable[..., _Try], cancelled: Callable[[], bool]
) -> _Try:
    """Try every rule for the target that fits somewhere, and what is offered after them.

    They are kept only if that clears more.
    """
    matches = count_matches(best.graph, rules_for(best.report.target))
    fitting = [rule for rule, count in matches.items() if count and rule not in best.rules]
    if not fitting:
        return best
    found = _cured(attempt([*best.rules, *fitting]), attempt, cancelled)
    return found if found.cost < best.cost else best


def _shortened(
    best: _Try, first: _Try, attempt: Callable[..., _Try], cancelled: Callable[[], bool]
) -> _Try:
    """Leave out, one by one, the rules that are not needed for what is cleared."""
    known = bundled_rules()
    fired = [rule for rule in best.rules if best.fired.get(rule)]
    for rule in sorted(fired, key=lambda name: (known[name].exact, name)):
        rest = [name for name in best.rules if name != rule and best.fired.get(name)]
        if cancelled():
            break
        fewer = attempt(rest) if rest else first
        if fewer.cost <= best.cost:
            best = fewer
    return best
