"""What cannot be built though every op is known is refused, with what to do."""

from __future__ import annotations

import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.targets.base import Status, Verdict
from surgeon_gui.targets.inspect import inspect

DETECTOR = """
loc_0 = Placeholder() {shape=[1, 12, 4]}
loc_1 = Placeholder() {shape=[1, 16, 4]}
conf_0 = Placeholder() {shape=[1, 12, 5]}
conf_1 = Placeholder() {shape=[1, 16, 5]}
any = Const() {value=f32[2]{1, 1}}
anchors = GridAnchor_TRT(any) {numLayers_u_int=2, minSize_u_float=0.2, maxSize_u_float=0.9,
    aspectRatios_u_flist=[1.0, 2.0, 0.5], variance_u_flist=[0.1, 0.1, 0.2, 0.2],
    featureMapShapes_u_ilist=[2, 2]}
axis = Const() {value=i32{2}}
priors = ConcatV2(anchors, axis) {N=1}
loc = FlattenConcat_TRT(loc_0, loc_1) {axis_u_int=1, ignoreBatch_u_int=0}
conf = FlattenConcat_TRT(conf_0, conf_1) {axis_u_int=1, ignoreBatch_u_int=0}
nms = NMS_TRT(loc, conf, priors) {shareLocation_u_int=1, varianceEncodedInTarget_u_int=0,
    backgroundLabelId_u_int=0, confidenceThreshold_u_float=0.1, nmsThreshold_u_float=0.6,
    topK_u_int=10, keepTopK_u_int=10, numClasses_u_int=5, inputOrder_u_ilist=[0, 1, 2],
    confSigmoid_u_int=1, isNormalized_u_int=1}
"""


def _graph(text: str) -> Graph:
    return parse_text(text.replace(",\n    ", ", "))


def _verdict(text: str, node: str, target: str = "uff-8") -> Verdict:
    return inspect(_graph(text), target).verdicts[node]


@pytest.mark.parametrize("target", ["uff-5.1", "uff-8", "trt-8.6", "onnx-trt-8.6"])
def test_a_detector_whose_parts_fit_is_taken(target: str) -> None:
    report = inspect(_graph(DETECTOR), target)
    for node in ("anchors", "nms"):
        assert report.verdicts[node].status in (Status.TAKES, Status.CAVEAT, Status.VANISHES)


@pytest.mark.parametrize(
    ("old", "new", "node", "reason", "remedy"),
    [
        (
            "numClasses_u_int=5",
            "numClasses_u_int=91",
            "nms",
            "28 anchors of 91 classes have 2548 scores, but it reads 140.",
            "included, to 5.",
        ),
        (
            "featureMapShapes_u_ilist=[2, 2]",
            "featureMapShapes_u_ilist=[3, 2]",
            "nms",
            "43 anchors have 172 corners of boxes, but it reads 112.",
            "Set featureMapShapes",
        ),
        (
            "inputOrder_u_ilist=[0, 1, 2]",
            "inputOrder_u_ilist=[1, 0, 2]",
            "nms",
            "reads 140.",
            "inputOrder",
        ),
        ("(loc, conf, priors)", "(loc, conf)", "nms", "reads two tensors", "Give it"),
        ("(loc, conf, priors)", "(loc, conf, priors, any)", "nms", "4 tensors", "Remove what is"),
        ("numLayers_u_int=2", "numLayers_u_int=6", "anchors", "numLayers is 6", "1 for each"),
        ("TRT(any)", "TRT()", "anchors", "index < current_size", "any constant"),
    ],
)
def test_a_detector_whose_parts_do_not_fit_is_refused(
    old: str, new: str, node: str, reason: str, remedy: str
) -> None:
    verdict = _verdict(DETECTOR.replace(old, new), node)
    assert verdict.status is Status.REFUSES
    assert reason in verdict.reason
    assert remedy in (verdict.remedy or "")


def test_a_detector_of_a_graphsurgeon_script_states_its_axis_as_an_attribute() -> None:
    text = DETECTOR.replace("ConcatV2(anchors, axis) {N=1}", "ConcatV2(anchors) {N=1, axis=2}")
    report = inspect(_graph(text), "uff-8")
    assert report.verdicts["priors"].status is Status.TAKES
    assert report.supported
    wrong = inspect(_graph(text.replace("numClasses_u_int=5", "numClasses_u_int=6")), "uff-8")
    assert wrong.verdicts["nms"].status is Status.REFUSES


def test_only_nvidias_uff_parser_needs_anchors_to_read_something() -> None:
    text = DETECTOR.replace("TRT(any)", "TRT()")
    assert _verdict(text, "anchors", "trt-8.6").status is not Status.REFUSES


def test_the_direct_route_checks_plugins_too() -> None:
    text = DETECTOR.replace("numClasses_u_int=5", "numClasses_u_int=4")
    verdict = _verdict(text, "nms", "trt-8.6")
    assert verdict.status is Status.REFUSES
    assert "included, to 5." in (verdict.remedy or "")


LEAKY = "x = Placeholder() {shape=[1, 4, 4, 3]}\ny = LReLU_TRT(x) {negSlope_u_float=0.1}"


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (LEAKY, Status.CAVEAT, "It is TensorRT's plugin"),
        (LEAKY.replace("negSlope", "negslope"), Status.CAVEAT, "has no field negslope"),
        (LEAKY.replace("TRT(x)", "TRT()"), Status.REFUSES, "reads input; this node reads nothing"),
        (
            "x = Placeholder() {shape=[1, 4, 4, 3]}\ny = ResizeNearest_TRT(x)",
            Status.CAVEAT,
            "No value is given for scale",
        ),
    ],
)
def test_inputs_and_fields_are_held_against_the_description(
    text: str, status: Status, reason: str
) -> None:
    verdict = _verdict(text, "y")
    assert verdict.status is status
    assert reason in verdict.reason


RESHAPE = """
x = Placeholder() {shape=[1, 4, 4, 3]}
to = Const() {value=i32[2]{1, 48}}
y = Reshape(x, to)
z = Relu(y)
"""


@pytest.mark.parametrize("target", ["uff-8", "onnx-trt-10", "tftrt-2.x", "direct"])
@pytest.mark.parametrize(
    ("target_shape", "fits"),
    [("1, 48", True), ("1, -1", True), ("1, 50", False), ("5, -1", False), ("1, 0", False)],
)
def test_elements_that_do_not_fit_are_refused(target: str, target_shape: str, fits: bool) -> None:
    verdict = _verdict(RESHAPE.replace("1, 48", target_shape), "y", target)
    if fits:
        assert "cannot be reshaped" not in verdict.reason
    else:
        assert verdict.status is Status.REFUSES
        assert "cannot be reshaped to" in verdict.reason
