"""Ask a target about a graph: verdicts, problems, and the rules that would cure them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from surgeon_gui.errors import ConvertError, GraphCycle, NotConvertible, Unsupported
from surgeon_gui.graph.ignored import is_ignored
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import matches_by_rule
from surgeon_gui.rewrite.subject import Subject
from surgeon_gui.targets.base import (
    TAKES,
    VANISHES,
    Judgement,
    Problem,
    Question,
    Status,
    SupportReport,
    Target,
    Verdict,
    find_target,
)
from surgeon_gui.targets.dangling import missing_input
from surgeon_gui.targets.pitfalls import Hits, general_problems
from surgeon_gui.targets.plugins import is_tensorrts_alone
from surgeon_gui.uff.graph import is_uff_graph
from surgeon_gui.uff.restore import tensorflow_form

_SEVERITY = {
    Status.REFUSES: "error",
    Status.CURED: "error",
    Status.UNKNOWN: "warning",
    Status.CAVEAT: "warning",
}


def inspect(
    graph: Graph,
    target_id: str,
    *,
    outputs: Sequence[TensorRef] | None = None,
    shapes: Mapping[str, Shape] | None = None,
) -> SupportReport:
    """Return what a target says of every node of a graph.

    Args:
        graph: the graph.
        target_id: see `catalogue`.
        outputs: what must be computed; None deduces it. Nodes no output needs vanish.
        shapes: placeholder shapes that fix unknown dimensions.

    Raises:
        UsageError: there is no such target.
    """
    target = find_target(target_id)
    if is_uff_graph(graph):
        return _of_uff(graph, target, outputs, shapes)
    try:
        wanted = tuple(deduce_outputs(graph) if outputs is None else outputs)
        judgement = judged(target, Question(graph, wanted, shapes or {}))
    except GraphCycle as cycle:
        return circular(graph, target, cycle)
    return report_of(target, graph, judgement.verdicts, judgement.hits, judgement.types)


def circular(graph: Graph, target: Target, cycle: GraphCycle) -> SupportReport:
    """Return the report on a graph that waits for itself: nothing else can be told of it."""
    unknown = Verdict(Status.UNKNOWN, "The graph waits for itself, so nothing is known of it.")
    where = cycle.where or ""
    verdicts = dict.fromkeys((node.name for node in graph), unknown)
    verdicts[where] = Verdict(Status.REFUSES, cycle.message, cycle.hint)
    problem = Problem(where, graph[where].op, "error", cycle.message, cycle.hint)
    return SupportReport(target, verdicts, (problem,))


def judged(target: Target, question: Question) -> Judgement:
    """Return a target's judgement, with the rules that would cure what it refuses."""
    judgement = target.judge(question)
    found = cures(question.graph, target, curable(judgement.verdicts))
    return replace(judgement, verdicts=with_cures(judgement.verdicts, found))


def report_of(
    target: Target,
    graph: Graph,
    verdicts: Mapping[str, Verdict],
    hits: Hits,
    types: Mapping[TensorRef, TensorType],
) -> SupportReport:
    """Return the report that verdicts come to."""
    problems = [*general_problems(hits), *_problems(graph, verdicts, target)]
    return _told(graph, SupportReport(target, verdicts, tuple(problems), types))


def _told(graph: Graph, report: SupportReport) -> SupportReport:
    """Sort out what the user ignores; errors come first.

    A caveat that is ignored is no caveat any more. A refusal stays one, and what is not known stays
    unknown: to ignore that only takes it off the list.
    """
    told: list[Problem] = []
    ignored: list[Problem] = []
    verdicts = dict(report.verdicts)
    for problem in report.problems:
        where = [name for name in problem.nodes if name in graph]
        off = tuple(name for name in where if is_ignored(graph[name], problem.cause))
        if not off:
            told.append(problem)
        elif problem.node:
            ignored.append(problem)
            verdict = verdicts[problem.node]
            if verdict.status is Status.CAVEAT:
                reason = f"Ignored: {verdict.reason}"
                verdicts[problem.node] = replace(verdict, status=Status.TAKES, reason=reason)
        else:
            ignored.append(replace(problem, at=off))
            if rest := tuple(name for name in problem.at if name not in off):
                told.append(replace(problem, at=rest))
    told.sort(key=lambda problem: problem.severity != "error")
    if not ignored:
        return replace(report, problems=tuple(told))
    return replace(report, problems=tuple(told), verdicts=verdicts, ignored=tuple(ignored))


