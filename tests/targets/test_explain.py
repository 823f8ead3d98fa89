"""Messages of TensorRT and its parsers become nodes, reasons and cures."""

from __future__ import annotations

import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets.explain import explain, log_text
from surgeon_gui.targets.pitfalls import pitfalls
from surgeon_gui.targets.plugins import facts
from tests.helpers.shared import ROOT


@pytest.fixture(scope="module")
def boxes() -> Graph:
    return open_graph(ROOT / "samples" / "boxes3d.pb")


def test_an_unsupported_operation_names_its_node_its_reason_and_a_rule() -> None:
    graph = parse_text(
        "x = Placeholder() {shape=[1,4,4,2]}\ns = Const() {value=f32[2]{1,2}}\n"
        'net/bn = FusedBatchNormV3(x, s, s, s, s) {epsilon=0.001, data_format="NHWC", '
        "is_training=false}"
    )
    log = "[TensorRT] ERROR: UffParser: Validator error: net/bn: Unsupported operation _%s"
    (finding,) = explain(log % "FusedBatchNormV3", graph)
    assert finding.nodes == ("net/bn",)
    assert "FusedBatchNorm" in finding.reason
    assert finding.rule == "fused-batch-norm-to-v1"
    assert not finding.message.startswith("[TensorRT]")


def test_without_a_named_node_all_nodes_of_the_op_are_meant(boxes: Graph) -> None:
    (finding,) = explain("Unsupported operation _LeakyRelu", boxes)
    assert {boxes[name].op for name in finding.nodes} == {"LeakyRelu"}
    assert finding.rule == "leaky-relu-to-plugin"


def test_a_consequence_is_told_after_its_cause(boxes: Graph) -> None:
    log = (
        "[TRT] ERROR: Network must have at least one output\n"
        "AttributeError: 'NoneType' object has no attribute 'serialize'\n"
        "[TRT] ERROR: UFFParser: Parser error: orientation/reshape/Reshape: "
        "Reshape: -1 dimension specified more than 1 time\n"
    )
    found = explain(log, boxes)
    assert [finding.is_cause for finding in found] == [True, False, False]
    assert found[0].nodes == ("orientation/reshape/Reshape",)
    assert found[0].rule == "explicit-reshape"


@pytest.mark.parametrize(
    ("assertion", "of", "remedy"),
    [
        ("numPriors * param.numClasses == inputDims[1].d[0]", "scores", "numClasses"),
        ("numPriors * numLocClasses * 4 == inputDims[0].d[0]", "boxes", "inputOrder"),
    ],
)
def test_a_detectors_assertion_says_which_field_is_wrong(
    assertion: str, of: str, remedy: str
) -> None:
    graph = parse_text("b = Placeholder() {shape=[1, 4]}\nnms = NMS_TRT(b, b, b)")
    (finding,) = explain(f"nmsPlugin.cpp:139: Assertion `{assertion}' failed.", graph)
    assert finding.nodes == ("nms",)
    assert of in finding.reason
    assert remedy in (finding.remedy or "")


def test_equal_messages_are_told_once_with_their_number(boxes: Graph) -> None:
    (finding,) = explain("Invalid scale mode, nbWeights: 32\n" * 3, boxes)
    assert finding.count == 3
    assert finding.nodes == ("input_1",)


def test_noise_is_passed_over(boxes: Graph) -> None:
    log = (
        "[01/02/2023-10:00:00] [V] [TRT] Unsupported operation _Foo\n"
        "catchCudaError CUDA driver version is insufficient\n\n"
        "Some line that says nothing.\n"
    )
    assert explain(log, boxes) == ()


def test_a_name_that_is_missing_leads_to_its_readers_and_to_near_names() -> None:
    graph = parse_text("x = Placeholder() {shape=[1]}\nnet/relu = Relu(gone)\ny = Relu(net/relu)")
    (finding,) = explain("KeyError: 'gone'", graph)
    assert finding.nodes == ("net/relu",)
    (finding,) = explain("AssertionError: net/relv was not found in the graph", graph)
    assert "net/relu" in (finding.remedy or "")


