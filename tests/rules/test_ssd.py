"""The SSD rule set on a real detector."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.edits.boundary import Extract
from surgeon_gui.edits.constants import FoldConstants
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import TensorValue
from surgeon_gui.network.layers import Constant
from surgeon_gui.pipeline import network_of
from surgeon_gui.targets.inspect import inspect
from tests.helpers.shared import shared_path

DETECTOR = "models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb"


@pytest.fixture(scope="module")
def cured() -> Graph:
    return ApplyRules(("ssd-mobilenet-v1",)).apply(open_graph(shared_path(DETECTOR)))


def test_a_detector_gets_its_plugins(cured: Graph) -> None:
    plugins = [node.op for node in cured if node.op.endswith("_TRT")]
    assert plugins == ["GridAnchor_TRT", "FlattenConcat_TRT", "FlattenConcat_TRT", "NMS_TRT"]
    assert [node.name for node in cured if node.op == "Placeholder"] == ["Input"]
    assert [str(ref) for ref in cured["NMS"].inputs] == [
        "concat_box_loc",
        "concat_box_conf",
        "concat_priorbox",
    ]
    assert [str(ref) for ref in cured["concat_priorbox"].inputs] == [
        "GridAnchor",
        "concat_priorbox/axis",
    ]
    assert cured["concat_priorbox"].attrs["N"] == 1
    assert [ref.node for ref in cured["GridAnchor"].inputs] == ["AnchorInput"]
    assert cured.dangling() == []


def test_size_maps_classes_and_thresholds_are_those_of_the_graph(cured: Graph) -> None:
    assert str(cured["Input"].attrs["shape"]) == "[1,256,256,3]"
    anchors, kept = cured["GridAnchor"].attrs, cured["NMS"].attrs
    assert anchors["featureMapShapes_u_ilist"] == (16, 8, 4, 2, 1)
    assert anchors["numLayers_u_int"] == 5
    assert kept["numClasses_u_int"] == 4
    assert (kept["topK_u_int"], kept["keepTopK_u_int"]) == (100, 100)
    assert kept["nmsThreshold_u_float"] == np.float32(0.6)
    assert kept["confidenceThreshold_u_float"] == np.float32(1e-8)


def test_the_plugins_anchors_are_those_of_the_graph(cured: Graph) -> None:
    """But for the last ratio, which the published scripts round to 0.33."""
    name = "MultipleGridAnchorGenerator/Concatenate/concat"
    alone = Extract((name,), ()).apply(open_graph(shared_path(DETECTOR)))
    value = FoldConstants().apply(alone)[name].attrs["value"]
    assert isinstance(value, TensorValue)
    network = network_of(cured, outputs=[TensorRef("concat_priorbox")])
    (constant,) = (layer.kind for layer in network.layers)
    assert isinstance(constant, Constant)
    boxes, variances = constant.weights_.reshape(2, -1, 4)
    np.testing.assert_allclose(boxes[:, [1, 0, 3, 2]], value.array, atol=5e-3)
    assert (variances == np.array([0.1, 0.1, 0.2, 0.2], np.float32)).all()


def test_nothing_unsupported_is_left_for_uff(cured: Graph) -> None:
    report = inspect(cured, "uff-8")
    assert report.supported, [problem for problem in report.problems if problem.severity == "error"]
