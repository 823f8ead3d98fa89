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
