"""The build panel: builds wait for their turn, are kept, and can be made again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.document import Document
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.build_history import BUILT, FAILED, load_builds
from surgeon_gui.jobs.engine_card import read_card
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.build import BuildPanel
from surgeon_gui.ui.panels.build_recent import ComparedBuilds
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import LIGHT
from tests.helpers.shared import data_path
from tests.ui.conftest import Answers


@pytest.fixture
def panel(qtbot: QtBot, home: Path, tmp_path: Path) -> BuildPanel:
    session = Session()
    made = BuildPanel(
        session, Settings(), LIGHT, Answers(), lambda ending: tmp_path / f"model{ending}"
    )
    qtbot.addWidget(made, before_close_func=lambda _widget: close(made, session))
    made.resize(1200, 500)
    made.show()
    session.set_document(Document(open_graph(data_path("cifar_small.pb")), tmp_path / "model.pb"))
    made.gpus.setText("sm86")
    return made


def close(panel: BuildPanel, session: Session) -> None:
    panel.stop()
    session.close()


def idle(panel: BuildPanel, qtbot: QtBot, builds: int) -> None:
    qtbot.waitUntil(lambda: len(load_builds()) == builds, timeout=120_000)
    qtbot.waitUntil(lambda: not panel._session.tasks.is_busy() and not panel.is_running())


@pytest.mark.tensorrt
def test_builds_asked_for_meanwhile_wait_and_are_all_made(
    panel: BuildPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    row = TensorComparison("Output", (1, 10), True, {"max_abs": 0.0})
    panel._session.verified = (row,)
    panel.start()
    assert panel.build_button.text() == "Build next"
    panel.start()
    assert panel.recent.rows.rowCount() == 0
    assert "already" in panel.message.text()
    panel.precision.setCurrentText("fp16")
    panel.output.setText(str(tmp_path / "half.engine"))
    panel.start()
    panel.start()
    assert panel.recent.rows.rowCount() == 1
    panel.precision.setCurrentText("int8")
    panel.start()
    assert panel.recent.rows.rowCount() == 2
    panel.pages.show_page("recent")
    panel.recent.table.selectRow(1)
    panel.recent.remove_button.click()
    idle(panel, qtbot, 2)
    assert panel.pages.current() == "recent"
    assert [item.spec.precision for item in load_builds()] == ["fp16", "fp32"]
    assert all(item.outcome == BUILT for item in load_builds())
    card = read_card(tmp_path / "model.engine")
    assert card is not None
    assert card.provenance is not None
    assert card.provenance.verified == (row,)

    panel.precision.setCurrentText("fp32")
    panel.recent.table.selectRow(0)
    panel.recent.use_button.click()
    assert panel.precision.currentText() == "fp16"
    assert panel.gpus.text() == "sm86"
    panel.recent.again_button.click()
    idle(panel, qtbot, 3)
    assert load_builds()[0].spec.precision == "fp16"

    panel.recent.table.selectAll()
    assert not panel.recent.compare_button.isEnabled()
    selection = panel.recent.table.selectionModel()
    index = panel.recent.rows.index
    selection.select(index(0, 0), selection.SelectionFlag.Deselect | selection.SelectionFlag.Rows)
    panel.recent.compare_button.click()
    dialog = panel.findChild(ComparedBuilds)
    assert dialog is not None
    assert ("precision", "fp16", "fp32") in dialog.rows.rows
    dialog.close()


def test_a_build_that_is_refused_is_kept_with_its_reason(panel: BuildPanel, qtbot: QtBot) -> None:
    panel.precision.setCurrentText("int8")
    panel.start()
    idle(panel, qtbot, 1)
    (record,) = load_builds()
    assert record.outcome == FAILED
    assert "no quantization scales" in record.message
    assert record.log is not None
    assert (record.log / "stderr.log").exists()
    panel.recent.table.selectRow(0)
    assert not panel.recent.open_button.isEnabled()
    panel.recent.remove_button.click()
    qtbot.waitUntil(lambda: load_builds() == ())


def test_the_log_is_filtered_by_severity_and_words(panel: BuildPanel) -> None:
    for level, words in (
        (logging.INFO, "Engine generation"),
        (logging.WARNING, "Slow kernel"),
        (logging.ERROR, "No tactic"),
    ):
        panel.log.add(level, words)
    assert panel.log.text.toPlainText().count("\n") == 2
    panel.log.level.setCurrentIndex(1)
    assert panel.log.text.toPlainText() == "Slow kernel\nNo tactic"
    panel.log.filter.setText("kernel")
    assert panel.log.text.toPlainText() == "Slow kernel"
    panel.log.filter.clear()
    panel.log.level.setCurrentIndex(0)
    assert "Engine generation" in panel.log.text.toPlainText()
