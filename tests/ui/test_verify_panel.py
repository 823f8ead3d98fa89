"""The verify panel compares any two ways to compute the graph, and keeps what it found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.compare.images import RANGES, ImageFeed
from surgeon_gui.compare.inputs import load_npz, save_npz
from surgeon_gui.document import Document
from surgeon_gui.graph.text import parse_text
from surgeon_gui.jobs.feeding import Feeding, load_preset, save_preset
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.verify import VerifyPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import LIGHT
from tests.ui.conftest import Answers

GRAPH = """
x = Placeholder() {dtype=f32, shape=[1,2,3,4]}
a = Abs(x)
b = Neg(a)
y = Tanh(b)
"""


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def panel(qtbot: QtBot, home: Path, tmp_path: Path, answers: Answers) -> VerifyPanel:
    session = Session()
    made = VerifyPanel(session, Settings(), LIGHT, answers)
    qtbot.addWidget(made, before_close_func=lambda _widget: session.close())
    made.resize(1200, 420)
    made.show()
    session.set_document(Document(parse_text(GRAPH), tmp_path / "model.pb"))
    return made


@pytest.fixture
def compare(panel: VerifyPanel, qtbot: QtBot) -> Callable[[str, Path | None], None]:
    """Compares the network with a way, or with a file."""

    def run(way: str, file: Path | None = None) -> None:
        panel.reference.setCurrentIndex(panel.reference.findData(way))
        panel.reference_file.setText("" if file is None else str(file))
        panel.start()
        qtbot.waitUntil(lambda: not panel.is_running(), timeout=60_000)

    return run


def test_a_stored_result_is_compared_layer_by_layer(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None], tmp_path: Path
) -> None:
    panel.layers.setChecked(True)
    compare("network", None)
    assert panel.words.text().startswith("Equal to model.pb as network"), panel.words.text()
    problems = panel.table.rows.columnCount() - 1
    assert panel.table.isColumnHidden(problems)
    assert panel.result is not None
    assert panel.result.saved is not None
    arrays = load_npz(panel.result.saved)
    save_npz(tmp_path / "other.npz", {**arrays, "b": arrays["b"] + 1, "y": arrays["y"] + 1})
    seen: list[str] = []
    panel.followed.connect(seen.append)
    compare("file", tmp_path / "other.npz")
    assert panel.words.text().startswith("The numbers differ")
    assert not panel.table.isColumnHidden(problems)
    assert "The first that differs is b" in panel.hint.text()
    panel.show_button.click()
    assert seen == ["b"]
    assert panel._session.errors["b"] > panel._session.errors["a"]


def choose(panel: VerifyPanel, way: str) -> None:
    panel.value.setCurrentIndex(panel.value.findData(way))


def test_half_precision_is_allowed_what_it_needs(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None]
) -> None:
    limits = panel.limits
    assert not limits.kept.isVisible()
    assert limits.max_rel.placeholderText() == "0.001"
    choose(panel, "network-fp16")
    assert limits.kept.isVisible()
    assert (limits.max_rel.placeholderText(), limits.min_cosine.placeholderText()) == (
        "0.05",
        "0.999",
    )
    compare("network", None)
    assert panel.words.text().startswith("Equal to model.pb as network"), panel.words.text()
    assert panel.result is not None
    assert panel.result.value == "model.pb as fp16 network in ONNX Runtime"
    assert panel.result.max_rel == 0.05
    (output,) = panel.result.outputs
    cost = output.metrics["max_rel"]
    assert cost > 0
    limits.max_rel.setText(f"{cost / 2}")
    compare("network", None)
    assert panel.words.text().startswith("The numbers differ")
    limits.kept.field.setText("a, b y")
    compare("network", None)
    assert panel.words.text().startswith("Equal to")
    limits.kept.field.setText("nothing")
    compare("network", None)
    assert "No layer is called so" in panel.words.text()
    choose(panel, "network")
    compare("network", None)
    assert panel.words.text().startswith("Equal to")


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf nity"])
def test_what_is_no_tolerance_is_told(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None], text: str
) -> None:
    panel.limits.max_rel.setText(text)
    compare("network", None)
    assert panel.words.text() == (f"Largest relative difference: {text!r} is no number from 0 on.")
    assert panel.verify_button.isEnabled()


def test_what_is_usual_follows_the_settings(panel: VerifyPanel) -> None:
    panel.use_settings(Settings(verify_max_rel=0.1, verify_cosine=0.9))
    choose(panel, "network-fp16")
    assert panel.limits.max_rel.placeholderText() == "0.1"
    assert panel.limits.min_cosine.placeholderText() == "0.9"
    choose(panel, "network-bf16")
    assert panel.limits.max_rel.placeholderText() == "0.2"


@pytest.mark.tensorflow
def test_only_full_precision_proves_the_surgery(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None]
) -> None:
    choose(panel, "network-bf16")
    compare("original", None)
    assert panel.words.text().startswith("Equal to TensorFlow"), panel.words.text()
    assert panel._session.verified == ()
    choose(panel, "network")
    compare("original", None)
    assert len(panel._session.verified) == 1


def test_the_report_and_the_results_are_written_where_one_says(
    panel: VerifyPanel,
    compare: Callable[[str, Path | None], None],
    answers: Answers,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    compare("network", None)
    answers.path = tmp_path / "r.json"
    panel.report_button.click()
    qtbot.waitUntil(lambda: (tmp_path / "r.json").exists())
    assert json.loads((tmp_path / "r.json").read_text())["ok"] is True
    answers.path = tmp_path / "y.npz"
    panel.store_button.click()
    qtbot.waitUntil(lambda: (tmp_path / "y.npz").exists())
    assert np.isfinite(load_npz(tmp_path / "y.npz")["y"]).all()


def test_a_side_without_its_file_is_asked_for(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None]
) -> None:
    compare("file", None)
    assert panel.words.text() == "With: Choose the file to compare."


def test_an_engine_without_a_gpu_ends_in_words(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None]
) -> None:
    compare("fp16", None)
    words = panel.words.text() + panel.hint.text()
    assert "GPU" in words
    assert panel.verify_button.isEnabled()


def test_how_a_model_was_fed_is_remembered(
    panel: VerifyPanel, compare: Callable[[str, Path | None], None], tmp_path: Path
) -> None:
    panel.feeding.seed.setValue(7)
    panel.feeding.drawn.setCurrentIndex(panel.feeding.drawn.findData("normal"))
    compare("network", None)
    assert load_preset(tmp_path / "model.pb") == Feeding(seed=7, distribution="normal")
    images = ImageFeed((tmp_path / "cat.png",), RANGES["Caffe, BGR minus mean"], "x")
    save_preset(tmp_path / "model.pb", Feeding(images=images))
    panel._session.set_document(Document(parse_text(GRAPH), tmp_path / "model.pb"))
    assert panel.feeding.choice() == Feeding(images=images)
