"""`surgeon compare`, and `surgeon run` of what runs on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from surgeon_gui.compare.inputs import load_npz, save_npz
from surgeon_gui.network.store import load_network
from tests.cli.command import surgeon
from tests.helpers.shared import data_path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURGEON_HOME", str(tmp_path / "home"))


def stored(path: Path, value: float) -> Path:
    save_npz(path, {"y": np.full((1, 10), value, np.float32)})
    return path


@pytest.mark.tensorflow
def test_a_graph_as_network_equals_itself_in_tensorflow(tmp_path: Path) -> None:
    model, page = data_path("cifar_small.pb"), tmp_path / "r.html"
    ran = surgeon("compare", f"{model}@network", model, "--report", page, "--json")
    assert ran.status == 0
    assert ran.json["ok"] is True
    assert ran.json["value"] == "cifar_small.pb as network in ONNX Runtime"
    assert ran.json["reference"] == "cifar_small.pb in TensorFlow"
    assert {
        "max_abs",
        "max_rel",
        "rmse",
        "cosine",
        "psnr",
        "top1_agreement",
        "top5_agreement",
    } <= set(ran.json["outputs"][0])
    assert len(ran.json["times"]) == 2
    text = page.read_text("utf-8")
    assert "equals cifar_small.pb in TensorFlow within the tolerance" in text
    assert "http" not in text


def test_what_differs_ends_with_1_and_says_by_how_much(tmp_path: Path) -> None:
    one, other = stored(tmp_path / "a.npz", 1.0), stored(tmp_path / "b.npz", 1.5)
    ran = surgeon("compare", one, other)
    assert ran.status == 1
    assert "differs  0.5" in ran.stdout
    assert surgeon("compare", one, other, "--max-rel", "0.5").status == 0


def test_a_way_there_is_none_of_is_told_from_a_missing_file(tmp_path: Path) -> None:
    model = data_path("cifar_small.pb")
    ran = surgeon("compare", model, f"{model}@fp12", "--json")
    assert ran.status == 2
    assert "fp12" in ran.json["error"]["message"]
    assert "network" in ran.json["error"]["hint"]


def test_the_report_can_be_json(tmp_path: Path) -> None:
    one = stored(tmp_path / "a.npz", 1.0)
    assert surgeon("compare", one, one, "--report", tmp_path / "r.json").status == 0
    facts = json.loads((tmp_path / "r.json").read_text())
    assert facts["ok"] is True
    assert facts["outputs"][0]["psnr"] is None
    assert surgeon("compare", one, one, "--report", tmp_path / "r.txt").status == 2


@pytest.mark.tensorflow
def test_a_network_is_rounded_to_half_precision_on_the_cpu(tmp_path: Path) -> None:
    model, network = data_path("cifar_small.pb"), tmp_path / "n.network"
    assert surgeon("export", model, "-o", network).status == 0
    found = []
    for text in (f"{model}@network-fp16", f"{network}@network-fp16"):
        ran = surgeon("compare", text, model, "--json")
        assert ran.status == 0
        assert ran.json["value"].endswith("as fp16 network in ONNX Runtime")
        assert ran.json["tolerance"] == {"max_rel": 0.05, "min_cosine": 0.999}
        found.append(ran.json["outputs"][0]["max_rel"])
    assert found[0] == found[1] > 2**-14
    strict = surgeon("compare", f"{model}@network-fp16", model, "--max-rel", 2**-15, "--json")
    assert strict.status == 1
    kept = [word for layer in load_network(network).layers for word in ("--keep", layer.name)]
    same = surgeon("compare", f"{model}@network-fp16", f"{model}@network", *kept, "--json")
    assert same.json["outputs"][0]["max_abs"] < 1e-6
    assert surgeon("compare", model, model, "--keep", "x", "--json").status == 2


def test_stored_results_cannot_be_computed_in_a_precision(tmp_path: Path) -> None:
    one = stored(tmp_path / "a.npz", 1.0)
    ran = surgeon("compare", f"{one}@fp16", one, "--json")
    assert ran.status == 2
    assert "cannot be computed as fp16" in ran.json["error"]["message"]


def test_a_network_runs_on_the_cpu_with_an_image(tmp_path: Path) -> None:
    network, picture = tmp_path / "m.network", tmp_path / "p.png"
    assert surgeon("export", data_path("cifar_small.pb"), "-o", network).status == 0
    Image.new("RGB", (40, 30), (255, 0, 0)).save(picture)
    outputs = tmp_path / "y.npz"
    options = ("--iterations", 3, "--warmup", 1, "--save-outputs", outputs, "--image", picture)
    ran = surgeon("run", network, *options, "--mean", "1,2,3", "--std", "1", "--json")
    assert ran.status == 0
    assert ran.json["device"].startswith("CPU")
    assert ran.json["latency_ms"]["median"] > 0
    first = load_npz(outputs)
    assert surgeon("run", network, *options, "--channels", "BGR", "--json").status == 0
    assert any(not np.array_equal(first[name], array) for name, array in load_npz(outputs).items())
    bad = surgeon("run", network, "--image", picture, "--mean", "red", "--json")
    assert bad.status == 2
