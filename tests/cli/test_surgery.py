from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.graph.open import open_graph, save_graph
from surgeon_gui.graph.text import parse_text
from tests.cli.command import surgeon
from tests.helpers.shared import ROOT, data_path

SAMPLE = ROOT / "samples" / "boxes3d.pb"
CIFAR = data_path("cifar_small.pb")


def test_edit_applies_a_rule_set_and_reports_every_change(tmp_path: Path) -> None:
    target = tmp_path / "clean.pb"
    ran = surgeon("edit", SAMPLE, "--rules", "clean", "-o", target, "--json")
    assert ran.status == 0
    facts = ran.json
    graph = open_graph(target)
    assert facts["nodes_after"] == len(graph) < facts["nodes_before"]
    assert {"rule", "nodes"} <= set(facts["changes"][0])
    assert facts["stopped"]
    assert not {"CheckNumerics", "RandomUniform", "Identity"} & {node.op for node in graph}


def test_edit_replays_a_script_and_names_the_line_that_fails(tmp_path: Path) -> None:
    script = tmp_path / "s.toml"
    script.write_text('[[edit]]\ndo = "remove"\nnodes = ["confidence/CheckNumerics"]\n')
    ran = surgeon("edit", SAMPLE, "--script", script, "-o", tmp_path / "o.pb", "--json")
    assert ran.status == 0
    assert "confidence/CheckNumerics" not in open_graph(tmp_path / "o.pb")
    script.write_text('\n[[edit]]\ndo = "remove"\nnodes = ["nowhere"]\n')
    ran = surgeon("edit", SAMPLE, "--script", script, "-o", tmp_path / "p.pb", "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"].endswith("s.toml:2")
    assert not (tmp_path / "p.pb").exists()


def test_a_given_shape_is_saved_with_the_graph(tmp_path: Path) -> None:
    target = tmp_path / "fixed.pb"
    surgeon("edit", CIFAR, "--shape", "Input=4x32x32x3", "-o", target)
    facts = surgeon("inspect", target, "--json").json
    assert facts["inputs"][0]["shape"] == [4, 32, 32, 3]


