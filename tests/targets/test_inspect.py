from __future__ import annotations

import pytest

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets import Status, catalogue, find_target, inspect
from surgeon_gui.targets.plugins import plugin_available
from tests.helpers.shared import ROOT

UFF_TARGETS = ["uff-5.0", "uff-5.1", "uff-6", "uff-7.0", "uff-7.1plus", "uff-8"]


def _relu_like(op: str, attrs: str = "") -> Graph:
    return parse_text(f"x = Placeholder() {{dtype=f32, shape=[1,4,4,3]}}\ny = {op}(x) {{{attrs}}}")


def test_every_target_says_what_it_is() -> None:
    ids = [target.id for target in catalogue()]
    assert ids[0] == "direct"
    assert set(UFF_TARGETS) <= set(ids)
    assert len(set(ids)) == len(ids)
    assert all(target.title and target.summary for target in catalogue())


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        find_target("trt-99")
    assert "direct" in (caught.value.hint or "")


@pytest.mark.parametrize("target", ["direct", *UFF_TARGETS])
def test_a_plain_graph_is_taken_everywhere(target: str) -> None:
    report = inspect(_relu_like("Relu"), target)
    assert report.supported
    assert report.problems == ()
    assert set(report.verdicts) == {"x", "y"}


@pytest.mark.parametrize("target", ["direct", *UFF_TARGETS])
def test_an_op_nobody_knows_is_refused_with_its_name(target: str) -> None:
    report = inspect(_relu_like("FrobnicateV7"), target)
    assert not report.supported
    (problem,) = report.problems
    assert problem.node == "y"
    assert problem.severity == "error"
    assert "FrobnicateV7" in problem.reason


def test_leaky_relu_is_cured_by_a_rule_until_uff_learnt_it() -> None:
    graph = _relu_like("LeakyRelu", "alpha=0.1")
    before = inspect(graph, "uff-5.1").verdicts["y"]
    assert (before.status, before.rule) == (Status.CURED, "leaky-relu-to-plugin")
    assert inspect(graph, "uff-8").verdicts["y"].status is Status.TAKES
    assert inspect(graph, "direct").verdicts["y"].status is Status.TAKES


