"""The rule sets for published detectors, on small graphs with those detectors' names."""

from __future__ import annotations

import json

import pytest

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.attributes import plugin_field
from surgeon_gui.rewrite.library import find_rule_set
from surgeon_gui.targets.inspect import inspect
from tests.helpers.shared import shared_path

CONV = '{strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC", dilations=[1, 1, 1, 1]}'

STEP = CONV.replace("strides=[1, 1, 1, 1]", "strides=[1, STEP, STEP, 1]")


def _predicted(layer: int, source: str, anchors: int) -> str:
    """The boxes and the scores of four classes on one feature map."""
    at = f"BoxPredictor_{layer}"
    return f"""
{at}/w = Const() {{value=f32[1, 1, 4, {4 * anchors}]{{0.1}}}}
{at}/conv = Conv2D({source}, {at}/w) {CONV}
{at}/to = Const() {{value=i32[3]{{1, -1, 4}}}}
{at}/boxes = Reshape({at}/conv, {at}/to)
{at}/scores = Reshape({at}/conv, {at}/to)
"""


SSD = f"""
image_tensor = Placeholder() {{dtype=u8, shape=[1, ?, ?, 3]}}
Cast = Cast(image_tensor) {{SrcT=u8, DstT=f32, Truncate=false}}
Preprocessor/size = Const() {{value=i32[2]{{240, 240}}}}
Preprocessor/resize = ResizeBilinear(Cast, Preprocessor/size)
Preprocessor/half = Const() {{value=f32{{0.00784314}}}}
Preprocessor/mul = Mul(Preprocessor/resize, Preprocessor/half)
w = Const() {{value=f32[1, 1, 3, 4]{{0.1}}}}
FeatureExtractor/conv = Conv2D(Preprocessor/mul, w) {STEP.replace("STEP", "24")}
relu = Relu6(FeatureExtractor/conv)
check = Assert(ok, relu)
ok = Const() {{value=bool{{true}}}}
i = Identity(relu, ^check)
v = Const() {{value=f32[1, 1, 4, 4]{{0.1}}}}
half = Conv2D(i, v) {STEP.replace("STEP", "2")}
{_predicted(0, "i", 3)}{_predicted(1, "half", 6)}
concat/axis = Const() {{value=i32{{1}}}}
concat = ConcatV2(BoxPredictor_0/boxes, BoxPredictor_1/boxes, concat/axis) {{N=2}}
concat_1/axis = Const() {{value=i32{{1}}}}
concat_1 = ConcatV2(BoxPredictor_0/scores, BoxPredictor_1/scores, concat_1/axis) {{N=2}}
shape = Shape(relu)
MultipleGridAnchorGenerator/a = Cast(shape) {{SrcT=i32, DstT=f32, Truncate=false}}
MultipleGridAnchorGenerator/b = Relu(MultipleGridAnchorGenerator/a)
JOIN/axis = Const() {{value=i32{{0}}}}
JOIN = ConcatV2(MultipleGridAnchorGenerator/a, MultipleGridAnchorGenerator/b, JOIN/axis) {{N=2}}
Postprocessor/boxes = Shape(concat)
Postprocessor/scores = Shape(concat_1)
Postprocessor/anchors = Add(JOIN, JOIN)
Postprocessor/sum = Add(Postprocessor/boxes, Postprocessor/scores)
Postprocessor/kept = Cast(Postprocessor/sum) {{SrcT=i32, DstT=f32, Truncate=false}}
add = Add(Postprocessor/kept, Postprocessor/kept)
detection_boxes = Identity(add)
detection_scores = Identity(Postprocessor/anchors)
"""

JOINS = {
    "ssd-mobilenet-v1": "MultipleGridAnchorGenerator/Concatenate/concat",
    "ssd-inception-v2": "MultipleGridAnchorGenerator/Concatenate/concat",
    "ssd-mobilenet-v2": "Concatenate/concat",
}


@pytest.mark.parametrize("name", JOINS)
def test_a_single_shot_detector_gets_its_plugins(name: str) -> None:
    graph = parse_text(SSD.replace("JOIN", JOINS[name]))
    after = ApplyRules((name,)).apply(graph)
    plugins = [node.op for node in after if node.op.endswith("_TRT")]
    assert plugins == ["FlattenConcat_TRT", "FlattenConcat_TRT", "GridAnchor_TRT", "NMS_TRT"]
    assert [node.name for node in after if node.op == "Placeholder"] == ["Input"]
    assert str(after["Input"].attrs["shape"]) == "[1,240,240,3]"
    assert after["GridAnchor"].attrs["featureMapShapes_u_ilist"] == (10, 5)
    assert after["NMS"].attrs["numClasses_u_int"] == 4
    assert [ref.node for ref in after["NMS"].inputs] == [
        "concat_box_loc",
        "concat_box_conf",
        "concat_priorbox",
    ]
    assert "check" not in after
    assert "i" not in after
    report = inspect(after, "uff-8")
    assert report.supported, [problem for problem in report.problems if problem.severity == "error"]


