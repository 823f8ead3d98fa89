"""Pitfalls: each is found where it is and not where it is not; none makes noise."""

from __future__ import annotations

import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets
from surgeon_gui.targets import Status, catalogue, inspect
from surgeon_gui.targets.checks.context import Context
from surgeon_gui.targets.groups import group_problems
from surgeon_gui.targets.pitfalls import Pitfall, pitfalls
from tests.helpers.shared import ROOT, shared_path

HEAD = """
x = Placeholder() {dtype=f32, shape=[1,6,6,4]}
v = Placeholder() {dtype=f32, shape=[2,4]}
w = Const() {value=f32[3,3,4,4]{0.5}}
d = Const() {value=f32[4,5]{0.5}}
f = Const() {value=f32[144,5]{0.5}}
g = Const() {value=f32[4]{1,1,1,1}}
one = Const() {value=f32{1}}
half = Const() {value=f32{0.5}}
i0 = Const() {value=i32[1]{0}}
i1 = Const() {value=i32[1]{1}}
i4 = Const() {value=i32[1]{4}}
hw = Const() {value=i32[2]{1,2}}
flat = Const() {value=i32[2]{1,144}}
zero4 = Const() {value=i32[4]{0,0,0,0}}
one4 = Const() {value=i32[4]{1,1,1,1}}
all4 = Const() {value=i32[4]{1,6,6,4}}
pads = Const() {value=i32[4,2]{0,0,1,1,1,1,0,0}}
nchw = Const() {value=i32[4]{0,3,1,2}}
k5 = Const() {value=i32{5}}
k5000 = Const() {value=i32{5000}}
"""
CONV = 'Conv2D(x, w) {strides=[1,%d,%d,1], padding="SAME"}'
BN = "(x, g, g, g, g) {is_training=%s, epsilon=0.001, data_format=%s}"
SHAPES = """
s = Shape(x)
b = StridedSlice(s, i0, i1, i1) {shrink_axis_mask=1}
rest = Const() {value=i32{-1}}
p = Pack(b, rest) {axis=0}
"""
SOFTMAX = """
s1 = Sub(x, x)
s2 = Pack(s1)
s3 = Slice(s2)
s4 = ConcatV2(s3)
s5 = Reshape(s4)
n = Softmax(s5)
s6 = Reshape(n)
"""
INSTANCE = """
mean = Mean(x, hw) {keep_dims=true}
sd = SquaredDifference(x, mean)
var = Mean(sd, hw) {keep_dims=true}
safe = Add(var, half)
r = Rsqrt(safe)
m = Mul(r, g)
m1 = Mul(x, m)
m2 = Mul(mean, m)
sub = Sub(g, m2)
"""
L2 = """
q = Square(v)
t = Sum(q, i1) {keep_dims=true}
e = Maximum(t, half)
r = Rsqrt(e)
"""
CASES: dict[str, tuple[str, str]] = {
    "flatten_ambiguous": (f"{SHAPES}\nn = Reshape(x, p)", "n = Reshape(x, flat)"),
    "reshape_multi_minus_one": (
        "p = Const() {value=i32[3]{-1,-1,4}}\nn = Reshape(x, p)",
        "n = Reshape(x, flat)",
    ),
    "reshape_breaks_batch": (
        "p = Const() {value=i32[2]{36,4}}\nn = Reshape(x, p)",
        "n = Reshape(x, flat)",
    ),
    "nhwc_flatten_order": (
        "r = Relu(x)\np = Reshape(r, flat)\nn = MatMul(p, f)",
        "n = MatMul(v, d)",
    ),
    "explicit_layout_transpose": ("n = Transpose(x, nchw)", "y = Relu(x)\nn = Transpose(y, nchw)"),
    "bn_training": (
        "n = FusedBatchNorm" + BN % ("true", '"NHWC"'),
        "n = FusedBatchNorm" + BN % ("false", '"NHWC"'),
    ),
    "bn_v2_v3": (
        "n = FusedBatchNormV3" + BN % ("false", '"NHWC"'),
        "n = FusedBatchNorm" + BN % ("false", '"NHWC"'),
    ),
    "bn_nhwc_tftrt": (
        "n = FusedBatchNorm" + BN % ("false", '"NHWC"'),
        "n = FusedBatchNorm" + BN % ("false", '"NCHW"'),
    ),
    "training_switch_merge": ("n = Switch(x, one)", "n = Relu(x)"),
    "learning_phase_placeholder": (
        "n = Placeholder() {dtype=bool, shape=[]}",
        "n = Placeholder() {dtype=f32, shape=[]}",
    ),
    "dropout_nodes": ("n = RandomUniform(i1)", "n = Relu(x)"),
    "unknown_batch": (
        "n = Placeholder() {dtype=f32, shape=[?,4]}",
        "n = Placeholder() {dtype=f32, shape=[1,4]}",
    ),
    "unknown_spatial": (
        "n = Placeholder() {dtype=f32, shape=[1,?]}",
        "n = Placeholder() {dtype=f32, shape=[?,4]}",
    ),
    "asymmetric_same": (f"n = {CONV % (2, 2)}", f"n = {CONV % (1, 1)}"),
    "pad_not_before_conv": (
        "n = Pad(x, pads)\ny = Relu(n)",
        'n = Pad(x, pads)\ny = MaxPool(n) {ksize=[1,2,2,1], strides=[1,2,2,1], padding="VALID"}',
    ),
    "mirror_pad": ("n = MirrorPad(x, pads)", "n = Pad(x, pads)"),
    "dtype_int64": ("n = Cast(x) {DstT=i64}", "n = Cast(x) {DstT=i32}"),
    "dtype_uint8": (
        "n = Placeholder() {dtype=u8, shape=[1,4]}",
        "n = Placeholder() {dtype=f32, shape=[1,4]}",
    ),
    "dtype_string": (
        "n = Placeholder() {dtype=string, shape=[1]}",
        "n = Placeholder() {dtype=f32, shape=[1]}",
    ),
    "identity_leftovers": ("n = StopGradient(x)", "n = Relu(x)"),
    "assert_noop": ("n = NoOp()", "n = Relu(x)"),
    "control_inputs": ("n = Relu(x, ^one)", "n = Relu(x)"),
    "secondary_outputs": ("t = Split(i1, x) {num_split=2}\nn = Relu(t:1)", "n = Relu(x)"),
    "resize_bilinear": ("n = ResizeBilinear(x, hw)", "n = Relu(x)"),
    "resize_nearest": ("n = ResizeNearestNeighbor(x, hw)", "n = Relu(x)"),
    "slice_uff": ("n = Slice(x, zero4, all4)", "n = Relu(x)"),
    "strided_slice_masks": (
        "n = StridedSlice(x, zero4, all4, one4) {new_axis_mask=1}",
        "n = StridedSlice(x, zero4, all4, one4)",
    ),
    "slice_batch": (
        "n = StridedSlice(x, i0, i1, i1) {shrink_axis_mask=1}",
        "n = StridedSlice(x, zero4, all4, one4)",
    ),
    "cast": ("n = Cast(x) {DstT=i32}", "n = Relu(x)"),
    "shape_chain": (f"{SHAPES}\nn = Reshape(x, p)", "n = Reshape(x, flat)"),
    "nms": ("n = NonMaxSuppressionV3(v, g, k5, half, half)", "n = Relu(x)"),
    "where_dynamic": ("n = Where(x)", "n = Relu(x)"),
    "while_loops": ("n = Enter(x)", "n = Relu(x)"),
    "l2_normalize": (f"{L2}\nn = Mul(v, r)", f"{L2}\nn = Mul(one, r)"),
    "leaky_relu": ("m = Mul(x, half)\nn = Maximum(m, x)", "m = Mul(x, half)\nn = Maximum(m, one)"),
    "relu6": ("n = Relu6(x)", "n = Relu(x)"),
    "softmax_axis": ("n = Softmax(x)", "n = Softmax(v)"),
    "softmax_reshape_chain": (SOFTMAX, "n = Softmax(v)"),
    "depthwise_multiplier": (
        "k = Const() {value=f32[3,3,4,2]{1}}\nn = DepthwiseConv2dNative(x, k)",
        "k = Const() {value=f32[3,3,4,1]{1}}\nn = DepthwiseConv2dNative(x, k)",
    ),
    "depthwise_filter_not_const": ("y = Relu(v)\nn = MatMul(v, y)", "n = MatMul(v, d)"),
    "dilated_conv": (
        "s = SpaceToBatchND(x, hw, pads)\nc = Conv2D(s, w)\nn = BatchToSpaceND(c, hw, pads)",
        "n = BatchToSpaceND(x, hw, pads)",
    ),
    "min_max_const": ("n = Maximum(x, one)", "n = Maximum(x, x)"),
    "mean_spatial": ("n = Mean(x, hw)", "n = Mean(x, i1)"),
    "reduce_batch": ("n = Sum(x, i0)", "n = Sum(x, i1)"),
    "batch_matmul": ("n = BatchMatMul(x, x)", "n = MatMul(v, d)"),
    "matmul_two_tensors": ("y = Relu(v)\nn = MatMul(v, y)", "n = MatMul(v, d)"),
    "scale_rank": ("n = Add(v, one)", "n = Add(x, one)"),
    "duplicated_constants": (
        "same = Const() {value=f32[2]{3,4}}\nn = Const() {value=f32[2]{3,4}}",
        "n = Const() {value=f32[2]{5,4}}",
    ),
    "int64_scalar_const": ("", "n = Const() {value=f32{7}}"),
    "concat_batch": ("n = ConcatV2(x, x, i0)", "n = ConcatV2(x, x, i1)"),
    "concat_axis_not_const": ("y = Relu(i1)\nn = ConcatV2(x, x, y)", "n = ConcatV2(x, x, i1)"),
    "transpose_batch": (
        "p = Const() {value=i32[4]{1,0,2,3}}\nn = Transpose(x, p)",
        "n = Transpose(x, nchw)",
    ),
    "tile": ("n = Tile(x, one4)", "n = Relu(x)"),
    "add_v2": ("n = AddV2(x, one)", "n = Add(x, one)"),
    "pow_uff": ("n = Pow(x, one)", "n = Relu(x)"),
    "neg_50": ("n = Neg(x)", "n = Relu(x)"),
    "ssd_preprocessor": (
        "Postprocessor/a = Relu(x)\nPreprocessor/n = Relu(x)",
        "Preprocessor/n = Relu(x)",
    ),
    "ssd_anchor": ("GridAnchorGenerator/n = Relu(x)", "n = Relu(x)"),
    "ssd_post": ("Postprocessor/n = Relu(x)", "n = Relu(x)"),
    "ssd_concat": (
        "Postprocessor/a = Relu(x)\nconcat_1 = ConcatV2(x, x, i1)",
        "concat_1 = ConcatV2(x, x, i1)",
    ),
    "mrcnn_namespaces": ("roi_align_mask/n = Relu(x)", "n = Relu(x)"),
    "timedistributed": (
        "a = Const() {value=i32[3]{6,6,4}}\nb4 = Const() {value=i32[4]{1,6,6,4}}\n"
        "td/r = Reshape(x, a)\ntd/y = Relu(td/r)\ntd/n = Reshape(td/y, b4)",
        "n = Reshape(x, flat)",
    ),
    "faster_rcnn": ("n = CropAndResize(x, v, g, hw)", "n = Relu(x)"),
    "topk_k": ("n = TopKV2(v, k5000)", "n = TopKV2(v, k5)"),
    "variables": ("n = VariableV2()", "n = Relu(x)"),
    "sequence_ops_onnx": ("n = TensorListStack(x, one)", "n = Relu(x)"),
    "cubic_resize_onnx": ("n = ResizeBicubic(x, hw)", "n = Relu(x)"),
    "argmax_uff": ("n = ArgMax(x, i1)", "n = Relu(x)"),
    "decomposed_norm": (f"{INSTANCE}\nn = Add(m1, sub)", f"{INSTANCE}\nn = Add(x, sub)"),
}
NOT_IN_A_GRAPH = {
    "input_order_mismatch",
    "unregistered_placeholder",
    "plugins_not_initialised",
    "uff_removed",
    "tftrt_removed",
    "small_segment",
}
READ_FROM_A_FILE_ONLY = {"int64_scalar_const"}
BY_ID = {pitfall.id: pitfall for pitfall in pitfalls()}


