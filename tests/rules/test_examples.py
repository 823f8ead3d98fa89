"""Every rule's own examples, and the bundled sets on real graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import Shape
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets, rules_dir, rules_of
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import find_rule_matches
from tests.helpers.shared import data_path, shared_path

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


MODELS = {
    "cifar_small.pb": {},
    "mobilenet_v1_0.25_128_frozen.pb": {},
    "charades_squeezenet.pb": {"input_image": Shape.of(1, 224, 224, 3)},
    "unet_semseg_person_08.pb": {"input": Shape.of(1, 128, 128, 3)},
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rule_set", ["clean", "direct", "uff"])
def test_a_real_model_still_lowers_to_a_network(name: str, rule_set: str) -> None:
    path = data_path(name)
    graph = open_graph(path if path.exists() else shared_path(f"models/{name}"))
    result = apply_rules(graph, rules_of(bundled_sets()[rule_set]))
    assert len(result.graph) < len(graph)
    lowering = network_from_graph(result.graph, shapes=MODELS[name])
    assert lowering.problems == ()
