"""The samples: made the same every time, opened, judged, cured, proved, exported, built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from samples.digits import draw
from samples.make_samples import BUNDLED, main
from surgeon_gui.edits.script import load_script
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Shape, TensorValue
from surgeon_gui.targets.inspect import inspect
from surgeon_gui.ui.samples import samples, samples_dir
from tests.cli.command import surgeon

NAMES = ("boxes3d", "classifier", "detector", "digits", "segmentation")
RAW = ("--shape", "image_tensor=1x64x64x3", "--output", "concat", "--output", "concat_1")
"""What of the detector converts everywhere: what comes before the postprocessing."""


def sample(name: str) -> Path:
    return samples_dir() / f"{name}.pb"


def cured(name: str) -> Graph:
    graph = open_graph(sample(name))
    for edit in load_script(samples_dir() / f"{name}.toml").edits:
        graph = edit.apply(graph)
    return graph


def weights(graph: Graph) -> int:
    values = (node.attrs.get("value") for node in graph)
    return sum(value.array.size for value in values if isinstance(value, TensorValue))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_sample_is_made_the_same_every_time(name: str, tmp_path: Path) -> None:
    assert main([str(tmp_path), name]) == 0
    assert (tmp_path / f"{name}.pb").read_bytes() == sample(name).read_bytes()


def test_a_sample_there_is_not_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "resnet5"]) == 2
    assert "resnet50" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_resnet50_and_vgg16_have_the_sizes_of_the_real_ones(tmp_path: Path) -> None:
    assert main([str(tmp_path), "resnet50", "boxes3d-vgg16"]) == 0
    resnet = open_graph(tmp_path / "resnet50.pb")
    assert sum(node.op == "Conv2D" for node in resnet) == 53
    assert 25.5e6 < weights(resnet) < 25.7e6
    vgg = open_graph(tmp_path / "boxes3d-vgg16.pb")
    assert sum(node.op == "Conv2D" for node in vgg) == 13
    assert weights(vgg) > 16.7e6


def test_the_window_offers_all_samples() -> None:
    assert tuple(path.stem for path in samples()) == NAMES
    assert sum(path.stat().st_size for path in samples_dir().iterdir() if path.is_file()) < 2e6


@pytest.mark.parametrize("name", NAMES)
def test_its_script_makes_a_sample_ready_for_uff(name: str) -> None:
    report = inspect(cured(name), "uff-8")
    assert report.supported, [problem for problem in report.problems if problem.severity == "error"]


def test_each_sample_brings_what_its_story_is_about() -> None:
    found = {
        name: {problem.rule for problem in inspect(open_graph(sample(name)), "uff-5.1").problems}
        for name in NAMES
    }
    assert {"leaky-relu-to-plugin", "explicit-reshape", "remove-dropout"} <= found["boxes3d"]
    assert "explicit-output-size" in found["segmentation"]
    plugins = [node.op for node in cured("detector") if node.op.endswith("_TRT")]
    assert sorted(plugins) == [
        "FlattenConcat_TRT",
        "FlattenConcat_TRT",
        "GridAnchor_TRT",
        "NMS_TRT",
    ]


def test_the_detectors_plugins_are_told_of_its_maps() -> None:
    graph = cured("detector")
    anchor = graph["GridAnchor"].attrs
    assert anchor["numLayers_u_int"] == 2
    assert graph["Input"].attrs["shape"] == Shape((1, 64, 64, 3))
    assert graph["NMS"].attrs["numClasses_u_int"] == 5


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_equals_tensorflow(name: str) -> None:
    options = RAW if name == "detector" else ("--rules", "clean")
    done = surgeon("verify", sample(name), *options, "--json")
    assert done.status == 0
    assert done.json["ok"]


@pytest.mark.slow
@pytest.mark.tensorrt
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_exported_and_built(name: str, tmp_path: Path) -> None:
    options = RAW if name == "detector" else ("--rules", "clean")
    script = samples_dir() / f"{name}.toml"
    out = tmp_path / "x.uff"
    done = surgeon("export", sample(name), "--script", script, "-o", out, "--json")
    assert done.status == 0
    assert done.json["bytes"] == out.stat().st_size
    done = surgeon("export", sample(name), *options, "-o", tmp_path / "x.onnx")
    assert done.status == 0
    engine = tmp_path / "x.engine"
    done = surgeon("build", sample(name), *options, "-o", engine, "--gpu", "sm86", "--json")
    assert done.status == 0
    assert done.json["bytes"] == engine.stat().st_size


def test_the_digits_are_drawn_the_same_every_time() -> None:
    for name, count, seed in (("train", 300, 2), ("test", 500, 3)):
        images, labels = draw(count, seed)
        with np.load(samples_dir() / f"digits-{name}.npz") as held:
            assert np.abs(held["image"] - images).max() <= 1 / 128
            assert np.array_equal(held["labels"], labels)


def accuracy(model: Path, data: Path, folder: Path) -> float:
    """Return the share of labels a network reads right, in ONNX Runtime."""
    path = folder / "digits.onnx"
    done = surgeon("export", model, "--shape", "image=?x16x16x1", "-o", path)
    assert done.status == 0
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with np.load(data) as held:
        (logits,) = session.run(None, {"image": held["image"]})
        return float(np.mean(logits.argmax(axis=1) == held["labels"]))


def test_the_digits_network_reads_digits(tmp_path: Path) -> None:
    data = samples_dir() / "digits-test.npz"
    assert accuracy(sample("digits"), data, tmp_path) > 0.97


@pytest.mark.slow
@pytest.mark.tensorflow
def test_training_takes_seconds_and_reads_as_well(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "samples.digits", str(tmp_path)]
    done = subprocess.run(
        command, cwd=samples_dir().parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert accuracy(tmp_path / "digits.pb", tmp_path / "digits-test.npz", tmp_path) > 0.97
