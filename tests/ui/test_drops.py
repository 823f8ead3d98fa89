"""Each kind of file dropped on the window goes where it belongs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from surgeon_gui.ui.dialogs.explain import ExplainDialog
from surgeon_gui.ui.samples import samples_dir
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
_ACTION, _BUTTON = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
_NONE = Qt.KeyboardModifier.NoModifier


def drop(driver: Driver, *paths: Path, text: str = "") -> bool:
    data = QMimeData()
    if paths:
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    if text:
        data.setText(text)
    enter = QDragEnterEvent(QPoint(400, 300), _ACTION, data, _BUTTON, _NONE)
    enter.ignore()
    QApplication.sendEvent(driver.window, enter)
    event = QDropEvent(QPointF(400, 300), _ACTION, data, _BUTTON, _NONE)
    QApplication.sendEvent(driver.window, event)
    driver.settle()
    return enter.isAccepted()


def test_a_graph_is_opened(driver: Driver) -> None:
    assert drop(driver, BOXES)
    assert driver.window.session.title == "boxes3d.pb"


def test_nothing_useful_is_not_taken(driver: Driver) -> None:
    assert not drop(driver)


def test_a_rule_set_goes_to_the_rules(driver: Driver, tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text(
        '[[rule]]\nid = "drop-me"\ntitle = "T"\nsummary = "S."\npattern = "x = Identity(?a)"\n'
        'replace = "x = Identity(?a)"\n'
    )
    drop(driver, rules)
    assert driver.window.bottom_dock.pages.current() == "rules"


def test_a_script_of_edits_is_replayed(driver: Driver, tmp_path: Path) -> None:
    script = tmp_path / "edits.toml"
    script.write_text('[[edit]]\ndo = "rename"\nnode = "input_1"\nname = "image"\n')
    drop(driver, script)
    assert "Open a graph first" in driver.window.message.message.text()
    driver.open(BOXES)
    drop(driver, script)
    driver.bot.waitUntil(
        lambda: driver.window.session.graph is not None and "image" in driver.window.session.graph,
        timeout=10_000,
    )


def test_code_is_asked_about_first(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    (tmp_path / "config.py").write_text("def preprocess(graph): pass\n")
    drop(driver, tmp_path / "config.py")
    box = driver.window.findChild(QMessageBox, "run-script")
    assert box is not None
    box.reject()


@pytest.mark.parametrize("ending", [".engine", ".PLAN"])
def test_an_engine_goes_to_the_run_page(driver: Driver, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"net{ending}"
    path.write_bytes(b"plan")
    drop(driver, path)
    assert driver.window.bottom_dock.pages.current() == "run"
    assert driver.window.run_.engine.text() == str(path)


def test_arrays_feed_verify_or_the_run_page_on_top(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, input_1=np.zeros((1, 2), np.float32))
    drop(driver, path)
    assert driver.window.bottom_dock.pages.current() == "verify"
    assert driver.window.verify.feeding.choice().inputs == path
    driver.window.bottom_dock.open_page("run")
    drop(driver, path)
    assert driver.window.run_.feeding.choice().inputs == path


def test_an_image_feeds_verify(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"not read yet")
    drop(driver, path)
    images = driver.window.verify.feeding.choice().images
    assert images is not None
    assert images.paths == (path,)


def test_values_per_node_colour_the_graph(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    path = tmp_path / "values.json"
    path.write_text(json.dumps({"input_1": 1.0, "vgg/block1_conv1/Conv2D": 3.0}))
    before = driver.window.overlays.chosen
    drop(driver, path)
    driver.bot.waitUntil(lambda: driver.window.overlays.chosen != before, timeout=5000)


def test_a_log_and_dropped_words_are_explained(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "build.log"
    path.write_text("Reshape: -1 dimension specified more than 1 time\n")
    drop(driver, path)
    dialog = driver.window.findChild(ExplainDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert drop(driver, text="UffParser: Unsupported number of graph 0")
    dialog.close()