def test_what_is_stated_goes_before_what_the_graph_tells() -> None:
    graph = parse_text(SSD.replace("JOIN", JOINS["ssd-mobilenet-v2"]))
    name = "ssd-mobilenet-v2(classes = 7, height = 512, width = 640, layers = 3)"
    after = ApplyRules((name,)).apply(graph)
    assert after["NMS"].attrs["numClasses_u_int"] == 7
    assert after["GridAnchor"].attrs["numLayers_u_int"] == 3
    assert str(after["Input"].attrs["shape"]) == "[1,512,640,3]"


def _upsampled(level: int) -> str:
    return f"""
fpn_p{level}upsampled/Shape = Shape(p{level})
fpn_p{level}upsampled/size = Const() {{value=i32[2]{{8, 8}}}}
fpn_p{level}upsampled/Resize = ResizeNearestNeighbor(p{level}, fpn_p{level}upsampled/size)
"""


MASK = f"""
input_image = Placeholder() {{shape=[1, 8, 8, 3]}}
input_image_meta = Placeholder() {{shape=[1, 93]}}
input_anchors = Placeholder() {{shape=[1, 9, 4]}}
p5 = Relu(input_image)
p4 = Elu(input_image)
p3 = Sigmoid(input_image)
p2 = Tanh(input_image)
{_upsampled(5)}{_upsampled(4)}{_upsampled(3)}
fpn_p4add = Add(fpn_p5upsampled/Resize, fpn_p4upsampled/Resize)
fpn_p3add = Add(fpn_p4add, fpn_p3upsampled/Resize)
axis = Const() {{value=i32{{1}}}}
rpn_class/concat = ConcatV2(fpn_p3add, fpn_p3add, axis) {{N=2}}
rpn_bbox/concat = ConcatV2(fpn_p4add, fpn_p4add, axis) {{N=2}}
ROI/a = Add(rpn_class/concat, rpn_bbox/concat)
ROI/packed = Add(ROI/a, input_anchors)
roi_align_classifier/boxes = Relu(ROI/packed)
roi_align_classifier/meta = Add(roi_align_classifier/boxes, input_image_meta)
roi_align_classifier/crop = AddN(roi_align_classifier/meta, p2, p3, p4, p5) {{N=5}}
one = Const() {{value=i32[4]{{-1, 7, 7, 3}}}}
mrcnn_class_conv1/Reshape = Reshape(roi_align_classifier/crop, one)
mrcnn_class_conv1/w = Const() {{value=f32[1, 1, 3, 3]{{0.1}}}}
mrcnn_class_conv1/conv = Conv2D(mrcnn_class_conv1/Reshape, mrcnn_class_conv1/w) {CONV}
mrcnn_class_conv1/Reshape_1 = Reshape(mrcnn_class_conv1/conv, one)
pool_squeeze/Squeeze = Squeeze(mrcnn_class_conv1/Reshape_1)
mrcnn_class/Softmax = Softmax(pool_squeeze/Squeeze)
mrcnn_class/Reshape_1 = Reshape(mrcnn_class/Softmax, one)
mrcnn_bbox/Reshape = Reshape(pool_squeeze/Squeeze, one)
mrcnn_detection/a = Add(ROI/packed, mrcnn_class/Reshape_1)
mrcnn_detection/b = Add(mrcnn_detection/a, mrcnn_bbox/Reshape)
mrcnn_detection/c = Add(mrcnn_detection/b, input_image_meta)
lambda_1/slice = Relu(mrcnn_detection/c)
roi_align_mask/boxes = Relu(lambda_1/slice)
roi_align_mask/meta = Add(roi_align_mask/boxes, input_image_meta)
roi_align_mask/crop = AddN(roi_align_mask/meta, p2, p3, p4, p5) {{N=5}}
mrcnn_mask/Reshape = Reshape(roi_align_mask/crop, one)
mrcnn_mask/Sigmoid = Sigmoid(mrcnn_mask/Reshape)
mrcnn_mask/Reshape_1 = Reshape(mrcnn_mask/Sigmoid, one)
"""


def _inputs(graph: Graph, name: str) -> list[str]:
    return [str(ref) for ref in graph[name].inputs]


