from __future__ import annotations

import pytest

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.predicates import PREDICATES, Place, parse_condition
from surgeon_gui.rewrite.subject import Match, Subject

GRAPH = """
x = Placeholder() {shape=[?, 8, 8, 3]}
u = Placeholder() {shape=?, dtype=i32}
one = Const() {value=f32{0.5}}
two = Const() {value=i32[2]{1, -1}}
again = Identity(two)
word = Const() {value=string{"a"}}
scope/r = Relu(x)
h = LeakyRelu(x) {alpha=0.25, T=f32}
c = MaxPool(h) {padding="SAME", strides=[1, 1, 1, 1], ksize=[1, 1, 1, 1]}
n = NoOp(^h)
t = Sigmoid(scope/r)
"""


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("const(one)", None),
        ("const(x)", "x is not constant."),
        ("scalar(one)", None),
        ("scalar(two)", "two has 2 elements, not one."),
        ("scalar(x)", "x is not constant."),
        ("less(one, 1)", None),
        ("less(one, 0.5)", "one (0.5) is not less than 0.5."),
        ("greater(two, -2)", None),
        ("greater(two, 0)", "two (its values) is not greater than 0."),
        ("greater(x, 0)", "x is not constant."),
        ("greater(word, 0)", "word holds no numbers."),
        ("equal(one, 0.5)", None),
        ("equal(one, 0.6)", "one (0.5) is not equal to 0.6."),
        ("same(two, again)", None),
        ("same(two, one)", "two and one differ."),
        ("same(two, x)", "x is not constant."),
        ("values(two, 1, -1)", None),
        ("values(two, 1)", "two is not 1."),
        ("values(x, 1)", "x is not constant."),
        ("elements(two, 1, 2)", None),
        ("elements(two, 3)", "two has 2 elements."),
        ("elements(x, 3)", "x is not constant."),
        ("dtype(x, float32, float16)", None),
        ("dtype(u, float32)", "u is int32, not float32."),
        ("rank(x, 3, 4)", None),
        ("rank(x, 2)", "x has rank 4, not 2."),
        ("rank(u, 2)", "The rank of u is unknown; give the inputs' shapes."),
        ("shape_known(x)", None),
        ("shape_known(u)", "The shape of u is ?; give the inputs' shapes."),
        ("static(one)", None),
        ("static(x)", "The shape of x is [?,8,8,3]; give the inputs' shapes."),
        ("same_shape(x, h)", None),
        (
            "same_shape(x, one)",
            "The shapes of x [?,8,8,3] and one [] are not known to be the same.",
        ),
        ("axes(two, x, 1, 3)", None),
        ("axes(two, x, 1, 2)", "two is [1, 3], not 1, 2 of 4 axes."),
        ("axes(two, u, 1, -1)", None),
        ("axes(two, u, 1, 3)", "The rank of u is unknown; give the inputs' shapes."),
        ("axes(x, x, 1)", "x is not constant."),
        ("op(h, Relu, LeakyRelu)", None),
        ("op(h, Relu)", "h is made by LeakyRelu."),
        ('name(r, "scope/*")', None),
        ("name(h, scope/*)", "h does not match scope/*."),
        ("attr(h, alpha)", None),
        ("attr(h, alpha, 0.25)", None),
        ("attr(h, T, float32)", None),
        ("attr(c, padding, SAME, VALID)", None),
        ("attr(c, padding, VALID)", "Its padding is not VALID."),
        ("attr(h, beta)", "h has no attribute beta."),
        ("used_once(r)", None),
        ("used_once(x)", "2 nodes use x."),
        ("unread(n)", None),
        ("unread(h)", "c reads it."),
        ("output(c)", None),
        ("output(r)", "scope/r is no output."),
        ("not scalar(two)", None),
        ("not scalar(one)", "scalar(one) holds."),
        ("scalar(two) or const(two)", None),
        ("scalar(two) or not const(two)", "two has 2 elements, not one. const(two) holds."),
    ],
)
def test_a_condition_holds_or_says_why_not(condition: str, problem: str | None) -> None:
    graph = parse_text(GRAPH)
    tensors = {node.name.rpartition("/")[2]: TensorRef(node.name) for node in graph}
    place = Place(Subject.of(graph), Match("h", tensors))
    found = parse_condition(condition, tensors).check(place)
    assert (found.reason if found else None) == problem


def test_every_test_is_explained() -> None:
    for name, test in PREDICATES.items():
        assert (test.__doc__ or "").endswith("."), name


def test_a_damaged_graph_fails_a_condition_and_nothing_else() -> None:
    graph = Graph((Node("y", "Relu", [TensorRef("gone")]),))
    place = Place(Subject.of(graph), Match("y", {"x": TensorRef("gone")}))
    found = parse_condition("op(x, Relu)", ["x"]).check(place)
    assert found is not None
    assert found.reason == "gone does not exist."
