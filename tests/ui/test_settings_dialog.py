"""The settings dialog, used by mouse and keyboard, and the file behind it."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox

from surgeon_gui.settings import Settings, save_settings, setting_infos, settings_path
from surgeon_gui.ui.dialogs.settings import SettingsDialog
from surgeon_gui.ui.palettes import THEMES
from tests.ui.conftest import Driver


def opened(driver: Driver) -> SettingsDialog:
    driver.run("file.settings")
    dialog = driver.window.preferences.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def written() -> dict[str, object]:
    return tomllib.loads(settings_path().read_text("utf-8"))


def test_every_setting_has_an_editor_of_its_type(driver: Driver) -> None:
    dialog = opened(driver)
    kinds: dict[type, type] = {bool: QCheckBox, int: QSpinBox, tuple: QPlainTextEdit}
    for info in setting_infos():
        editor = dialog.rows[info.name].editor
        if info.choices:
            assert isinstance(editor.widget, QComboBox), info.name
        elif type(info.default) in kinds:
            assert isinstance(editor.widget, kinds[type(info.default)]), info.name
        assert editor.read() == getattr(driver.window.settings, info.name), info.name
        assert editor.widget.accessibleName() == info.label
        assert info.help in dialog.rows[info.name].help.text()


def test_a_theme_chosen_is_worn_at_once_and_written(driver: Driver) -> None:
    dialog = opened(driver)
    box = dialog.rows["theme"].editor.widget
    assert isinstance(box, QComboBox)
    box.setFocus()
    driver.key(box, Qt.Key.Key_End)
    assert driver.window.theme == THEMES["contrast-dark"]
    assert written()["theme"] == "contrast-dark"
    colors = dialog.rows["colors"].editor.widget
    assert isinstance(colors, QComboBox)
    driver.key(colors, Qt.Key.Key_Down)
    assert driver.window.theme == THEMES["safe-contrast-dark"]


def test_a_wrong_value_is_refused_in_words_and_not_written(driver: Driver) -> None:
    dialog = opened(driver)
    dialog.show_group("Verify")
    row = dialog.rows["verify_max_rel"]
    field = row.editor.widget
    assert isinstance(field, QLineEdit)
    field.setText("much")
    driver.key(field, Qt.Key.Key_Return)
    assert row.help.text() == "Largest relative error must be a number."
    field.setText("7")
    driver.key(field, Qt.Key.Key_Return)
    assert "at most 1" in row.help.text()
    assert driver.window.settings.verify_max_rel == Settings().verify_max_rel
    assert not settings_path().exists()
    field.setText("0.01")
    driver.key(field, Qt.Key.Key_Return)
    assert driver.window.settings.verify_max_rel == 0.01
    assert written() == {"verify_max_rel": 0.01}


def test_a_setting_and_all_settings_go_back_to_their_defaults(driver: Driver) -> None:
    dialog = opened(driver)
    dialog.show_group("Build")
    row = dialog.rows["gpus"]
    field = row.editor.widget
    assert isinstance(field, QPlainTextEdit)
    assert not row.reset.isVisible()
    field.setFocus()
    field.setPlainText("sm75\n\n sm86 ")
    driver.bot.waitUntil(lambda: driver.window.settings.gpus == ("sm75", "sm86"), timeout=5000)
    driver.click(row.reset)
    assert driver.window.settings.gpus == Settings().gpus
    assert not row.reset.isVisible()
    driver.window.use_settings(dataclasses.replace(Settings(), precision="fp16", verify_seed=3))
    assert dialog.rows["verify_seed"].value == 3
    driver.click(dialog.reset_all)
    assert driver.window.settings == Settings()
    assert not dialog.reset_all.isEnabled()
    assert written() == {}


def test_another_window_takes_what_one_writes(make_driver: Callable[[], Driver]) -> None:
    save_settings(Settings())
    first, second = make_driver(), make_driver()
    first.run("theme.dark")
    second.bot.waitUntil(lambda: second.window.settings.theme == "dark", timeout=5000)
    assert second.window.theme == THEMES["dark"]


def test_a_file_damaged_by_hand_leaves_defaults_and_a_working_window(
    make_driver: Callable[[], Driver], home: Path
) -> None:
    home.mkdir(parents=True)
    save_settings(dataclasses.replace(Settings(), theme="dark"))
    driver = make_driver()
    settings_path().write_text("theme = [", encoding="utf-8")
    driver.bot.wait(400)
    assert driver.window.settings == Settings()
