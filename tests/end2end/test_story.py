"""The main job in the window, start to end, as a person would do it."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from surgeon_gui.rewrite.ruleset import load_rule_set
from surgeon_gui.ui.dialogs.node import CollapseDialog
from surgeon_gui.ui.widgets import ElidedLabel
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver

MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
CIFAR = data_path("cifar_small.pb")


def test_open_expand_find_rule_undo_redo_collapse_save(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    canvas = window.canvas
    driver.answers.path = MOBILENET
    driver.key(window, Qt.Key.Key_O, ctrl=True)
    driver.settle()
    session = window.session
    document = session.document
    assert document is not None

    # Expand MobilenetV1/MobilenetV1 by a double click.
    space = "MobilenetV1/MobilenetV1/"
    if space not in canvas.visible_items():
        double_click(driver, "MobilenetV1/")
    double_click(driver, space)
    assert "MobilenetV1/MobilenetV1/Conv2d_0/" in canvas.visible_items()

    # Find a node.
    driver.key(window, Qt.Key.Key_F, ctrl=True)
    driver.type(window.search, "op:Softmax")
    driver.bot.waitUntil(lambda: bool(window.search.hits()), timeout=5000)
    driver.key(window.search, Qt.Key.Key_Return)
    driver.settle()
    assert session.selection == ("MobilenetV1/Predictions/Softmax",)
    assert "MobilenetV1/Predictions/Softmax" in canvas.visible_items()

    # Apply a rule, undo, redo.
    opened = document.graph
    driver.run("view.rules")
    model = window.rules.model
    row = next(at for at in range(model.rowCount()) if model.count(at))
    window.rules.table.selectRow(row)
    driver.click(window.rules.apply_button)
    driver.settle()
    applied = document.graph
    assert len(applied) < len(opened)
    driver.run("edit.undo")
    assert document.graph is opened
    driver.run("edit.redo")
    assert document.graph is applied

    # Collapse a namespace into a plugin.
    window.go_to("MobilenetV1/Logits/")
    driver.settle()
    driver.run("edit.collapse")
    dialog = window.findChild(CollapseDialog)
    assert dialog is not None
    driver.type(dialog.op, "Head_TRT")
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=5000)
    driver.click(dialog.apply_button)
    driver.settle()
    assert document.graph["MobilenetV1/Logits"].op == "Head_TRT"
    assert session.support is not None
    assert session.support.verdicts["MobilenetV1/Logits"].status.value in ("refuses", "unknown")

    # Save the rule set.
    driver.answers.path = tmp_path / "mobilenet.toml"
    driver.run("rules.save")
    assert load_rule_set(driver.answers.path).items


def double_click(driver: Driver, item: str) -> None:
    canvas = driver.window.canvas
    canvas.reveal(item)
    driver.settle()
    rect = canvas.group_rect(item)
    at = canvas.mapFromScene(rect.topLeft()) + QPoint(40, 12)
    none = Qt.KeyboardModifier.NoModifier
    QTest.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, none, at)
    driver.settle()


@pytest.mark.tensorrt
def test_one_click_builds_the_engine(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    driver.open(CIFAR)
    window.build.output.setText(str(tmp_path / "cifar.engine"))
    window.build.gpus.setText("sm86")
    driver.run("build.build")
    assert window.bottom_dock.pages.current() == "build"
    driver.bot.waitUntil(lambda: not window.build.is_running(), timeout=240_000)
    assert window.build.message.text().startswith("Built in"), window.build.message.text()
    assert (tmp_path / "cifar.engine").stat().st_size > 1000
    shown = " ".join(fact_texts(driver))
    assert "sm86" in shown
    assert "needs a GPU" in shown or window.machine.gpus


def fact_texts(driver: Driver) -> list[str]:
    return [fact.accessibleName() for fact in driver.window.build.facts.findChildren(ElidedLabel)]


@pytest.mark.tensorrt
def test_a_build_can_be_cancelled_and_the_window_lives_on(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    driver.open(MOBILENET)
    window.build.output.setText(str(tmp_path / "never.engine"))
    driver.run("build.build")
    driver.bot.waitUntil(lambda: window.build.job.is_running, timeout=20_000)
    driver.click(window.build.cancel_button)
    driver.bot.waitUntil(lambda: not window.build.is_running(), timeout=15_000)
    assert "cancelled" in window.build.message.text()
    assert not (tmp_path / "never.engine").exists()
    assert window.build.build_button.isEnabled()


@pytest.mark.tensorrt
def test_a_worker_that_is_killed_gets_a_plain_message(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    driver.open(MOBILENET)
    window.build.output.setText(str(tmp_path / "x.engine"))
    driver.run("build.build")
    driver.bot.waitUntil(lambda: window.build.job.pid is not None, timeout=20_000)
    pid = window.build.job.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    driver.bot.waitUntil(lambda: not window.build.is_running(), timeout=20_000)
    assert "killed" in window.build.message.text()
    assert window.build.hint.text()
    driver.run("view.expand-all")


def test_a_worker_that_is_missing_gets_a_plain_message(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    driver.open(CIFAR)
    settings = dataclasses.replace(window.settings, worker_python=str(tmp_path / "no-python"))
    window.build.use_settings(settings)
    window.build.output.setText(str(tmp_path / "x.engine"))
    driver.run("build.build")
    driver.bot.waitUntil(lambda: not window.build.is_running(), timeout=20_000)
    assert "did not start" in window.build.message.text()
    assert window.build.hint.text()
    driver.run("view.fit")


@pytest.mark.tensorflow
def test_verify_shows_a_row_per_output_and_the_largest_difference(driver: Driver) -> None:
    window = driver.window
    driver.open(CIFAR)
    driver.run("build.verify")
    driver.bot.waitUntil(lambda: not window.verify.is_running(), timeout=240_000)
    assert window.verify.words.text().startswith("Equal to TensorFlow"), window.verify.words.text()
    table = window.verify.table.model()
    assert table.rowCount() == 1
    assert "Verified" in window.status.verified.text()
