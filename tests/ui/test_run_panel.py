"""The run panel: what it asks of the worker, and what it shows of an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.compare.report import NonFinite, TensorComparison
from surgeon_gui.document import Document
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.feeding import Feeding, load_preset
from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.run_spec import Latency, LayerTime
from surgeon_gui.jobs.spec import RunResult, TensorInfo
from surgeon_gui.settings import Settings
from surgeon_gui.ui.machine import Machine
from surgeon_gui.ui.panels.run import RunPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import DARK, LIGHT
from tests.helpers.shared import data_path
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


def test_the_network_runs_on_the_cpu_and_its_outputs_are_shown(
    panel: RunPanel, qtbot: QtBot, home: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (9, 9), (255, 0, 0)).save(picture)
    session = panel._session
    session.set_document(Document(open_graph(data_path("cifar_small.pb")), tmp_path / "m.pb"))
    panel.what.setCurrentIndex(panel.what.findData("network"))
    panel.reference.setCurrentIndex(panel.reference.findData(""))
    panel.feeding.show_choice(Feeding(images=ImageFeed((picture,))))
    panel.iterations.setValue(4)
    panel.start()
    qtbot.waitUntil(lambda: not panel.is_running(), timeout=60_000)
    assert panel.words.text() == "It runs."
    qtbot.waitUntil(lambda: panel.values.output.count() == 1, timeout=10_000)
    assert panel.values.form.currentData() == "top"
    scores = panel.values.classes.model()
    assert scores.rowCount() == 10
    assert float(scores.index(0, 0).data()) >= float(scores.index(1, 0).data())
    panel.values.form.setCurrentIndex(panel.values.form.findData("table"))
    assert panel.values.table.model().columnCount() == 11
    (row,) = panel.precisions.rows.rows
    assert row.device.startswith("CPU")
    assert load_preset(tmp_path / "m.pb") == Feeding(images=ImageFeed((picture,)))
    session.set_document(None)
    assert panel.precisions.rows.rows == []
    session.close()


def test_what_was_measured_in_each_precision_stands_side_by_side(panel: RunPanel) -> None:
    slow = Latency(5.0, 6.0, 6.0, 7.0, 7.0, 7.0)
    finish(panel, replace(result(), precision="fp16", reference_ms=30.0))
    finish(panel, replace(result(), precision="fp32", reference_ms=30.0, latency_ms=slow))
    model = panel.precisions.table.model()
    cells = [[model.index(row, column).data() for column in (0, 2, 4)] for row in range(3)]
    assert cells == [
        ["original.pb in TensorFlow", "30.000 ms", "1.0×"],
        ["FP32 engine", "6.000 ms", "5.0×"],
        ["FP16 engine", "2.180 ms", "13.8×"],
    ]


def test_the_times_of_the_layers_are_kept_for_the_graphs_nodes(panel: RunPanel) -> None:
    finish(panel, result())
    assert panel._session.times == {"net/MaxPool": 0.5, "net/Conv2D": 0.75, "net/Relu": 0.75}


def test_the_plots_follow_the_theme(panel: RunPanel) -> None:
    finish(panel, result())
    panel.set_theme(DARK)
    assert panel.results.histogram.backgroundBrush().color() == DARK.color("window")


def test_without_a_gpu_the_network_is_offered_first(panel: RunPanel, tmp_path: Path) -> None:
    panel.set_machine(Machine())
    assert panel.what.currentData() == "network"
    panel.offer(tmp_path / "x.engine")
    panel.set_machine(Machine())
    assert panel.what.currentData() == "engine"
    panel.stop()
