"""What has to be frozen first is opened through the dialog, by a worker, and optimised after."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from surgeon_gui.edits.optimise import PRESETS
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Shape
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.pipeline import network_of
from surgeon_gui.reference.onnx_runner import OnnxRunner
from surgeon_gui.settings import Settings
from surgeon_gui.ui.dialogs.freeze import FreezeDialog
from surgeon_gui.ui.dialogs.optimise import OptimiseDialog
from tests.helpers.shared import data_path
from tests.helpers.sources_process import make_sources
from tests.ui.conftest import Driver
from tests.ui.test_drops import drop

Feeds = dict[str, np.ndarray[Any, Any]]

MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")


class Sources:
    """A folder of sources, and what they compute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values = make_sources(folder)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return Sources(tmp_path_factory.mktemp("sources"))


def opened(driver: Driver, path: Path) -> FreezeDialog:
    driver.open(path)
    (dialog,) = driver.window.findChildren(FreezeDialog)
    assert dialog.isVisible()
    return dialog


def freeze(driver: Driver, dialog: FreezeDialog) -> None:
    """Press Freeze and wait until the worker is done."""
    driver.click(dialog.freeze_button)
    assert dialog.work.is_running()
    driver.bot.waitUntil(lambda: not dialog.work.is_running(), timeout=120_000)
    driver.settle()


def assert_computes(driver: Driver, feeds: Feeds, value: np.ndarray[Any, Any]) -> None:
    """The network of the graph on show gives this value at its last output."""
    graph = driver.window.session.graph
    assert graph is not None
    shapes = {name: Shape(array.shape) for name, array in feeds.items()}
    model = onnx_from_network(network_of(graph, shapes=shapes))
    *_, found = OnnxRunner(model).run(feeds).values()
    np.testing.assert_allclose(found, value, rtol=1e-5)


def press(driver: Driver, holder: QWidget, words: str) -> None:
    found = [each for each in holder.findChildren(QPushButton) if each.text() == words]
    driver.click(found[-1])
    driver.settle()


@pytest.mark.tensorflow
def test_a_saved_model_leads_to_its_frozen_graph(driver: Driver, sources: Sources) -> None:
    dialog = opened(driver, sources.folder / "both")
    assert dialog.title.text() == "SavedModel both"
    assert [dialog.tags.itemText(at) for at in range(dialog.tags.count())] == ["train", "serve"]
    assert dialog.tags.currentText() == "serve"
    assert dialog.signatures.currentText() == "serving_default"
    assert dialog.inputs.text() == "pixels"
    assert dialog.outputs.text() == "features, scores"
    assert dialog.gives.text().splitlines()[1] == "scores  float32 [?,3]"
    freeze(driver, dialog)
    session = driver.window.session
    assert session.title == "both_frozen"
    assert session.graph is not None
    assert session.graph.outputs == (TensorRef("hidden"), TensorRef("dense/probabilities"))
    assert "computes what the source does" in driver.window.message.message.text()
    assert_computes(driver, {"image": sources.values["x"]}, sources.values["scores"])
    assert driver.window.state.recent[0] == str(sources.folder / "both")
    assert driver.window.files.suggest(".pb").name == "both_frozen.pb"


@pytest.mark.tensorflow
def test_another_graph_signature_and_output_can_be_chosen(driver: Driver, sources: Sources) -> None:
    dialog = opened(driver, sources.folder / "both")
    dialog.tags.setCurrentText("train")
    assert dialog.signatures.currentText() == "features"
    dialog.tags.setCurrentText("serve")
    assert dialog.spec(sources.folder).outputs == ()
    dialog.outputs.setText("scores")
    dialog.passes.setCurrentText("All of our passes")
    spec = dialog.spec(sources.folder)
    assert (spec.tags, spec.signature) == (("serve",), "serving_default")
    assert (spec.outputs, spec.inputs, spec.passes) == (("scores",), (), PRESETS["all"])
    freeze(driver, dialog)
    graph = driver.window.session.graph
    assert graph is not None
    assert graph.outputs == (TensorRef("dense/probabilities"),)
    assert not any(node.op == "Identity" for node in graph)
    assert_computes(driver, {"image": sources.values["x"]}, sources.values["scores"])


@pytest.mark.tensorflow
def test_a_wrong_output_says_so_and_can_be_mended(driver: Driver, sources: Sources) -> None:
    dialog = opened(driver, sources.folder / "small.keras")
    assert dialog.inputs.placeholderText() == "the model's own"
    dialog.outputs.setText("bogus")
    freeze(driver, dialog)
    assert "bogus" in dialog.work.words.text()
    assert dialog.isVisible()
    assert driver.window.session.graph is None
    dialog.outputs.clear()
    freeze(driver, dialog)
    graph = driver.window.session.graph
    assert graph is not None
    (source,) = (node.name for node in graph if node.op == "Placeholder")
    assert_computes(driver, {source: sources.values["x"]}, sources.values["keras"])


