from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.edits.nodes import (
    BypassNode,
    RemoveAttribute,
    RemoveNodes,
    RenameNode,
    ReplaceNode,
    SetAttribute,
)
from surgeon_gui.errors import DuplicateName, EditError, SurgeonError, UnknownNode
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import AttrValue, DType, Shape

CHAIN = """
x = Placeholder() {shape=[2, 4]}
w = Const() {value=f32[4]{2}}
m = Mul(x, w)
r = Relu(m)
y = Sigmoid(r)
"""


def same(graph: Graph, text: str) -> bool:
    return graph == parse_text(text)


def test_removed_nodes_hand_their_first_input_to_their_readers() -> None:
    after = RemoveNodes(("r",)).apply(parse_text(CHAIN))
    assert after["y"].inputs == (TensorRef("m"),)
    assert "r" not in after


def test_a_chain_is_removed_whole_whatever_the_order() -> None:
    for names in (("m", "r"), ("r", "m")):
        after = RemoveNodes(names).apply(parse_text(CHAIN))
        assert after["y"].inputs == (TensorRef("x"),)
        assert "w" not in after, "only m needed w"
    kept = RemoveNodes(("m", "r"), dependencies=False).apply(parse_text(CHAIN))
    assert "w" in kept


def test_dependencies_somebody_else_needs_stay() -> None:
    after = RemoveNodes(("m",)).apply(parse_text(CHAIN + "z = Relu(w)"))
    assert "w" in after


def test_a_chosen_output_moves_to_the_input() -> None:
    after = RemoveNodes(("y",)).apply(parse_text(CHAIN + "outputs(y)"))
    assert after.outputs == (TensorRef("r"),)


def test_the_input_of_a_removed_last_node_is_the_output_now() -> None:
    after = RemoveNodes(("y",)).apply(parse_text(CHAIN))
    assert [node.name for node in after] == ["x", "w", "m", "r"]


def test_waiting_is_handed_on() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[2]}
        a = Relu(x)
        n = NoOp(^a)
        y = Relu(x, ^n)
        """
    )
    assert RemoveNodes(("n",)).apply(graph)["y"].controls == ("a",)


@pytest.mark.parametrize(
    ("text", "nodes", "where", "told"),
    [
        (CHAIN, ("x",), "x", "no input that m could read instead"),
        (CHAIN, ("nowhere",), "nowhere", "no such node"),
        (
            """
            axis = Const() {value=i32{0}}
            x = Placeholder() {shape=[4]}
            s = Split(axis, x) {num_split=2}
            y = Relu(s:1)
            """,
            ("s",),
            "s",
            "reads its output 1",
        ),
        ("c = Const() {value=f32{1}}\noutputs(c)", ("c",), "c", "chosen output"),
    ],
)
def test_what_cannot_be_removed_is_named(
    text: str, nodes: tuple[str, ...], where: str, told: str
) -> None:
    with pytest.raises(SurgeonError, match=told) as caught:
        RemoveNodes(nodes).apply(parse_text(text))
    assert caught.value.where == where
    assert caught.value.hint


def test_a_source_goes_with_its_readers() -> None:
    after = RemoveNodes(("y", "r", "m", "x")).apply(parse_text(CHAIN))
    assert len(after) == 0


def test_a_plugin_takes_a_nodes_place_with_suffixed_fields() -> None:
    edit = ReplaceNode(
        "r",
        "Mine_TRT",
        {"negSlope": 0.1, "mode": b"fast", "levels": (1, 2), "scales": (1.0, 2.0), "on": True},
    )
    node = edit.apply(parse_text(CHAIN))["r"]
    assert (node.op, node.inputs) == ("Mine_TRT", (TensorRef("m"),))
    assert dict(node.attrs) == {
        "negSlope_u_float": np.float32(0.1),
        "mode_u_str": b"fast",
        "levels_u_ilist": (1, 2),
        "scales_u_flist": (1.0, 2.0),
        "on_u_int": 1,
    }


def test_a_tensorflow_op_takes_dtypes_from_its_inputs() -> None:
    graph = parse_text(CHAIN.replace("shape=[2, 4]", "shape=[2, 4], dtype=f16"))
    node = ReplaceNode("r", "Elu").apply(graph)["r"]
    assert dict(node.attrs) == {"T": DType.FLOAT16}
    leaky = ReplaceNode("r", "LeakyRelu", {"alpha": 0.1}).apply(graph)["r"]
    assert leaky.attrs["alpha"] == np.float32(0.1)


def test_a_node_can_be_replaced_by_one_that_reads_nothing() -> None:
    edit = ReplaceNode("r", "Anchors_TRT", no_inputs=True)
    after = edit.apply(parse_text(CHAIN))
    assert after["r"].inputs == ()
    assert "m" not in after
    with pytest.raises(EditError, match="say that there are none"):
        ReplaceNode("r", "Anchors_TRT", inputs=("x",), no_inputs=True).apply(parse_text(CHAIN))


def test_replacing_drops_inputs_nobody_needs_any_more() -> None:
    after = ReplaceNode("m", "MyPlugin", inputs=("x",)).apply(parse_text(CHAIN))
    assert "w" not in after
    assert after["m"].inputs == (TensorRef("x"),)


def test_an_op_without_the_output_that_is_read_is_refused() -> None:
    graph = parse_text(
        """
        axis = Const() {value=i32{0}}
        x = Placeholder() {shape=[4]}
        s = Split(axis, x) {num_split=2}
        y = Relu(s:1)
        """
    )
    with pytest.raises(EditError, match="reads its output 1"):
        ReplaceNode("s", "Relu", inputs=("x",)).apply(graph)
    assert ReplaceNode("s", "MySplit", inputs=("x",)).apply(graph)["y"].inputs[0].port == 1


@pytest.mark.parametrize(
    "edit",
    [
        ReplaceNode("r", " "),
        ReplaceNode("r", "Relu", plugin="perhaps"),
        ReplaceNode("r", "Relu", inputs=("r",)),
        ReplaceNode("r", "Relu", inputs=("nowhere",)),
    ],
)
def test_a_wrong_replacement_is_refused(edit: ReplaceNode) -> None:
    with pytest.raises(SurgeonError):
        edit.apply(parse_text(CHAIN))


def test_plugin_can_be_said_where_tensorflow_has_an_op_of_that_name() -> None:
    node = ReplaceNode("r", "CropAndResize", {"crop_width": 7}, plugin="yes").apply(
        parse_text(CHAIN)
    )["r"]
    assert dict(node.attrs) == {"crop_width_u_int": 7}


def test_renaming_reaches_readers_controls_outputs_and_colocation() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[2]}
        a = Relu(x)
        b = Relu(a, ^a) {_class=["loc:@a"]}
        outputs(a)
        """
    )
    after = RenameNode("a", "new/a").apply(graph)
    assert after["b"].inputs == (TensorRef("new/a"),)
    assert after["b"].controls == ("new/a",)
    assert after["b"].attrs["_class"] == (b"loc:@new/a",)
    assert after.outputs == (TensorRef("new/a"),)
    assert [node.name for node in after] == ["x", "new/a", "b"]


