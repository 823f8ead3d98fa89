"""Plugins that stay plugins, and that what stands for the others builds."""

from __future__ import annotations

import pytest

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.errors import BuildFailed
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.layers import Plugin
from surgeon_gui.network.lower import network_from_graph
from tests.engine.rtx import new_builder, rtx
from tests.network.lower.test_builds import problem_of
from tests.network.lower.test_plugins import text_network
from tests.network.lower.test_plugins_anchors import FIELDS

pytestmark = pytest.mark.tensorflow

BUILDS = {
    "LReLU": "LReLU_TRT(x) {negSlope=0.2}",
    "Clip": "Clip_TRT(x) {clipMin=0.0, clipMax=1.0}",
    "Normalize": "Normalize_TRT(x) {weights=[2.0], acrossSpatial=1, channelShared=1, eps=0.1}",
    "InstanceNormalization": "InstanceNormalization_TRT(x) {epsilon=0.1, scales=[1.0, 2.0, 1.0,"
    " 1.0, 1.0, 1.0, 1.0, 1.0], bias=[1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]}",
    "FlattenConcat": "FlattenConcat_TRT(x, x) {axis=1}",
    "ResizeNearest": "ResizeNearest_TRT(x) {scale=2.0}",
    "ResizeNearest by 1.5": "ResizeNearest_TRT(x) {scale=1.5}",
    "Reorg": "Reorg_TRT(x) {stride=2}",
    "BatchTile": "BatchTilePlugin_TRT(x, o)",
    "Region": "Region_TRT(x) {num=1, classes=3}",
    "CoordConv": "CoordConvAC(q)",
    "SpecialSlice": "SpecialSlice_TRT(d)",
    "GridAnchor": f"GridAnchor_TRT() {{{FIELDS}}}",
}


@pytest.mark.tensorrt
@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDS)
def test_what_stands_for_a_plugin_builds(name: str) -> None:
    flavour = rtx()
    network = text_network(
        f"""
        x = Placeholder() {{shape=[2, 4, 6, 8], dtype=f32}}
        o = Placeholder() {{shape=[1, 4, 6, 8], dtype=f32}}
        q = Placeholder() {{shape=[1, 4, 4, 8], dtype=f32}}
        d = Placeholder() {{shape=[2, 9, 6], dtype=f32}}
        y = {BUILDS[name]}
        r = Relu(y)
        """
    )
    assert problem_of(network, new_builder(flavour), flavour) is None


HEAD = """
    l = Placeholder() {shape=[2, 40], dtype=f32}
    c = Placeholder() {shape=[2, 30], dtype=f32}
    p = Placeholder() {shape=[1, 2, 40, 1], dtype=f32}
    d = NMS_TRT(l, c, p) {shareLocation_u_int=1, keepTopK_u_int=5, nmsThreshold_u_float=0.5,\
 inputOrder_u_ilist=[0, 1, 2]}
    """


def test_a_plugin_without_layers_stays_one_in_its_form_for_explicit_batches() -> None:
    lowering = network_from_graph(parse_text(HEAD))
    assert lowering.network is not None
    (layer,) = lowering.network.layers
    assert isinstance(layer.kind, Plugin)
    assert layer.kind.plugin_name == "NMSDynamic_TRT"
    assert dict(layer.kind.fields) == {
        "shareLocation": 1,
        "keepTopK": 5,
        "nmsThreshold": 0.5,
        "inputOrder": (0, 1, 2),
    }
    assert [tensor.shape for tensor in layer.outputs] == [(2, 1, 5, 7), (2, 1, 1, 1)]
    assert "NMSDynamic_TRT" in lowering.notes["d"]


@pytest.mark.parametrize(
    ("node", "shapes"),
    [
        ("BatchedNMS_TRT(b, s) {keepTopK=5}", [(1, 1), (1, 5, 4), (1, 5), (1, 5)]),
        ("EfficientNMS_TRT(b, s) {max_output_boxes=7}", [(1, 1), (1, 7, 4), (1, 7), (1, 7)]),
        ("Proposal(i, i) {post_nms_top_n=6}", [(1, 6, 4, 1)]),
        ("DetectionLayer_TRT(s, s, s) {keep_topk=3}", [(1, 3, 6)]),
        ("PyramidROIAlign_TRT(s, i, i, i, i) {pooled_size=3}", [(1, 9, 8, 3, 3)]),
        ("CropAndResize(i, s) {crop_height=3, crop_width=2}", [(1, 9, 8, 3, 2)]),
        (
            "RPROI_TRT(i, i, i, s) {nmsMaxOut=3, poolingH=2, poolingW=2}",
            [(1, 1, 3, 4), (1, 3, 8, 2, 2)],
        ),
    ],
)
def test_the_outputs_of_a_kept_plugin_are_declared(
    node: str, shapes: list[tuple[int, ...]]
) -> None:
    network = text_network(
        f"""
        b = Placeholder() {{shape=[1, 9, 1, 4], dtype=f32}}
        s = Placeholder() {{shape=[1, 9, 4], dtype=f32}}
        i = Placeholder() {{shape=[1, 4, 6, 8], dtype=f32}}
        y = {node}
        """
    )
    (layer,) = (layer for layer in network.layers if isinstance(layer.kind, Plugin))
    assert [tensor.shape for tensor in layer.outputs] == shapes


def test_tensorflows_own_crop_and_resize_is_no_plugin() -> None:
    lowering = network_from_graph(
        parse_text(
            """
            i = Placeholder() {shape=[1, 4, 6, 8], dtype=f32}
            b = Placeholder() {shape=[3, 4], dtype=f32}
            n = Placeholder() {shape=[3], dtype=i32}
            s = Const() {value=i32[2]{2, 2}}
            y = CropAndResize(i, b, n, s)
            """
        )
    )
    assert "depend on data" in lowering.problems[0].reason


@pytest.mark.tensorrt
def test_tensorrt_for_rtx_says_at_the_node_that_it_has_no_such_plugin() -> None:
    flavour = rtx()
    network = text_network(HEAD)
    with pytest.raises(BuildFailed, match="NMSDynamic_TRT") as raised:
        emit(network, flavour, create_network(new_builder(flavour), flavour))
    assert raised.value.where == "d"
    assert raised.value.hint
