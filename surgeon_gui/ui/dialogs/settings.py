"""The settings, made from what each states of itself; a change counts at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.settings import SettingInfo, Settings, problem_with, setting_infos, settings_path
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.widgets import ComboBox, SpinBox, button, label, row, rule, set_role

PAUSE_MS = 500
GROUP_HEIGHT = 28

Choices = Mapping[str, Sequence[tuple[str, str]]]


class Editor:
    """A widget that edits one kind of value.

    Args:
        widget: what stands on the page.
        read: returns the value shown.
        show: shows a value without telling of a change.
    """

    def __init__(
        self, widget: QWidget, read: Callable[[], Any], show: Callable[[Any], object]
    ) -> None:
        self.widget = widget
        self.read = read
        self._show = show

    def show(self, value: Any) -> None:
        self.widget.blockSignals(True)
        self._show(value)
        self.widget.blockSignals(False)


def make_editor(
    info: SettingInfo, changed: Callable[[], object], choices: Sequence[tuple[str, str]] = ()
) -> Editor:
    """Return the editor that fits a setting's type.

    Args:
        info: the setting.
        changed: called when the user changed the value.
        choices: value and title of what it can be, where the program knows more than the setting.
    """
    default = info.default
    offered = choices or [(word, in_words(word)) for word in info.choices]
    if isinstance(default, bool):
        return _switch(info, changed)
    if offered:
        return _choice(offered, changed, info)
    if isinstance(default, int):
        return _number(info, changed)
    if isinstance(default, tuple):
        return _lines(info, changed)
    return _text(info, changed)


def in_words(word: str) -> str:
    """Return a choice as the dialog shows it: `contrast-dark` is `Contrast dark`."""
    return word if any(map(str.isdigit, word)) else word.replace("-", " ").capitalize()


def _switch(info: SettingInfo, changed: Callable[[], object]) -> Editor:
    box = QCheckBox("On")
    box.setAccessibleName(info.label)
    box.toggled.connect(lambda _on: changed())
    return Editor(box, box.isChecked, box.setChecked)


def _choice(
    choices: Sequence[tuple[str, str]], changed: Callable[[], object], info: SettingInfo
) -> Editor:
    box = ComboBox(info.label)
    for value, title in choices:
        box.addItem(title, value)
    box.currentIndexChanged.connect(lambda _index: changed())

    def show(value: str) -> None:
        at = box.findData(value)
        if at < 0:
            box.addItem(value, value)
            at = box.count() - 1
        box.setCurrentIndex(at)

    return Editor(box, box.currentData, show)


def _number(info: SettingInfo, changed: Callable[[], object]) -> Editor:
    spin = SpinBox()
    spin.setAccessibleName(info.label)
    spin.setRange(int(info.low or 0), int(info.high if info.high is not None else 2**31 - 1))
    spin.setKeyboardTracking(False)
    spin.setFixedWidth(120)
    spin.valueChanged.connect(lambda _value: changed())
    return Editor(spin, spin.value, spin.setValue)


def _text(info: SettingInfo, changed: Callable[[], object]) -> Editor:
    field = QLineEdit()
    field.setAccessibleName(info.label)
    field.editingFinished.connect(changed)
    if not isinstance(info.default, float):
        return Editor(field, field.text, field.setText)
    field.setMaximumWidth(120)

    def read() -> Any:
        try:
            return float(field.text())
        except ValueError:
            return field.text()

    return Editor(field, read, lambda value: field.setText(f"{value:g}"))


class _Lines(QPlainTextEdit):
    """A few lines; Tab goes on to the next setting.

    Signals:
        settled(): the user has paused or left the field.
    """

    settled = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText("One a line")
        self.setTabChangesFocus(True)
        self.setFixedHeight(76)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.settled)
        self.textChanged.connect(self._pause.start)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.settled.emit()


def _lines(info: SettingInfo, changed: Callable[[], object]) -> Editor:
    field = _Lines(info.label)
    field.settled.connect(changed)

    def read() -> tuple[str, ...]:
        return tuple(line.strip() for line in field.toPlainText().splitlines() if line.strip())

    return Editor(field, read, lambda value: field.setPlainText("\n".join(value)))


class SettingRow(QWidget):
    """One setting: its name, editor, what it does, and the way back to the default.

    Signals:
        changed(): the value shown is another, and right.
    """

    changed = Signal()

    def __init__(self, info: SettingInfo, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.info = info
        self.editor = make_editor(info, self._take, choices)
        self.reset = button(
            "Reset", self._reset, kind="link-accent", name=f"Reset {info.label} to its default"
        )
        self.reset.setToolTip(f"Default: {_shown(info, choices)}")
        kept = self.reset.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(kept)
        self.help = label(info.help, "muted", wrap=True)
        self.editor.widget.setAccessibleDescription(info.help)
        self.editor.widget.setToolTip(info.help)
        name = label(info.label, "strong")
        name.setBuddy(self.editor.widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(row(name, None, self.reset))
        wide = isinstance(self.editor.widget, QLineEdit | QPlainTextEdit)
        layout.addWidget(self.editor.widget if wide else row(self.editor.widget, None))
        layout.addWidget(self.help)
        self._value: Any = info.default

    def show_value(self, value: Any) -> None:
        self._value = value
        self.editor.show(value)
        self._say(None)

    @property
    def value(self) -> Any:
        """The last right value."""
        return self._value

    def _take(self) -> None:
        value = self.editor.read()
        problem = problem_with(self.info, value)
        self._say(problem)
        if problem is None and value != self._value:
            self._value = value
            self._say(None)
            self.changed.emit()

    def _reset(self) -> None:
        self.show_value(self.info.default)
        self.editor.widget.setFocus()
        self.changed.emit()

    def _say(self, problem: str | None) -> None:
        set_role(self.help, "refuses" if problem else "muted")
        self.help.setText(f"{self.info.label} {problem}." if problem else self.info.help)
        self.reset.setVisible(self._value != self.info.default or problem is not None)


def _shown(info: SettingInfo, choices: Sequence[tuple[str, str]]) -> str:
    value = info.default
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return dict(choices).get(value) or (in_words(value) if info.choices else str(value)) or "empty"


class SettingsDialog(QDialog):
    """All settings, by group.

    Args:
        settings: as they are now.
        choices: for some settings, value and title of what they can be.
        parent: the window.

    Signals:
        changed(object): the Settings as they are from now on.
    """

    changed = Signal(object)

    def __init__(self, settings: Settings, choices: Choices, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setWindowTitle("Settings")
        self.setAccessibleName("Settings")
        self.resize(680, 520)
        self._settings = settings
        self.groups = QListWidget()
        self.groups.setObjectName("groups")
        self.groups.setAccessibleName("Groups of settings")
        self.groups.setFixedWidth(140)
        self.pages = QStackedWidget()
        self.rows: dict[str, SettingRow] = {}
        by_group: dict[str, list[SettingInfo]] = {}
        for info in setting_infos():
            by_group.setdefault(info.group, []).append(info)
        for group, infos in by_group.items():
            item = QListWidgetItem(group)
            item.setSizeHint(QSize(0, GROUP_HEIGHT))
            self.groups.addItem(item)
            self.pages.addWidget(self._page(group, infos, choices))
        self.reset_all = button("Reset all", self._reset_all, kind="button")
        self.reset_all.setToolTip("Put every setting back to its default")
        close = button("Close", self.accept, kind="primary")
        where = label(str(settings_path()), "muted", copyable=True)
        where.setAccessibleName("Settings file")
        across = QHBoxLayout()
        across.setSpacing(16)
        across.addWidget(self.groups)
        across.addWidget(self.pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(across, 1)
        layout.addWidget(rule())
        layout.addWidget(row(self.reset_all, where, None, close))
        self.groups.currentRowChanged.connect(self.pages.setCurrentIndex)
        self.groups.setCurrentRow(0)
        for name, each in self.rows.items():
            each.show_value(getattr(settings, name))
        self.show_settings(settings)

    def _page(self, group: str, infos: Sequence[SettingInfo], choices: Choices) -> QWidget:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 12, 0)
        inner.setSpacing(20)
        for info in infos:
            made = SettingRow(info, choices.get(info.name, ()))
            made.changed.connect(self._tell)
            self.rows[info.name] = made
            inner.addWidget(made)
        inner.addStretch(1)
        scroll = ScrollArea(content, f"{group} settings")
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return scroll

    def sizeHint(self) -> QSize:
        return QSize(680, 520)

    def show_group(self, group: str) -> None:
        """Turn to a group's page."""
        found = self.groups.findItems(group, Qt.MatchFlag.MatchExactly)
        if found:
            self.groups.setCurrentItem(found[0])

    def show_settings(self, settings: Settings) -> None:
        """Show other settings, changed elsewhere."""
        self._settings = settings
        for name, each in self.rows.items():
            if each.value != getattr(settings, name) or each.editor.read() != each.value:
                each.show_value(getattr(settings, name))
        self.reset_all.setEnabled(settings != Settings())

    def closeEvent(self, event: QCloseEvent) -> None:
        # What stands in a field counts, also when the dialog is closed from within it.
        focused = self.focusWidget()
        if focused is not None:
            focused.clearFocus()
        super().closeEvent(event)

    def _tell(self) -> None:
        values = {name: each.value for name, each in self.rows.items()}
        self._settings = dataclasses.replace(self._settings, **values)
        self.reset_all.setEnabled(self._settings != Settings())
        self.changed.emit(self._settings)

    def _reset_all(self) -> None:
        self.show_settings(Settings())
        self._tell()
