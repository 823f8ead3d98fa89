"""Rules made of selections: they are valid, and find what they were made of."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surgeon_gui.errors import RuleError, UnknownNode
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.examples import failed_examples
from surgeon_gui.rewrite.generalise import rule_from_selection, with_renewed_example
from surgeon_gui.rewrite.rule import Rule, rule_from_table
from surgeon_gui.rewrite.search import find_rule_matches
from surgeon_gui.rewrite.tomlfile import TomlFile
from tests.edits.test_random import graphs
from tests.helpers.shared import data_path

NORMALIZE = """
x = Placeholder() {shape=[?, 8]}
h = Relu(x)
square = Square(h)
axis = Const() {value=i32{1}}
sum = Sum(square, axis) {keep_dims=true}
eps = Const() {value=f32{1e-12}}
safe = Maximum(sum, eps)
rsqrt = Rsqrt(safe)
unit = Mul(h, rsqrt)
y = Sigmoid(unit)
"""
SELECTED = ("square", "axis", "sum", "eps", "safe", "rsqrt", "unit")


def _rule(text: str) -> Rule:
    file = TomlFile(text, "made")
    return rule_from_table(file, file.table)


def test_a_selection_becomes_a_pattern_with_its_constants_captured() -> None:
    rule = _rule(rule_from_selection(parse_text(NORMALIZE), SELECTED, "normalize"))
    assert rule.id == "normalize"
    assert str(rule.patterns[0]) == (
        "Mul:root(?x, Rsqrt(Maximum(Sum(Square(?x), Const:axis), Const:eps)))"
    )


def test_a_rule_changed_by_its_author_gets_its_example_renewed() -> None:
    made = rule_from_selection(parse_text(NORMALIZE), SELECTED)
    changed = made.replace("MyPlugin_TRT", "Normalize_TRT", 1).replace(
        'group = "plugin"', 'group = "plugin"  # ours'
    )
    assert failed_examples(_rule(changed))
    renewed = with_renewed_example(changed, made)
    assert "# ours" in renewed
    assert renewed.count("Normalize_TRT") == 2
    assert failed_examples(_rule(renewed)) == ()
    assert with_renewed_example(renewed, made) == renewed


def test_an_example_its_author_changed_is_left_alone() -> None:
    made = rule_from_selection(parse_text(NORMALIZE), SELECTED)
    for changed in (made.replace("MyPlugin_TRT", "Ours_TRT"), made.replace("x = ", "x1 = ")):
        assert with_renewed_example(changed, made) == changed
    assert with_renewed_example(made, made) == made
    with pytest.raises(RuleError):
        with_renewed_example("id = ", made)


def test_it_finds_the_same_elsewhere_with_other_constants() -> None:
    rule = _rule(rule_from_selection(parse_text(NORMALIZE), SELECTED))
    other = parse_text(NORMALIZE.replace("1e-12", "1e-6").replace("Mul(h, rsqrt)", "Mul(rsqrt, h)"))
    after = apply_rules(other, [rule]).graph
    assert after["unit"].op == "MyPlugin_TRT"
    assert [ref.node for ref in after["unit"].inputs] == ["h"]


def test_the_selection_is_its_example() -> None:
    rule = _rule(rule_from_selection(parse_text(NORMALIZE), SELECTED))
    before, after = rule.examples[0].before, rule.examples[0].after
    assert apply_rules(parse_text(before), [rule]).graph == parse_text(after)
    assert "MyPlugin_TRT" in after
    assert "y = " not in before


@pytest.mark.parametrize(
    ("names", "where", "message"),
    [
        ((), None, "Nothing is selected"),
        (("square", "unit", "rsqrt", "safe", "eps"), "square", "read from outside"),
        (("axis",), "axis", "No result"),
        (("h", "square"), "h", "read from outside"),
    ],
)
def test_what_is_no_pattern_is_refused(
    names: tuple[str, ...], where: str | None, message: str
) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        rule_from_selection(parse_text(NORMALIZE), names)
    assert caught.value.where == where


def test_an_unknown_node_is_said() -> None:
    with pytest.raises(UnknownNode):
        rule_from_selection(parse_text(NORMALIZE), ("nobody",))


def test_a_node_that_waits_is_named() -> None:
    graph = parse_text(NORMALIZE.replace("Rsqrt(safe)", "Rsqrt(safe, ^x)"))
    with pytest.raises(RuleError, match="It waits for x") as caught:
        rule_from_selection(graph, SELECTED)
    assert caught.value.where == "rsqrt"


def test_weights_are_not_spelt_out() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[1, 64]}
        w = Const() {value=f32[64, 32]{0.25}}
        m = MatMul(x, w) {transpose_a=false, transpose_b=false}
        y = Relu(m)
        """
    )
    assert len(rule_from_selection(graph, ("w", "m", "y"))) < 1000


@settings(max_examples=100)
@given(graphs(), st.data())
def test_a_rule_finds_what_it_was_made_of(graph: Graph, data: st.DataObject) -> None:
    root = data.draw(st.sampled_from([node.name for node in graph]))
    selected = [root]
    for name in selected:
        sources = sorted({ref.node for ref in graph[name].inputs} - set(selected))
        if sources:
            selected += data.draw(st.lists(st.sampled_from(sources), max_size=2, unique=True))
    try:
        text = rule_from_selection(graph, selected)
    except RuleError:
        assume(False)
    rule = _rule(text)
    assert root in [match.root for match in find_rule_matches(graph, rule)]
    example = rule.examples[0]
    assert apply_rules(parse_text(example.before), [rule]).graph == parse_text(example.after)


def test_a_block_of_a_real_model_is_found_again() -> None:
    graph = open_graph(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    end = next(node for node in graph if node.op == "Relu6")
    block = [end.name, end.inputs[0].node, *(ref.node for ref in graph[end.inputs[0].node].inputs)]
    rule = _rule(rule_from_selection(graph, block))
    roots = [match.root for match in find_rule_matches(graph, rule)]
    assert end.name in roots
    assert len(roots) > 10
