from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.cli.options import parse_shape
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import Shape
from tests.cli.command import surgeon
from tests.helpers.shared import ROOT, data_path

MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
SAMPLE = ROOT / "samples" / "boxes3d.pb"


def test_inspect_prints_one_json_object_with_every_promised_key() -> None:
    ran = surgeon("inspect", MOBILENET, "--json")
    facts = ran.json
    assert ran.status == 0
    assert facts["model"] == str(MOBILENET)
    assert facts["nodes"] == 555
    assert facts["inputs"] == [{"name": "input", "dtype": "float32", "shape": [1, 128, 128, 3]}]
    assert [output["name"] for output in facts["outputs"]] == ["MobilenetV1/Predictions/Reshape_1"]
    assert facts["outputs"][0]["shape"] == [1, 1001]
    assert facts["ops"]["DepthwiseConv2dNative"] == 13
    assert facts["target"] == "direct"
    assert facts["supported"] is True
    assert facts["problems"] == []
    assert facts["seconds"] >= 0


def test_inspect_answers_no_where_a_node_is_refused_and_names_the_curing_rule() -> None:
    ran = surgeon("inspect", SAMPLE, "--json", "--target", "uff-5.1")
    assert ran.status == 1
    cured = {problem["node"]: problem["rule"] for problem in ran.json["problems"]}
    assert cured["orientation/leaky_re_lu_1/LeakyRelu"] == "leaky-relu-to-plugin"


def test_inspect_of_several_models_prints_a_line_each_though_one_is_bad(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pb"
    bad.write_bytes(b"this is no graph")
    ran = surgeon("inspect", bad, MOBILENET, "--json")
    assert ran.status == 2
    assert ran.lines[0]["model"] == str(bad)
    assert set(ran.lines[0]["error"]) == {"code", "message", "where", "hint"}
    assert ran.lines[1]["nodes"] == 555


def test_an_unknown_target_is_bad_usage() -> None:
    ran = surgeon("inspect", MOBILENET, "--json", "--target", "uff-99")
    assert ran.status == 2
    assert "uff-8" in ran.json["error"]["hint"]


def test_an_unknown_option_is_bad_usage_in_json_too() -> None:
    ran = surgeon("inspect", MOBILENET, "--json", "--no-such-option")
    assert ran.status == 2
    assert ran.json["error"]["code"] == "UsageError"


def test_an_output_that_is_not_there_is_answered_with_near_names() -> None:
    ran = surgeon("inspect", MOBILENET, "--json", "--output", "MobilenetV1/Predictions/Reshape_2")
    assert ran.status == 2
    assert "MobilenetV1/Predictions/Reshape_1" in ran.json["error"]["hint"]


def test_the_command_it_names_applies_the_rules(tmp_path: Path) -> None:
    (said,) = [
        line
        for line in surgeon("inspect", SAMPLE, "--target", "uff-5.1").stdout.splitlines()
        if "surgeon edit" in line
    ]
    words = said.partition("surgeon ")[2].replace("fixed.pb", str(tmp_path / "fixed.pb")).split()
    assert surgeon(*words).status == 0
    left = surgeon("inspect", tmp_path / "fixed.pb", "--target", "uff-5.1")
    assert left.status == 0
    assert "surgeon edit" not in left.stdout


def test_the_table_for_people_names_node_reason_and_rule() -> None:
    ran = surgeon("inspect", SAMPLE, "--target", "uff-5.1")
    assert ran.status == 1
    assert "orientation/leaky_re_lu_1/LeakyRelu" in ran.stdout
    assert "leaky-relu-to-plugin" in ran.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input=1x224x224x3", ("input", Shape.of(1, 224, 224, 3))),
        ("keep=scalar", ("keep", Shape.of())),
        ("a=b=2x3", ("a=b", Shape.of(2, 3))),
        ("x=7", ("x", Shape.of(7))),
    ],
)
def test_shapes_are_read(text: str, expected: tuple[str, Shape]) -> None:
    assert parse_shape(text) == expected


@pytest.mark.parametrize("text", ["input", "=1x2", "input=", "input=1x-2", "input=1xa", "input=x"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no shape"):
        parse_shape(text)


def test_what_a_script_ignores_is_told_apart(tmp_path: Path) -> None:
    script = tmp_path / "ignore.toml"
    script.write_text('[[edit]]\ndo = "ignore"\nnodes = ["flatten/Reshape"]\n', encoding="utf-8")
    model = SAMPLE
    ran = surgeon("inspect", model, "--target", "uff-8", "--script", script, "--json")
    assert ran.status == 1
    assert [problem["node"] for problem in ran.json["ignored"]] == ["flatten/Reshape"]
    assert "flatten/Reshape" not in [problem["node"] for problem in ran.json["problems"]]
    told = surgeon("inspect", model, "--target", "uff-8", "--script", script)
    assert "ignored: The target shape" in told.stdout
