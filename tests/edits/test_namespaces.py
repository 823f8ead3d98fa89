from __future__ import annotations

import pytest

from surgeon_gui.edits.namespaces import Collapse, RenameNamespace, Ungroup, boundary
from surgeon_gui.errors import DuplicateName, EditError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.text import parse_text

GRAPH = """
x = Placeholder() {shape=[4]}
w = Const() {value=f32[4]{1}}
go = NoOp()
ns/k = Const() {value=f32[4]{3}}
ns/a = Mul(x, w)
ns/b = Add(ns/a, ns/k, ^go)
ns/in/c = Sub(w, ns/b)
nsx = Relu(x)
y = Relu(ns/in/c)
z = Add(ns/a, nsx, ^ns/b)
"""


def test_the_boundary_lists_inputs_in_reading_order_and_outputs_in_node_order() -> None:
    found = boundary(parse_text(GRAPH), ["ns/in/c", "ns/b", "ns/a", "ns/k"])
    assert found.names == ("ns/k", "ns/a", "ns/b", "ns/in/c")
    assert [(str(c.ref), c.readers) for c in found.inputs] == [
        ("x", ("ns/a",)),
        ("w", ("ns/a", "ns/in/c")),
    ]
    assert [(str(c.ref), c.readers) for c in found.outputs] == [
        ("ns/a", ("z",)),
        ("ns/in/c", ("y",)),
    ]
    assert found.controls == ("go",)
    assert found.waiting == ("z",)


def test_a_namespace_collapses_into_one_plugin() -> None:
    after = Collapse("My_TRT", namespace="ns", attributes={"depth": 3}).apply(parse_text(GRAPH))
    expected = parse_text(
        """
        x = Placeholder() {shape=[4]}
        w = Const() {value=f32[4]{1}}
        go = NoOp()
        ns = My_TRT(x, w, ^go) {depth_u_int=3}
        nsx = Relu(x)
        y = Relu(ns:1)
        z = Add(ns, nsx, ^ns)
        """
    )
    assert after == expected


def test_a_selection_collapses_under_a_given_name_with_given_inputs() -> None:
    edit = Collapse("My_TRT", nodes=("ns/a",), name="mine", inputs=("w", "x"))
    after = edit.apply(parse_text(GRAPH))
    assert after["mine"].inputs == (TensorRef("w"), TensorRef("x"))
    assert after["ns/b"].inputs[0] == TensorRef("mine")
    assert "ns/a" not in after


def test_inputs_left_out_go_when_nobody_else_needs_them() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        w = Const() {value=f32[4]{1}}
        ns/a = Mul(x, w)
        y = Relu(ns/a)
        """
    )
    after = Collapse("My_TRT", namespace="ns", inputs=("x",)).apply(graph)
    assert [node.name for node in after] == ["x", "ns", "y"]


def test_the_new_node_may_take_a_collapsed_nodes_name() -> None:
    graph = parse_text("a = Placeholder() {shape=[4]}\nb = Relu(a)\nc = Relu(b)")
    after = Collapse("My_TRT", nodes=("b", "c"), name="b").apply(graph)
    assert [(node.name, node.op) for node in after] == [("a", "Placeholder"), ("b", "My_TRT")]


def test_chosen_outputs_move_to_the_new_nodes_ports() -> None:
    graph = parse_text(GRAPH + "outputs(y, ns/b)")
    after = Collapse("My_TRT", namespace="ns").apply(graph)
    assert after.outputs == (TensorRef("y"), TensorRef("ns", 1))
    assert after["y"].inputs == (TensorRef("ns", 2),)


def test_a_collapsed_graph_stays_in_order() -> None:
    after = Collapse("My_TRT", namespace="ns").apply(parse_text(GRAPH))
    assert topological_order(after) == tuple(node.name for node in after)


def test_what_would_make_a_circle_is_refused_and_the_way_out_named() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        a = Relu(x)
        between = Relu(a)
        b = Add(a, between)
        """
    )
    with pytest.raises(EditError, match="would wait for itself") as caught:
        Collapse("My_TRT", nodes=("a", "b")).apply(graph)
    assert caught.value.where == "between"
    assert caught.value.hint == "Collapse between as well."
    assert len(Collapse("My_TRT", nodes=("a", "between", "b")).apply(graph)) == 2


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Collapse("My_TRT"), "either a namespace or nodes"),
        (Collapse("My_TRT", namespace="ns", nodes=("x",)), "either a namespace or nodes"),
        (Collapse("My_TRT", namespace="nowhere"), "No node lies"),
        (Collapse("My_TRT", namespace="/"), "No node lies"),
        (Collapse("My_TRT", namespace="ns", name="x"), "taken by a node that stays"),
        (Collapse("My_TRT", namespace="ns", name="a b"), "no name for a node"),
        (Collapse("My_TRT", namespace="ns", inputs=("ns/a",)), "would be collapsed into it"),
        (Collapse("", namespace="ns"), "which operation"),
        (Collapse("Relu", namespace="ns"), "2 of its tensors are read outside"),
    ],
)
def test_what_cannot_be_collapsed_is_refused(edit: Collapse, told: str) -> None:
    with pytest.raises(EditError, match=told):
        edit.apply(parse_text(GRAPH))


