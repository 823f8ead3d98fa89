"""The build panel on real models by one click, and when the machine lacks what a build needs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from surgeon_gui.edits.boundary import SetInput
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.graph.values import Shape
from surgeon_gui.jobs.build_history import BUILT, FAILED, load_builds
from surgeon_gui.jobs.engine_card import read_card
from tests.helpers.shared import data_path, shared_path
from tests.ui.conftest import Driver

pytestmark = [pytest.mark.slow, pytest.mark.tensorrt]

CIFAR = data_path("cifar_small.pb")
MODELS = (
    "bsrn_super_resolution.pb",
    "charades_squeezenet.pb",
    "cifar_small.pb",
    "lstm_mnist_dropout_leftovers.pb",
    "mobilenet_v1_0.25_128_frozen.pb",
    "opencv_face_detector_uint8.pb",
    "ssd_mobilenet_v1_0.125_256_person_cat_dog.pb",
    "tf_pose_mobilenet_v2_small.pb",
    "unet_semseg_person_08.pb",
)


SIZES = {
    "bsrn_super_resolution.pb": 64,
    "charades_squeezenet.pb": 224,
    "tf_pose_mobilenet_v2_small.pb": 224,
}
"""Height and width of the images of models that leave them open."""


def build(driver: Driver, engine: Path) -> str:
    """Build by the one button; return what the panel says."""
    panel = driver.window.build
    panel.output.setText(str(engine))
    driver.settle()
    before = len(load_builds())
    driver.window.actions_.refresh()
    driver.window.actions_["build.build"].trigger()
    driver.bot.waitUntil(lambda: not panel.is_running(), timeout=240_000)
    driver.settle()
    driver.bot.waitUntil(lambda: len(load_builds()) == before + 1, timeout=10_000)
    return panel.message.text()


def limited(folder: Path, limit: str) -> str:
    """Return a Python whose processes are limited by the shell's `ulimit`."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\n{limit}\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


def use(driver: Driver, python: str) -> None:
    window = driver.window
    window.settings = replace(window.settings, worker_python=python)
    window.build.use_settings(window.settings)


def still_usable(driver: Driver, tmp_path: Path) -> bool:
    """Whether a plain build works after all."""
    use(driver, "")
    return build(driver, tmp_path / "after.engine").startswith("Built in")


@pytest.mark.parametrize("name", MODELS)
def test_every_convertible_model_builds_by_one_click(
    driver: Driver, name: str, tmp_path: Path
) -> None:
    driver.open(shared_path(f"models/{name}"))
    size = SIZES.get(name)
    if size is not None:
        graph = driver.window.session.graph
        assert graph is not None
        image = deduce_inputs(graph)[0]
        driver.window.session.apply(SetInput(image.name, Shape((1, size, size, 3))))
        driver.settle()
    driver.window.session.request_network()
    driver.settle()
    lowering = driver.window.session.lowering
    assert lowering is not None
    said = build(driver, tmp_path / "x.engine")
    if lowering.network is None:
        assert not (tmp_path / "x.engine").exists()
        assert said
        pytest.skip(f"{name} does not convert as it is: {lowering.problems[0].message}")
    assert said.startswith("Built in"), said
    card = read_card(tmp_path / "x.engine")
    assert card is not None
    assert card.provenance is not None
    assert card.provenance.model.endswith(name)
    assert load_builds()[0].outcome == BUILT


def test_a_full_disk_ends_in_words(driver: Driver, tmp_path: Path) -> None:
    driver.open(CIFAR)
    # A file may not grow past 32 KiB: what is written then fails as on a full disk.
    use(driver, limited(tmp_path, "ulimit -f 64"))
    said = build(driver, tmp_path / "x.engine")
    assert "cannot be written" in said or "cannot go on" in said, said
    assert driver.window.build.hint.text()
    assert not (tmp_path / "x.engine").exists()
    record = load_builds()[0]
    assert record.outcome == FAILED
    assert record.log is not None
    assert (record.log / "stderr.log").exists()
    assert still_usable(driver, tmp_path)


def test_too_little_memory_ends_in_words(driver: Driver, tmp_path: Path) -> None:
    driver.open(CIFAR)
    # Too little to load TensorRT. With a little more it builds, gives up or waits for ever, by
    # chance; what waits for ever is stopped, see tests/jobs/test_stall.py.
    use(driver, limited(tmp_path, "ulimit -v 400000"))
    said = build(driver, tmp_path / "x.engine")
    assert said
    assert not said.startswith("Built")
    assert driver.window.build.hint.text()
    assert load_builds()[0].outcome == FAILED
    assert still_usable(driver, tmp_path)


def test_a_machine_without_tensorrt_ends_in_words(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("tensorrt_rtx", "tensorrt"):
        lacking = tmp_path / "lacking" / f"{module}.py"
        lacking.parent.mkdir(exist_ok=True)
        lacking.write_text(f"raise ModuleNotFoundError('none', name={module!r})\n")
    driver.open(CIFAR)
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path / "lacking"))
        said = build(driver, tmp_path / "x.engine")
    assert "TensorRT is not installed" in said
    assert "pip install" in driver.window.build.hint.text()
    assert still_usable(driver, tmp_path)


def test_a_machine_without_tensorflow_ends_in_words(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = tmp_path / "lacking" / "tensorflow.py"
    lacking.parent.mkdir()
    lacking.write_text("raise ModuleNotFoundError('none', name='tensorflow')\n")
    driver.open(CIFAR)
    verify = driver.window.verify
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path / "lacking"))
        driver.run("build.verify")
        driver.bot.waitUntil(lambda: not verify.is_running(), timeout=60_000)
    words = verify.words.text() + verify.hint.text()
    assert "TensorFlow" in words
    assert "install" in words
    assert verify.verify_button.isEnabled()


@pytest.mark.parametrize(
    ("gpus", "words"), [("sm90", "does not build for sm90"), ("rtx", "no GPU target")]
)
def test_a_bad_option_ends_in_words(driver: Driver, tmp_path: Path, gpus: str, words: str) -> None:
    driver.open(CIFAR)
    panel = driver.window.build
    panel.gpus.setText(gpus)
    panel.output.setText(str(tmp_path / "x.engine"))
    driver.run("build.build")
    driver.bot.waitUntil(lambda: not panel.is_running(), timeout=60_000)
    assert words in panel.message.text()
    assert panel.hint.text()
    panel.gpus.clear()
    assert build(driver, tmp_path / "y.engine").startswith("Built in")
