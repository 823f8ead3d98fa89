from __future__ import annotations

import pytest

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.wiring import AddNode, CutInput, DropControls, InsertNode, RewireInput
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, Shape

GRAPH = """
x = Placeholder() {shape=[?, 4]}
a = Relu(x)
b = Sigmoid(a)
c = Tanh(a, ^b)
y = Add(b, c)
"""


def test_a_node_is_inserted_for_all_readers_or_some() -> None:
    after = InsertNode("a", "Elu", "mid").apply(parse_text(GRAPH))
    assert [node.name for node in after] == ["x", "a", "mid", "b", "c", "y"]
    assert after["mid"].inputs == (TensorRef("a"),)
    assert after["mid"].attrs["T"] is DType.FLOAT32
    assert after["b"].inputs == after["c"].inputs == (TensorRef("mid"),)
    one = InsertNode("a", "Elu", "mid", readers=("c",)).apply(parse_text(GRAPH))
    assert one["b"].inputs == (TensorRef("a"),)
    assert one["c"].inputs == (TensorRef("mid"),)


def test_inserted_behind_a_chosen_output_it_is_the_output() -> None:
    after = InsertNode("y", "My_TRT", "end", {"n": 1}, inputs=("x",)).apply(
        parse_text(GRAPH + "outputs(y)")
    )
    assert after.outputs == (TensorRef("end"),)
    assert after["end"].inputs == (TensorRef("y"), TensorRef("x"))
    assert after["end"].attrs["n_u_int"] == 1


def test_an_input_is_rewired() -> None:
    after = RewireInput("y", 1, "a").apply(parse_text(GRAPH))
    assert after["y"].inputs == (TensorRef("b"), TensorRef("a"))
    graph = parse_text(GRAPH)
    assert RewireInput("y", 0, "b").apply(graph) is graph


def test_a_cut_makes_an_input_of_the_tensors_type_and_drops_the_rest() -> None:
    after = CutInput("a", "fed").apply(parse_text(GRAPH))
    assert [node.name for node in after] == ["fed", "b", "c", "y"]
    assert after["fed"].attrs["shape"] == Shape.of(-1, 4)
    assert after["fed"].attrs["dtype"] is DType.FLOAT32
    assert after["b"].inputs == (TensorRef("fed"),)
    assert "a_input" in CutInput("a").apply(parse_text(GRAPH))


def test_a_cut_keeps_what_others_need() -> None:
    after = CutInput("b").apply(parse_text(GRAPH))
    assert {"x", "a", "b", "c"} <= {node.name for node in after}, "c waits for b"


def test_controls_are_dropped_everywhere_or_where_told() -> None:
    after = DropControls().apply(parse_text(GRAPH))
    assert after["c"].controls == ()
    assert DropControls().apply(after) is after
    graph = parse_text(GRAPH)
    assert DropControls(("y",)).apply(graph) is graph


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (InsertNode("a", "Elu", "b"), "taken"),
        (InsertNode("a", "Elu", "n", readers=("y",)), "does not read a"),
        (InsertNode("a", "Add", "n", inputs=("y",)), "wait for itself"),
        (InsertNode("q", "Elu", "n"), "no such node"),
        (InsertNode("a", "", "n"), "which operation"),
        (RewireInput("a", 0, "y"), "wait for itself"),
        (RewireInput("a", 1, "x"), "It has 1 inputs"),
        (RewireInput("a", 0, "x:3"), "output"),
        (CutInput("y"), "No node reads it"),
        (CutInput("a", "b c"), "no name for a node"),
        (DropControls(("q",)), "no such node"),
    ],
)
def test_what_makes_no_sense_is_refused(edit: Edit, told: str) -> None:
    with pytest.raises(SurgeonError, match=told):
        edit.apply(parse_text(GRAPH))


def test_a_tensor_of_unknown_dtype_cannot_be_cut() -> None:
    graph = parse_text("x = Mystery()\ny = Relu(x)")
    with pytest.raises(SurgeonError, match="dtype is unknown"):
        CutInput("x").apply(graph)


def test_titles_name_what_is_done() -> None:
    assert InsertNode("a", "Elu", "n").title == "Insert Elu behind a"
    assert RewireInput("y", 0, "a").title == "Let y read a"
    assert CutInput("a").title == "Cut at a"
    assert DropControls().title == "Drop control inputs of all nodes"


def test_an_added_node_has_no_readers() -> None:
    graph = parse_text("x = Placeholder() {shape=[4]}\ny = Relu(x)")
    after = AddNode("p", "Proposal", ("y", "x"), {"rpn_stride": 16}).apply(graph)
    assert after["p"].attrs == {"rpn_stride_u_int": 16}
    assert after.consumers("p") == ()
    assert AddNode("p", "Elu", ("y",)).title == "Add Elu p"
    with pytest.raises(SurgeonError):
        AddNode("y", "Elu", ("x",)).apply(graph)
