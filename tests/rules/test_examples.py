"""Every rule's own examples, and the bundled sets on real graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets, rules_dir, rules_of
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import find_rule_matches

EXAMPLES = [
    pytest.param(rule, index, id=f"{rule.id}-{index}")
    for rule in bundled_rules().values()
    for index in range(len(rule.examples))
]


@pytest.mark.parametrize(("rule", "index"), EXAMPLES)
def test_the_example_becomes_what_the_rule_says(rule: Rule, index: int) -> None:
    example = rule.examples[index]
    before = parse_text(example.before)
    result = apply_rules(before, [rule])
    assert result.stopped == "done"
    after = parse_text(example.after)
    assert result.graph == after, print_text(result.graph)
    if example.before == example.after:
        assert result.graph is before
        assert not result.changes
        assert find_rule_matches(before, rule) == []
    else:
        assert {firing.rule for firing in result.changes} == {rule.id}
        assert find_rule_matches(before, rule)


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.id) for r in bundled_rules().values()])
def test_a_rule_shows_where_it_applies_and_where_not(rule: Rule) -> None:
    kept = [example for example in rule.examples if example.before == example.after]
    changed = [example for example in rule.examples if example.before != example.after]
    assert kept
    assert changed
    assert rule.summary
    assert rule.source
    assert not rule.summary.endswith(".")


@pytest.mark.parametrize("name", bundled_sets())
def test_a_set_names_rules_that_exist_and_fit_its_targets(name: str) -> None:
    rule_set = bundled_sets()[name]
    rules = rules_of(rule_set)
    assert rules
    assert rule_set.title
    for rule in rules:
        if rule.targets:
            assert set(rule_set.targets) & set(rule.targets), rule.id


def test_every_file_of_the_library_is_read() -> None:
    assert {path.stem for path in rules_dir().glob("*.toml")} == set(bundled_rules())
    assert {path.stem for path in Path(rules_dir() / "sets").glob("*.toml")} == set(bundled_sets())