def _of_uff(
    graph: Graph,
    target: Target,
    outputs: Sequence[TensorRef] | None,
    shapes: Mapping[str, Shape] | None,
) -> SupportReport:
    """Judge a shown UFF file by the TensorFlow graph it stands for.

    Rules replace TensorFlow's operations, which the shown graph has not: none is offered.
    """
    try:
        form = tensorflow_form(graph)
    except ConvertError as error:
        return _unreadable(graph, target, error)
    report = inspect(form, target.id, outputs=outputs, shapes=shapes)
    verdicts = {}
    for node in graph:
        verdict = report.verdicts.get(node.name, TAKES if node.op == "MarkOutput" else VANISHES)
        cured = verdict.status is Status.CURED
        status = Status.REFUSES if cured else verdict.status
        verdicts[node.name] = replace(verdict, status=status, rule=None)
    problems = tuple(
        replace(problem, op=graph[problem.node].op, rule=None)
        if problem.node in graph
        else replace(problem, rule=None)
        for problem in report.problems
    )
    return _told(graph, SupportReport(target, verdicts, problems, report.types))


def _unreadable(graph: Graph, target: Target, error: ConvertError) -> SupportReport:
    """Return the report of a shown UFF file that stands for no TensorFlow graph."""
    told = list(error.problems) if isinstance(error, NotConvertible) else [error]
    refused = {
        problem.node if isinstance(problem, Unsupported) else problem.where or "": Verdict(
            Status.REFUSES, problem.message, problem.hint
        )
        for problem in told
    }
    unknown = Verdict(Status.UNKNOWN, "Other nodes of this file cannot be read.")
    verdicts = {node.name: refused.get(node.name, unknown) for node in graph}
    problems = tuple(
        Problem(
            name,
            graph[name].op if name in graph else "",
            "error",
            verdict.reason,
            verdict.remedy,
        )
        for name, verdict in refused.items()
    )
    return SupportReport(target, verdicts, problems)


def rules_for(target: Target) -> tuple[Rule, ...]:
    """Return the bundled rules that are for this target's route, in running order."""
    return tuple(
        rule
        for rule in bundled_rules().values()
        if not rule.targets or target.route in rule.targets or target.id in rule.targets
    )


def cures(
    graph: Graph,
    target: Target,
    refused: Iterable[str],
    *,
    types: Types | None = None,
    roots: Sequence[str] | None = None,
) -> dict[str, str]:
    """Return, for each refused node a rule would replace, the first such rule's id.

    Args:
        graph: the graph.
        target: whose rules count.
        refused: the nodes.
        types: what is known of the graph's tensors; None infers it where a rule asks.
        roots: the only nodes at which rules are tried, in node order; None tries them everywhere.
    """
    pending = set(refused)
    found: dict[str, str] = {}
    if not pending:
        return found
    subject = Subject.of(graph, types)
    for rule, matches in matches_by_rule(graph, rules_for(target), subject, roots=roots):
        for match in matches:
            for name in pending.intersection(match.names):
                found[name] = rule.id
        pending -= found.keys()
        if not pending:
            break
    return found


def curable(verdicts: Mapping[str, Verdict]) -> set[str]:
    """Return the nodes a rule may help: what is refused, and caveats that name a rule.

    A size that is missing is the user's to give (`--shape`): no rule knows it, whatever it fits.
    """
    return {
        name
        for name, verdict in verdicts.items()
        if (verdict.status is Status.REFUSES and "--shape" not in (verdict.remedy or ""))
        or (verdict.status is Status.CAVEAT and verdict.rule)
    }


def with_cures(verdicts: Mapping[str, Verdict], found: Mapping[str, str]) -> dict[str, Verdict]:
    """Name the rule that would replace a node: it cures a refusal, and may lift a caveat.

    Args:
        verdicts: a target's, without rules that were tried.
        found: the rule per node, as `cures` returns it for those that are `curable`.
    """
    named = dict(verdicts)
    for name in curable(verdicts):
        verdict, rule = verdicts[name], found.get(name)
        if verdict.status is Status.REFUSES and rule is not None:
            named[name] = replace(verdict, status=Status.CURED, rule=rule)
        elif verdict.status is Status.CAVEAT and rule != verdict.rule:
            named[name] = replace(verdict, rule=None)
    return named


def _stays(graph: Graph, node: Node) -> bool:
    return not is_tensorrts_alone(node.op) and missing_input(graph, node) is None


def _problems(graph: Graph, verdicts: Mapping[str, Verdict], target: Target) -> list[Problem]:
    # What a hybrid target does not take stays in TensorFlow, if that can run it: no error.
    hybrid = target.route == "hybrid"
    return [
        Problem(
            node.name,
            node.op,
            "warning" if hybrid and _stays(graph, node) else _SEVERITY[verdict.status],
            verdict.reason,
            verdict.remedy,
            verdict.rule,
            verdict.source,
        )
        for node in graph
        if (verdict := verdicts[node.name]).status in _SEVERITY
    ]
