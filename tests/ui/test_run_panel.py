"""The run panel: what it asks of the worker, and what it shows of an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.compare.report import NonFinite, TensorComparison
from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.run_spec import Latency, LayerTime
from surgeon_gui.jobs.spec import RunResult, TensorInfo
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.run import RunPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import DARK, LIGHT
from tests.ui.conftest import Answers

TIMES = tuple(2.0 + 0.01 * (index % 37) for index in range(200))


def result(*, ok: bool = True, nans: int = 0) -> RunResult:
    row = TensorComparison("scores", (1, 5), ok, {"max_abs": 1e-4}, None if ok else "It differs.")
    return RunResult(
        device="NVIDIA L4",
        capability="sm89",
        flavour="rtx",
        tensorrt="1.7.1.116",
        inputs=(TensorInfo("image", "float32", (1, 3, 16, 16)),),
        outputs=(TensorInfo("scores", "float32", (1, 5)),),
        latency_ms=Latency(2.0, 2.18, 2.18, 2.35, 2.36, 2.36),
        latencies_ms=TIMES,
        to_device_ms=0.02,
        to_host_ms=0.01,
        throughput=455.5,
        layers=(
            LayerTime("pool", 0.5, 0.25, ("net/MaxPool",)),
            LayerTime("conv + relu", 1.5, 0.75, ("net/Conv2D", "net/Relu")),
        ),
        gpu_memory_bytes=64 << 20,
        non_finite=(NonFinite("scores", nans, 0, 5),) if nans else (),
        comparison=(row,),
        compared_with="original.pb in TensorFlow",
    )


@pytest.fixture
def panel(qtbot: QtBot) -> RunPanel:
    made = RunPanel(Session(), Settings(), LIGHT, Answers())
    qtbot.addWidget(made)
    made.resize(1200, 420)
    made.show()
    return made


def finish(panel: RunPanel, answer: RunResult) -> None:
    panel.job.ended.emit(Succeeded(answer))


def test_without_an_engine_nothing_can_be_run(panel: RunPanel) -> None:
    assert not panel.run_button.isEnabled()
    panel.offer(Path("/x/y.engine"))
    assert panel.run_button.isEnabled()
    assert panel.engine.text() == "/x/y.engine"


def test_a_run_that_agrees_is_said_so(panel: RunPanel) -> None:
    finish(panel, result())
    assert panel.words.text() == "It runs and equals original.pb in TensorFlow."
    assert "2.180 ms median on the NVIDIA L4" in panel.results.headline.text()
    assert "64.0 MiB" in panel.results.figures.text()
    assert panel.results.isVisible()


def test_a_run_that_differs_shows_its_outputs(panel: RunPanel) -> None:
    finish(panel, result(ok=False, nans=2))
    assert "differs from" in panel.words.text()
    model = panel.results.outputs.model()
    assert model.index(0, 5).data() == "2 NaN, 0 infinite of 5; It differs."
    assert panel.results.outputs.isVisible()


def test_layers_come_slowest_first_and_lead_to_their_nodes(panel: RunPanel) -> None:
    finish(panel, result())
    model = panel.results.layers.model()
    assert [model.index(at, 2).data() for at in range(2)] == ["conv + relu", "pool"]
    seen: list[str] = []
    panel.followed.connect(seen.append)
    panel.results.layers.activated.emit(model.index(0, 0))
    assert seen == ["net/Conv2D"]


def test_a_file_to_compare_with_is_asked_for_only_then(panel: RunPanel) -> None:
    assert not panel.reference_file.isVisible()
    panel.reference.setCurrentIndex(panel.reference.findData("file"))
    assert panel.reference_file.isVisible()
    panel.offer(Path("/x/y.engine"))
    panel.start()
    assert panel.words.text() == "Compare with: Choose the file to compare with."


def test_a_missing_engine_ends_in_words(panel: RunPanel, qtbot: QtBot, tmp_path: Path) -> None:
    panel.offer(tmp_path / "none.engine")
    with qtbot.waitSignal(panel.job.ended, timeout=30_000):
        panel.start()
    assert "cannot be read" in panel.words.text()
    assert panel.run_button.isEnabled()


def test_the_plots_follow_the_theme(panel: RunPanel) -> None:
    finish(panel, result())
    panel.set_theme(DARK)
    assert panel.results.histogram.backgroundBrush().color() == DARK.color("window")
