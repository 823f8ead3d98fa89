"""The SSD rule set on a real detector."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.targets.inspect import inspect
from tests.helpers.shared import shared_path


@pytest.fixture(scope="module")
def cured() -> Graph:
    path = shared_path("models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb")
    return ApplyRules(("ssd-mobilenet-v1",)).apply(open_graph(path))


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


def test_nothing_unsupported_is_left_for_uff(cured: Graph) -> None:
    report = inspect(cured, "uff-8")
    assert report.supported, [problem for problem in report.problems if problem.severity == "error"]