def test_a_namespace_is_renamed_with_all_below_and_nothing_beside() -> None:
    after = RenameNamespace("ns", "head/part").apply(parse_text(GRAPH))
    names = [node.name for node in after]
    assert names[3:8] == ["head/part/k", "head/part/a", "head/part/b", "head/part/in/c", "nsx"]
    assert after["z"].controls == ("head/part/b",)


def test_a_namespace_renamed_onto_others_is_refused() -> None:
    graph = parse_text("a/x = Placeholder() {shape=[4]}\nb/x = Placeholder() {shape=[4]}")
    with pytest.raises(DuplicateName):
        RenameNamespace("a", "b").apply(graph)


def test_titles_name_what_is_done() -> None:
    assert Collapse("P", namespace="ns").title == "Collapse ns into P"
    assert Collapse("P", nodes=("a", "b", "c")).title == "Collapse 3 nodes into P"
    assert RenameNamespace("a", "b").title == "Rename a to b"


def test_nodes_and_namespaces_collapse_together() -> None:
    after = Collapse("My_TRT", nodes=("ns/in", "nsx", "ns/a"), name="both").apply(
        parse_text(GRAPH.replace("^ns/b", "^x").replace("Sub(w, ns/b)", "Sub(w, ns/a)"))
    )
    assert "nsx" not in after
    assert "ns/in/c" not in after
    assert after["ns/b"].inputs[0].node == "both"


def test_ungrouping_moves_members_outwards_under_free_names() -> None:
    graph = parse_text(
        """
        a/b/x = Placeholder() {shape=[4]}
        a/y = Relu(a/b/x)
        a/b/y = Relu(a/y)
        a/b/c/z = Relu(a/b/y)
        """
    )
    after = Ungroup("a/b").apply(graph)
    assert [node.name for node in after] == ["a/x", "a/y", "a/y_1", "a/c/z"]
    top = Ungroup("a").apply(graph)
    assert [node.name for node in top] == ["b/x", "y", "b/y", "b/c/z"]
    with pytest.raises(EditError, match="a node, not a namespace"):
        Ungroup("a/y").apply(graph)
    assert Ungroup("a").title == "Ungroup a"


def test_a_node_may_read_nothing_and_be_read_as_a_whole() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        axis = Const() {value=i32{0}}
        ns/a = Relu(x)
        ns/b = Neg(x)
        ns/c = Abs(x)
        join = ConcatV2(ns/a, ns/b, ns/c, axis)
        y = Neg(ns/b)
        outputs(join, y, ns/c)
        """
    )
    after = Collapse("My_TRT", namespace="ns", no_inputs=True, whole=True).apply(graph)
    assert after == parse_text(
        """
        axis = Const() {value=i32{0}}
        ns = My_TRT()
        join = ConcatV2(ns, axis) {T=f32, N=1}
        y = Neg(ns) {T=f32}
        outputs(join, y, ns)
        """
    )
    with pytest.raises(EditError, match="Give inputs or say"):
        Collapse("My_TRT", namespace="ns", inputs=("x",), no_inputs=True).apply(graph)


def test_a_node_marked_with_a_question_mark_may_be_absent() -> None:
    graph = parse_text(GRAPH)
    after = Collapse("My_TRT", nodes=("ns?", "Cast?", "nsx?"), name="both").apply(graph)
    assert "nsx" not in after
    with pytest.raises(EditError, match="None of these nodes"):
        Collapse("My_TRT", nodes=("Cast?",)).apply(graph)
    with pytest.raises(EditError, match="No node lies"):
        Collapse("My_TRT", nodes=("nsx", "Cast")).apply(graph)


def test_a_collapsed_node_can_leave_inputs_out() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[4]}
        meta/info = Placeholder() {shape=[4]}
        a/sum = Add(x, meta/info)
        y = Relu(a/sum)
        """
    )
    after = Collapse("My_TRT", "a", without=("meta",)).apply(graph)
    assert after["a"].inputs == (TensorRef("x"),)
    assert "meta/info" not in after
