from __future__ import annotations

import pytest

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import EditError, RuleError, UnknownNode
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.ruleset import Item, RuleSet, rule_set_from_toml
from surgeon_gui.uff.graph import graph_from_uff
from surgeon_gui.uff.reader import open_uff
from tests.helpers.shared import data_path

GRAPH = """
x = Placeholder() {shape=[2, 4]}
a = Identity(x)
b = Identity(a)
r = LeakyRelu(b) {alpha=0.5}
s = StopGradient(r)
y = Sigmoid(s)
"""

MIXED = """
id = "mixed"
title = "Mixed"
[[item]]
rule = "strip-identity"
[[item]]
edit = "rename"
node = "r"
name = "leaky"
[[item]]
rule = "leaky-relu-to-plugin"
[[item]]
rule = "strip-stop-gradient"
on = false
"""


def test_a_rule_is_applied_by_name() -> None:
    after = ApplyRules(("strip-identity",)).apply(parse_text(GRAPH))
    assert [node.name for node in after] == ["x", "r", "s", "y"]


def test_sets_and_rules_go_together() -> None:
    after = ApplyRules(("clean", "leaky-relu-to-plugin")).apply(parse_text(GRAPH))
    assert [node.op for node in after] == ["Placeholder", "LReLU_TRT", "Sigmoid"]
    assert after["r"].attrs["negSlope_u_float"] == 0.5


def test_only_the_chosen_nodes_are_touched() -> None:
    after = ApplyRules(("strip-identity",), only=("a",)).apply(parse_text(GRAPH))
    assert [node.name for node in after] == ["x", "b", "r", "s", "y"]
    with pytest.raises(UnknownNode):
        ApplyRules(("strip-identity",), only=("q",)).apply(parse_text(GRAPH))


def test_a_set_mixes_rules_and_edits_in_order_and_skips_what_is_off() -> None:
    edit = ApplyRules.of(rule_set_from_toml(MIXED))
    applied = edit.run(parse_text(GRAPH))
    assert [step.title for step in applied] == [
        "Apply strip-identity",
        "Rename r to leaky",
        "Apply leaky-relu-to-plugin",
    ]
    assert [node.name for node in applied[-1].graph] == ["x", "leaky", "s", "y"]
    assert applied[-1].graph["leaky"].op == "LReLU_TRT"
    assert applied[0].changes() == [
        {"rule": "strip-identity", "nodes": ["a"]},
        {"rule": "strip-identity", "nodes": ["b"]},
    ]
    assert applied[1].changes() == [
        {"edit": "Rename r to leaky", "nodes": ["leaky", "s", "r"]},
    ]
    assert edit.title == "Apply Mixed"


def test_no_change_returns_the_same_graph() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = Relu(x)")
    assert ApplyRules(("clean",)).apply(graph) is graph


def test_a_failing_edit_of_a_set_names_its_line() -> None:
    text = MIXED.replace('node = "r"', 'node = "q"')
    with pytest.raises(EditError, match="no such node") as caught:
        ApplyRules(inline=text).apply(parse_text(GRAPH))
    assert caught.value.where == "rule set:6"


def test_what_does_not_exist_is_named() -> None:
    graph = parse_text(GRAPH)
    with pytest.raises(RuleError, match="no such rule or rule set") as caught:
        ApplyRules(("clena",)).apply(graph)
    assert caught.value.hint == "Did you mean clean?"
    missing = RuleSet("mine", items=(Item("rule", "strip-identities"),))
    with pytest.raises(RuleError, match="There is no rule strip-identities") as caught:
        ApplyRules.of(missing).apply(graph)
    assert caught.value.hint == "Did you mean strip-identity?"
    with pytest.raises(EditError, match="which rules"):
        ApplyRules().apply(graph)


def test_rules_leave_a_shown_uff_file_alone() -> None:
    shown = graph_from_uff(open_uff(data_path("golden-uff/lenet/expected.uff")))
    with pytest.raises(EditError, match="holds UFF's"):
        ApplyRules(("clean",)).apply(shown)
