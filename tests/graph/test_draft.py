"""Draft: the only way to change a graph, and what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.errors import DanglingInput, DuplicateName, GraphError, UnknownNode
from surgeon_gui.graph.draft import Delta, Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef, near_names
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import float32
from tests.graph.strategies import graphs
from tests.helpers.shared import data_path

CHAIN = """
    x = Placeholder()
    a = Relu(x)
    b = Add(a, x, ^a)
    c = Identity(b, ^a)
    outputs(b)
"""


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph]


def test_an_unchanged_draft_gives_the_very_same_graph() -> None:
    graph = parse_text(CHAIN)
    draft = Draft(graph)
    draft.change("a", op="Relu")
    draft.rename({"a": "a"})
    assert draft.commit() is graph


def test_an_uncommitted_draft_changes_nothing() -> None:
    graph = parse_text(CHAIN)
    before = print_text(graph)
    Draft(graph).change("a", op="Tanh")
    assert print_text(graph) == before


def test_rewiring_moves_data_edges_and_outputs() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.rewire(TensorRef("b"), TensorRef("a"))
    graph = draft.commit()
    assert graph["c"].inputs == (TensorRef("a"),)
    assert graph.outputs == (TensorRef("a"),)


def test_rewiring_some_consumers_leaves_the_others_and_the_outputs() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.rewire(TensorRef("x"), TensorRef("a"), only=["b"])
    graph = draft.commit()
    assert graph["b"].inputs == (TensorRef("a"), TensorRef("a"))
    assert graph["a"].inputs == (TensorRef("x"),)


def test_removing_what_is_read_is_refused_until_the_reader_is_rewired() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.remove("a")
    with pytest.raises(DanglingInput) as caught:
        draft.commit()
    assert caught.value.where == "b"
    draft.rewire(TensorRef("a"), TensorRef("x"))
    draft.redirect_controls("a", ["x"])
    graph = draft.commit()
    assert names(graph) == ["x", "b", "c"]
    assert graph["b"].controls == ("x",)


def test_removing_a_chosen_output_is_refused() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.rewire(TensorRef("b"), TensorRef("a"), only=["c"])
    draft.remove("b")
    with pytest.raises(GraphError, match="output"):
        draft.commit()
    draft.set_outputs(None)
    assert "b" not in draft.commit()


def test_inputs_that_led_nowhere_before_may_stay() -> None:
    draft = Draft(parse_text("a = Relu(missing, ^gone)\nb = Relu(a)"))
    draft.change("b", op="Tanh")
    graph = draft.commit()
    assert graph["b"].op == "Tanh"
    assert [(node.name, name) for node, name in graph.dangling()] == [
        ("a", "missing"),
        ("a", "gone"),
    ]
    draft = Draft(graph)
    draft.change("b", inputs=(TensorRef("missing"),))
    with pytest.raises(DanglingInput):
        draft.commit()


def test_names_stay_unique() -> None:
    draft = Draft(parse_text(CHAIN))
    with pytest.raises(DuplicateName):
        draft.add(Node("a", "NoOp"))
    with pytest.raises(DuplicateName):
        draft.rename({"a": "b"})
    with pytest.raises(DuplicateName):
        draft.rename({"a": "n", "b": "n"})
    with pytest.raises(UnknownNode):
        draft.rename({"nope": "n"})
    assert draft.unique_name("a") == "a_1"
    draft.add(Node("a_1", "NoOp"))
    assert draft.unique_name("a") == "a_2"
    assert draft.unique_name("fresh") == "fresh"


def test_renaming_swaps_names_everywhere_at_once() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.rename({"a": "b", "b": "a"})
    graph = draft.commit()
    assert names(graph) == ["x", "b", "a", "c"]
    assert graph["a"].inputs == (TensorRef("b"), TensorRef("x"))
    assert graph["a"].controls == ("b",)
    assert graph["c"].inputs == (TensorRef("a"),)
    assert graph.outputs == (TensorRef("a"),)
    assert [node.name for node in draft.consumers("b")] == ["a", "c"]


def test_added_nodes_stand_before_their_anchor_even_if_it_goes() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.add(Node("new", "Tanh", [TensorRef("x")]), before="a")
    draft.add(Node("newer", "Tanh", [TensorRef("x")]), before="new")
    draft.rewire(TensorRef("a"), TensorRef("new"))
    draft.redirect_controls("a", [])
    draft.remove("a")
    draft.add(Node("last", "NoOp"))
    draft.rename({"newer": "first"})
    graph = draft.commit()
    assert names(graph) == ["x", "first", "new", "b", "c", "last"]


def test_attributes_are_set_rounded_and_removed() -> None:
    draft = Draft(parse_text(CHAIN))
    draft.set_attr("a", "alpha", 0.1)
    draft.set_attr("a", "list", (0.1, 0.2))
    draft.set_attr("a", "T", None)
    graph = draft.commit()
    assert graph["a"].attrs == {"alpha": float32(0.1), "list": (float32(0.1), float32(0.2))}


def test_attribute_kinds_are_told_apart() -> None:
    graph = parse_text("a = Op() {k=1, f=0.0, n=nan}")
    for value in (True, 1.0, (1,)):
        draft = Draft(graph)
        draft.set_attr("a", "k", value)
        assert type(draft.commit()["a"].attrs["k"]) is type(value)
        assert Delta.between(graph, draft.commit()).changed == ("a",)
    draft = Draft(graph)
    draft.set_attr("a", "f", -0.0)
    assert str(draft.commit()["a"].attrs["f"]) == "-0.0"
    draft = Draft(graph)
    draft.set_attr("a", "n", float("nan"))
    draft.set_attr("a", "k", 1)
    assert draft.commit() is graph


def test_unchanged_nodes_are_shared() -> None:
    graph = open_graph(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    draft = Draft(graph)
    draft.change(graph.nodes[-1].name, device="/cpu:0")
    after = draft.commit()
    assert all(mine is theirs for mine, theirs in zip(graph.nodes[:-1], after, strict=False))
    assert Delta.between(graph, after) == Delta(changed=(graph.nodes[-1].name,))
    assert not Delta.between(graph, graph)


def test_nodes_and_graphs_are_frozen() -> None:
    graph: Any = parse_text(CHAIN)
    with pytest.raises(AttributeError, match="frozen"):
        graph["a"].op = "Tanh"
    with pytest.raises(AttributeError):
        graph.nodes = ()
    with pytest.raises(TypeError):
        graph["a"].attrs["T"] = 1


def test_an_unknown_name_offers_the_nearest() -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    with pytest.raises(UnknownNode) as caught:
        graph["Outptu"]
    assert "Output" in str(caught.value.hint)
    graph = open_graph(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    wanted = "MobilenetV1/MobilenetV1/Conv2d_0/Relu6"
    for wrong in ("MobilenetV1/MobilenetV1/Conv2d_0/Relu7", "MobilenetV2/Conv2d_0/Relu6"):
        assert near_names(wrong, [node.name for node in graph])[0] == wanted
    assert near_names("weights/raed", [node.name for node in graph])[0].endswith("weights/read")
    assert near_names("nothing_like_it", [node.name for node in graph]) == []


def test_near_names_are_found_in_a_large_graph() -> None:
    known = [f"network/stage_{i}/block_{i % 7}/BatchNorm/mul_{i % 900}" for i in range(100_000)]
    assert near_names("network/stage_5/block_5/BatchNorm/mul_5x", known)[0] == known[5]


@given(graph=graphs(dangling=False), data=st.data())
@settings(max_examples=100)
def test_whatever_is_done_a_committed_graph_is_whole(graph: Graph, data: st.DataObject) -> None:
    draft = Draft(graph)
    for _ in range(data.draw(st.integers(1, 6))):
        here = draft.names()
        if not here:
            break
        name = data.draw(st.sampled_from(here))
        other = data.draw(st.sampled_from(here))
        match data.draw(st.integers(0, 5)):
            case 0:
                draft.remove(name)
            case 1:
                draft.rewire(TensorRef(name), TensorRef(other, 1))
            case 2:
                draft.rename({name: draft.unique_name("renamed")})
            case 3:
                fresh = draft.unique_name("fresh")
                draft.add(Node(fresh, "Relu", [TensorRef(other)]), before=name)
            case 4:
                draft.redirect_controls(name, [other])
            case _:
                draft.set_attr(name, "k", 1)
    expected = {reader: set[str]() for reader in draft.names()}
    for reader in draft.names():
        node = draft[reader]
        for source in {*(ref.node for ref in node.inputs), *node.controls}:
            expected.setdefault(source, set()).add(reader)
    for source in draft.names():
        assert {node.name for node in draft.consumers(source)} == expected[source]
    try:
        after = draft.commit()
    except GraphError:
        return
    assert not after.dangling()
    assert len({node.name for node in after}) == len(after)
    assert set(names(after)) == set(draft.names())
    assert all(ref.node in after for ref in after.outputs or ())
    kept = [node.name for node in after if node.name in graph]
    assert kept == [name for name in names(graph) if name in after]