def test_mask_rcnn_gets_its_plugins() -> None:
    after = ApplyRules(("mask-rcnn",)).apply(parse_text(MASK))
    assert _inputs(after, "ROI") == ["rpn_class/concat", "rpn_bbox/concat"]
    assert _inputs(after, "roi_align_classifier") == ["ROI", "p2", "p3", "p4", "p5"]
    assert _inputs(after, "mrcnn_class_conv1/conv")[0] == "roi_align_classifier"
    assert _inputs(after, "mrcnn_detection") == [
        "mrcnn_class_conv1/conv",
        "mrcnn_class/Softmax",
        "ROI",
    ]
    assert _inputs(after, "mrcnn_detection_bboxes") == ["mrcnn_detection"]
    assert _inputs(after, "roi_align_mask_trt") == [
        "mrcnn_detection_bboxes",
        *("p2", "p3", "p4", "p5"),
    ]
    assert [node.name for node in after if node.op == "Placeholder"] == ["input_image"]
    assert [str(ref) for ref in after.outputs or ()] == ["mrcnn_detection", "mrcnn_mask/Reshape_1"]
    assert [node.name for node in after if node.op in ("Reshape", "Squeeze")] == []
    assert sorted({node.op for node in after if node.op.endswith("_TRT")}) == [
        "DetectionLayer_TRT",
        "ProposalLayer_TRT",
        "PyramidROIAlign_TRT",
        "ResizeNearest_TRT",
        "SpecialSlice_TRT",
    ]
    assert after.dangling() == []


CROPPED = ", ".join(
    ("activation_7/Relu", *(f"crop_and_resize_1/{part}" for part in ("Reshape", "index", "size")))
)
FASTER = f"""
input_1 = Placeholder() {{shape=[1, 17, 30, 3]}}
input_2 = Placeholder() {{shape=[1, 300, 4]}}
w = Const() {{value=f32[1, 1, 3, 4]{{0.1}}}}
conv = Conv2D(input_1, w) {CONV}
activation_7/Relu = Relu(conv)
rpn_out_class/Sigmoid = Sigmoid(activation_7/Relu)
bias = Const() {{value=f32[4]{{0}}}}
rpn_out_regress/BiasAdd = BiasAdd(activation_7/Relu, bias) {{data_format="NHWC"}}
boxes = Const() {{value=i32[2]{{-1, 4}}}}
crop_and_resize_1/Reshape = Reshape(input_2, boxes)
crop_and_resize_1/index = Const() {{value=i32[300]{{0}}}}
crop_and_resize_1/size = Const() {{value=i32[2]{{7, 7}}}}
crop_and_resize_1/CropAndResize = CropAndResize({CROPPED})
dense_class/Softmax = Softmax(crop_and_resize_1/CropAndResize)
"""


def test_faster_rcnn_gets_its_plugins() -> None:
    after = ApplyRules(("faster-rcnn(regions = 100)",)).apply(parse_text(FASTER))
    assert _inputs(after, "proposal") == ["rpn_out_class/Sigmoid", "rpn_out_regress/BiasAdd"]
    assert after["proposal"].attrs["post_nms_top_n_u_int"] == 100
    crop = "roi_pooling_conv_1/CropAndResize_new"
    assert _inputs(after, crop) == ["activation_7/Relu", "proposal"]
    assert after[crop].attrs == {"crop_height_u_int": 7, "crop_width_u_int": 7}
    assert _inputs(after, "dense_class/Softmax") == [crop]
    assert [node.name for node in after if node.op == "Placeholder"] == ["input_1"]


PRESETS = {
    "ssd_inception_v2_coco_2017_11_17": "ssd-inception-v2",
    "ssd_mobilenet_v1_coco_2018_01_28": "ssd-mobilenet-v1",
    "ssd_mobilenet_v2_coco_2018_03_29": "ssd-mobilenet-v2",
    "mask_rcnn_matterport": "mask-rcnn",
    "faster_rcnn_keras": "faster-rcnn",
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_set_has_the_plugins_and_fields_of_the_published_script(preset: str) -> None:
    """But for inputOrder: the set states the inputs in order, so there is nothing to reorder."""
    table = json.loads(shared_path("support-tables/plugins.json").read_text())
    published = {
        (node["op"], field): value
        for node in table["presets"][preset]["nodes"].values()
        if node["op"] not in ("Placeholder", "ConcatV2")
        for field, value in node["fields"].items()
        if field != "inputOrder"
    }
    rule_set = find_rule_set(PRESETS[preset])
    stated = {
        (rule_set.filled(item)["op"], plugin_field(field)): value
        for item in rule_set.items
        if item.kind == "edit" and "op" in item.fields
        for field, value in rule_set.filled(item).get("attributes", {}).items()
    }
    for key, value in published.items():
        if key != ("PyramidROIAlign_TRT", "pooled_size"):
            assert stated[key] == pytest.approx(value), key
