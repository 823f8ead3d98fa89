"""Getting about: another window, and the next panel by keyboard."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, QProcessEnvironment, Qt
from PySide6.QtWidgets import QWidget

import surgeon_gui
from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.actions import Command

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


def roaming_commands(window: MainWindow) -> list[Command]:
    """Return the commands that lead to another window or panel."""
    return [
        Command(
            "file.new-window",
            "&New window",
            partial(_open_window, window),
            "Ctrl+Shift+N",
            "app-window",
            tip="Open another window, a program of its own that a crash of this one does not touch",
        ),
        Command(
            "view.next-panel",
            "Ne&xt panel",
            partial(step_panel, window, 1),
            "F6",
            tip="Put the keyboard into the next panel",
        ),
        Command(
            "view.previous-panel",
            "Pre&vious panel",
            partial(step_panel, window, -1),
            "Shift+F6",
            tip="Put the keyboard into the panel before",
        ),
    ]


def start_program(arguments: list[str]) -> bool:
    """Start the program once more, from the same code; return whether it started."""
    process = QProcess()
    process.setProgram(sys.executable)
    process.setArguments(["-m", "surgeon_gui", "gui", *arguments])
    environment = QProcessEnvironment.systemEnvironment()
    source = str(Path(surgeon_gui.__file__).parent.parent)
    known = environment.value("PYTHONPATH")
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, [source, known])))
    process.setProcessEnvironment(environment)
    started, _pid = process.startDetached()
    return bool(started)


def _open_window(window: MainWindow) -> None:
    if not start_program([]):
        window.show_error(SurgeonError("Another window cannot be opened.", where=sys.executable))


def areas(window: MainWindow) -> list[QWidget]:
    """Return the parts of the window that F6 visits, those that are shown, as the eye goes."""
    parts: tuple[QWidget, ...] = (
        *(window.toolbar, window.outline_dock, window.bookmarks_dock),
        *(window.center, window.inspector_dock, window.bottom_dock),
    )
    return [part for part in parts if part.isVisible()]


def step_panel(window: MainWindow, by: int) -> None:
    """Put the keyboard into the next area (1) or the one before (-1) that can take it."""
    stops = [(area, first) for area in areas(window) if (first := _entry(window, area))]
    focused = window.focusWidget()
    at = next(
        (
            number
            for number, (area, _) in enumerate(stops)
            if focused is not None and (area is focused or area.isAncestorOf(focused))
        ),
        -1 if by > 0 else 0,
    )
    if stops:
        area, first = stops[(at + by) % len(stops)]
        area.activateWindow()
        first.setFocus(Qt.FocusReason.TabFocusReason)


def _entry(window: MainWindow, area: QWidget) -> QWidget | None:
    """Where the keyboard enters an area: its main widget, else the first that takes it."""
    main: dict[QWidget, QWidget] = {
        window.toolbar: window.search,
        window.outline_dock: window.outline.view,
        window.center: window.canvas,
    }
    chosen = main.get(area)
    if chosen is not None and chosen.isVisible() and chosen.isEnabled():
        return chosen
    for child in area.findChildren(QWidget):
        takes = bool(child.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if takes and child.isVisible() and child.isEnabled():
            return child
    return None