@pytest.mark.parametrize("ending", ["pb", "pbtxt", "uff", "onnx", "network"])
def test_export_writes_every_form(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"cifar.{ending}"
    ran = surgeon("export", CIFAR, "-o", target, "--json")
    assert ran.status == 0
    assert ran.json["format"] == ending
    assert ran.json["bytes"] == target.stat().st_size
    assert ran.json["nodes"] > 0


def test_export_to_an_unknown_ending_is_bad_usage(tmp_path: Path) -> None:
    ran = surgeon("export", CIFAR, "-o", tmp_path / "x.tflite", "--json")
    assert ran.status == 2
    assert ".onnx" in ran.json["error"]["hint"]


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("pb", ("--strict",)),
        ("onnx", ("--expand-all",)),
        ("uff", ("--expand", "conv1")),
        ("network", ("--target", "uff-8")),
    ],
)
def test_an_option_that_would_do_nothing_is_bad_usage(
    ending: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    target = tmp_path / f"x.{ending}"
    ran = surgeon("export", CIFAR, "-o", target, *options, "--json")
    assert ran.status == 2
    assert ran.json["error"]["code"] == "UsageError"
    assert not target.exists()


def test_endings_may_be_in_capitals(tmp_path: Path) -> None:
    facts = surgeon("export", CIFAR, "-o", tmp_path / "X.PB", "--json").json
    assert facts["format"] == "pb"


def test_export_of_what_does_not_convert_answers_no_and_names_the_nodes(tmp_path: Path) -> None:
    ran = surgeon("export", SAMPLE, "-o", tmp_path / "x.onnx", "--json")
    assert ran.status == 1
    assert "RandomUniform" in json.dumps(ran.json["error"])
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.tensorflow
def test_verify_proves_that_the_rules_kept_the_numbers(tmp_path: Path) -> None:
    outputs = tmp_path / "y.npz"
    ran = surgeon("verify", SAMPLE, "--rules", "clean", "--save-outputs", outputs, "--json")
    assert ran.status == 0
    facts = ran.json
    assert facts["ok"] is True
    assert facts["first_divergence"] is None
    assert {row["name"] for row in facts["outputs"]} == {
        "dimension/l2_normalize",
        "orientation/l2_normalize",
        "confidence/Softmax",
    }
    for row in facts["outputs"]:
        assert row["max_rel"] <= 1e-3
        assert row["cosine"] >= 0.99999
    with np.load(outputs) as saved:
        assert saved["orientation/l2_normalize"].shape == (1, 2, 2)


@pytest.mark.tensorflow
def test_verify_finds_the_first_node_whose_numbers_differ(tmp_path: Path) -> None:
    script = tmp_path / "s.toml"
    script.write_text(
        '[[edit]]\ndo = "set-attribute"\nnode = "orientation/leaky_re_lu_1/LeakyRelu"\n'
        'key = "alpha"\nvalue = 0.3\n'
    )
    arguments = ("--rules", "clean", "--script", script, "--json")
    ran = surgeon("verify", SAMPLE, *arguments)
    assert ran.status == 1
    facts = ran.json
    assert facts["ok"] is False
    assert facts["first_divergence"]["node"] == "orientation/leaky_re_lu_1/LeakyRelu"


@pytest.mark.tensorrt
def test_build_writes_an_engine_for_the_named_gpus(tmp_path: Path) -> None:
    engine = tmp_path / "cifar.engine"
    ran = surgeon("build", CIFAR, "-o", engine, "--gpu", "sm86,sm89", "--json")
    assert ran.status == 0
    facts = ran.json
    assert facts["bytes"] == engine.stat().st_size > 0
    assert facts["gpu"] == ["sm86", "sm89"]
    assert facts["layers"] > 0
    assert facts["tensorrt"]
    assert facts["route"] == "direct"
    assert facts["peak_rss_bytes"] > 0
    assert facts["inputs"] == [{"name": "Input", "dtype": "float32", "shape": [1, 32, 32, 3]}]


@pytest.mark.tensorrt
def test_build_for_a_gpu_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    ran = surgeon("build", CIFAR, "-o", tmp_path / "x.engine", "--gpu", "sm12345", "--json")
    assert ran.status in (2, 3)
    assert "sm12345" in json.dumps(ran.json["error"])
    assert not (tmp_path / "x.engine").exists()


@pytest.mark.parametrize("target", ["uff-8", "direct"])
def test_auto_fix_clears_what_a_target_refuses(tmp_path: Path, target: str) -> None:
    fixed = tmp_path / "fixed.pb"
    ran = surgeon("edit", SAMPLE, "--auto-fix", target, "-o", fixed, "--json")
    assert ran.status == 0
    found = ran.json["auto_fix"]
    assert (found["target"], found["after"], found["left"]) == (target, 0, [])
    assert {step["rule"] for step in found["steps"]} <= {
        change.get("rule") for change in ran.json["changes"]
    }
    assert surgeon("inspect", fixed, "--target", target, "--json").json["supported"]


def test_what_auto_fix_leaves_is_told_and_the_answer_is_no(tmp_path: Path) -> None:
    model = tmp_path / "m.pbtxt"
    save_graph(parse_text("x = Placeholder() {dtype=f32, shape=[1,4]}\ny = Lgamma(x)"), model)
    fixed = tmp_path / "fixed.pb"
    ran = surgeon("edit", model, "--auto-fix", "uff-8", "-o", fixed)
    assert ran.status == 1
    assert "No rule helps" in ran.stdout
    assert "Lgamma at y" in ran.stdout
    assert fixed.exists()
    assert surgeon("edit", model, "--auto-fix", "tftrt-2.x", "-o", fixed).status == 0
    assert surgeon("edit", model, "--auto-fix", "uff-88", "-o", fixed).status == 2
