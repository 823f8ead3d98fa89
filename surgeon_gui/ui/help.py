"""The Help menu: tour, documentation, keys, what can be opened, about, diagnostics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from surgeon_gui.errors import OpenError
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.diagnostics import LOG_LINES, diagnostics, parts
from surgeon_gui.ui.dialogs.reader import Reader, docs_dir
from surgeon_gui.ui.dialogs.sheets import KeysSheet, Sheet, about_sheet, formats_sheet
from surgeon_gui.ui.samples import samples
from surgeon_gui.ui.tour import Step, Tour
from surgeon_gui.ui.widgets import button

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


class Help(QObject):
    """Opens what the Help menu offers."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.tour: Tour | None = None

    def show_docs(self) -> None:
        """Open the documentation that came along."""
        try:
            folder = docs_dir()
        except OpenError as error:
            self._window.show_error(error)
            return
        Reader(folder, self._window).begin()

    def show_keys(self) -> Sheet:
        window = self._window
        return _opened(KeysSheet(window.menuBar(), window.theme, window))

    def show_formats(self) -> Sheet:
        return _opened(formats_sheet(self._window))

    def show_about(self) -> Sheet:
        copy = button("Copy diagnostics", self.copy_diagnostics, kind="button")
        return _opened(about_sheet(parts(), copy, self._window))

    def report(self) -> str:
        """Return what a report of a fault needs."""
        window = self._window
        return diagnostics(
            window.settings,
            window.machine,
            f"{qVersion()} on {QGuiApplication.platformName()}",
            window.session.graph,
            window.session.target.id,
            window.log_buffer.tail(LOG_LINES),
        )

    def copy_diagnostics(self) -> None:
        """Put the report on the clipboard."""
        QGuiApplication.clipboard().setText(self.report())
        self._window.message.show_note(
            "The diagnostics are on the clipboard.",
            "Versions, machine, settings, last messages; paths are cut to file names.",
        )

    def start_tour(self) -> None:
        """Open a sample if nothing is open, and begin."""
        window = self._window
        if window.session.graph is None and samples():
            window.files.open(samples()[0])
        if self.tour is None:
            self.tour = Tour(self._steps(), window.theme, window)
            self.tour.ended.connect(self._ended)
        self.tour.show_step(0)

    def _steps(self) -> tuple[Step, ...]:
        window = self._window

        def problems() -> QWidget:
            window.bottom_dock.open_page("problems")
            return window.bottom_dock

        return (
            Step(
                "1. See",
                "The graph opens closed. Double-click a namespace, or press Enter, to open it in "
                "place. Marks say what the target chosen above will not take.",
                lambda: window.center,
            ),
            Step(
                "2. Cure",
                "Each problem says why. Show leads to its nodes, Fix applies its rule, and "
                "Auto-fix above plans all cures at once. Everything can be undone.",
                problems,
            ),
            Step(
                "3. Prove and build",
                "Verify compares the numbers with TensorFlow on this machine's CPU. Build engine "
                "makes the TensorRT plan; Export writes UFF, ONNX or a picture.",
                lambda: window.toolbar,
            ),
        )

    def _ended(self) -> None:
        self.tour = None
        self._window.canvas.setFocus()


def _opened(sheet: Sheet) -> Sheet:
    sheet.open()
    return sheet


def help_commands(window: MainWindow) -> list[Command]:
    """Return the commands of the Help menu."""
    shown = window.help
    return [
        Command("help.tour", "&Tour", shown.start_tour, None, "compass"),
        Command(
            "help.docs",
            "&Documentation",
            shown.show_docs,
            "Shift+F1",
            "book-open",
            tip="Open the documentation that came with the program; no network is needed",
        ),
        Command("help.keys", "&Keyboard shortcuts…", shown.show_keys, "F1", "keyboard"),
        Command("help.formats", "&What can I open?", shown.show_formats),
        Command("help.log", "Show the &log", partial(window.bottom_dock.open_page, "log")),
        Command(
            "help.diagnostics",
            "&Copy diagnostics",
            shown.copy_diagnostics,
            None,
            "clipboard-text",
            tip="Copy versions, machine, settings and last messages for a report of a fault",
        ),
        Command("help.about", "&About Graph Surgeon", shown.show_about),
    ]
