"""The real window, off screen, with a stand-in for the person who chooses files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from surgeon_gui.log import close_logging, setup_logging
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.theme import LIGHT


class Answers(PathChooser):
    """Answers every question for a path with the one put there before."""

    def __init__(self) -> None:
        super().__init__(native=False)
        self.path: Path | None = None
        self.asked: list[str] = []

    def open_file(
        self,
        parent: QWidget,
        title: str,
        folder: str,
        filters: tuple[str, ...],
        chosen: Callable[[Path], object],
    ) -> None:
        self.asked.append(title)
        if self.path is not None:
            chosen(self.path)

    def save_file(
        self,
        parent: QWidget,
        title: str,
        suggestion: Path,
        filters: tuple[str, ...],
        chosen: Callable[[Path], object],
    ) -> None:
        self.asked.append(title)
        if self.path is not None:
            chosen(self.path)


class Driver:
    """The window as a person uses it.

    Attributes:
        window: the main window.
        answers: the paths the person chooses.
        bot: mouse and keyboard.
    """

    def __init__(self, window: MainWindow, answers: Answers, bot: QtBot) -> None:
        self.window = window
        self.answers = answers
        self.bot = bot

    def settle(self) -> None:
        """Wait until nothing is at work."""
        window = self.window
        self.bot.waitUntil(
            lambda: (
                not (
                    window.session.tasks.is_busy()
                    or window.canvas.is_laying_out()
                    or window.problems.is_filling
                )
            ),
            timeout=30_000,
        )

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Press the left mouse button on a widget, in its middle unless told."""
        place = widget.rect().center() if at is None else at
        none = Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, none, place)

    def key(self, widget: QWidget, key: Qt.Key, *, ctrl: bool = False) -> None:
        """Press a key while a widget has the keyboard."""
        held = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(widget, key, held)

    def type(self, widget: QWidget, text: str) -> None:
        QTest.keyClicks(widget, text)

    def open(self, path: Path) -> None:
        self.window.files.open(path)
        self.settle()

    def run(self, command: str) -> None:
        """Trigger a command as its menu entry would."""
        self.window.actions_.refresh()
        action = self.window.actions_[command]
        assert action.isEnabled(), command
        action.trigger()
        self.settle()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh place for settings, window state and caches."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SURGEON_HOME", str(folder))
    monkeypatch.setenv("SURGEON_CACHE", str(folder / "cache"))
    return folder


@pytest.fixture
def make_driver(qtbot: QtBot, home: Path) -> Iterator[Callable[[], Driver]]:
    """Opens a window; several times in one test is starting the program again."""
    buffer = setup_logging("debug", console=False)
    made: list[MainWindow] = []

    def make() -> Driver:
        answers = Answers()
        window = MainWindow(Settings(), buffer, chooser=answers, theme=LIGHT)
        made.append(window)
        qtbot.addWidget(window, before_close_func=_forget_changes)
        window.resize(1280, 800)
        window.show()
        qtbot.waitExposed(window)
        # A bare X server has no window manager that would give it the keyboard.
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=5000)
        driver = Driver(window, answers, qtbot)
        driver.settle()
        return driver

    yield make
    for window in made:
        _forget_changes(window)
        window.close()
    close_logging()


def _forget_changes(window: QWidget) -> None:
    if isinstance(window, MainWindow):
        window.session.set_document(None)


@pytest.fixture
def driver(make_driver: Callable[[], Driver]) -> Driver:
    return make_driver()
