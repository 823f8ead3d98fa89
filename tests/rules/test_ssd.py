"""The SSD rule set on a real detector."""

from __future__ import annotations

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
    assert cured["GridAnchor"].inputs == ()
    assert cured.dangling() == []


def test_nothing_unsupported_is_left_for_uff(cured: Graph) -> None:
    report = inspect(cured, "uff-8")
    assert report.supported, [problem for problem in report.problems if problem.severity == "error"]