@pytest.mark.tensorflow
def test_a_graph_with_variables_leads_to_its_checkpoint(driver: Driver, sources: Sources) -> None:
    driver.open(sources.folder / "checkpoint" / "graph.pb")
    assert "variables" in driver.window.message.message.text()
    press(driver, driver.window.message, "Freeze…")
    (dialog,) = driver.window.findChildren(FreezeDialog)
    assert dialog.title.text() == "Checkpoint checkpoint"
    assert dialog.graph_file.text() == str(sources.folder / "checkpoint" / "graph.pb")
    freeze(driver, dialog)
    assert_computes(driver, {"image": sources.values["x"]}, sources.values["scores"])


@pytest.mark.tensorflow
def test_freezing_can_be_stopped_and_left(driver: Driver, sources: Sources) -> None:
    dialog = opened(driver, sources.folder / "both")
    driver.click(dialog.freeze_button)
    driver.bot.waitUntil(lambda: dialog.work.job.pid is not None, timeout=60_000)
    assert not dialog.outputs.isEnabled()
    assert dialog.cancel_button.text() == "Stop"
    driver.click(dialog.cancel_button)
    driver.bot.waitUntil(lambda: not dialog.work.is_running(), timeout=60_000)
    assert "cancelled" in dialog.work.words.text()
    driver.click(dialog.freeze_button)
    driver.bot.waitUntil(lambda: dialog.work.job.pid is not None, timeout=60_000)
    driver.key(dialog, Qt.Key.Key_Escape)
    driver.bot.waitUntil(
        lambda: not any(each.isVisible() for each in driver.window.findChildren(FreezeDialog)),
        timeout=60_000,
    )
    assert driver.window.session.graph is None


@pytest.mark.tensorflow
def test_a_meta_file_can_be_opened_without_its_values(driver: Driver, sources: Sources) -> None:
    dialog = opened(driver, sources.folder / "checkpoint" / "model.ckpt.meta")
    driver.click(dialog.look_button)
    driver.settle()
    graph = driver.window.session.graph
    assert graph is not None
    assert any(node.op == "VarHandleOp" for node in graph)


def test_a_folder_without_a_model_says_what_to_choose(driver: Driver, tmp_path: Path) -> None:
    drop(driver, tmp_path)
    (dialog,) = driver.window.findChildren(FreezeDialog)
    assert dialog.title.text() == "There is nothing to freeze here"
    assert "Choose the folder that holds saved_model.pb." in dialog.work.words.text()
    assert not dialog.freeze_button.isVisible()
    driver.click(dialog.cancel_button)
    assert not dialog.isVisible()


