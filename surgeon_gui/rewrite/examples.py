"""A rule's examples are its tests: `before` must become `after`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.rule import Example, Rule


@dataclass(frozen=True)
class FailedExample:
    """An example that does not come true.

    Attributes:
        number: which of the rule's examples, counted from 1.
        note: the example's own.
        reason: what is wrong with it.
        difference: lines of the text form, `-` before what it says, `+` before what the rule makes.
    """

    number: int
    note: str
    reason: str
    difference: tuple[str, ...] = ()


def failed_examples(rule: Rule) -> tuple[FailedExample, ...]:
    """Return the examples of a rule that do not come true."""
    checked = (_check(rule, number, example) for number, example in enumerate(rule.examples, 1))
    return tuple(failed for failed in checked if failed is not None)


def _check(rule: Rule, number: int, example: Example) -> FailedExample | None:
    try:
        before = parse_text(example.before)
    except SurgeonError as error:
        return FailedExample(number, example.note, f"before cannot be read: {error}")
    try:
        after = parse_text(example.after)
    except SurgeonError as error:
        return FailedExample(number, example.note, f"after cannot be read: {error}")
    try:
        made = apply_rules(before, [rule])
    except SurgeonError as error:
        return FailedExample(number, example.note, f"The rule cannot be applied: {error}")
    if made.stopped != "done":
        return FailedExample(number, example.note, made.report.reason)
    if made.graph == after:
        return None
    said, does = print_text(after).splitlines(), print_text(made.graph).splitlines()
    lines = tuple(line for line in difflib.ndiff(said, does) if line[:2] in ("- ", "+ "))
    if made.graph == before:
        return FailedExample(number, example.note, "The rule does not fit it.", lines)
    return FailedExample(number, example.note, "The rule makes something else of it.", lines)
