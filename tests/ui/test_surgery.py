"""Editing the graph through the window, with mouse and keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QPushButton

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Shape
from surgeon_gui.rewrite.ruleset import load_rule_set
from surgeon_gui.ui.dialogs.autofix import AutofixDialog
from surgeon_gui.ui.dialogs.base import EditDialog
from surgeon_gui.ui.dialogs.node import CollapseDialog, ReplaceDialog
from surgeon_gui.ui.dialogs.simple import AttributeDialog, RenameDialog, ShapeDialog
from surgeon_gui.ui.rule_preview import preview_rule
from surgeon_gui.ui.samples import samples_dir
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")


def graph_of(driver: Driver) -> Graph:
    graph = driver.window.session.graph
    assert graph is not None
    return graph


def dialog_of(driver: Driver, kind: type[EditDialog]) -> EditDialog:
    found = [each for each in driver.window.findChildren(kind) if each.isVisible()]
    assert found, kind.__name__
    return found[-1]


def press_apply(driver: Driver, dialog: EditDialog) -> None:
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=5000)
    driver.click(dialog.apply_button)
    driver.settle()


def click_node(driver: Driver, name: str) -> None:
    canvas = driver.window.canvas
    canvas.reveal(name)
    driver.settle()
    canvas.select(())
    center = canvas.mapFromScene(canvas.node_rect(name).center())
    driver.click(canvas.viewport(), center)


def test_a_click_on_the_canvas_selects_everywhere(driver: Driver) -> None:
    driver.open(BOXES)
    name = "orientation/leaky_re_lu_1/LeakyRelu"
    click_node(driver, name)
    window = driver.window
    assert window.session.selection == (name,)
    index = window.outline.view.currentIndex()
    assert window.outline.model.data(index) == "LeakyRelu"
    assert "LeakyRelu" in [fact.text for fact in window.inspector.facts._facts]


def test_remove_undo_redo_by_keyboard(driver: Driver) -> None:
    driver.open(BOXES)
    before = graph_of(driver)
    click_node(driver, "orientation/leaky_re_lu_1/LeakyRelu")
    driver.key(driver.window, Qt.Key.Key_Delete)
    driver.settle()
    after = graph_of(driver)
    assert "orientation/leaky_re_lu_1/LeakyRelu" not in after
    driver.key(driver.window, Qt.Key.Key_Z, ctrl=True)
    assert graph_of(driver) is before
    driver.run("edit.redo")
    assert graph_of(driver) is after


def test_rename_by_dialog(driver: Driver) -> None:
    driver.open(BOXES)
    click_node(driver, "orientation/leaky_re_lu_1/LeakyRelu")
    driver.key(driver.window, Qt.Key.Key_F2)
    dialog = dialog_of(driver, RenameDialog)
    assert isinstance(dialog, RenameDialog)
    driver.type(dialog.name, "orientation/act")
    press_apply(driver, dialog)
    assert graph_of(driver)["orientation/act"].op == "LeakyRelu"


def test_a_wrong_name_is_refused_before_apply(driver: Driver) -> None:
    driver.open(BOXES)
    click_node(driver, "orientation/leaky_re_lu_1/LeakyRelu")
    driver.run("edit.rename")
    dialog = dialog_of(driver, RenameDialog)
    assert isinstance(dialog, RenameDialog)
    driver.type(dialog.name, "a b?")
    driver.bot.waitUntil(lambda: "no name" in dialog.words.text(), timeout=5000)
    assert not dialog.apply_button.isEnabled()


def test_set_attribute_by_dialog(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.inspector.attribute_requested.emit("orientation/leaky_re_lu_1/LeakyRelu", "alpha")
    dialog = dialog_of(driver, AttributeDialog)
    assert isinstance(dialog, AttributeDialog)
    dialog.value.selectAll()
    driver.type(dialog.value, "0.25")
    press_apply(driver, dialog)
    assert graph_of(driver)["orientation/leaky_re_lu_1/LeakyRelu"].attrs["alpha"] == 0.25


def test_set_the_input_shape_by_dialog(driver: Driver) -> None:
    driver.open(BOXES)
    click_node(driver, "input_1")
    driver.run("edit.shape")
    dialog = dialog_of(driver, ShapeDialog)
    assert isinstance(dialog, ShapeDialog)
    dialog.shape.selectAll()
    driver.type(dialog.shape, "1, 64, 64, 3")
    press_apply(driver, dialog)
    assert graph_of(driver)["input_1"].attrs["shape"] == Shape((1, 64, 64, 3))
    types = driver.window.session.types
    assert types is not None


def test_replace_by_a_plugin_offers_its_fields(driver: Driver) -> None:
    driver.open(BOXES)
    click_node(driver, "orientation/leaky_re_lu_1/LeakyRelu")
    driver.run("edit.replace")
    dialog = dialog_of(driver, ReplaceDialog)
    assert isinstance(dialog, ReplaceDialog)
    driver.type(dialog.op, "LReLU_TRT")
    cells = dialog.attributes.table.model()
    assert cells.index(0, 0).data() == "negSlope"
    cells.setData(cells.index(0, 1), "0.1")
    press_apply(driver, dialog)
    node = graph_of(driver)["orientation/leaky_re_lu_1/LeakyRelu"]
    assert node.op == "LReLU_TRT"
    assert any(key.startswith("negSlope") for key in node.attrs)


def test_collapse_shows_inputs_and_outputs_before_applying(driver: Driver) -> None:
    driver.open(MOBILENET)
    window = driver.window
    space = "MobilenetV1/Predictions/"
    window.go_to(space)
    driver.settle()
    driver.key(window, Qt.Key.Key_G, ctrl=True)
    driver.settle()
    dialog = dialog_of(driver, CollapseDialog)
    assert isinstance(dialog, CollapseDialog)
    assert dialog.inputs.chosen()[0] == "MobilenetV1/Logits/SpatialSqueeze"
    driver.type(dialog.op, "MyHead_TRT")
    press_apply(driver, dialog)
    graph = graph_of(driver)
    assert graph["MobilenetV1/Predictions"].op == "MyHead_TRT"
    assert not any(node.name.startswith(space) for node in graph)
    driver.run("edit.undo")
    assert any(node.name.startswith(space) for node in graph_of(driver))


@pytest.mark.parametrize("command", ["edit.collapse", "edit.replace"])
def test_a_node_whose_inputs_are_all_unticked_reads_nothing(driver: Driver, command: str) -> None:
    driver.open(MOBILENET)
    name = "MobilenetV1/Predictions/Softmax"
    driver.window.session.select((name,))
    driver.run(command)
    kind = CollapseDialog if command == "edit.collapse" else ReplaceDialog
    dialog = dialog_of(driver, kind)
    assert isinstance(dialog, kind)
    for at in range(dialog.inputs.count()):
        dialog.inputs.item(at).setCheckState(Qt.CheckState.Unchecked)
    driver.type(dialog.op, "MySource_TRT")
    press_apply(driver, dialog)
    (made,) = (node for node in graph_of(driver) if node.op == "MySource_TRT")
    assert made.inputs == ()


def test_fix_in_the_problems_list_is_one_click(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.session.set_target(next(t for t in target_ids(driver) if t.startswith("uff-5.1")))
    driver.settle()
    rows = [each for each in window.problems.rows() if each.group.rule]
    assert rows
    row = rows[0]
    fix = next(each for each in row.findChildren(QPushButton) if each.text() == "Fix all alike")
    driver.click(fix)
    driver.settle()
    assert window.session.document is not None
    assert window.session.document.index == 1
    assert row.group.rule not in [each.group.rule for each in window.problems.rows()]


def target_ids(driver: Driver) -> list[str]:
    combo = driver.window.toolbar.target
    return [combo.itemData(at) for at in range(combo.count())]


def test_a_press_on_a_problem_goes_to_its_node(driver: Driver) -> None:
    driver.open(BOXES)
    row = driver.window.problems.rows()[0]
    driver.click(row, QPoint(200, 10))
    driver.settle()
    assert driver.window.session.selection == row.group.nodes
    assert row.group.nodes[0] in driver.window.canvas.visible_items()


def test_preview_outlines_and_apply_rewrites(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    preview_rule(window, "remove-dropout")
    driver.settle()
    assert "would change" in window.message.message.text()
    apply = next(
        each for each in window.message.findChildren(QPushButton) if each.text() == "Apply"
    )
    driver.click(apply)
    driver.settle()
    assert not any("dropout/random" in node.name for node in graph_of(driver))


def test_rules_apply_switch_reorder_save_load(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    window = driver.window
    rules = window.rules
    driver.run("view.rules")
    assert window.bottom_dock.pages.current() == "rules"
    rules.table.selectRow(1)
    first = rules.model.item(1).name
    was_on = rules.model.item(1).on
    driver.key(rules.table, Qt.Key.Key_Space)
    assert rules.model.item(1).on is not was_on
    driver.click(rules.up_button)
    assert rules.model.item(0).name == first
    driver.answers.path = tmp_path / "own.toml"
    driver.run("rules.save")
    saved = load_rule_set(driver.answers.path)
    assert saved.id == "own"
    assert saved.items[0].name == first
    assert saved.items[0].on is not was_on
    driver.run("rules.load")
    assert rules.model.rule_set().id == "own"
    driver.key(window, Qt.Key.Key_R, ctrl=True)
    driver.settle()
    assert window.session.document is not None
    assert window.session.document.index == 1
    assert "own" in window.session.document.revision.title


def test_one_rule_applies_by_enter_and_history_jumps_back(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    driver.run("view.rules")
    model = window.rules.model
    row = next(r for r in range(model.rowCount()) if model.item(r).name == "remove-dropout")
    assert model.count(row) == 1
    window.rules.table.selectRow(row)
    driver.key(window.rules.table, Qt.Key.Key_Return)
    driver.settle()
    document = window.session.document
    assert document is not None
    assert document.index == 1
    assert model.count(row) == 0
    driver.run("view.history")
    view = window.history.view
    place = view.visualRect(view.model().index(0, 0)).center()
    driver.click(view.viewport(), place)
    assert document.index == 0


def test_script_saved_and_replayed(driver: Driver, tmp_path: Path) -> None:
    driver.open(BOXES)
    driver.window.surgery.apply_rule("remove-dropout")
    driver.settle()
    edited = graph_of(driver)
    driver.answers.path = tmp_path / "script.toml"
    driver.run("file.script")
    driver.run("edit.undo")
    driver.run("rules.replay")
    assert graph_of(driver) == edited


@pytest.mark.parametrize("suffix", [".pb", ".pbtxt", ".uff", ".onnx", ".network"])
def test_every_form_can_be_written(driver: Driver, tmp_path: Path, suffix: str) -> None:
    driver.open(data_path("cifar_small.pb"))
    driver.answers.path = tmp_path / f"out{suffix}"
    command = "file.save-as" if suffix in (".pb", ".pbtxt") else f"export{suffix}"
    driver.run(command)
    assert driver.answers.path.stat().st_size > 0
    assert "Wrote" in driver.window.message.message.text()


def test_copy_as_text_pastes_back_as_a_graph(driver: Driver) -> None:
    driver.open(BOXES)
    click_node(driver, "orientation/leaky_re_lu_1/LeakyRelu")
    driver.key(driver.window.canvas, Qt.Key.Key_C, ctrl=True)
    driver.settle()
    text = QGuiApplication.clipboard().text()
    assert "leaky_re_lu_1/LeakyRelu = LeakyRelu(" in text
    assert parse_text(f"x = Placeholder() {{dtype=float32}}\n{text}") is not None


def test_the_context_menu_offers_what_fits(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.show_context_menu("orientation/", QPoint(300, 300))
    menu = window.findChild(QMenu, "context-menu")
    assert menu is not None
    enabled = {action.objectName() for action in menu.actions() if action.isEnabled()}
    assert {"edit.collapse", "edit.rename", "view.expand", "edit.remove"} <= enabled
    assert "edit.shape" not in enabled
    assert "edit.attribute" not in enabled
    menu.close()


def test_a_failed_edit_changes_nothing_and_says_why(driver: Driver) -> None:
    driver.open(BOXES)
    before = graph_of(driver)
    window = driver.window
    window.session.select(("input_1",))
    driver.run("edit.remove")
    assert graph_of(driver) is before
    assert window.message.isVisible()
    assert "input_1" in window.message.where.full()


def test_autofix_cures_in_one_undoable_step(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.session.set_target("uff-5.1")
    driver.settle()
    before = graph_of(driver)
    driver.run("rules.autofix")
    dialog = window.findChild(AutofixDialog)
    assert dialog is not None
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=30_000)
    assert "none afterwards" in dialog.title.text()
    table = dialog.table
    lines = [table.sizeHintForRow(at) for at in range(table.model().rowCount())]
    wrapped = [at for at, height in enumerate(lines) if height >= 2 * table.fontMetrics().height()]
    assert wrapped
    assert all(table.rowHeight(at) >= lines[at] + 8 for at in wrapped)
    assert graph_of(driver) is before
    driver.click(dialog.apply_button)
    document = window.session.document
    assert document is not None
    driver.bot.waitUntil(lambda: document.index == 1, timeout=30_000)
    driver.settle()
    assert "Auto-fix cured" in window.message.message.text()
    assert not any(node.op == "LeakyRelu" for node in graph_of(driver))
    assert not window.actions_["rules.autofix"].isEnabled()
    driver.run("edit.undo")
    assert graph_of(driver) is before


def test_the_empty_canvas_has_a_menu_of_its_own(driver: Driver) -> None:
    driver.open(BOXES)
    driver.window.show_context_menu("", QPoint(300, 300))
    menu = driver.window.findChild(QMenu, "context-menu")
    assert menu is not None
    assert "view.expand-all" in [action.objectName() for action in menu.actions()]
    assert "edit.remove" not in [action.objectName() for action in menu.actions()]
    menu.close()


def test_an_input_of_unknown_size_is_cured_from_the_problems_list(
    driver: Driver, tmp_path: Path
) -> None:
    graph = parse_text(
        """
        x = Placeholder() {dtype=float32, shape=[?,?,?,2]}
        w = Const() {value=f32[1,1,2,3]{1,2,3,4,5,6}}
        conv = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
        """
    )
    save_graph(graph, tmp_path / "unknown.pb")
    driver.open(tmp_path / "unknown.pb")
    (row,) = driver.window.problems.rows()
    cure = next(each for each in row.findChildren(QPushButton) if each.text() == "Set shape…")
    driver.click(cure)
    dialog = dialog_of(driver, ShapeDialog)
    assert isinstance(dialog, ShapeDialog)
    assert dialog.shape.text() == "?, ?, ?, 2"
    dialog.shape.selectAll()
    driver.type(dialog.shape, "1, 32, 32, 2")
    press_apply(driver, dialog)
    assert driver.window.problems.rows() == []
