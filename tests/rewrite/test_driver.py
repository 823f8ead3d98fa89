from __future__ import annotations

import pytest

from surgeon_gui.errors import UnknownNode
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.driver import Limits, apply_rules
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets, rules_of
from surgeon_gui.rewrite.rule import Rule, rule_from_table
from surgeon_gui.rewrite.search import count_matches, find_rule_matches, why_not
from surgeon_gui.rewrite.tomlfile import TomlFile


def a_rule(name: str, match: str, replace: str, group: str = "fuse", more: str = "") -> Rule:
    file = TomlFile(
        f'id = "{name}"\ngroup = "{group}"\nsummary = "s"\nmatch = "{match}"\n'
        f'replace = "{replace}"\n{more}',
        f"{name}.toml",
    )
    return rule_from_table(file, file.table)


CHAIN = """
x = Placeholder() {shape=[4]}
a = Relu(x)
b = Relu(a)
c = Relu(b)
y = Sigmoid(c)
"""


def test_rules_run_until_nothing_fits_and_every_change_is_told() -> None:
    once = a_rule("relu-twice", "Relu:root(Relu(?x))", "Relu:root(?x)")
    result = apply_rules(parse_text(CHAIN), [once])
    assert result.graph == parse_text("x = Placeholder() {shape=[4]}\nc = Relu(x)\ny = Sigmoid(c)")
    assert result.stopped == "done"
    assert result.report.reason == "No rule fits any more."
    assert [(firing.root, firing.before, firing.removed) for firing in result.changes] == [
        ("b", ("b", "a"), ("a",)),
        ("c", ("c", "b"), ("b",)),
    ]
    assert result.report.counts() == {"relu-twice": 2}
    assert result.changes[0].as_json() == {"rule": "relu-twice", "nodes": ["b", "a"]}


def test_groups_run_in_their_order_and_benefit_decides_within() -> None:
    rules = [
        a_rule("late", "Relu:root(?x)", "Late_TRT:root(?x)", group="plugin"),
        a_rule("low", "Relu:root(?x)", "Elu:root(?x)", more="benefit = 1"),
        a_rule("high", "Relu:root(?x)", "Selu:root(?x)", more="benefit = 2"),
        a_rule("early", "Relu:root(Placeholder:p)", "Tanh:root(?p)", group="normalise"),
    ]
    after = apply_rules(parse_text(CHAIN), rules).graph
    assert [node.op for node in after] == ["Placeholder", "Tanh", "Selu", "Selu", "Sigmoid"]


def test_a_later_group_gives_work_to_an_earlier_one() -> None:
    rules = [
        a_rule("strip", "Elu:root(?x)", "?x", group="remove"),
        a_rule("make", "Relu:root(?x)", "Elu:root(?x)", group="fuse"),
    ]
    after = apply_rules(parse_text(CHAIN), rules).graph
    assert [node.name for node in after] == ["x", "y"]


def test_rules_that_feed_each_other_are_stopped_with_a_reason() -> None:
    rules = [
        a_rule("there", "Relu:root(?x)", "Elu:root(?x)"),
        a_rule("back", "Elu:root(?x)", "Relu:root(?x)"),
    ]
    result = apply_rules(parse_text(CHAIN), rules)
    assert result.stopped == "changes"
    assert "there" in result.report.reason
    assert "back" in result.report.reason


def test_a_graph_that_grows_without_end_is_stopped() -> None:
    grow = a_rule("grow", "Relu:root(?x)", "Relu:root(Neg(Neg(Neg(?x))))")
    result = apply_rules(parse_text(CHAIN), [grow], limits=Limits(changes=1e6))
    assert result.stopped == "nodes"
    assert len(result.graph) < 1100


def test_time_and_cancel_stop_a_run() -> None:
    rules = [
        a_rule("there", "Relu:root(?x)", "Elu:root(?x)"),
        a_rule("back", "Elu:root(?x)", "Relu:root(?x)"),
    ]
    limits = Limits(changes=1e9, seconds=0.05)
    assert apply_rules(parse_text(CHAIN), rules, limits=limits).stopped == "seconds"
    cancelled = apply_rules(parse_text(CHAIN), rules, cancelled=lambda: True)
    assert cancelled.stopped == "cancelled"
    assert not cancelled.changes


def test_outputs_keep_their_names_chosen_or_deduced() -> None:
    strip = a_rule("strip", "Relu:root(?x)", "?x")
    after = apply_rules(parse_text(CHAIN + "outputs(b, y)"), [strip]).graph
    assert [(node.name, node.op) for node in after][1:] == [("b", "Identity"), ("y", "Sigmoid")]
    deduced = apply_rules(parse_text("x = Placeholder() {shape=[4]}\ny = Relu(x)"), [strip]).graph
    assert deduced["y"].op == "Identity"


def test_a_root_whose_second_output_is_read_is_not_made_a_one_output_node() -> None:
    text = """
    axis = Const() {value=i32{0}}
    x = Placeholder() {shape=[4]}
    s = Split(axis, x) {num_split=2}
    y = Add(s, s:1)
    """
    graph = parse_text(text)
    assert apply_rules(graph, [a_rule("r", "Split:root(_, ?x)", "Relu:root(?x)")]).graph is graph
    assert apply_rules(graph, [a_rule("r", "Split:root(_, ?x)", "?x")]).graph is graph


