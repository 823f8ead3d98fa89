"""The settings of a window: the dialog, and the file that other windows and people change."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from surgeon_gui.errors import SaveError
from surgeon_gui.settings import Settings, load_settings, save_settings, settings_path
from surgeon_gui.targets import catalogue
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.dialogs.settings import SettingsDialog
from surgeon_gui.ui.toolbar import target_title

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

SETTLE_MS = 150
THEME_TITLES = (
    ("system", "As the &system"),
    ("light", "&Light"),
    ("dark", "&Dark"),
    ("contrast-light", "High contrast, li&ght"),
    ("contrast-dark", "High contrast, da&rk"),
)


class Preferences(QObject):
    """Shows the settings dialog, and takes over what is written to the settings file.

    Args:
        window: whose settings.
        watches: whether the file is watched.
    """

    def __init__(self, window: MainWindow, *, watches: bool) -> None:
        super().__init__(window)
        self._window = window
        self._watches = watches
        self.dialog: SettingsDialog | None = None
        self._watcher = QFileSystemWatcher(self)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(SETTLE_MS)
        self._delay.timeout.connect(self._read)
        self._watcher.directoryChanged.connect(lambda _path: self._delay.start())
        self._watcher.fileChanged.connect(lambda _path: self._delay.start())
        self.watch()

    def watch(self) -> None:
        """Watch the file, and its folder: a file replaced whole is another one."""
        path = settings_path()
        if self._watches:
            known = {*self._watcher.files(), *self._watcher.directories()}
            wanted = [str(each) for each in (path.parent, path) if each.exists()]
            missing = [each for each in wanted if each not in known]
            if missing:
                self._watcher.addPaths(missing)

    def show(self, group: str = "") -> None:
        """Open the dialog, or bring the open one to the front."""
        if self.dialog is None:
            titles = [(target.id, target_title(target)) for target in catalogue()]
            choices = {"target": [("", "The first there is"), *titles]}
            self.dialog = SettingsDialog(self._window.settings, choices, self._window)
            self.dialog.changed.connect(self._take)
            self.dialog.finished.connect(self._closed)
        if group:
            self.dialog.show_group(group)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def save(self) -> None:
        """Write the window's settings down."""
        try:
            save_settings(self._window.settings)
        except SaveError as error:
            self._window.show_error(error)

    def used(self, settings: Settings) -> None:
        """The window has taken settings: show them, wherever they come from."""
        if self.dialog is not None:
            self.dialog.show_settings(settings)

    def _take(self, settings: Settings) -> None:
        self._window.use_settings(settings)
        self.watch()

    def _read(self) -> None:
        self.watch()
        found = load_settings().settings
        if found != self._window.settings:
            self._window.use_settings(found, save=False)

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


def preference_commands(window: MainWindow) -> list[Command]:
    """Return the commands about the settings."""
    return [
        Command(
            "file.settings",
            "Se&ttings…",
            lambda: window.preferences.show(),
            "Ctrl+,",
            "gear-six",
            tip="Choose theme, target, jobs and build settings",
        ),
        *(
            Command(
                f"theme.{name}",
                title,
                partial(_choose_theme, window, name),
                checked=partial(_has_theme, window, name),
            )
            for name, title in THEME_TITLES
        ),
    ]


def _choose_theme(window: MainWindow, name: str) -> None:
    window.use_settings(dataclasses.replace(window.settings, theme=name))


def _has_theme(window: MainWindow, name: str) -> bool:
    return window.settings.theme == name
