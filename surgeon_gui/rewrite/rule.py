"""Rules: what a rule file states, read and checked. Nothing in a rule file is ever executed.

id = "leaky-relu-from-maximum"      # the file's name
group = "plugin"                    # normalise, remove, fold, fuse, plugin: applied in this order
benefit = 20                        # within a group, the greatest first
summary = "max(x, a*x) becomes one LReLU plugin node"
source = "where the fact comes from"
targets = ["uff"]                   # the routes it is for; none means any
exact = false                       # whether the numbers stay the same (true when left out)
match = "Maximum:root(Mul(Const:alpha, ?x), ?x)"    # or a list of alternatives
where = ["scalar(alpha)", "less(alpha, 1)"]
shared = ["x"]                      # captures that may have readers outside the match
replace = "LReLU_TRT:root(?x)"      # or action = "…" with [options]
attrs.root = { negSlope = "$alpha" }
[let]                               # pieces of patterns, written {noise} in match
noise = ["RandomUniform(_)", "Add(Mul(RandomUniform(_), _), _)"]
[[example]]
before = "…"                        # in the text form of graphs
after = "…"                         # the same as before where the rule must not apply
note = "why"
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from surgeon_gui.rewrite.actions import ACTIONS, check_options
from surgeon_gui.rewrite.match import Matcher
from surgeon_gui.rewrite.pattern import (
    AnyTensor,
    NodePattern,
    PatternError,
    Rest,
    parse_pattern,
    parse_replacement,
)
from surgeon_gui.rewrite.predicates import Condition, Place, parse_condition
from surgeon_gui.rewrite.replacement import Replacement, Template, names_in
from surgeon_gui.rewrite.routes import read_targets
from surgeon_gui.rewrite.subject import Match, Mismatch, Subject
from surgeon_gui.rewrite.tomlfile import Key, TomlFile

logger = logging.getLogger(__name__)

_LONGEST_SHOWN = 200
"""Characters of a pattern that a message repeats."""

GROUPS = ("normalise", "remove", "fold", "fuse", "plugin")


@dataclass(frozen=True)
class Example:
    """A graph before and after the rule, in text form."""

    before: str
    after: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Rule:
    """One rewrite: what to look for, further conditions, and what to put there.

    Attributes:
        id: its name, that of its file.
        group: when it runs, see GROUPS.
        benefit: within a group, the greatest runs first.
        summary: one sentence for lists.
        source: where the fact behind it comes from.
        targets: the routes it is for; empty for any.
        exact: whether every output keeps its numbers.
        patterns: alternatives, tried in order.
        where: conditions, all of which must hold.
        template: the replacement, or None when an action makes it.
        action: name of the action that makes it, or None.
        options: the action's options.
        shared: captures that may have readers outside the match.
        examples: its tests.
    """

    id: str
    group: str
    benefit: int
    summary: str
    source: str
    targets: tuple[str, ...]
    exact: bool
    patterns: tuple[NodePattern, ...]
    where: tuple[Condition, ...]
    template: Template | None
    action: str | None
    options: Mapping[str, Any]
    shared: frozenset[str]
    examples: tuple[Example, ...]

    def match(
        self, subject: Subject, root: str, sources: frozenset[str] | None = None
    ) -> tuple[Match, Replacement] | None:
        """Return the rule's match with `root` as its root and what takes its place, or None.

        Args:
            subject: the graph.
            root: the node's name.
            sources: `subject.source_ops(root)` where the caller knows it already.
        """
        if sources is None:
            sources = subject.source_ops(root)
        for pattern in self.patterns:
            if not pattern.is_feasible(sources):
                continue
            found: list[Replacement] = []
            match = self._matcher(subject, pattern).match(root, self._accept(subject, found))
            if match is not None:
                return match, found[0]
        return None

    def nearest_miss(self, subject: Subject, root: str) -> Mismatch | None:
        """Return why the rule does not apply at `root`, or None when it does.

        Of several alternatives, the one that nearly fits is reported.
        """
        misses: list[tuple[int, Mismatch]] = []
        for pattern in self.patterns:
            matcher = self._matcher(subject, pattern, explain=True)
            if matcher.match(root, self._accept(subject, [])) is not None:
                return None
            if matcher.nearest is not None:
                misses.append(matcher.nearest)
        if not misses:
            return Mismatch(root, "There is no such node.")
        return max(misses, key=lambda miss: miss[0])[1]

    @property
    def depth(self) -> int:
        return max(pattern.depth for pattern in self.patterns)

    def _matcher(self, subject: Subject, pattern: NodePattern, *, explain: bool = False) -> Matcher:
        return Matcher(subject, pattern, kept=self._kept, shared=self.shared, explain=explain)

    @cached_property
    def _kept(self) -> frozenset[str]:
        if self.template is None:
            return frozenset()
        expression = self.template.expression
        if isinstance(expression, AnyTensor):
            return frozenset({expression.name or ""})
        return frozenset(_reads(expression))

    def _accept(self, subject: Subject, found: list[Replacement]) -> Any:
        def accept(match: Match) -> Mismatch | None:
            place = Place(subject, match)
            for condition in self.where:
                problem = condition.check(place)
                if problem is not None:
                    return problem
            planned = self._plan(place)
            if isinstance(planned, Mismatch):
                return planned
            found.append(planned)
            return None

        return accept

    def _plan(self, place: Place) -> Replacement | Mismatch:
        if self.template is not None:
            return self.template.build(place)
        try:
            return ACTIONS[self.action or ""](place, **self.options)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A node whose attributes make no sense must not keep the rule from the others.
            logger.debug("%s at %s", self.id, place.node("root").name, exc_info=True)
            return Mismatch(
                place.node("root").name, f"Its attributes do not fit together: {error}."
            )


def _reads(expression: NodePattern) -> Iterator[str]:
    """Yield the captured tensors a replacement reads."""
    for node in expression.nodes():
        for arg in node.args or ():
            if isinstance(arg, AnyTensor) and arg.name:
                yield arg.name


_KEYS = (
    *("id", "group", "benefit", "summary", "source", "targets", "exact", "match", "where"),
    *("shared", "replace", "action", "options", "attrs", "let", "example"),
)
RULE_KEYS = frozenset(_KEYS)
"""The keys a rule has."""


def rule_from_table(file: TomlFile, table: Mapping[str, Any], *path: Key) -> Rule:
    """Return the rule a TOML table states.

    Raises:
        RuleError: something in it is wrong; it names file and line.
    """
    return _Reader(file, table, path).rule()


class _Reader:
    def __init__(self, file: TomlFile, table: Mapping[str, Any], path: tuple[Key, ...]) -> None:
        self.file = file
        self.table = table
        self.path = path
        self._sometimes: frozenset[str] = frozenset()

    def rule(self) -> Rule:
        file, table, path = self.file, self.table, self.path
        file.check_keys(table, _KEYS, *path)
        group = file.get(table, "group", str, ..., *path)
        if group not in GROUPS:
            raise file.error(
                f"There is no group {group}.", *path, "group", hint=f"Use {', '.join(GROUPS)}."
            )
        patterns = self._patterns()
        tensors = frozenset({"root"}).union(*(pattern.tensors for pattern in patterns))
        self._check_captured_everywhere(patterns)
        template, action, options = self._replacement(tensors, patterns)
        return Rule(
            id=file.get(table, "id", str, ..., *path),
            group=group,
            benefit=file.get(table, "benefit", int, 0, *path),
            summary=file.get(table, "summary", str, ..., *path),
            source=file.get(table, "source", str, "", *path),
            targets=read_targets(file, table, *path),
            exact=file.get(table, "exact", bool, True, *path),
            patterns=patterns,
            where=self._conditions(tensors),
            template=template,
            action=action,
            options=options,
            shared=self._shared(tensors),
            examples=self._examples(),
        )

    def _patterns(self) -> tuple[NodePattern, ...]:
        pieces = self.file.get(self.table, "let", dict, {}, *self.path)
        choices = {key: self.file.texts(pieces, key, *self.path, "let") for key in pieces}
        texts = self.file.texts(self.table, "match", *self.path)
        if not texts:
            raise self.file.error("The key match is missing.", *self.path)
        found: list[NodePattern] = []
        for text in texts:
            for expanded in self._expand(text, choices):
                try:
                    found.append(parse_pattern(expanded))
                except PatternError as problem:
                    raise self._pattern_error(problem, expanded, "match") from problem
        return tuple(found)

    def _pattern_error(self, problem: PatternError, text: str, key: str) -> Exception:
        shown = " ".join(text[problem.position :].split())[:30]
        at = f" at '{shown}'" if shown else " at its end"
        line = " ".join(text.split())
        if len(line) > _LONGEST_SHOWN:
            line = f"{line[:_LONGEST_SHOWN]}…"
        return self.file.error(
            f"In {key}: {problem}{at}.", *self.path, key, hint=f"The pattern is: {line}"
        )

    def _expand(self, text: str, choices: Mapping[str, tuple[str, ...]]) -> list[str]:
        names = list(dict.fromkeys(re.findall(r"\{(\w+)\}", text)))
        for name in names:
            if name not in choices:
                raise self.file.error(
                    f"{{{name}}} is not stated.",
                    *self.path,
                    "match",
                    hint=f"Add it under [let]: {name} = …",
                )
        expanded = []
        for chosen in itertools.product(*(choices[name] for name in names)):
            whole = text
            for name, piece in zip(names, chosen, strict=True):
                whole = whole.replace(f"{{{name}}}", piece)
            if whole != text and re.search(r"\{\w+\}", whole):
                expanded += self._expand(whole, choices)
            else:
                expanded.append(whole)
        return expanded

    def _check_captured_everywhere(self, patterns: tuple[NodePattern, ...]) -> None:
        always = frozenset.intersection(*(pattern.tensors for pattern in patterns))
        self._sometimes = frozenset().union(*(pattern.tensors for pattern in patterns)) - always

    def _needs(self, name: str, known: frozenset[str], *keys: Key) -> None:
        if name not in known:
            raise self.file.error(
                f"The pattern captures no {name}.", *self.path, *keys, hint=_captured(known)
            )
        if name in self._sometimes and name != "root":
            raise self.file.error(
                f"Not every alternative of match captures {name}.", *self.path, *keys
            )

    def _conditions(self, tensors: frozenset[str]) -> tuple[Condition, ...]:
        found = []
        usable = tensors - self._sometimes | {"root"}
        for text in self.file.texts(self.table, "where", *self.path):
            try:
                found.append(parse_condition(text, usable))
            except ValueError as problem:
                raise self.file.error(
                    f"In where: {problem}.", *self.path, "where", hint=_captured(usable)
                ) from problem
        return tuple(found)

    def _shared(self, tensors: frozenset[str]) -> frozenset[str]:
        names = self.file.texts(self.table, "shared", *self.path)
        for name in names:
            if name not in tensors:
                raise self.file.error(
                    f"The pattern captures no {name}.",
                    *self.path,
                    "shared",
                    hint=_captured(tensors),
                )
        return frozenset(names)

    def _replacement(
        self, tensors: frozenset[str], patterns: tuple[NodePattern, ...]
    ) -> tuple[Template | None, str | None, Mapping[str, Any]]:
        file, table, path = self.file, self.table, self.path
        options = file.get(table, "options", dict, {}, *path)
        action = file.get(table, "action", str, None, *path)
        if (action is None) == ("replace" not in table):
            raise file.error("Give either replace or action.", *path)
        if action is None:
            return self._template(tensors, patterns), None, {}
        if action not in ACTIONS:
            raise file.error(
                f"There is no action {action}.", *path, "action", hint=f"Use {', '.join(ACTIONS)}."
            )
        problem = check_options(action, options)
        if problem:
            raise file.error(f"In options: {problem}.", *path, "options")
        if "attrs" in table:
            raise file.error("An action takes options, not attrs.", *path, "attrs")
        return None, action, options

    def _template(self, tensors: frozenset[str], patterns: tuple[NodePattern, ...]) -> Template:
        file, table, path = self.file, self.table, self.path
        text = file.get(table, "replace", str, ..., *path)
        try:
            expression = parse_replacement(text)
        except PatternError as problem:
            raise self._pattern_error(problem, text, "replace") from problem
        attrs = file.get(table, "attrs", dict, {}, *path)
        labels: set[str] = set()
        if isinstance(expression, AnyTensor):
            self._needs(expression.name or "", tensors, "replace")
        else:
            lists = frozenset.intersection(*(pattern.rests for pattern in patterns))
            labels = {"root"}
            for node in expression.nodes():
                labels.add(node.name or node.ops[0].lower())
                for arg in node.args or ():
                    if isinstance(arg, AnyTensor):
                        self._needs(arg.name or "", tensors, "replace")
                    elif isinstance(arg, Rest) and arg.name not in lists:
                        raise file.error(
                            f"The pattern captures no ...{arg.name}.", *path, "replace"
                        )
        for label, fields in attrs.items():
            if label not in labels or not isinstance(fields, dict):
                raise file.error(
                    f"attrs.{label} belongs to no node of replace.",
                    *path,
                    "attrs",
                    label,
                    hint=f"Use {', '.join(f'attrs.{name}' for name in sorted(labels))}.",
                )
            for name in names_in(list(fields.values())):
                self._needs(name, tensors, "attrs", label)
        return Template(expression, attrs)

    def _examples(self) -> tuple[Example, ...]:
        found = []
        for index, table in enumerate(self.file.tables(self.table, "example", *self.path)):
            path = (*self.path, "example", index)
            self.file.check_keys(table, ("before", "after", "note"), *path)
            before = self.file.get(table, "before", str, ..., *path)
            after = self.file.get(table, "after", str, ..., *path)
            found.append(Example(before, after, self.file.get(table, "note", str, "", *path)))
        return tuple(found)


def _captured(names: frozenset[str]) -> str:
    return f"It captures {', '.join(sorted(names))}."