def test_a_damaged_saved_model_is_told(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x12\xff")

    def choose(parent: object, title: str, folder: str, chosen: Callable[[Path], object]) -> None:
        chosen(tmp_path)

    monkeypatch.setattr(driver.answers, "open_folder", choose)
    driver.run("file.open-folder")
    (dialog,) = driver.window.findChildren(FreezeDialog)
    assert "cannot be read" in dialog.work.words.text()


def optimiser(driver: Driver) -> OptimiseDialog:
    driver.open(MOBILENET)
    driver.run("edit.optimise")
    (dialog,) = driver.window.findChildren(OptimiseDialog)
    tried(driver, dialog)
    return dialog


def tried(driver: Driver, dialog: OptimiseDialog) -> None:
    driver.bot.waitUntil(lambda: not dialog.title.text().endswith("…"), timeout=120_000)


def test_passes_show_what_they_did_and_are_steps_to_undo(driver: Driver) -> None:
    dialog = optimiser(driver)
    assert dialog.title.text() == "555 nodes become 147"
    did = {item.id: item for item in dialog.model.rows}
    assert list(did) == ["grappler", *PRESETS["all"]]
    cells = [dialog.model.index(list(did).index("batch-norms"), at).data() for at in range(4)]
    assert cells == ["Fold batch norms", "201", "147", "108 removed, 54 added, 54 changed"]
    driver.click(dialog.apply_button)
    driver.settle()
    document = driver.window.session.document
    assert document is not None
    assert (len(document.graph), document.index) == (147, 3)
    driver.run("edit.undo")
    assert len(document.graph) == 201


def test_passes_can_be_switched_and_presets_taken(driver: Driver) -> None:
    dialog = optimiser(driver)
    at = [item.id for item in dialog.model.rows].index("batch-norms")
    off = Qt.CheckState.Unchecked
    dialog.model.setData(dialog.model.index(at, 0), off, Qt.ItemDataRole.CheckStateRole)
    tried(driver, dialog)
    assert dialog.title.text() == "555 nodes become 201"
    assert dialog.preset.currentText() == "My choice"
    nvidia = dialog.preset.findData("nvidia")
    dialog.preset.setCurrentIndex(nvidia)
    dialog.preset.activated.emit(nvidia)
    tried(driver, dialog)
    assert dialog.model.chosen == set(PRESETS["nvidia"])
    assert dialog.title.text() == "555 nodes become 147"


def test_sizes_are_fixed_and_wrong_ones_told(driver: Driver) -> None:
    dialog = optimiser(driver)
    dialog.sizes.setText("input=big")
    tried(driver, dialog)
    assert "input=big is no size" in dialog.title.text()
    assert not dialog.apply_button.isEnabled()
    dialog.sizes.setText("input=2x128x128x3")
    tried(driver, dialog)
    assert dialog.model.index(1, 3).data() == "1 changed"


def test_the_difference_can_be_seen_first(driver: Driver) -> None:
    dialog = optimiser(driver)
    driver.click(dialog.difference_button)
    driver.settle()
    window = driver.window
    driver.bot.waitUntil(lambda: not window.compare.is_working(), timeout=60_000)
    assert window.center.pages.current() == "compare"
    found = window.compare.found()
    assert found is not None
    assert len(found.after) == 147
    assert window.session.document is not None
    assert window.session.document.index == 0


def test_the_dialog_follows_the_graph(driver: Driver) -> None:
    dialog = optimiser(driver)
    driver.window.rules.apply_enabled()
    driver.settle()
    tried(driver, dialog)
    before = len(driver.window.session.graph or ())
    assert dialog.title.text().startswith((f"{before} nodes become", "There is nothing"))
    driver.window.session.set_document(None)
    assert not dialog.isVisible()


def switch(dialog: OptimiseDialog, name: str, on: bool) -> None:
    at = [item.id for item in dialog.model.rows].index(name)
    state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
    dialog.model.setData(dialog.model.index(at, 0), state, Qt.ItemDataRole.CheckStateRole)


def computed(driver: Driver) -> np.ndarray[Any, Any]:
    """What the network of the graph on show makes of a random picture."""
    graph = driver.window.session.graph
    assert graph is not None
    feeds = {"input": np.random.default_rng(0).uniform(-1, 1, (1, 128, 128, 3)).astype("f4")}
    model = onnx_from_network(network_of(graph, shapes={"input": Shape((1, 128, 128, 3))}))
    *_, found = OnnxRunner(model).run(feeds).values()
    return found


@pytest.mark.tensorflow
@pytest.mark.slow
def test_tensorflows_optimiser_is_a_pass_and_one_step_to_undo(driver: Driver) -> None:
    dialog = optimiser(driver)
    switch(dialog, "grappler", True)
    tried(driver, dialog)
    assert "TensorFlow took" in dialog.work.words.text()
    assert dialog.title.text() == "555 nodes become 143"
    cells = [dialog.model.index(0, at).data() for at in range(3)]
    assert cells == ["TensorFlow's optimiser (Grappler)", "555", "170"]
    # Another choice of our own passes does not trouble TensorFlow again.
    switch(dialog, "batch-norms", False)
    tried(driver, dialog)
    assert not dialog.work.is_running()
    switch(dialog, "batch-norms", True)
    tried(driver, dialog)
    driver.click(dialog.apply_button)
    driver.settle()
    document = driver.window.session.document
    assert document is not None
    assert len(document.graph) == 143
    after = computed(driver)
    document.jump(1)
    assert document.edits[-1].title == "Optimise with TensorFlow (Grappler)"
    assert len(document.graph) == 170
    driver.run("edit.undo")
    assert len(document.graph) == 555
    np.testing.assert_allclose(after, computed(driver), rtol=1e-4, atol=1e-6)


def test_tensorflows_optimiser_that_cannot_run_says_why(driver: Driver, tmp_path: Path) -> None:
    """A worker whose TensorFlow is not there; the passes without it go on."""
    (tmp_path / "tensorflow.py").write_text("raise ModuleNotFoundError(name='tensorflow')")
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}:$PYTHONPATH" exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    dialog = optimiser(driver)
    dialog.work.use_settings(Settings(worker_python=str(python)))
    switch(dialog, "grappler", True)
    tried(driver, dialog)
    assert dialog.title.text() == "TensorFlow's optimiser did not run"
    assert "TensorFlow is not installed in the worker's Python." in dialog.work.words.text()
    assert "pip install" in dialog.work.words.text()
    assert not dialog.apply_button.isEnabled()
    switch(dialog, "grappler", False)
    tried(driver, dialog)
    assert dialog.title.text() == "555 nodes become 147"
    assert dialog.apply_button.isEnabled()


@pytest.mark.tensorflow
def test_tensorflows_optimiser_can_be_stopped(driver: Driver) -> None:
    dialog = optimiser(driver)
    switch(dialog, "grappler", True)
    driver.bot.waitUntil(dialog.work.is_running, timeout=60_000)
    assert dialog.cancel_button.text() == "Stop"
    driver.click(dialog.cancel_button)
    assert "grappler" not in dialog.model.chosen
    driver.bot.waitUntil(lambda: not dialog.work.is_running(), timeout=60_000)
    driver.bot.waitUntil(lambda: dialog.title.text() == "555 nodes become 147", timeout=60_000)
    assert "cancelled" in dialog.work.words.text()
    assert dialog.cancel_button.text() == "Cancel"
