"""MODEL may be a network already (`.network`, `.onnx`), or a SavedModel folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.reference.tensorflow_import import import_tensorflow
from tests.cli.command import surgeon
from tests.helpers.shared import data_path

CIFAR = data_path("cifar_small.pb")


@pytest.fixture(params=["network", "onnx"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"net.{request.param}"
    assert surgeon("export", CIFAR, "-o", path).status == 0
    return path


def test_a_network_is_inspected(made: Path) -> None:
    ran = surgeon("inspect", made, "--json")
    assert ran.status == 0
    facts = ran.json
    assert facts["model"] == str(made)
    assert facts["nodes"] == sum(facts["ops"].values()) > 0
    assert facts["inputs"] == [{"name": "Input", "dtype": "float32", "shape": [1, 32, 32, 3]}]
    assert facts["outputs"] == [{"name": "Output", "dtype": "float32", "shape": [1, 10]}]
    assert (facts["target"], facts["supported"], facts["problems"]) == ("direct", True, [])
    assert facts["seconds"] >= 0
    assert "Input" in surgeon("inspect", made).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "--rules", "clean"),
        ("inspect", "--shape", "Input=1x2"),
        ("inspect", "--target", "uff-8"),
        ("edit", "-o", "out.pb"),
        ("export", "-o", "out.pb"),
        ("export", "-o", "out.svg"),
        ("verify",),
    ],
)
def test_what_needs_a_graph_is_bad_usage(made: Path, arguments: tuple[str, ...]) -> None:
    verb, *options = arguments
    ran = surgeon(verb, made, *options, "--json")
    assert ran.status == 2
    error = ran.json["error"]
    assert error["code"] == "UsageError"
    assert error["hint"]


def test_a_network_becomes_onnx_and_a_copy_of_itself(made: Path, tmp_path: Path) -> None:
    for ending in {"onnx", made.suffix[1:]}:
        target = tmp_path / "copies" / f"copy.{ending}"
        target.parent.mkdir(exist_ok=True)
        facts = surgeon("export", made, "-o", target, "--json").json
        assert facts["bytes"] == target.stat().st_size > 0
        assert surgeon("inspect", target).status == 0


@pytest.mark.parametrize("ending", ["network", "onnx"])
@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04", b"\x08\x07"])
def test_a_damaged_network_is_a_message(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"bad.{ending}"
    path.write_bytes(content)
    ran = surgeon("inspect", path, "--json")
    assert ran.status == 2
    assert ran.json["error"]["where"] == str(path)
    assert ran.json["error"]["code"] in ("OpenError", "TruncatedFile")


@pytest.mark.tensorflow
def test_a_network_equals_tensorflow_on_the_graph_it_is_of(made: Path) -> None:
    ran = surgeon("verify", made, "--original", CIFAR, "--json")
    assert ran.status == 0
    assert ran.json["ok"]
    assert [row["name"] for row in ran.json["outputs"]] == ["Output"]


@pytest.mark.tensorrt
def test_an_engine_is_built_from_a_network(made: Path, tmp_path: Path) -> None:
    engine = tmp_path / "x.engine"
    ran = surgeon("build", made, "-o", engine, "--gpu", "sm86", "--json")
    assert ran.status == 0
    assert ran.json["bytes"] == engine.stat().st_size
    assert ran.json["route"] == ("direct" if made.suffix == ".network" else "onnx")


@pytest.mark.tensorflow
def test_a_saved_model_folder_is_frozen_on_the_way(tmp_path: Path) -> None:
    tensorflow = import_tensorflow()
    module = tensorflow.Module()
    module.twice = tensorflow.function(
        lambda x: {"y": 2.0 * x},
        input_signature=[tensorflow.TensorSpec([1, 3], tensorflow.float32, name="x")],
    )
    folder = tmp_path / "saved"
    signatures = {"serving_default": module.twice}
    tensorflow.saved_model.save(module, str(folder), signatures=signatures)
    ran = surgeon("inspect", folder, "--json")
    assert ran.status == 0
    assert ran.json["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3]}]
    assert surgeon("verify", folder, "--json").json["ok"]