@pytest.mark.parametrize("target", ["direct", "uff-8"])
def test_no_rule_is_said_to_know_an_inputs_size(target: str) -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[1, ?, ?, 3], dtype=u8}
        c = Cast(x) {SrcT=u8, DstT=f32}
        y = Relu(c)
        """
    )
    verdict = inspect(graph, target).verdicts["x"]
    assert verdict.status is Status.REFUSES
    assert verdict.rule is None
    assert "--shape" in (verdict.remedy or "")


def test_what_the_table_does_not_know_is_shown_as_unknown_never_as_fine() -> None:
    report = inspect(_relu_like("LeakyRelu", "alpha=0.1"), "uff-6")
    assert report.verdicts["y"].status in (Status.UNKNOWN, Status.CURED, Status.REFUSES)


def test_nodes_no_output_needs_vanish() -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[1,3]}\ny = Relu(x)\nz = FrobnicateV7(x)"
    )
    report = inspect(graph, "direct", outputs=[TensorRef("y")])
    assert report.supported
    assert report.verdicts["z"].status is Status.VANISHES


def test_a_plugin_is_judged_by_the_tensorrt_that_ships_it() -> None:
    assert plugin_available("LReLU_TRT", "5.0") is True
    assert plugin_available("LReLU_TRT", "11.x") is False
    assert plugin_available("NoSuch_TRT", "8.6") is None
    report = inspect(_relu_like("LReLU_TRT"), "uff-5.1")
    assert report.supported
    assert report.verdicts["y"].status is Status.CAVEAT


def test_the_summary_counts_what_converts_what_rules_cure_and_what_needs_the_user() -> None:
    graph = open_graph(ROOT / "samples" / "boxes3d.pb")
    report = inspect(graph, "uff-5.1")
    counts = report.counts
    assert sum(counts.values()) == len(graph)
    assert len(report.rules) == 4
    assert f"{counts[Status.CURED]} more after four rules" in report.summary
    assert f"{counts[Status.VANISHES]} vanish" in report.summary
    errors = [problem for problem in report.problems if problem.severity == "error"]
    assert len(errors) == counts[Status.CURED] + counts[Status.REFUSES]
    assert report.problems[: len(errors)] == tuple(errors)


@pytest.mark.parametrize(
    ("target", "status"),
    [("trt-8.6", Status.CAVEAT), ("trt-10", Status.CAVEAT), ("trt-11", Status.REFUSES)],
)
def test_a_plugin_that_stays_one_needs_a_tensorrt_that_ships_it(
    target: str, status: Status
) -> None:
    graph = parse_text(
        """
        l = Placeholder() {shape=[1, 40], dtype=f32}
        c = Placeholder() {shape=[1, 30], dtype=f32}
        p = Placeholder() {shape=[1, 2, 40, 1], dtype=f32}
        d = NMS_TRT(l, c, p) {keepTopK_u_int=5}
        outputs(d)
        """
    )
    verdict = inspect(graph, target).verdicts["d"]
    assert verdict.status is status
    assert "NMSDynamic_TRT" in verdict.reason
    refused = inspect(graph, "rtx-1").verdicts["d"]
    assert refused.status is Status.REFUSES
    assert refused.remedy


SPLIT = """
x = Placeholder() {{dtype=f32, shape=[?,4,4,6]}}
axis = Const() {{value=i32{{{axis}}}}}
sizes = Const() {{value=i32[2]{{2, 4}}}}
s = {split}
a = Tanh(s)
b = Sigmoid(s:1)
"""


@pytest.mark.parametrize(
    "split",
    ["Split(axis, x) {num_split=2}", "SplitV(x, sizes, axis) {num_split=2}", "Unpack(x) {num=4}"],
)
def test_further_outputs_the_uff_export_cuts_out_are_taken(split: str) -> None:
    split = split.replace("num=4", "num=4, axis=2")
    graph = parse_text(SPLIT.format(split=split, axis=3))
    report = inspect(graph, "uff-5.1")
    assert report.supported
    assert report.verdicts["b"].status is Status.TAKES
    assert "Export without --strict" in (report.verdicts["s"].remedy or "")


@pytest.mark.parametrize(
    "split",
    ["Split(axis, x) {num_split=2}", "SplitV(x, sizes, axis) {num_split=2}", "Unpack(x) {num=2}"],
)
def test_a_cut_along_the_batch_is_refused_by_uff(split: str) -> None:
    split = split.replace("num=2", "num=2, axis=0")
    graph = parse_text(SPLIT.format(split=split, axis=0).replace("?,4,4,6", "6,4,4,6"))
    verdict = inspect(graph, "uff-8").verdicts["s"]
    assert verdict.status is Status.REFUSES
    assert "along the batch" in verdict.reason


def test_a_further_output_of_another_op_is_refused_by_uff() -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[?,8]}\nk = Const() {value=i32{2}}\n"
        "t = TopKV2(x, k)\ny = Relu(t)\nz = Sigmoid(t:1)"
    )
    assert inspect(graph, "uff-8").verdicts["z"].status is Status.REFUSES


LOOK_UP = """
words = Const() {{value=f32[7,3]{{0.5}}}}
x = Placeholder() {{dtype={dtype}, shape=[?,4]}}
first = Const() {{value=i32{{0}}}}
last = Const() {{value=i32{{1}}}}
y = {gather}
"""


@pytest.mark.parametrize("gather", ["Gather(words, x)", "GatherV2(words, x, first)"])
def test_a_look_up_in_weights_is_taken_by_uff(gather: str) -> None:
    report = inspect(parse_text(LOOK_UP.format(dtype="i32", gather=gather)), "uff-8")
    assert report.supported


@pytest.mark.parametrize(
    ("gather", "status"),
    [
        ("Gather(x, last)", Status.REFUSES),
        ("GatherV2(x, last, first)", Status.REFUSES),
        ("GatherV2(x, last, last)", Status.TAKES),
    ],
)
def test_gathering_along_the_batch_is_refused_by_uff(gather: str, status: Status) -> None:
    verdict = inspect(parse_text(LOOK_UP.format(dtype="f32", gather=gather)), "uff-8").verdicts["y"]
    assert verdict.status is status
    assert (verdict.status is Status.REFUSES) == ("along the batch" in verdict.reason)


@pytest.mark.parametrize("target", ["tftrt-1.14", "tftrt-2.x"])
@pytest.mark.parametrize("op", ["LReLU_TRT", "OurOwn_TRT", "Proposal"])
def test_a_plugin_cannot_stay_in_tensorflow(target: str, op: str) -> None:
    report = inspect(_relu_like(op), target)
    assert not report.supported
    (problem,) = [each for each in report.problems if each.severity == "error"]
    assert "TensorFlow, which runs the graph" in problem.reason


def test_what_tensorflow_has_stays_there() -> None:
    assert inspect(_relu_like("Lgamma"), "tftrt-2.x").supported
    assert inspect(_relu_like("OurTensorFlowOp"), "tftrt-2.x").supported


DANGLING = """
x = Placeholder() {dtype=f32, shape=[1,4]}
a = Relu(x)
b = Add(a, gone)
y = Mul(b, a)
"""


@pytest.mark.parametrize("target", ["direct", "uff-5.1", "uff-8", "onnx-trt-8.6", "tftrt-2.x"])
def test_an_input_that_does_not_exist_is_an_error_everywhere(target: str) -> None:
    report = inspect(parse_text(DANGLING), target)
    assert not report.supported
    (problem,) = [each for each in report.problems if each.severity == "error"]
    assert problem.node == "b"
    assert "gone" in problem.reason
    assert "not exist" in problem.reason
    assert report.verdicts["b"].status is Status.REFUSES
    assert "1 needs you" in report.summary


@pytest.mark.parametrize("target", ["onnx-trt-10", "tftrt-1.14"])
def test_waiting_for_what_does_not_exist_keeps_tensorflow_from_loading(target: str) -> None:
    graph = parse_text("x = Placeholder() {dtype=f32, shape=[1,4]}\ny = Sigmoid(x, ^lost)")
    report = inspect(graph, target)
    assert not report.supported
    assert "lost" in report.verdicts["y"].reason