def test_ops_tf_trt_leaves_out_are_found_by_name(boxes: Graph) -> None:
    log = "There are 5 ops of 2 different types in the graph that are not converted to TensorRT: "
    (finding,) = explain(f"{log}LeakyRelu, Softmax, (For more information see …)", boxes)
    assert {boxes[name].op for name in finding.nodes} == {"LeakyRelu", "Softmax"}


def test_without_a_graph_the_message_is_explained_still() -> None:
    (finding,) = explain("Unsupported operation _Cast")
    assert finding.nodes == ()
    assert finding.reason
    assert finding.remedy


@pytest.mark.parametrize(
    "message", sorted({text for pitfall in pitfalls() for text in pitfall.messages})
)
def test_every_message_of_the_pitfalls_is_explained(message: str, boxes: Graph) -> None:
    (finding,) = explain(f"ERROR: {message}", boxes)
    assert finding.reason
    assert finding.remedy


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ERROR: Network must have at least one output", "outputs"),
        ("[TRT] (Unnamed Layer* 3): could not find plugin FooBar version 1", "plugin"),
        ("trtexec: Error Code 4: no optimization profile has been defined", "profile"),
        ("Could not find any implementation for node conv1", "kernel"),
        ("[TRT] INTERNAL: has no runners that implement it", "RTX"),
        ("Serialization assertion magicTagRead == kPLAN_MAGIC_TAG failed", "version"),
        ("engine plan file is generated on an incompatible device", "GPU"),
        ("CUDA driver version is insufficient for CUDA runtime version", "driver"),
        ("DecodeError: Truncated message", "SavedModel"),
        ("CHECK failed: (index) < (current_size_)", "input"),
        ("nmsPlugin.cpp,89: nbInputDims == 3' failed", "order"),
        ("In node 3 (parseGraph): UNSUPPORTED_NODE: No importer registered for op: Foo", "Foo"),
        ("Op type not registered 'LReLU_TRT' in binary", "plugin"),
    ],
)
def test_what_people_paste_is_understood(line: str, word: str) -> None:
    (finding,) = explain(line)
    assert word.lower() in f"{finding.reason} {finding.remedy}".lower()


def test_the_messages_name_their_sources() -> None:
    assert all(entry["source"] for entry in facts("messages")["messages"])


RESIZE = """
x = Placeholder() {dtype=f32, shape=[1,2,2,1]}
shape = Shape(x)
one = Const() {value=i32[1]{1}}
three = Const() {value=i32[1]{3}}
step = Const() {value=i32[1]{1}}
size = StridedSlice(shape, one, three, step)
up = ResizeBilinear(x, size) {align_corners=true, half_pixel_centers=false}
"""


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (
            "ERROR: UffParser: Validator error: up: Unsupported operation _ResizeBilinear",
            "resize-bilinear-to-transposed-convolution",
        ),
        (
            "tensorflow/compiler/tf2tensorrt/convert/convert_nodes.cc: There are 1 ops of 1 "
            "different types in the graph that are not converted to TensorRT: ResizeBilinear",
            "explicit-operands",
        ),
    ],
)
def test_the_rule_offered_is_one_for_the_logs_route(line: str, rule: str) -> None:
    (finding,) = explain(line, parse_text(RESIZE))
    assert finding.nodes == ("up",)
    assert finding.rule == rule


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_log_of_windows_shell_is_read(encoding: str) -> None:
    text = "[E] Error[4]: Network must have at least one output\r\n"
    assert log_text(text.encode(encoding)) == text
    assert log_text(b"\xff\xfeU") != ""


def test_what_the_surgery_lost_is_cured_by_no_rule() -> None:
    graph = parse_text(
        "image_tensor = Placeholder() {dtype=u8, shape=[1,4]}\n"
        "f = Cast(image_tensor) {SrcT=u8, DstT=f32}\ny = Relu(f)"
    )
    (finding,) = explain("KeyError: 'image_tensor'", graph)
    assert finding.nodes == ("image_tensor", "f")
    assert finding.rule is None


def test_a_plain_word_of_a_message_is_no_node() -> None:
    graph = parse_text("Const = Const() {value=f32{1}}\ny = Relu(Const)")
    (finding,) = explain(
        "UffException: Const node conversion requested, but node is not Const", graph
    )
    assert finding.reason
    assert finding.nodes == ()
