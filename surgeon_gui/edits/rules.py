"""The edit that applies rules and rule sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.edits.script import edit_from_table
from surgeon_gui.errors import EditError, RuleError, SurgeonError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.driver import RewriteReport, apply_rules
from surgeon_gui.rewrite.library import Step, find_rule_set, steps
from surgeon_gui.rewrite.ruleset import RuleSet, rule_set_from_toml, rule_set_to_toml
from surgeon_gui.uff.graph import is_uff_graph


@dataclass(frozen=True)
class Applied:
    """What one step of a rule set did.

    Attributes:
        title: the edit's title, or the rules' names.
        graph: the graph afterwards.
        delta: what changed.
        report: every firing, when the step was rules.
    """

    title: str
    graph: Graph
    delta: Delta
    report: RewriteReport | None = None

    def changes(self) -> list[dict[str, Any]]:
        """Return `{rule or edit, nodes}` for each change, for `--json`."""
        if self.report is not None:
            return [firing.as_json() for firing in self.report.changes]
        nodes = [*self.delta.added, *self.delta.changed, *self.delta.removed]
        return [{"edit": self.title, "nodes": nodes}] if nodes else []


@edit("rules")
@dataclass(frozen=True)
class ApplyRules:
    """Apply rules and rule sets wherever they fit."""

    rules: tuple[str, ...] = param(
        "Rules", tip="Names of rules or rule sets, or files of either.", kind="rules", default=()
    )
    only: tuple[str, ...] = param(
        "Only at",
        tip="Apply them at these nodes only; none means everywhere.",
        kind="nodes",
        default=(),
    )
    inline: str = param(
        "Rule set", tip="The text of a rule set to apply after those.", kind="text", default=""
    )

    @classmethod
    def of(cls, rule_set: RuleSet, only: tuple[str, ...] = ()) -> ApplyRules:
        """Return the edit that applies a rule set as it is now, saved or not."""
        return cls(only=only, inline=rule_set_to_toml(rule_set))

    @property
    def title(self) -> str:
        names = list(self.rules)
        if self.inline:
            try:
                found = rule_set_from_toml(self.inline)
                names.append(found.title or found.id)
            except RuleError:
                names.append("rule set")
        where = f" at {counted(self.only)}" if self.only else ""
        return f"Apply {counted(names, 'rule sets')}{where}"

    def apply(self, graph: Graph) -> Graph:
        applied = self.run(graph)
        return applied[-1].graph if applied else graph

    def run(self, graph: Graph) -> tuple[Applied, ...]:
        """Return what each step did, in order.

        Raises:
            RuleError: a rule, set or file does not exist or is wrong.
            EditError: an edit of a rule set cannot be applied.
        """
        sets = [find_rule_set(name) for name in self.rules]
        if self.inline:
            sets.append(rule_set_from_toml(self.inline, "rule set"))
        if is_uff_graph(graph):
            raise EditError(
                "Rules replace TensorFlow's operations, this graph holds UFF's.",
                hint="Save it as .pb, which is the TensorFlow graph it stands for.",
            )
        if not sets:
            raise EditError("Say which rules to apply.", hint="See: surgeon rules.")
        for name in self.only:
            graph[name]
        applied = []
        for step in _joined([step for rule_set in sets for step in steps(rule_set, graph)]):
            applied.append(self._step(graph, step))
            graph = applied[-1].graph
        return tuple(applied)

    def _step(self, graph: Graph, step: Step) -> Applied:
        if step.edit is None:
            result = apply_rules(graph, step.rules, only=self.only or None)
            names = tuple(rule.id for rule in step.rules)
            return Applied(
                f"Apply {counted(names, 'rules')}",
                result.graph,
                Delta.between(graph, result.graph),
                result.report,
            )
        try:
            made = edit_from_table(step.edit.name, step.edit.fields)
            after = made.apply(graph)
        except SurgeonError as problem:
            node = f" ({problem.where})" if problem.where else ""
            raise EditError(
                f"{problem.message}{node}", where=step.origin or step.edit.name, hint=problem.hint
            ) from problem
        return Applied(made.title, after, Delta.between(graph, after))


def _joined(found: list[Step]) -> list[Step]:
    """Join steps of rules that follow each other, so that their groups run together."""
    joined: list[Step] = []
    for step in found:
        if joined and step.edit is None and joined[-1].edit is None:
            joined[-1] = Step(tuple(dict.fromkeys([*joined[-1].rules, *step.rules])))
        else:
            joined.append(step)
    return joined