def test_what_a_removed_node_waited_for_is_not_lost() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        first = Relu(x)
        a = Identity(x, ^first)
        y = Sigmoid(a)
        """
    )
    after = apply_rules(graph, [bundled_rules()["strip-identity"]]).graph
    assert after["y"].controls == ("first",)


def test_colocation_with_removed_nodes_is_dropped() -> None:
    graph = parse_text(
        """
        w = Const() {value=f32[4]{1}}
        w/read = Identity(w) {_class=["loc:@w"]}
        x = Placeholder() {shape=[4]}
        y = Mul(x, w/read) {_class=["loc:@w/read", "loc:@x"]}
        """
    )
    after = apply_rules(graph, [bundled_rules()["strip-identity"]]).graph
    assert after["y"].attrs["_class"] == (b"loc:@x",)


def test_loops_of_tensorflow_1_survive() -> None:
    text = """
    x = Placeholder() {shape=[]}
    e = Enter(x) {frame_name="f", is_constant=false, parallel_iterations=1}
    m = Merge(e, n)
    limit = Const() {value=f32{9}}
    le = Enter(limit) {frame_name="f", is_constant=true, parallel_iterations=1}
    less = Less(m, le)
    go = LoopCond(less)
    s = Switch(m, go)
    id = Identity(s:1)
    one = Const(^id) {value=f32{1}}
    sum = Add(id, one)
    pass = Identity(sum)
    n = NextIteration(pass)
    out = Exit(s)
    y = Relu(out)
    """
    after = apply_rules(parse_text(text), rules_of(bundled_sets()["clean"])).graph
    assert "pass" not in after
    assert "id" in after, "the constant waits for it to be inside the loop"
    assert after["n"].inputs == (TensorRef("sum"),)


def test_matches_are_counted_and_listed_without_changing_anything() -> None:
    graph = parse_text(CHAIN)
    rule = a_rule("strip", "Relu:root(?x)", "?x")
    other = a_rule("other", "Tanh:root(?x)", "?x")
    assert [match.root for match in find_rule_matches(graph, rule)] == ["a", "b", "c"]
    assert count_matches(graph, [rule, other]) == {"strip": 3, "other": 0}


LEAKY = """
x = Placeholder() {shape=[4]}
a = Const() {value=f32{2}}
m = Mul(x, a)
y = Maximum(x, m)
z = Sigmoid(y)
"""


@pytest.mark.parametrize(
    ("text", "node", "where", "told"),
    [
        (LEAKY, "y", "y", "alpha (2.0) is not less than 1."),
        (LEAKY, "m", "y", "alpha (2.0) is not less than 1."),
        (LEAKY, "z", "z", "The rule starts at Maximum; this is Sigmoid."),
        (LEAKY.replace("Maximum", "Minimum"), "m", "m", "No Maximum reads what it makes."),
        (LEAKY.replace("{2}", "{0.5}") + "q = Relu(m)", "y", "m", "Its result is also used by q."),
        (
            LEAKY.replace("a = Const() {value=f32{2}}", "a = Relu(x)"),
            "y",
            "x",
            "It is Placeholder, not Const.",
        ),
        (
            LEAKY.replace("y = Maximum(x, m)", "y = Maximum(a, m)"),
            "y",
            "y",
            "It reads a where it should read x again (?x).",
        ),
    ],
)
def test_why_not_names_the_node_and_the_reason(text: str, node: str, where: str, told: str) -> None:
    miss = why_not(parse_text(text), bundled_rules()["fuse-leaky-relu"], node)
    assert miss is not None
    assert (miss.node, miss.reason) == (where, told)


def test_why_not_is_silent_where_the_rule_applies() -> None:
    graph = parse_text(LEAKY.replace("{2}", "{0.5}"))
    rule = bundled_rules()["fuse-leaky-relu"]
    assert why_not(graph, rule, "y") is None
    assert why_not(graph, rule, "m") is None
    with pytest.raises(UnknownNode):
        why_not(graph, rule, "q")


def a_large_graph(blocks: int) -> Graph:
    nodes = [Node("x", "Placeholder")]
    last = TensorRef("x")
    for index in range(blocks):
        name = f"block{index}"
        nodes += [
            Node(f"{name}/w", "Const"),
            Node(f"{name}/read", "Identity", [TensorRef(f"{name}/w")]),
            Node(f"{name}/conv", "Conv2D", [last, TensorRef(f"{name}/read")]),
            Node(f"{name}/mul", "Mul", [TensorRef(f"{name}/conv"), TensorRef(f"{name}/w")]),
            Node(f"{name}/relu", "Relu", [TensorRef(f"{name}/mul")]),
        ]
        last = TensorRef(f"{name}/relu")
    return Graph(tuple(nodes))


def test_all_bundled_rules_find_every_place_in_ten_thousand_nodes() -> None:
    graph = a_large_graph(2000)
    result = apply_rules(graph, rules_of(bundled_sets()["uff"]))
    assert result.report.counts() == {"strip-identity": 2000}
