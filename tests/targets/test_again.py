"""Inspecting again after an edit tells exactly what inspecting afresh would."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.generate import generate_graph
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.update import update_types
from surgeon_gui.graph.values import Shape
from surgeon_gui.targets import Status, SupportReport, inspect
from surgeon_gui.targets.again import Inspector, inspect_again
from tests.helpers.shared import ROOT, data_path, shared_path

TARGETS = ["direct", "trt-8.6", "uff-8", "tftrt-1.14", "onnx-trt-10"]


def _told(report: SupportReport) -> tuple[object, ...]:
    return report.verdicts, report.problems, report.supported


def _replace_activation(draft: Draft, chance: random.Random) -> None:
    names = [node.name for node in draft.commit() if node.op in ("Relu", "Relu6", "Elu", "Tanh")]
    name = chance.choice(names)
    draft.change(name, op=chance.choice(["Tanh", "FrobnicateV7", "LeakyRelu", "Relu"]))


def _insert(draft: Draft, chance: random.Random) -> None:
    graph = draft.commit()
    node = chance.choice([node for node in graph if node.op in ("Relu", "BiasAdd", "Conv2D")])
    op = chance.choice(["Identity", "Neg", "Abs"])
    made = Node(draft.unique_name("made"), op, node.inputs[:1])
    draft.add(made, before=node.name)
    draft.change(node.name, inputs=(TensorRef(made.name), *node.inputs[1:]))


def _bypass(draft: Draft, chance: random.Random) -> None:
    graph = draft.commit()
    node = chance.choice([node for node in graph if node.op in ("Relu", "Relu6", "Identity")])
    draft.rewire(TensorRef(node.name), node.inputs[0])


EDITS: list[Callable[[Draft, random.Random], None]] = [_replace_activation, _insert, _bypass]


def _graph(name: str) -> Graph:
    if name == "generated":
        return generate_graph(600, 3)
    if name == "boxes3d.pb":
        return open_graph(ROOT / "samples" / name)
    return open_graph(data_path(name))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["generated", "boxes3d.pb", "mobilenet_v1_0.25_128_frozen.pb"])
def test_after_any_edit_the_report_is_what_a_fresh_one_is(name: str, target: str) -> None:
    chance = random.Random(f"{name} {target}")
    graph = _graph(name)
    outputs = tuple(deduce_outputs(graph))
    inspector = Inspector()
    inspector.inspect(graph, target, outputs=outputs)
    for _ in range(6):
        draft = Draft(graph)
        chance.choice(EDITS)(draft, chance)
        graph = draft.commit()
        again = inspector.inspect(graph, target, outputs=outputs)
        assert _told(again) == _told(inspect(graph, target, outputs=outputs))


@pytest.mark.parametrize("target", ["direct", "uff-8"])
def test_a_training_graph_that_is_judged_whole_is_told_as_a_fresh_one_is(target: str) -> None:
    chance = random.Random(target)
    graph = open_graph(shared_path("models/graph_only/pixel_link_train_5348_nodes.pbtxt"))
    inspector = Inspector()
    inspector.inspect(graph, target)
    for edit in EDITS:
        draft = Draft(graph)
        edit(draft, chance)
        graph = draft.commit()
        assert _told(inspector.inspect(graph, target)) == _told(inspect(graph, target))


@pytest.mark.parametrize("target", ["direct", "onnx-trt-10"])
def test_an_edit_beside_loops_and_dead_branches_is_judged_locally(target: str) -> None:
    graph = open_graph(shared_path("models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb"))
    inspector = Inspector()
    inspector.inspect(graph, target)
    relus = [node.name for node in graph if node.op == "Relu6"]
    for name in (relus[10], relus[20]):
        draft = Draft(graph)
        draft.change(name, op="Elu")
        graph = draft.commit()
        again = inspector.inspect(graph, target)
        assert inspector.was_local
        assert _told(again) == _told(inspect(graph, target))


@pytest.mark.parametrize("target", TARGETS)
def test_a_small_edit_of_a_large_graph_is_judged_locally(target: str) -> None:
    graph = generate_graph(3000, 1)
    inspector = Inspector()
    inspector.inspect(graph, target)
    assert not inspector.was_local
    names = [node.name for node in graph if node.op == "Relu"]
    relu = names[3 * len(names) // 4]
    draft = Draft(graph)
    draft.change(relu, op="Erf")
    report = inspector.inspect(draft.commit(), target)
    assert inspector.was_local
    if target == "uff-8":
        assert report.verdicts[relu].status is Status.REFUSES
    assert _told(report) == _told(inspect(draft.commit(), target))


def test_other_outputs_shapes_or_targets_are_judged_afresh() -> None:
    graph = generate_graph(600, 1)
    inspector = Inspector()
    inspector.inspect(graph, "direct")
    inspector.inspect(graph, "uff-8")
    assert not inspector.was_local
    inspector.inspect(graph, "direct", outputs=[TensorRef(graph.nodes[0].name)])
    assert not inspector.was_local
    inspector.inspect(graph, "direct", shapes={"input": Shape((1, 16, 16, 8))})
    assert not inspector.was_local


def test_types_after_an_edit_are_those_of_a_fresh_inference() -> None:
    graph = parse_text(
        "x = Placeholder() {shape=[1,4,4,2]}\nw = Const() {value=f32[3,3,2,5]{0.5}}\n"
        'y = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}\nz = Relu(y)\ns = Shape(z)'
    )
    types = infer_types(graph)
    draft = Draft(graph)
    draft.set_attr("y", "padding", b"VALID")
    after = draft.commit()
    again, stale = update_types(types, after)
    fresh = infer_types(after)
    assert stale == {"y", "z", "s"}
    for node in after:
        assert again.outputs(node.name) == fresh.outputs(node.name)
    value, wanted = again.value(TensorRef("s")), fresh.value(TensorRef("s"))
    assert value is not None
    assert wanted is not None
    assert value.tolist() == wanted.tolist()


def test_only_what_an_edit_changes_is_told_beside_a_dead_branch() -> None:
    graph = parse_text(
        "x = Placeholder() {shape=[1,4,4,2]}\nno = Const() {value=bool[]{false}}\n"
        "s = Switch(x, no)\nnever = Relu(s:1)\nm = Merge(s, never)\n"
        "a = Relu(m)\nb = Neg(a)\nc = Abs(x)"
    )
    types = infer_types(graph)
    assert types.dead
    draft = Draft(graph)
    draft.change("b", op="Shape")
    after = draft.commit()
    again, stale = update_types(types, after)
    assert stale == {"b"}
    assert again.type(TensorRef("b")) == infer_types(after).type(TensorRef("b"))


def test_a_graph_read_anew_counts_as_the_one_before_where_it_is_equal() -> None:
    graph = generate_graph(3000, 2)
    inspect_again(graph, "direct")
    draft = Draft(graph)
    names = [node.name for node in graph if node.op == "Relu"]
    draft.change(names[3 * len(names) // 4], op="Erf")
    anew = graph_from_graphdef(graphdef_from_graph(draft.commit()))
    assert anew.nodes[0] is not graph.nodes[0]
    assert _told(inspect_again(anew, "direct")) == _told(inspect(anew, "direct"))


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_graph_read_anew_is_told_the_same(target: str) -> None:
    graph = _graph("boxes3d.pb")
    first = inspect_again(graph, target)
    anew = graph_from_graphdef(graphdef_from_graph(graph))
    assert _told(inspect_again(anew, target)) == _told(first)


@pytest.mark.parametrize("target", TARGETS)
def test_an_edit_of_what_no_output_needs_changes_nothing_else(target: str) -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[1,4]}\ny = Relu(x)\nz = Relu(x)\nz2 = Relu(z)"
    )
    inspector = Inspector()
    inspector.inspect(graph, target, outputs=[TensorRef("y")])
    draft = Draft(graph)
    draft.change("z2", op="Elu")
    changed = draft.commit()
    again = inspector.inspect(changed, target, outputs=[TensorRef("y")])
    assert _told(again) == _told(inspect(changed, target, outputs=[TensorRef("y")]))


CIRCLE = "x = Placeholder() {dtype=f32, shape=[1,4]}\na = Add(x, b)\nb = Relu(a)"


@pytest.mark.parametrize("target", ["direct", "uff-8", "onnx-trt-10", "tftrt-2.x"])
def test_a_graph_that_waits_for_itself_is_a_problem_to_see(target: str) -> None:
    inspector = Inspector()
    straight = parse_text(CIRCLE.replace("Add(x, b)", "Add(x, x)"))
    before = inspector.inspect(straight, target)
    for report in (
        inspector.inspect(parse_text(CIRCLE), target),
        inspect(parse_text(CIRCLE), target),
    ):
        assert not report.supported
        (problem,) = report.problems
        assert "depends on itself" in problem.reason
        assert report.verdicts[problem.node].status is Status.REFUSES
        assert report.verdicts["x"].status is Status.UNKNOWN
    assert inspector.inspect(straight, target).verdicts == before.verdicts
