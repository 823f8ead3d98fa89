from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_commutative
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.match import Matcher, find_matches
from surgeon_gui.rewrite.pattern import AnyTensor, Arg, NodePattern, parse_pattern
from surgeon_gui.rewrite.subject import Subject


def matches(pattern: str, text: str) -> list[dict[str, str]]:
    found = find_matches(parse_text(text), pattern)
    return [{name: str(ref) for name, ref in match.tensors.items()} for match in found]


LEAKY = """
x = Placeholder() {shape=[4]}
a = Const() {value=f32{0.1}}
m = Mul(x, a)
y = Maximum(x, m)
"""


def test_captures_bind_the_tensors_they_meet() -> None:
    found = matches("Maximum(Mul:scaled(Const:alpha, ?x), ?x)", LEAKY)
    assert found == [{"root": "y", "scaled": "m", "alpha": "a", "x": "x"}]


def test_commutative_ops_match_in_both_orders_and_others_do_not() -> None:
    assert matches("Maximum(?x, Mul(?x, Const))", LEAKY)
    assert matches("Maximum(Mul(Const, ?x), ?x)", LEAKY)
    subtract = LEAKY.replace("Maximum(x, m)", "Sub(x, m)")
    assert matches("Sub(?x, Mul(Const, ?x))", subtract)
    assert not matches("Sub(Mul(Const, ?x), ?x)", subtract)


def test_the_same_capture_twice_is_the_same_tensor() -> None:
    text = """
    x = Placeholder() {shape=[4]}
    p = Split(axis, x) {num_split=2}
    axis = Const() {value=i32{0}}
    same = Mul(p, p)
    other = Mul(p, p:1)
    """
    assert [found["root"] for found in matches("Mul(?t, ?t)", text)] == ["same"]


def test_a_capture_seen_through_identities_is_the_same_tensor() -> None:
    text = """
    x = Placeholder() {shape=[4]}
    i = Identity(x)
    y = Mul(x, i)
    """
    assert matches("Mul(?t, ?t)", text)


def test_identities_between_nodes_are_looked_through() -> None:
    text = """
    w = Const() {value=f32[4]{1}}
    w/read = Identity(w)
    again = StopGradient(w/read)
    y = Relu(again)
    """
    found = find_matches(parse_text(text), "Relu(Const:w)")
    assert found[0].tensors["w"] == TensorRef("w")
    assert found[0].through == ("again", "w/read")
    subject = Subject.of(parse_text(text))
    blind = Matcher(subject, parse_pattern("Relu(Const:w)"), look_through=False)
    assert blind.match("y") is None


def test_an_identity_asked_for_is_not_looked_through() -> None:
    text = """
    x = Placeholder() {shape=[4]}
    i = Identity(x)
    y = Relu(i)
    """
    assert matches("Relu(Identity:i(?x))", text) == [{"root": "y", "i": "i", "x": "x"}]


def test_an_identity_that_waits_is_not_looked_through() -> None:
    text = """
    x = Relu(p)
    p = Placeholder() {shape=[4]}
    i = Identity(x, ^p)
    y = Sigmoid(i)
    """
    assert not matches("Sigmoid(Relu)", text)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ("z = Relu(m)", "another consumer"),
        ("z = Relu(x, ^m)", "somebody waits for it"),
        ("outputs(y, m)", "it is an output"),
    ],
)
def test_an_inner_node_tied_to_the_rest_refuses_the_match(extra: str, why: str) -> None:
    assert matches("Maximum(Mul(Const, ?x), ?x)", LEAKY), why
    assert not matches("Maximum(Mul(Const, ?x), ?x)", LEAKY + extra), why


def test_an_inner_node_that_waits_refuses_the_match() -> None:
    waiting = LEAKY.replace("Mul(x, a)", "Mul(x, a, ^x)")
    assert not matches("Maximum(Mul(Const, ?x), ?x)", waiting)


def test_an_inner_constant_may_be_used_elsewhere() -> None:
    assert matches("Maximum(Mul(Const, ?x), ?x)", LEAKY + "z = Relu(a)")


def test_ports_are_told_apart() -> None:
    text = """
    axis = Const() {value=i32{0}}
    x = Placeholder() {shape=[4]}
    p = Split(axis, x) {num_split=2}
    y = Relu(p:1)
    """
    assert not matches("Relu(Split(_, ?x))", text)
    assert matches("Relu(Split#1(_, ?x))", text)
    assert matches("Relu(Split#*:s(_, ?x))".replace("#*:s", ":s#*"), text)


def test_a_rest_takes_any_number_of_inputs() -> None:
    text = """
    axis = Const() {value=i32{0}}
    a = Placeholder() {shape=[4]}
    b = Placeholder() {shape=[4]}
    y = ConcatV2(a, b, axis)
    """
    found = find_matches(parse_text(text), "ConcatV2(...xs, Const:axis)")
    assert found[0].lists == {"xs": (TensorRef("a"), TensorRef("b"))}
    assert (
        find_matches(parse_text(text), "ConcatV2(?a, ...more)")[0].lists["more"][1].node == "axis"
    )
    assert not matches("ConcatV2(_, _, _, _, ...)", text)


