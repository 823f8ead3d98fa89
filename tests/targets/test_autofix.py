"""Auto-fix: the fewest rules that clear what a target refuses, and exactly what remains."""

from __future__ import annotations

import pytest

from surgeon_gui.edits.boundary import SetInput, SetOutputs
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Shape
from surgeon_gui.rewrite.library import bundled_sets
from surgeon_gui.targets import inspect
from surgeon_gui.targets.autofix import find_fix, untaken
from tests.helpers.shared import ROOT, shared_path

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "tf_pose_mobilenet_v2_small.pb": {"image": (1, 64, 64, 3)},
    "lstm_mnist_dropout_leftovers.pb": {"X": (1, 784), "keep_prob": ()},
}


def _model(name: str) -> Graph:
    if name == "boxes3d.pb":
        return open_graph(ROOT / "samples" / name)
    graph = open_graph(shared_path(f"models/{name}"))
    for node, dims in SHAPES.get(name, {}).items():
        graph = SetInput(node, Shape(dims)).apply(graph)
    return graph


@pytest.mark.parametrize("target", ["direct", "uff-8"])
@pytest.mark.parametrize(
    "name",
    ["boxes3d.pb", "mobilenet_v1_0.25_128_frozen.pb", "unet_semseg_person_08.pb", *SHAPES],
)
def test_everything_is_cleared_where_a_cure_exists(name: str, target: str) -> None:
    graph = _model(name)
    fix = find_fix(graph, target)
    assert fix.after == 0
    assert fix.remaining == ()
    after = fix.edit.apply(graph) if fix.rules else graph
    assert inspect(after, target).supported


def test_blocks_of_pixels_and_fills_of_known_size_are_cleared_for_uff() -> None:
    graph = open_graph(shared_path("models/bsrn_super_resolution.pb"))
    graph = SetInput("sr_input", Shape((1, 16, 16, 3))).apply(graph)
    fix = find_fix(graph, "uff-8")
    assert set(fix.rules) == {"depth-to-space-to-transposed-convolution", "fold-fill"}
    # Its 16 pictures are joined along the batch.
    assert [problem.node for problem in fix.remaining] == ["output"]
    one = SetOutputs(("generator/last_conv_15/conv2d/BiasAdd",)).apply(graph)
    assert find_fix(one, "uff-8").after == 0


def test_what_no_rule_cures_is_told_exactly() -> None:
    # From 5 x 5 to 9 x 9, which is no whole factor.
    graph = SetInput("image", Shape((1, 72, 72, 3))).apply(_model("tf_pose_mobilenet_v2_small.pb"))
    assert find_fix(graph, "direct").after == 0
    fix = find_fix(graph, "uff-8")
    assert fix.rules == ("batch-statistics-to-plugin",)
    assert [problem.op for problem in fix.remaining] == ["ResizeBilinear"]
    assert not fix.is_exact
    assert "1 of 40" in fix.words


def test_rules_that_are_not_needed_are_left_out() -> None:
    graph = _model("boxes3d.pb")
    fix = find_fix(graph, "uff-8")
    assert set(fix.rules) == {"remove-dropout", "explicit-reshape", "l2-normalize-decomposed"}
    for rule in fix.rules:
        fewer = find_fix(graph, "uff-8").edit
        rest = type(fewer)(tuple(name for name in fix.rules if name != rule)).apply(graph)
        assert untaken(inspect(rest, "uff-8")) > 0
    assert [step.rule for step in fix.steps] == list(fix.rules)
    assert all(step.changes for step in fix.steps)
    left = [fix.before, *(step.left for step in fix.steps)]
    assert left == sorted(left, reverse=True)
    assert left[-1] == fix.after == 0


def test_a_rule_that_only_opens_the_way_for_another_is_found() -> None:
    fix = find_fix(
        SetInput("data", Shape((1, 300, 300, 3))).apply(_model("opencv_face_detector_uint8.pb")),
        "uff-8",
    )
    assert fix.after == 0
    assert fix.rules[0] == "fold-dequantize"


def test_where_nothing_is_wrong_there_is_nothing_to_fix() -> None:
    fix = find_fix(parse_text("x = Placeholder() {shape=[1,4]}\ny = Relu(x)"), "direct")
    assert fix.rules == ()
    assert fix.words == "There is nothing to fix."


def test_where_nothing_helps_it_says_so() -> None:
    graph = parse_text("x = Placeholder() {shape=[1,4]}\ny = FrobnicateV7(x)")
    fix = find_fix(graph, "direct")
    assert (fix.rules, fix.before, fix.after) == ((), 1, 1)
    assert fix.words == "No rule helps."


def test_a_cancelled_search_gives_what_it_has() -> None:
    fix = find_fix(_model("boxes3d.pb"), "uff-8", cancelled=lambda: True)
    assert fix.rules == ()


@pytest.mark.parametrize("target", ["uff-5.1", "uff-8"])
def test_a_detector_is_cleared_by_its_rule_set(target: str) -> None:
    graph = _model("ssd_mobilenet_v1_0.125_256_person_cat_dog.pb")
    fix = find_fix(graph, target, outputs=deduce_outputs(graph))
    assert fix.rules[0] == "ssd-mobilenet-v1"
    assert fix.before > 100
    assert (fix.after, fix.remaining) == (0, ())
    assert fix.steps[0].summary == bundled_sets()["ssd-mobilenet-v1"].title
    assert fix.steps[0].changes > 1
    assert not fix.is_exact
    assert fix.words == "1 rule set: no problem left."
    after = fix.edit.apply(graph)
    assert inspect(after, target).supported
    assert "NMS_TRT" in {node.op for node in after}


def test_outputs_the_user_chose_are_not_given_up_for_those_of_a_rule_set() -> None:
    graph = _model("ssd_mobilenet_v1_0.125_256_person_cat_dog.pb")
    without = SetOutputs(("concat", "concat_1")).apply(graph)
    fix = find_fix(without, "uff-8")
    assert not set(fix.rules) & set(bundled_sets())
