"""`surgeon partition`: what it prints, writes, builds, and refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.hybrid.bundle import is_bundle
from surgeon_gui.targets.segments import ENGINE_OP
from tests.cli.command import surgeon
from tests.helpers.shared import data_path
from tests.hybrid.test_bundle import HYBRID


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "hybrid.pb"
    save_graphdef(parse_text(HYBRID.replace("[-1, 4]", "[2, 4]")), path)
    return path


def test_the_contract_of_the_json(model: Path) -> None:
    found = surgeon("partition", model, "--json")
    assert found.status == 0
    facts = found.json
    assert [item["name"] for item in facts["segments"]] == ["TRTEngineOp_0", "TRTEngineOp_1"]
    assert facts["segments"][0]["nodes"] == ["a", "b", "c"]
    assert (facts["converted_nodes"], facts["total_nodes"]) == (7, 9)
    assert facts["nodes_after"] == 2 + 2
    assert facts["remaining"] == {"Placeholder": 1, "Lgamma": 1}
    assert facts["suggestions"][0]["segments"] == 1


def test_the_words_name_reasons_and_cures(model: Path) -> None:
    found = surgeon("partition", model, "--deny", "b")
    assert "7 of 9" not in found.stdout
    assert "told to stay" in found.stdout
    assert "Cure s" in found.stdout or "Lgamma" in found.stdout


def test_patterns_that_fit_no_node_are_named(model: Path) -> None:
    found = surgeon("partition", model, "--deny", "b", "--deny", "nothing*")
    assert "No node is called nothing*." in found.stdout
    assert surgeon("partition", model, "--deny", "b", "--json").json["idle_patterns"] == []


def test_an_open_input_says_how_to_fix_its_size(tmp_path: Path) -> None:
    path = tmp_path / "open.pb"
    save_graphdef(parse_text(HYBRID.replace("[-1, 4]", "[-1, -1]")), path)
    assert "--shape x=1x224, or" in " ".join(surgeon("partition", path).stdout.split())
    assert surgeon("partition", path, "--dynamic", "--json").json["open_inputs"] == {}


def test_nothing_converts_is_a_no(model: Path) -> None:
    assert surgeon("partition", model, "--minimum-segment-size", "9").status == 1


def test_the_graph_alone_can_be_written(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.pb"
    assert surgeon("partition", model, "-o", target).status == 0
    assert [node.op for node in open_graph(target)].count(ENGINE_OP) == 2


@pytest.mark.parametrize("options", [("--build",), ("--verify",), ("--verify", "-o", "x.pb")])
def test_building_and_verifying_need_a_folder(model: Path, options: tuple[str, ...]) -> None:
    assert surgeon("partition", model, *options).status == 2


def test_a_plain_engine_needs_the_whole_graph(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert surgeon("partition", model, "--engine", tmp_path / "x.engine").status == 1
    assert "s (Lgamma)" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.tensorrt
def test_a_bundle_is_built_verified_and_run(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    inputs = tmp_path / "x.npz"
    np.savez(inputs, x=np.full((2, 4), 0.25, np.float32))
    made = surgeon(
        *("partition", model, "-o", folder, "--build", "--gpu", "sm86", "--verify"),
        *("--inputs", inputs, "--json"),
    )
    assert made.status == 0
    assert is_bundle(folder)
    assert made.json["build"]["ok"]
    assert made.json["verify"]["ok"]
    options = ("--inputs", inputs, "--iterations", "2", "--warmup", "0", "--json")
    ran = surgeon("run", folder, "--reference", model, *options)
    assert ran.status == 0
    assert ran.json["comparison"]


@pytest.mark.tensorflow
def test_numbers_tensorflow_does_not_have_are_not_called_different(tmp_path: Path) -> None:
    model = tmp_path / "nan.pb"
    graph = """
        x = Placeholder() {shape=[2, 4], dtype=f32}
        zeros = Const() {value=f32[4]{0}}
        a = Mul(x, zeros)
        b = RealDiv(a, zeros)
        c = Relu(b)
    """
    save_graphdef(parse_text(graph), model)
    found = surgeon("partition", model, "-o", tmp_path / "bundle", "--verify")
    assert found.status == 1
    assert "TRTEngineOp_0: not compared (network)" in found.stdout
    assert "Nothing is proven" in found.stdout
    assert "changed" not in found.stdout


@pytest.mark.slow
@pytest.mark.tensorrt
def test_a_whole_graph_becomes_a_plain_engine(tmp_path: Path) -> None:
    model = data_path("mobilenet_v1_0.25_128_frozen.pb")
    engine = tmp_path / "x.engine"
    found = surgeon("partition", model, "--engine", engine, "--gpu", "sm86")
    assert found.status == 0
    assert engine.stat().st_size > 0
    assert "it leaves out input" in found.stdout


def test_eight_bits_need_samples(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--build", "--precision", "int8", "-o", tmp_path / "bundle")
    assert surgeon("partition", model, *options).status == 2
    assert "--random" in capsys.readouterr().err
