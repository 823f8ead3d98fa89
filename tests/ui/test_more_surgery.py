"""Any edit by its dialog, rules made of selections, scripts that are code, autosave."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QMessageBox, QPushButton

from surgeon_gui.edits.base import EDITS, edit_fields
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.rewrite.library import bundled_sets, load_set, rules_of
from surgeon_gui.ui.dialogs.any_edit import AnyEditDialog
from surgeon_gui.ui.dialogs.base import PREVIEW_MS
from surgeon_gui.ui.dialogs.parameters import ParametersDialog
from surgeon_gui.ui.dialogs.rule import RuleDialog
from surgeon_gui.ui.more_edits import other_edits
from surgeon_gui.ui.rule_preview import preview_rule
from surgeon_gui.ui.samples import samples_dir
from surgeon_gui.ui.selection import Walk
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
LEAKY = "orientation/leaky_re_lu_1/LeakyRelu"

GRAPH = """
x = Placeholder() {shape=[1, 4]}
a = Relu(x)
b = Elu(x)
m = Add(a, b)
c = Const() {value=f32[4]{1, 2, 3, 4}}
y = Mul(m, c)
"""


def graph_of(driver: Driver) -> Graph:
    graph = driver.window.session.graph
    assert graph is not None
    return graph


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.pb"
    save_graph(parse_text(GRAPH), path)
    return path


def any_dialog(driver: Driver) -> AnyEditDialog:
    found = [each for each in driver.window.findChildren(AnyEditDialog) if each.isVisible()]
    assert found
    return found[-1]


def line(dialog: AnyEditDialog, name: str) -> QLineEdit:
    editor = dialog.editors[name]
    assert isinstance(editor, QLineEdit)
    return editor


def test_bypass_by_dialog_begins_with_the_selection(driver: Driver, small: Path) -> None:
    driver.open(small)
    driver.window.session.select(("m",))
    driver.run("edit.any.bypass")
    dialog = any_dialog(driver)
    assert line(dialog, "node").text() == "m"
    line(dialog, "input").selectAll()
    driver.type(line(dialog, "input"), "1")
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=5000)
    driver.click(dialog.apply_button)
    driver.settle()
    assert graph_of(driver)["y"].inputs[0].node == "b"
    assert "a" not in graph_of(driver)


def test_what_is_not_filled_in_yet_is_no_error(driver: Driver, small: Path) -> None:
    driver.open(small)
    driver.run("edit.any.set-constant")
    dialog = any_dialog(driver)
    driver.bot.waitUntil(lambda: "Node is missing" in dialog.words.text(), timeout=5000)
    assert dialog.words.property("role") == "muted"
    driver.type(line(dialog, "node"), "nowhere")
    driver.bot.waitUntil(lambda: dialog.words.property("role") == "refuses", timeout=5000)
    assert not dialog.apply_button.isEnabled()


def test_a_constant_is_loaded_from_a_file(driver: Driver, small: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.array([5, 6, 7, 8], np.float32))
    driver.open(small)
    driver.window.session.select(("c",))
    driver.run("edit.any.set-constant")
    dialog = any_dialog(driver)
    driver.type(line(dialog, "file"), str(tmp_path / "c.npy"))
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=5000)
    driver.click(dialog.apply_button)
    driver.settle()
    value = graph_of(driver)["c"].attrs["value"]
    assert getattr(value, "array", np.zeros(1)).tolist() == [5, 6, 7, 8]


def test_an_edit_without_fields_is_applied_at_once(driver: Driver, small: Path) -> None:
    driver.open(small)
    driver.run("edit.any.fold-constants")
    assert driver.window.session.document is not None
    assert not [each for each in driver.window.findChildren(AnyEditDialog) if each.isVisible()]


def test_every_edit_has_a_dialog_that_says_what_is_missing(driver: Driver, small: Path) -> None:
    driver.open(small)
    for word, kind in other_edits():
        if not edit_fields(kind):
            continue
        driver.window.session.select(())
        driver.run(f"edit.any.{word}")
        dialog = any_dialog(driver)
        assert set(dialog.editors) == {info.name for info in edit_fields(kind)}
        if any(info.required for info in edit_fields(kind)):
            driver.bot.wait(2 * PREVIEW_MS)
            driver.settle()
            assert dialog.words.text().strip()
            assert not dialog.apply_button.isEnabled()
        boxes = dialog.findChildren(QCheckBox)
        assert all(box.toolTip() for box in boxes)
        dialog.reject()
        driver.settle()
    assert {word for word, _ in other_edits()} < set(EDITS)


def test_a_rule_is_made_of_the_selection(driver: Driver, small: Path, home: Path) -> None:
    driver.open(small)
    driver.window.session.select(("a", "b", "m"))
    driver.run("edit.make-rule")
    (dialog,) = driver.window.findChildren(RuleDialog)
    driver.bot.waitUntil(lambda: "Fits once" in dialog.words.text(), timeout=5000)
    assert "Add:root(Relu(?x), Elu(?x))" in dialog.text.toPlainText()
    good = dialog.text.toPlainText()
    dialog.text.setPlainText(good.replace("Relu(?x)", "Relu(?x"))
    driver.bot.waitUntil(lambda: "In match" in dialog.words.text(), timeout=5000)
    assert not dialog.apply_button.isEnabled()
    assert not dialog.save_button.isEnabled()
    dialog.text.setPlainText(good.replace("MyPlugin_TRT", "Branch_TRT", 1))
    driver.bot.waitUntil(dialog.apply_button.isEnabled, timeout=5000)
    driver.answers.path = home / "rules" / "my-rule.toml"
    driver.click(dialog.save_button)
    assert load_set(driver.answers.path).id == "my-rule"
    (saved,) = rules_of(load_set(driver.answers.path))
    assert "Branch_TRT" in saved.examples[0].after
    driver.click(dialog.apply_button)
    driver.settle()
    assert graph_of(driver)["m"].op == "Branch_TRT"
    driver.run("edit.undo")
    assert graph_of(driver)["m"].op == "Add"


def test_why_a_rule_does_not_apply_is_said(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.bottom_dock.open_page("rules")
    names = [rule.id for rule in window.rules.model.rules()]
    row = next(
        at
        for at in range(window.rules.model.rowCount())
        if (rule := window.rules.model.rule(at)) is not None and rule.id == "relu6-from-clip"
    )
    assert "relu6-from-clip" in names
    window.rules.table.selectRow(row)
    assert not window.rules.why_button.isEnabled()
    window.session.select((LEAKY,))
    driver.click(window.rules.why_button)
    driver.settle()
    assert "relu6-from-clip does not apply here" in _message(driver)
    assert "this is LeakyRelu" in _message(driver)


def _message(driver: Driver) -> str:
    return " ".join(each.text() for each in driver.window.message.findChildren(QLabel))


def test_a_preprocess_script_runs_after_asking(
    driver: Driver, small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    script = tmp_path / "config.py"
    script.write_text(
        "import graphsurgeon as gs\n"
        "def preprocess(dynamic_graph):\n"
        "    node = gs.create_plugin_node('p', op='LReLU_TRT', negSlope=0.1)\n"
        "    dynamic_graph.collapse_namespaces({'a': node})\n"
        "    print('collapsed', node.name)\n"
    )
    driver.open(small)
    before = graph_of(driver)
    driver.answers.path = script
    driver.run("rules.script")
    (box,) = driver.window.findChildren(QMessageBox, "run-script")
    assert "config.py" in box.text()
    assert graph_of(driver) is before
    run = next(each for each in box.findChildren(QPushButton) if each.text() == "Run")
    driver.click(run)
    driver.bot.waitUntil(lambda: graph_of(driver) is not before, timeout=60_000)
    driver.settle()
    assert graph_of(driver)["p"].attrs["negSlope_u_float"] == pytest.approx(0.1)
    assert "config.py: collapsed p" in caplog.text
    document = driver.window.session.document
    assert document is not None
    assert [edit.title for edit in document.edits] == ["Run config.py"]
    assert script_from_toml(script_to_toml(document.edits)).edits == document.edits
    driver.run("edit.undo")
    assert graph_of(driver) is before


def test_the_history_lists_what_a_step_changed(driver: Driver, small: Path) -> None:
    driver.open(small)
    history = driver.window.history
    assert history.changes.item(0).text() == "The graph as it was opened."
    driver.window.session.select(("m",))
    driver.run("edit.remove")
    texts = [history.changes.item(at).text() for at in range(history.changes.count())]
    assert "y   changed" in texts
    assert "m   removed" in texts
    driver.window.bottom_dock.open_page("history")
    at = history.changes.item(texts.index("y   changed"))
    driver.click(history.changes.viewport(), history.changes.visualItemRect(at).center())
    driver.settle()
    assert driver.window.session.selection == ("y",)


def test_edits_survive_a_crash(make_driver: Callable[[], Driver], small: Path) -> None:
    first = make_driver()
    first.open(small)
    first.window.session.select(("m",))
    first.run("edit.remove")
    wanted = graph_of(first)
    file = first.window.keeper.save()
    assert file is not None
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file.rename(file.with_name(f"{ended.pid}.toml"))
    second = make_driver()
    second.window.keeper.offer()
    restore = next(
        each for each in second.window.message.findChildren(QPushButton) if each.text() == "Restore"
    )
    second.click(restore)
    second.bot.waitUntil(lambda: second.window.session.document is not None, timeout=10_000)
    second.settle()
    assert graph_of(second) == wanted
    assert list(file.parent.iterdir()) == []


def test_a_saved_graph_needs_no_autosave(driver: Driver, small: Path) -> None:
    driver.open(small)
    driver.window.session.select(("m",))
    driver.run("edit.remove")
    file = driver.window.keeper.save()
    assert file is not None
    assert file.exists()
    driver.answers.path = small.with_name("after.pb")
    driver.run("file.save-as")
    driver.bot.waitUntil(lambda: not file.exists(), timeout=5000)
    assert driver.window.keeper.save() is None


def test_a_dropped_rule_is_shown_in_the_rules_panel(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "mine"\ngroup = "fuse"\nsummary = "Mine"\nmatch = "Relu:root(?x)"\n'
        'replace = "Elu:root(?x)"\n'
    )
    driver.window.drops.take(path)
    driver.settle()
    assert next(rule.id for rule in driver.window.rules.model.rules()) == "mine"
    assert driver.window.rules.model.rule_set().sources
    driver.key(driver.window, Qt.Key.Key_Escape)


def test_the_selection_becomes_a_document_of_its_own(driver: Driver, small: Path) -> None:
    driver.open(small)
    driver.window.session.select(("m", "y"))
    driver.run("edit.extract")
    made = graph_of(driver)
    assert driver.window.session.path is None
    assert [node.op for node in made if node.op == "Placeholder"] == ["Placeholder"] * 2
    assert {node.name for node in made if node.op in ("Add", "Mul", "Const")} == {"m", "y", "c"}


def test_parameters_of_a_rule_set_are_asked_for(driver: Driver) -> None:
    rules = driver.window.rules
    driver.window.bottom_dock.open_page("rules")
    assert not rules.parameters_button.isVisible()
    rules.show_set(bundled_sets()["ssd-mobilenet-v1"])
    driver.click(rules.parameters_button)
    driver.settle()
    (dialog,) = driver.window.findChildren(ParametersDialog)
    dialog.lines["classes"].setText("four")
    driver.click(dialog.use_button)
    assert "no value" in dialog.words.text()
    dialog.lines["classes"].setText("4.5")
    driver.click(dialog.use_button)
    assert "must be like 91" in dialog.words.text()
    dialog.lines["classes"].setText("4")
    driver.click(dialog.use_button)
    driver.settle()
    values = {each.name: each.value for each in rules.model.rule_set().parameters}
    assert values["classes"] == 4


def test_parameters_show_what_the_graph_tells_and_keep_what_is_typed(
    driver: Driver, tmp_path: Path
) -> None:
    path = tmp_path / "ssd.pb"
    save_graph(parse_text("concat_1 = Placeholder() {shape=[1, 12, 7]}\ny = Relu(concat_1)"), path)
    driver.open(path)
    rules = driver.window.rules
    driver.window.bottom_dock.open_page("rules")
    rules.show_set(bundled_sets()["ssd-mobilenet-v1"])
    driver.click(rules.parameters_button)
    driver.settle()
    (dialog,) = driver.window.findChildren(ParametersDialog)
    assert dialog.lines["classes"].text() == "7"
    assert dialog.words.text().startswith("Read from this graph: classes.")
    dialog.lines["overlap"].setText("0.45")
    driver.click(dialog.use_button)
    driver.settle()
    chosen = {each.name: each for each in rules.model.rule_set().parameters}
    assert (chosen["overlap"].value, chosen["overlap"].read) == (0.45, "")
    assert (chosen["classes"].value, chosen["classes"].read) == (91, "ssd_classes")


def test_what_an_edit_would_touch_is_outlined_while_it_is_asked_for(
    driver: Driver, small: Path
) -> None:
    driver.open(small)
    driver.window.session.select(("m",))
    driver.run("edit.any.bypass")
    dialog = any_dialog(driver)
    driver.bot.waitUntil(lambda: set(driver.window.canvas.preview()) == {"m", "y", "b"})
    line(dialog, "input").setText("9")
    driver.bot.waitUntil(lambda: driver.window.canvas.preview() == ())
    line(dialog, "input").setText("1")
    driver.bot.waitUntil(lambda: set(driver.window.canvas.preview()) == {"m", "y", "a"})
    dialog.reject()
    assert driver.window.canvas.preview() == ()


def test_from_a_red_node_to_its_cure_in_two_clicks(driver: Driver) -> None:
    """The page of problems is open; one click shows the node, one click cures it."""
    driver.open(BOXES)
    window = driver.window
    window.session.set_target("uff-8")
    driver.settle()
    window.bottom_dock.open_page("problems")
    driver.settle()
    row = next(each for each in window.problems.rows() if each.group.rule)
    nodes = row.group.nodes
    driver.click(row)
    driver.settle()
    assert set(window.session.selection) == set(nodes)
    before = graph_of(driver)
    row = next(each for each in window.problems.rows() if each.group.nodes == nodes)
    fix = next(each for each in row.findChildren(QPushButton) if each.text() == "Fix all alike")
    driver.click(fix)
    driver.settle()
    assert graph_of(driver) is not before
    assert nodes not in [each.group.nodes for each in window.problems.rows()]


def test_a_rule_is_applied_in_the_selection_only(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "two.pb"
    save_graph(parse_text("x = Placeholder() {shape=[4]}\na = AddV2(x, x)\nb = AddV2(a, a)"), path)
    driver.open(path)
    window = driver.window
    window.bottom_dock.open_page("rules")
    ids = [rule.id if (rule := window.rules.model.rule(at)) else "" for at in range(40)]
    window.rules.table.selectRow(ids.index("addv2-to-add"))
    window.session.select(("b",))
    driver.run("rules.selection")
    assert [node.op for node in graph_of(driver)] == ["Placeholder", "AddV2", "Add"]


def test_a_preview_walks_from_match_to_match(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "two.pb"
    save_graph(parse_text("x = Placeholder() {shape=[4]}\na = AddV2(x, x)\nb = AddV2(a, a)"), path)
    driver.open(path)
    window = driver.window
    shown: list[str] = []
    preview_rule(window, "addv2-to-add")
    driver.settle()
    buttons = {each.text(): each for each in window.message.findChildren(QPushButton)}
    assert {"Previous", "Next", "Apply"} <= set(buttons)
    walk = Walk(["a", "b", "c"], shown.append)
    walk.step(1)
    walk.step(1)
    walk.step(1)
    walk.step(-1)
    assert shown == ["a", "b", "c", "a", "c"]
    driver.click(buttons["Next"])
    driver.click(buttons["Apply"])
    driver.settle()
    assert [node.op for node in graph_of(driver)] == ["Placeholder", "Add", "Add"]