def test_removing_drops_colocation_with_what_is_gone() -> None:
    graph = parse_text(CHAIN + 'z = Relu(x) {_class=["loc:@r"]}')
    assert "_class" not in RemoveNodes(("r",)).apply(graph)["z"].attrs


@pytest.mark.parametrize("name", ["", "a b", "/a", "a//b", "a/", "_a", "a:1"])
def test_names_tensorflow_would_refuse_are_refused(name: str) -> None:
    with pytest.raises(EditError, match="no name for a node"):
        RenameNode("r", name).apply(parse_text(CHAIN))


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(DuplicateName):
        RenameNode("r", "m").apply(parse_text(CHAIN))


def test_renaming_to_itself_changes_nothing() -> None:
    graph = parse_text(CHAIN)
    assert RenameNode("r", "r").apply(graph) is graph
    with pytest.raises(UnknownNode):
        RenameNode("q", "q").apply(graph)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alpha", 0.25),
        ("T", DType.FLOAT16),
        ("new", (1, 2)),
        ("note", b"x"),
        ("s", Shape.of(1, -1)),
    ],
)
def test_attributes_are_set_with_their_type(key: str, value: AttrValue) -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = LeakyRelu(x) {alpha=0.5, T=f32}")
    assert SetAttribute("y", key, value).apply(graph)["y"].attrs[key] == value


def test_a_whole_number_is_taken_for_a_float_attribute() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = LeakyRelu(x) {alpha=0.5}")
    value = SetAttribute("y", "alpha", 1).apply(graph)["y"].attrs["alpha"]
    assert value == 1.0
    assert isinstance(value, float)


def test_an_attribute_keeps_its_kind() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = LeakyRelu(x) {alpha=0.5}")
    with pytest.raises(EditError, match="alpha holds a number"):
        SetAttribute("y", "alpha", b"much").apply(graph)
    with pytest.raises(EditError, match="which attribute"):
        SetAttribute("y", "", 1).apply(graph)


def test_setting_what_is_there_changes_nothing() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = LeakyRelu(x) {alpha=0.5}")
    assert SetAttribute("y", "alpha", 0.5).apply(graph) is graph


def test_attributes_are_removed_or_the_known_ones_named() -> None:
    graph = parse_text("x = Placeholder() {shape=[2]}\ny = LeakyRelu(x) {alpha=0.5, T=f32}")
    assert "alpha" not in RemoveAttribute("y", "alpha").apply(graph)["y"].attrs
    with pytest.raises(EditError, match="no attribute beta") as caught:
        RemoveAttribute("y", "beta").apply(graph)
    assert caught.value.hint == "It has T, alpha."


def test_titles_name_what_is_done() -> None:
    assert RemoveNodes(("a",)).title == "Remove a"
    assert RemoveNodes(("a", "b")).title == "Remove a and b"
    assert RemoveNodes(("a", "b", "c")).title == "Remove 3 nodes"
    assert ReplaceNode("a", "Relu").title == "Replace a by Relu"
    assert RenameNode("a", "b").title == "Rename a to b"
    assert SetAttribute("a", "k", 1).title == "Set k of a"
    assert RemoveAttribute("a", "k").title == "Remove k of a"


def test_a_bypassed_node_is_read_through_the_input_chosen() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        a = Relu(x)
        b = Elu(x)
        m = Add(a, b)
        y = Sigmoid(m)
        """
    )
    assert BypassNode("m", 1).apply(graph) == parse_text(
        """
        x = Placeholder() {shape=[4]}
        b = Elu(x)
        y = Sigmoid(b)
        """
    )
    assert BypassNode("m").apply(graph)["y"].inputs == (TensorRef("a"),)
    assert BypassNode("m").title == "Bypass m"
    with pytest.raises(EditError, match="2 inputs"):
        BypassNode("m", 2).apply(graph)


def test_a_node_read_at_another_output_is_not_bypassed() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        flag = Placeholder() {shape=[], dtype=bool}
        s = Switch(x, flag)
        y = Relu(s:1)
        """
    )
    with pytest.raises(EditError, match="another of its outputs"):
        BypassNode("s").apply(graph)