def _fires(pitfall: Pitfall, graph: Graph) -> bool:
    types = infer_types(graph)
    head = {node.name for node in parse_text(HEAD)}
    return any(
        pitfall.fires(Context(graph, node, types)) for node in graph if node.name not in head
    )


def test_every_pitfall_is_tried_or_cannot_show_in_a_graph() -> None:
    assert len(BY_ID) == 75
    assert set(CASES) | NOT_IN_A_GRAPH == set(BY_ID)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_pitfall_is_found_where_it_is_and_only_there(name: str) -> None:
    there, not_there = CASES[name]
    if name not in READ_FROM_A_FILE_ONLY:
        assert _fires(BY_ID[name], parse_text(HEAD + there))
    assert not _fires(BY_ID[name], parse_text(HEAD + not_there))


@pytest.mark.parametrize("pitfall", pitfalls(), ids=lambda pitfall: pitfall.id)
def test_a_pitfall_has_words_a_source_and_rules_that_exist(pitfall: Pitfall) -> None:
    assert pitfall.reason.endswith((".", ")"))
    assert pitfall.remedy
    assert pitfall.source
    assert pitfall.rule in {None, *bundled_rules(), *bundled_sets()}
    if "the rule set " in pitfall.remedy:
        named = pitfall.remedy.split("the rule set ")[1].split(" ")[0].strip(".,:")
        assert named in bundled_sets()


