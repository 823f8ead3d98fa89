"""Choosing what the canvas is coloured by, in the real window."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu

from surgeon_gui.graph.open import save_graph
from surgeon_gui.ui.canvas.legend import Legend
from surgeon_gui.ui.canvas.steps import Steps
from surgeon_gui.view.coloring import KindTints, NumberTints
from surgeon_gui.view.overlays import OVERLAYS, PLAIN
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver
from tests.ui.test_drops import drop
from tests.view.test_series import chain


def legend(driver: Driver) -> Legend:
    found = driver.window.canvas.findChild(Legend)
    assert found is not None
    return found


def words(driver: Driver) -> list[str]:
    menu = QMenu()
    driver.window.overlays.fill(menu)
    return [action.text() for action in menu.actions()]


@pytest.fixture
def opened(driver: Driver) -> Driver:
    driver.open(data_path("cifar_small.pb"))
    return driver


@pytest.mark.parametrize("key", ["verdict", "dtype", "weights"])
def test_what_is_known_of_every_graph_colours_it(opened: Driver, key: str) -> None:
    opened.run(f"overlay.{key}")
    coloring = opened.window.canvas.coloring()
    assert coloring is not None
    assert coloring.key == key
    assert legend(opened).button.text().startswith(OVERLAYS[key].title)
    opened.run(f"overlay.{PLAIN}")
    assert opened.window.canvas.coloring() is None


def test_an_overlay_that_lacks_something_is_offered_with_the_reason(opened: Driver) -> None:
    assert not opened.window.actions_["overlay.error"].isEnabled()
    assert "Numeric error  (verify with “Every layer” first)" in words(opened)
    opened.window.overlays.choose("error")
    assert opened.window.overlays.chosen == PLAIN


def test_measured_errors_can_be_shown_until_an_edit_makes_them_untrue(opened: Driver) -> None:
    graph = opened.window.session.graph
    assert graph is not None
    names = [node.name for node in graph]
    opened.window.session.note_measured(errors=dict.fromkeys(names, 1e-3))
    opened.run("overlay.error")
    marks = opened.window.canvas.marks()
    assert marks is not None
    assert isinstance(marks.tints, NumberTints)
    opened.window.session.select((names[-1],), None)
    opened.run("edit.remove")
    assert opened.window.overlays.chosen == PLAIN
    assert opened.window.canvas.coloring() is None


def test_a_json_dropped_on_the_window_colours_the_graph(opened: Driver, tmp_path: Path) -> None:
    graph = opened.window.session.graph
    assert graph is not None
    path = tmp_path / "owners.json"
    path.write_text(json.dumps({graph.nodes[0].name: "ann", graph.nodes[1].name: "bob", "x": "y"}))
    assert drop(opened, path)
    marks = opened.window.canvas.marks()
    assert marks is not None
    assert isinstance(marks.tints, KindTints)
    assert set(marks.tints.kinds) == {"ann", "bob"}
    assert "owners" in words(opened)
    assert "1 name not in this graph: x" in opened.window.message.message.text()


def test_a_wrong_file_is_told_and_changes_nothing(opened: Driver, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"a": 1,}')
    opened.answers.path = path
    opened.run("overlay.file")
    assert opened.window.canvas.coloring() is None
    assert opened.window.message.where.full().endswith("wrong.json:1:9")


def test_numbered_blocks_fold_and_unfold_by_the_menu(driver: Driver) -> None:
    assert driver.window.canvas.folds_series()
    driver.run("view.fold-series")
    assert not driver.window.canvas.folds_series()
    assert not driver.window.settings.fold_series


def test_boxes_glide_in_the_window_unless_the_settings_say_no(driver: Driver) -> None:
    driver.open(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    window = driver.window
    window.canvas.set_zoom(1.0)
    for animate in (True, False):
        window.use_settings(dataclasses.replace(window.settings, animate=animate))
        window.canvas.toggle("MobilenetV1/MobilenetV1")
        steps = window.canvas.findChild(Steps)
        assert steps is not None
        steps.finish()
        assert window.canvas.is_laying_out() == animate
        driver.settle()


def test_a_series_agrees_with_outline_search_and_undo(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "blocks.pb"
    save_graph(chain([f"block_{at}" for at in range(1, 7)]), path)
    driver.open(path)
    window = driver.window
    window.canvas.set_expanded(["net/"])
    driver.settle()
    window.canvas.select(["net/block_1…block_6/"])
    members = tuple(f"net/block_{at}/" for at in range(1, 7))
    assert window.session.selection == members
    rows = window.outline.view.selectionModel().selectedIndexes()
    assert len(rows) == 6
    assert len(window.session.selected_nodes()) == 12
    driver.run("view.expand")
    assert "net/block_3/" in window.canvas.visible_items()
    driver.run("view.expand")
    assert "net/block_3/" not in window.canvas.visible_items()
    window.go_to("net/block_3/Relu")
    driver.settle()
    assert "net/block_3/Relu" in window.canvas.visible_items()
    window.canvas.collapse("net/block_1…block_6")
    driver.settle()
    driver.run("go.back")
    assert "net/block_1…block_6/" not in window.canvas.expanded()
    assert window.session.selection == members
    window.session.select(("net/block_6/",), None)
    driver.run("edit.remove")
    assert "net/block_1…block_5/" in window.canvas.visible_items()
    driver.run("edit.undo")
    assert "net/block_1…block_6/" in window.canvas.visible_items()
