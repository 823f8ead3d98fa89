"""Anchor plugins are the constants that TensorFlow computes in their place."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers import Constant
from tests.helpers.shared import shared_path
from tests.network.lower.harness import numbers
from tests.network.lower.test_plugins import run_text, text_network

pytestmark = pytest.mark.tensorflow

SSD = {
    "numLayers": 6,
    "minSize": 0.2,
    "maxSize": 0.95,
    "aspectRatios": [1.0, 2.0, 0.5, 3.0, 0.33],
    "variance": [0.1, 0.1, 0.2, 0.2],
    "featureMapShapes": [19, 10, 5, 3, 2, 1],
}


def object_detection_anchors() -> Array:
    """TensorFlow Object Detection's SSD anchors: xmin, ymin, xmax, ymax, layer by layer."""
    scales = [0.2 + 0.75 * i / 5 for i in range(6)] + [1.0]
    found = []
    for layer, size in enumerate((19, 10, 5, 3, 2, 1)):
        boxes = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        if layer:
            boxes = [(scales[layer], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 0.33)]
            boxes.append((math.sqrt(scales[layer] * scales[layer + 1]), 1.0))
        for row, column in itertools.product(range(size), range(size)):
            y, x = (row + 0.5) / size, (column + 0.5) / size
            for scale, ratio in boxes:
                w, h = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
                found.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return np.array(found, np.float32)


FIELDS = ", ".join(f"{name}={value}" for name, value in SSD.items())


@pytest.mark.parametrize("times", [1, 6])
def test_grid_anchors_are_all_joined_by_their_name(times: int) -> None:
    got = run_text(
        f"""
        x = Placeholder() {{shape=[1, 2, 1917, 4], dtype=f32}}
        g = GridAnchor_TRT() {{{FIELDS}}}
        a = Const() {{value=i32{{2}}}}
        c = ConcatV2({"g, " * times}a)
        s = Const() {{value=i32[4]{{1, 2, 1917, 4}}}}
        r = Reshape(c, s)
        y = Add(x, r)
        """,
        x=np.zeros((1, 2, 1917, 4), np.float32),
    )
    np.testing.assert_allclose(got[0, 0], object_detection_anchors(), 0, 1e-6)
    np.testing.assert_allclose(got[0, 1], np.tile([0.1, 0.1, 0.2, 0.2], (1917, 1)), 1e-6)


def test_prior_boxes_follow_the_papers_formula() -> None:
    image, feature = numbers(1, 60, 40, 3), numbers(1, 3, 2, 5, seed=1)
    got = run_text(
        """
        image = Placeholder() {shape=[1, 60, 40, 3], dtype=f32}
        feature = Placeholder() {shape=[1, 3, 2, 5], dtype=f32}
        p = PriorBox_TRT(feature, image) {minSize=[30.0], maxSize=[60.0], aspectRatios=[2.0],\
 flip=1, clip=0, variance=[0.1, 0.1, 0.2, 0.2], offset=0.5}
        s = Const() {value=i32[5]{1, 2, 6, 4, 4}}
        r = Reshape(p, s)
        z = Const() {value=f32{0}}
        i = Const() {value=i32[4]{0, 1, 2, 3}}
        m = Mean(image, i)
        n = Mean(feature, i)
        k = Mul(m, z)
        l = Mul(n, z)
        a = Add(r, k)
        y = Add(a, l)
        """,
        image=image,
        feature=feature,
    )
    boxes = [(30, 30), (math.sqrt(1800), math.sqrt(1800))]
    boxes += [(30 * math.sqrt(ratio), 30 / math.sqrt(ratio)) for ratio in (2.0, 0.5)]
    for cell, (row, column) in enumerate(itertools.product(range(3), range(2))):
        x, y = (column + 0.5) * 20, (row + 0.5) * 20
        for box, (w, h) in enumerate(boxes):
            want = ((x - w / 2) / 40, (y - h / 2) / 60, (x + w / 2) / 40, (y + h / 2) / 60)
            np.testing.assert_allclose(got[0, 0, cell, box], want, 1e-5)
    np.testing.assert_allclose(got[0, 1, 0, 0], [0.1, 0.1, 0.2, 0.2], 1e-6)


def test_a_concatenation_may_state_its_axis_as_graphsurgeon_scripts_do() -> None:
    got = run_text(
        f"""
        x = Placeholder() {{shape=[1, 2, 7668, 1], dtype=f32}}
        g = GridAnchor_TRT() {{{FIELDS}}}
        c = ConcatV2(g) {{N=1, axis=2}}
        y = ConcatV2(x, c) {{N=2, axis=1}}
        """,
        x=np.zeros((1, 2, 7668, 1), np.float32),
    )
    assert got.shape == (1, 4, 7668, 1)
    np.testing.assert_allclose(got[0, 2].reshape(-1, 4), object_detection_anchors(), 0, 1e-6)


def test_anchors_need_no_layer_but_a_constant() -> None:
    network = text_network(
        f"""
        x = Placeholder() {{shape=[1, 4], dtype=f32}}
        g = GridAnchor_TRT() {{{FIELDS}}}
        outputs(x, g:5)
        """
    )
    assert [type(layer.kind) for layer in network.layers if layer.inputs == ()] == [Constant]


def test_grid_anchors_equal_those_of_a_real_ssd() -> None:
    """TensorFlow's anchors are [ymin, xmin, ymax, xmax]; the plugin's x comes first."""
    path = shared_path("models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(path.read_bytes()), name="")
        with tf.compat.v1.Session(graph=graph) as session:
            anchors: Array = session.run(
                "MultipleGridAnchorGenerator/Concatenate/concat:0",
                {"image_tensor:0": np.zeros((1, 256, 256, 3), np.uint8)},
            )
    got = run_text(
        f"""
        x = Placeholder() {{shape=[1, 2, {4 * len(anchors)}, 1], dtype=f32}}
        g = GridAnchor_TRT() {{numLayers=5, minSize=0.2, maxSize=0.95,\
 variance=[0.1, 0.1, 0.2, 0.2], aspectRatios=[1.0, 2.0, 0.5, 3.0, 0.3333],\
 featureMapShapes=[16, 8, 4, 2, 1]}}
        a = Const() {{value=i32{{2}}}}
        c = ConcatV2(g, a)
        y = Add(x, c)
        """,
        x=np.zeros((1, 2, 4 * len(anchors), 1), np.float32),
    )
    np.testing.assert_allclose(got[0, 0].reshape(-1, 4), anchors[:, [1, 0, 3, 2]], 0, 1e-6)