def test_every_pitfall_concerns_a_target_that_exists_or_one_that_ended() -> None:
    ids = [target.id for target in catalogue()]
    for pitfall in pitfalls():
        assert any(map(pitfall.concerns, ids)) or pitfall.id == "uff_removed"


def test_what_concerns_the_graph_is_said_once() -> None:
    graph = parse_text(
        "x = Placeholder() {dtype=f32, shape=[1,4]}\n"
        + "\n".join(f"c{i} = Cast(x) {{DstT=i64}}" for i in range(5))
    )
    report = inspect(graph, "tftrt-1.14")
    told = [problem for problem in report.problems if not problem.node]
    assert len(told) == 1
    assert "int64" in told[0].reason
    assert told[0].at == told[0].nodes == ("c0", "c1", "c2", "c3", "c4")


def test_a_silent_pitfall_is_a_warning_on_a_node_that_is_taken() -> None:
    graph = parse_text(HEAD + "r = Relu(x)\np = Reshape(r, flat)\nn = MatMul(p, f)")
    verdict = inspect(graph, "uff-8").verdicts["n"]
    assert verdict.status is Status.CAVEAT
    assert "C,H,W" in verdict.reason
    assert verdict.remedy
    assert inspect(graph, "direct").verdicts["n"].status is Status.TAKES


def test_a_pitfall_adds_advice_to_a_refusal_that_has_none() -> None:
    graph = parse_text(HEAD + "two = Const() {value=i32{2}}\nk = TopKV2(x, two)\nn = Neg(k:1)")
    verdict = inspect(graph, "uff-8").verdicts["n"]
    assert verdict.status is Status.REFUSES
    assert verdict.remedy


@pytest.mark.parametrize("target", ["direct", "trt-8.6", "tftrt-2.x", "onnx-trt-10"])
def test_a_clean_classifier_draws_no_noise(target: str) -> None:
    graph = open_graph(shared_path("models/cifar_small.pb"))
    report = inspect(graph, target)
    assert report.supported
    assert report.problems == ()


def test_what_a_rule_set_cures_whole_is_told_before_the_single_errors() -> None:
    report = inspect(open_graph(ROOT / "samples" / "detector.pb"), "uff-8")
    groups = group_problems(report)
    whole = [group for group in groups if group.rule in bundled_sets()]
    assert groups[: len(whole)] == tuple(whole)
    assert {group.rule for group in whole} == {"ssd-mobilenet-v1"}
    assert groups[len(whole)].severity == "error"
