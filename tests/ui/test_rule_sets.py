"""Rule sets in the rules panel: duplicated, described, imported by drop."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from surgeon_gui.rewrite.library import bundled_sets, user_sets, user_sets_dir
from surgeon_gui.rewrite.ruleset import load_rule_set
from surgeon_gui.ui.dialogs.rule_set import RuleSetDialog
from tests.ui.conftest import Driver
from tests.ui.test_drops import drop


def shown(driver: Driver) -> RuleSetDialog:
    (dialog,) = (each for each in driver.window.findChildren(RuleSetDialog) if each.isVisible())
    return dialog


def trigger(driver: Driver, words: str) -> RuleSetDialog:
    driver.window.bottom_dock.open_page("rules")
    driver.window.rules.set_actions[words].trigger()
    return shown(driver)


def test_a_duplicate_is_a_set_of_the_users_own(driver: Driver) -> None:
    rules = driver.window.rules
    rules.show_set(bundled_sets()["uff"])
    dialog = trigger(driver, "Duplicate…")
    assert dialog.name.text() == "uff-2"
    dialog.name.setText("uff")
    driver.click(dialog.use_button)
    assert "already" in dialog.words.text()
    dialog.name.setText("july")
    dialog.title.setText("The July model")
    driver.click(dialog.use_button)
    driver.settle()
    made = user_sets()[0]["july"]
    assert made.title == "The July model"
    assert made.items == bundled_sets()["uff"].items
    assert rules.model.rule_set().id == "july"
    assert rules.choice.currentText() == "The July model"


def test_title_routes_note_and_parameters_are_changed_and_saved(
    driver: Driver, tmp_path: Path
) -> None:
    rules = driver.window.rules
    rules.show_set(bundled_sets()["ssd-mobilenet-v1"])
    dialog = trigger(driver, "Title, note and parameters…")
    assert dialog.name.isReadOnly()
    assert dialog.routes["uff"].isChecked()
    driver.click(dialog.routes["hybrid"])
    dialog.note.setPlainText("checked with the July model")
    cell = dialog.parameters.findItems("classes", Qt.MatchFlag.MatchExactly)[0]
    value = dialog.parameters.item(cell.row(), 1)
    assert value is not None
    value.setText("7")
    driver.click(dialog.use_button)
    driver.settle()
    driver.answers.path = tmp_path / "ssd.toml"
    driver.run("rules.save")
    saved = load_rule_set(driver.answers.path)
    assert saved.targets == ("uff", "hybrid")
    assert saved.note == "checked with the July model"
    assert {each.name: each.value for each in saved.parameters}["classes"] == 7


def test_a_parameter_the_set_asks_for_cannot_be_removed(driver: Driver) -> None:
    driver.window.rules.show_set(bundled_sets()["ssd-mobilenet-v1"])
    dialog = trigger(driver, "Title, note and parameters…")
    while dialog.parameters.rowCount():
        dialog.parameters.setCurrentCell(0, 0)
        driver.click(dialog.remove_button)
    driver.click(dialog.use_button)
    assert "There is no parameter" in dialog.words.text()
    dialog.reject()


def test_a_dropped_rule_set_is_imported(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "from-a-colleague.toml"
    path.write_text('title = "Hers"\n[[item]]\nrule = "strip-identity"\n', encoding="utf-8")
    drop(driver, path)
    rules = driver.window.rules
    assert rules.isVisible()
    assert rules.model.rule_set().id == "from-a-colleague"
    assert user_sets()[0]["from-a-colleague"].title == "Hers"
    assert "Imported" in rules.words.full()


def test_a_dropped_rule_set_does_not_replace_one_of_the_same_name(
    driver: Driver, tmp_path: Path
) -> None:
    own = user_sets_dir() / "mine.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text('title = "First"\n[[item]]\nrule = "strip-noop"\n', encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text('title = "Second"\n[[item]]\nrule = "strip-identity"\n', encoding="utf-8")
    drop(driver, path)
    assert user_sets()[0]["mine"].title == "First"
    assert driver.window.rules.model.rule_set().title == "Second"


def test_a_damaged_rule_set_is_refused_with_its_line(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('title = "x"\n[[item]]\nrulle = "strip-identity"\n', encoding="utf-8")
    before = driver.window.rules.model.rule_set().id
    drop(driver, path)
    assert driver.window.message.isVisible()
    assert "bad.toml:2" in driver.window.message.where.full()
    assert driver.window.rules.model.rule_set().id == before
