"""The main job on real graphs: inspect, edit, export, verify, build."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from surgeon_gui.proto import uff_pb2
from tests.cli.command import surgeon
from tests.helpers.shared import shared_path

MODELS: dict[str, tuple[str, ...]] = {
    "cifar_small.pb": (),
    "charades_squeezenet.pb": ("--shape", "input_image=1x224x224x3"),
    "mobilenet_v1_0.25_128_frozen.pb": (),
    "unet_semseg_person_08.pb": (),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> tuple[Path, tuple[str, ...]]:
    name: str = request.param
    return shared_path(f"models/{name}"), MODELS[name]


Model = tuple[Path, tuple[str, ...]]


def test_the_model_is_taken_as_it_is(model: Model) -> None:
    path, options = model
    ran = surgeon("inspect", path, *options, "--json")
    assert ran.json["problems"] == []
    assert ran.status == 0


@pytest.mark.parametrize("ending", ["pb", "onnx", "uff"])
def test_the_cleaned_model_exports(model: Model, ending: str, tmp_path: Path) -> None:
    path, options = model
    clean = tmp_path / "clean.pb"
    assert surgeon("edit", path, *options, "--rules", "clean", "-o", clean).status == 0
    target = tmp_path / f"model.{ending}"
    ran = surgeon("export", clean, *options, "-o", target, "--json")
    assert ran.status == 0
    if ending == "onnx":
        onnx.checker.check_model(str(target), full_check=True)
    if ending == "uff":
        meta = uff_pb2.MetaGraph.FromString(target.read_bytes())
        operations = {node.operation for node in meta.graphs[0].nodes}
        assert not [name for name in operations if name.startswith("_")]


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_network_equals_tensorflow_after_the_rules(model: Model, seed: int) -> None:
    path, options = model
    ran = surgeon("verify", path, *options, "--rules", "clean", "--seed", seed, "--json")
    assert ran.status == 0
    for row in ran.json["outputs"]:
        assert row["max_rel"] <= 1e-3
        assert row["cosine"] >= 0.99999


@pytest.mark.tensorrt
@pytest.mark.slow
def test_the_engine_builds(model: Model, tmp_path: Path) -> None:
    path, options = model
    engine = tmp_path / "model.engine"
    ran = surgeon("build", path, *options, "--rules", "clean", "-o", engine, "--json")
    assert ran.status == 0
    assert ran.json["bytes"] == engine.stat().st_size


def test_unknown_spatial_dimensions_are_asked_for() -> None:
    ran = surgeon("inspect", shared_path("models/charades_squeezenet.pb"), "--json")
    assert ran.status == 1
    (problem,) = ran.json["problems"]
    assert problem["node"] == "input_image"
    assert "--shape input_image=" in problem["remedy"]
