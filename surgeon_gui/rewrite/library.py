"""The rules that come with the program, the user's own, and finding either by name or file."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surgeon_gui.errors import RuleError
from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.rule import GROUPS, RULE_KEYS, Rule, rule_from_table
from surgeon_gui.rewrite.ruleset import Item, RuleSet, load_rule_set, rule_set_of
from surgeon_gui.rewrite.tomlfile import TomlFile
from surgeon_gui.settings import config_dir

DEFAULT_SET = "clean"
"""What is applied when nobody says which rules."""


def rules_dir() -> Path:
    """Return the folder of the bundled rules: in the source tree, or beside the installed code."""
    package = Path(__file__).resolve().parents[1]
    in_tree = package.parent / "rules"
    return in_tree if (in_tree / "sets").is_dir() else package / "data" / "rules"


def user_sets_dir() -> Path:
    return config_dir() / "rules"


def load_rule_file(path: Path) -> Rule:
    """Read a file with one rule.

    Raises:
        RuleError: it cannot be read or something in it is wrong; it names file and line.
    """
    file = TomlFile.read(path)
    rule = rule_from_table(file, file.table)
    if rule.id != path.stem:
        raise file.error(f"The rule's id must be the file's name, {path.stem}.", "id")
    return rule


@functools.cache
def bundled_rules() -> Mapping[str, Rule]:
    """Return the rules that come with the program, by id, in the order they would run."""
    rules = [load_rule_file(path) for path in sorted(rules_dir().glob("*.toml"))]
    return {rule.id: rule for rule in sorted(rules, key=_running_order)}


def _running_order(rule: Rule) -> tuple[int, int, str]:
    return GROUPS.index(rule.group), -rule.benefit, rule.id


@functools.cache
def bundled_sets() -> Mapping[str, RuleSet]:
    """Return the rule sets that come with the program, by id."""
    sets = [load_rule_set(path) for path in sorted((rules_dir() / "sets").glob("*.toml"))]
    return {rule_set.id: rule_set for rule_set in sets}


def user_sets() -> tuple[dict[str, RuleSet], tuple[RuleError, ...]]:
    """Return the user's rule sets by id, and what is wrong with those that cannot be read."""
    found: dict[str, RuleSet] = {}
    problems: list[RuleError] = []
    for path in sorted(user_sets_dir().glob("*.toml")):
        try:
            rule_set = load_set(path)
        except RuleError as problem:
            problems.append(problem)
        else:
            found[rule_set.id] = rule_set
    return found, tuple(problems)


def find_rule_set(name: str) -> RuleSet:
    """Return a rule set by its name, a rule's name (a set of that one), or a file's path.

    Parameters may follow in brackets: `ssd-mobilenet-v1(classes = 4)`.

    Raises:
        RuleError: there is none, the file is wrong, or it has no such parameters.
    """
    stem, bracket, inside = name.partition("(")
    if bracket and inside.endswith(")") and not Path(name).exists():
        return find_rule_set(stem.strip()).with_parameters(_parameters(name, inside[:-1]))
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return load_set(path)
    own, _ = user_sets()
    for sets in (own, bundled_sets()):
        if name in sets:
            return sets[name]
    if name in bundled_rules():
        return rule_set_of(name, (name,), bundled_rules()[name].summary)
    known = [*own, *bundled_sets(), *bundled_rules()]
    near = difflib.get_close_matches(name, known, n=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are {', '.join(known)}."
    raise RuleError("There is no such rule or rule set.", where=name, hint=hint)


def _parameters(name: str, text: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = tomllib.loads(f"values = {{ {text} }}")["values"]
    except (ValueError, RecursionError) as problem:
        raise RuleError(
            f"{text!r} are no parameters.",
            where=name,
            hint="Write NAME(parameter = value, …), texts in quotes.",
        ) from problem
    return values


def load_set(path: Path) -> RuleSet:
    """Read a file with a rule set, or with one rule, which becomes a set of its own.

    Raises:
        RuleError: it cannot be read or something in it is wrong; it names file and line.
    """
    file = TomlFile.read(path)
    if not file.table:
        raise RuleError("The file states no rule and no rule set.", where=str(path))
    return _set_of_rule(file) if _states_a_rule(file.table) else load_rule_set(path)


def _states_a_rule(table: Mapping[str, Any]) -> bool:
    """Whether a file is about one rule, so that a misspelt key in it is told as such."""
    keys = table.keys()
    of_sets = keys & {"item", "rule", "parameter", "note"}
    return "match" in keys or (not of_sets and bool(keys & (RULE_KEYS - {"targets", "id"})))


def set_of_rule_text(text: str, name: str = "rule") -> RuleSet:
    """Return a set of the one rule whose TOML is given.

    Raises:
        RuleError: something in it is wrong; it names `name` and the line.
    """
    return _set_of_rule(TomlFile(text, name))


def _set_of_rule(file: TomlFile) -> RuleSet:
    rule = rule_from_table(file, file.table)
    return RuleSet(
        rule.id,
        rule.summary,
        items=(Item("rule", rule.id),),
        rules={rule.id: rule},
        sources=(file.table,),
        origin=file.name,
    )


@dataclass(frozen=True)
class Step:
    """A part of a rule set that is applied at once: rules together, or one edit."""

    rules: tuple[Rule, ...] = ()
    edit: Item | None = None
    origin: str | None = None


def steps(rule_set: RuleSet, graph: Graph | None = None) -> tuple[Step, ...]:
    """Return what to apply, in order: rules that follow each other go together.

    Args:
        rule_set: the set.
        graph: what it is for, which tells some parameters' values; none leaves them as stated.

    Raises:
        RuleError: the set names a rule or set that does not exist, or sets contain each other.
    """
    found: list[Step] = []
    for owner, item in _flat(rule_set, graph, ()):
        if item.kind == "edit":
            filled = replace(item, fields=owner.filled(item))
            found.append(Step(edit=filled, origin=owner.where(item)))
            continue
        rule = owner.rules.get(item.name) or bundled_rules().get(item.name)
        if rule is None:
            near = difflib.get_close_matches(item.name, [*owner.rules, *bundled_rules()], n=1)
            raise RuleError(
                f"There is no rule {item.name}.",
                where=owner.where(item) or owner.id,
                hint=f"Did you mean {near[0]}?" if near else "See: surgeon rules.",
            )
        if found and found[-1].edit is None:
            earlier = found[-1].rules
            found[-1] = Step((*earlier, rule) if rule not in earlier else earlier)
        else:
            found.append(Step((rule,)))
    return tuple(found)


def _flat(
    rule_set: RuleSet, graph: Graph | None, around: tuple[str, ...]
) -> Iterator[tuple[RuleSet, Item]]:
    if rule_set.id in around:
        raise RuleError(
            f"Rule sets contain each other: {' > '.join([*around, rule_set.id])}.",
            where=rule_set.origin or rule_set.id,
        )
    if graph is not None:
        rule_set = rule_set.fitted_to(graph)
    for item in rule_set.items:
        if not item.on:
            continue
        if item.kind == "set":
            inner = find_rule_set(item.name).with_parameters(rule_set.filled(item))
            yield from _flat(inner, graph, (*around, rule_set.id))
        else:
            yield rule_set, item


def rules_of(rule_set: RuleSet) -> tuple[Rule, ...]:
    """Return the rules a set applies, edits aside.

    Raises:
        RuleError: see `steps`.
    """
    return tuple(dict.fromkeys(rule for step in steps(rule_set) for rule in step.rules))