def test_names_are_matched_by_glob() -> None:
    text = """
    a/b/x = Placeholder() {shape=[4]}
    c/x = Placeholder() {shape=[4]}
    """
    assert [found["root"] for found in matches('Placeholder@"a/*"', text)] == ["a/b/x"]


def test_the_number_of_inputs_counts_only_when_written() -> None:
    assert matches("Maximum", LEAKY)
    assert not matches("Maximum(_)", LEAKY)
    assert not matches("Maximum(_, _, _)", LEAKY)
    assert matches("Placeholder()", LEAKY)
    assert not matches("Mul()", LEAKY)


OPS = ["Add", "Sub", "Relu", "Const"]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    nodes: list[Node] = [Node("n0", "Placeholder")]
    for index in range(1, draw(st.integers(2, 7))):
        op = draw(st.sampled_from(OPS))
        arity = {"Const": 0, "Relu": 1}.get(op, 2)
        inputs = [TensorRef(f"n{draw(st.integers(0, index - 1))}") for _ in range(arity)]
        nodes.append(Node(f"n{index}", op, inputs))
    return Graph(tuple(nodes))


def _pattern_nodes(children: st.SearchStrategy[Arg]) -> st.SearchStrategy[Arg]:
    one = st.builds(
        NodePattern, st.sampled_from([("Relu",), ("Relu", "Const")]), args=st.tuples(children)
    )
    two = st.builds(
        NodePattern,
        st.sampled_from([("Add",), ("Sub",), ("Add", "Sub")]),
        args=st.tuples(children, children),
    )
    return one | two


_leaves: st.SearchStrategy[Arg] = st.sampled_from(
    [AnyTensor("x"), AnyTensor("y"), AnyTensor(None), NodePattern(("Const",))]
)
patterns = _pattern_nodes(st.recursive(_leaves, _pattern_nodes, max_leaves=4))


def brute_force(graph: Graph, pattern: NodePattern) -> set[str]:
    """Roots by trying every order of every commutative node, then checking the conditions."""

    def ways(
        arg: Arg, ref: TensorRef
    ) -> Iterator[tuple[tuple[tuple[str, str], ...], tuple[str, ...]]]:
        if isinstance(arg, AnyTensor):
            yield ((((arg.name, str(ref)),) if arg.name else ()), ())
            return
        assert isinstance(arg, NodePattern)
        node = graph[ref.node]
        if node.op not in arg.ops:
            return
        if arg.args is None:
            yield (), (node.name,)
            return
        if len(arg.args) != len(node.inputs):
            return
        orders = itertools.permutations(node.inputs) if is_commutative(node.op) else [node.inputs]
        for order in orders:
            for parts in itertools.product(
                *(list(ways(a, r)) for a, r in zip(arg.args, order, strict=True))
            ):
                yield (
                    tuple(bound for part in parts for bound in part[0]),
                    (node.name, *(name for part in parts for name in part[1])),
                )

    roots = set()
    for node in graph:
        for bound, covered in ways(pattern, TensorRef(node.name)):
            consistent = len(dict(bound)) == len(set(bound))
            inner = [name for name in covered if name != node.name and graph[name].op != "Const"]
            closed = all(
                reader.name in covered for name in inner for reader in graph.consumers(name)
            )
            if consistent and closed:
                roots.add(node.name)
    return roots


@settings(max_examples=300)
@given(graphs(), patterns)
def test_the_matcher_agrees_with_brute_force(graph: Graph, pattern: NodePattern) -> None:
    outputs = tuple(TensorRef(node.name) for node in graph if not graph.consumers(node.name))
    found = {match.root for match in find_matches(graph.with_outputs(outputs), pattern)}
    assert found == brute_force(graph, pattern)


def a_large_graph(blocks: int) -> Graph:
    nodes = [Node("x", "Placeholder")]
    last = TensorRef("x")
    for index in range(blocks):
        name = f"block{index}"
        nodes += [
            Node(f"{name}/alpha", "Const"),
            Node(f"{name}/read", "Identity", [TensorRef(f"{name}/alpha")]),
            Node(f"{name}/mul", "Mul", [TensorRef(f"{name}/read"), last]),
            Node(f"{name}/max", "Maximum", [TensorRef(f"{name}/mul"), last]),
        ]
        last = TensorRef(f"{name}/max")
    return Graph(tuple(nodes))


def test_every_place_in_ten_thousand_nodes_is_found() -> None:
    graph = a_large_graph(2500)
    pattern = parse_pattern("Maximum(Mul(Const:alpha, ?x), ?x)")
    subject = Subject.of(graph)
    matcher = Matcher(subject, pattern)
    found = [m for node in graph if node.op == "Maximum" and (m := matcher.match(node.name))]
    assert len(found) == 2500
