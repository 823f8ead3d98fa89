"""The main window: puts the panels in their places and connects them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
)

from surgeon_gui.document import Change
from surgeon_gui.errors import SurgeonError
from surgeon_gui.log import LogBuffer, set_level
from surgeon_gui.settings import Settings
from surgeon_gui.ui.actions import Actions
from surgeon_gui.ui.autosave import Keeper
from surgeon_gui.ui.bookmarks import Bookmarks
from surgeon_gui.ui.center import Center
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.commands import command_table
from surgeon_gui.ui.comparing.page import ComparePage
from surgeon_gui.ui.cures import Cures
from surgeon_gui.ui.docks import PanelDock, TabbedDock
from surgeon_gui.ui.drops import Drops
from surgeon_gui.ui.files import Files
from surgeon_gui.ui.freezing import Freezing
from surgeon_gui.ui.help import Help
from surgeon_gui.ui.machine import Machine, find_machine
from surgeon_gui.ui.memory import Memory
from surgeon_gui.ui.menus import CONTEXT_MENU, EMPTY_MENU, menus
from surgeon_gui.ui.overlays import Overlays
from surgeon_gui.ui.palette import CommandPalette
from surgeon_gui.ui.palettes import chosen_theme
from surgeon_gui.ui.panels.bookmarks import BookmarksPanel
from surgeon_gui.ui.panels.build import BuildPanel
from surgeon_gui.ui.panels.devices import DevicesPanel
from surgeon_gui.ui.panels.history import HistoryPanel
from surgeon_gui.ui.panels.inspector import InspectorPanel
from surgeon_gui.ui.panels.log import LogPanel
from surgeon_gui.ui.panels.network import NetworkPanel
from surgeon_gui.ui.panels.outline import OutlinePanel
from surgeon_gui.ui.panels.partition import PartitionPanel
from surgeon_gui.ui.panels.problems import ProblemsPanel
from surgeon_gui.ui.panels.quantize import QuantizePanel
from surgeon_gui.ui.panels.rules import RulesPanel
from surgeon_gui.ui.panels.run import RunPanel
from surgeon_gui.ui.panels.search_box import SearchBox
from surgeon_gui.ui.panels.verify import VerifyPanel
from surgeon_gui.ui.pictures import Pictures
from surgeon_gui.ui.preferences import Preferences
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.state import WindowState, load_state
from surgeon_gui.ui.status import StatusLine
from surgeon_gui.ui.style import dress_application
from surgeon_gui.ui.surgery import Surgery
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.toolbar import ToolBar
from surgeon_gui.ui.wiring import connect_parts, order_tabs

logger = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """The window; everything it shows comes from its `session`.

    Args:
        settings: the user's settings.
        log: the messages the log panel shows.
        chooser: asks for paths.
        theme: light or dark; None follows settings and system.
        remembers: whether the window begins as it was left, and is written down when it closes.
    """

    def __init__(
        self,
        settings: Settings,
        log: LogBuffer,
        *,
        chooser: PathChooser | None = None,
        theme: Theme | None = None,
        remembers: bool = True,
    ) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setWindowTitle("Graph Surgeon")
        self.settings = settings
        self.state: WindowState = load_state() if remembers else WindowState()
        self.machine = Machine()
        self._is_theme_given = theme is not None
        self.theme = theme or chosen_theme(settings)
        self._may_close = False
        # Before the first widget: its font is what the others are measured by.
        dress_application(self.theme)
        self.session = Session(self, target=settings.target)
        self.chooser = chooser or PathChooser()
        self.files = Files(self.session, self, self.chooser, lambda: self.state.folder)
        self.surgery = Surgery(self.session, self, self.chooser, lambda: self.theme)
        self.log_buffer = log
        self.help = Help(self)
        self.pictures = Pictures(self)
        self.memory = Memory(self, remembers=remembers)
        self.bookmarks = Bookmarks(self)
        self.freezing = Freezing(self)
        self.actions_ = Actions(self, self.theme)
        self.preferences = Preferences(self, watches=remembers)
        self._make_panels(log)
        self._make_center()
        self._make_docks()
        self.cures = Cures(self)
        self.overlays = Overlays(self)
        self.drops = Drops(self)
        self.actions_.add(command_table(self))
        self.actions_.fill_bar(self.menuBar(), menus(self))
        self.search = SearchBox(self.session, self.theme, self)
        self.toolbar = ToolBar(self.actions_, self.session, self.search)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.palette_ = CommandPalette(self.actions_, self)
        self.status = StatusLine(self.statusBar(), self.session)
        self.keeper = Keeper(self.session, self.files, self.surgery, self.message)
        self._listen()
        connect_parts(self)
        self._themed: list[Callable[[Theme], None]] = [
            part.set_theme
            for part in (
                *(self.actions_, self.search, self.palette_, self.center),
                *(self.outline, self.inspector, self.problems),
                *(self.rules, self.history, self.build, self.verify, self.log, self.network),
                *(self.run_, self.quantize, self.partition, self.devices, self.compare),
                *(self.outline_dock, self.inspector_dock, self.bottom_dock),
                *(self.bookmarks_dock, self.bookmarks_panel),
            )
        ]
        self.set_theme(self.theme)
        order_tabs(self)
        self.memory.restore()
        self.center.refresh()
        self._look_round()

    # Making

    def _make_panels(self, log: LogBuffer) -> None:
        session, theme = self.session, self.theme
        self.outline = OutlinePanel(session, theme)
        self.inspector = InspectorPanel(session, self.settings, theme)
        self.problems = ProblemsPanel(session, theme)
        self.rules = RulesPanel(session, theme, self.chooser)
        self.history = HistoryPanel(session, theme)
        self.build = BuildPanel(session, self.settings, theme, self.chooser, self.files.suggest)
        self.run_ = RunPanel(session, self.settings, theme, self.chooser)
        self.devices = DevicesPanel(self.settings, theme, self.chooser)
        self.verify = VerifyPanel(session, self.settings, theme, self.chooser)
        self.partition = PartitionPanel(session, self.settings, theme, self.chooser)
        self.quantize = QuantizePanel(session, self.settings, theme, self.chooser)
        self.log = LogPanel(log, theme)
        self.network = NetworkPanel(session, theme)
        self.bookmarks_panel = BookmarksPanel(self.bookmarks, theme)
        self.compare = ComparePage(session, theme, self.chooser, lambda: self.state.folder)

    def _make_center(self) -> None:
        self.center = Center(
            self.session,
            self.files,
            {"compare": self.compare, "network": self.network},
            self.theme,
            lambda: self.state.recent,
        )
        self.canvas = self.center.canvas
        self.message = self.center.message
        self.setCentralWidget(self.center)

    def _make_docks(self) -> None:
        areas = Qt.DockWidgetArea
        corners = Qt.Corner
        self.outline_dock = PanelDock("outline", "Outline", self.outline, self.theme)
        self.bookmarks_dock = PanelDock("bookmarks", "Bookmarks", self.bookmarks_panel, self.theme)
        self.inspector_dock = PanelDock("inspector", "Inspector", self.inspector, self.theme)
        self.bottom_dock = TabbedDock("panels", "Panels", self.theme)
        pages = self.bottom_dock.pages
        pages.add("problems", "Problems", self.problems, "What the target does not take")
        pages.add("rules", "Rules", self.rules, "Rules that rewrite the graph")
        pages.add("history", "History", self.history, "Every edit, and the way back")
        pages.add("verify", "Verify", self.verify, "Compare with TensorFlow")
        pages.add("build", "Build", self.build, "Build the TensorRT engine")
        pages.add("run", "Run", self.run_, "Run the engine on this machine's GPU")
        pages.add("quantize", "Quantize", self.quantize, "Eight bits, and what they cost")
        pages.add("partition", "Partition", self.partition, "Engines with TensorFlow around them")
        pages.add("devices", "Devices", self.devices, "GPUs, TensorRTs and plugin libraries")
        pages.add("log", "Log", self.log, "The program's messages")
        self.addDockWidget(areas.LeftDockWidgetArea, self.outline_dock)
        self.addDockWidget(areas.LeftDockWidgetArea, self.bookmarks_dock)
        self.bookmarks_dock.hide()
        self.addDockWidget(areas.RightDockWidgetArea, self.inspector_dock)
        self.addDockWidget(areas.BottomDockWidgetArea, self.bottom_dock)
        self.setCorner(corners.BottomLeftCorner, areas.BottomDockWidgetArea)
        self.setCorner(corners.BottomRightCorner, areas.BottomDockWidgetArea)

    def _listen(self) -> None:
        session = self.session
        session.opened.connect(self._opened)
        session.changed.connect(self._changed)
        session.failed.connect(self.show_error)
        session.support_changed.connect(self._mark)
        session.selected.connect(self._selected)
        self.surgery.explained.connect(self._explained)
        self.devices.settings_changed.connect(self._use_plugins)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._dress_again)
        hints.accessibility().contrastPreferenceChanged.connect(self._dress_again)

    # Showing

    def set_theme(self, theme: Theme) -> None:
        """Dress the whole application in a theme."""
        self.theme = theme
        dress_application(theme)
        for dress in self._themed:
            dress(theme)

    def use_settings(self, settings: Settings, *, save: bool = True) -> None:
        """Work with these settings from now on, and write them down."""
        before, self.settings = self.settings, settings
        if save:
            self.preferences.save()
        self.preferences.used(settings)
        if (settings.theme, settings.colors) != (before.theme, before.colors):
            self._is_theme_given = False
            self._dress_again()
        if settings.target != before.target and settings.target:
            self.session.set_target(settings.target)
        for panel in (
            self.build,
            self.run_,
            self.verify,
            self.quantize,
            self.partition,
            self.devices,
        ):
            panel.use_settings(settings)
        self.inspector.op_docs.use_settings(settings)
        self.overlays.use_settings(settings)
        self.build.set_machine(self.machine)
        self.status.machine.setText(self.machine.words(settings.gpus))
        set_level(settings.log_level)
        self.actions_.refresh()

    def _dress_again(self) -> None:
        """The settings or the system may want other colours."""
        if not self._is_theme_given:
            theme = chosen_theme(self.settings)
            if theme != self.theme:
                self.set_theme(theme)

    def show_error(self, error: SurgeonError) -> None:
        """Say what went wrong, above the graph."""
        logger.error("%s", error)
        self.message.show_error(error)

    def go_to(self, item: str) -> None:
        """Select an item, open what hides it and bring it to the centre."""
        self.center.pages.show_page("graph")
        self.session.select((item,), None)
        self.canvas.reveal(item)

    def go_to_all(self, items: tuple[str, ...]) -> None:
        """Select several nodes and bring the first to the centre."""
        graph = self.session.graph
        known = tuple(item for item in items if graph is not None and item in graph)
        if known:
            self.go_to(known[0])
            self.canvas.set_preview(known)
            self.session.select(known, None)

    def _explained(self, words: str, node: str) -> None:
        self.message.show_note(words, choices=[("Show node", lambda: self.go_to(node))])

    def show_context_menu(self, item: str, position: QPoint) -> None:
        """Show what can be done with an item, or with the edge that is chosen."""
        if not item and self.canvas.edge():
            self.inspector.edge_card.pop_up(position)
            return
        if item not in self.session.selection:
            self.session.select((item,) if item else (), None)
        self.actions_.refresh()
        menu = QMenu(self)
        menu.setObjectName("context-menu")
        self.actions_.fill(menu, CONTEXT_MENU if self.session.selection else EMPTY_MENU)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _mark(self) -> None:
        if self.session.support is not None:
            self.canvas.set_overlay(self.session.overlay)

    def _selected(self, items: tuple[str, ...], source: object) -> None:
        if source is not self.canvas:
            self.canvas.select(items)
        self.actions_.refresh()

    def _opened(self) -> None:
        self.canvas.set_graph(self.session.graph, title=self.session.title)
        self.canvas.set_preview(())
        self.status.set_verified("")
        self._refresh_title()
        self.actions_.refresh()

    def _changed(self, change: Change) -> None:
        if change.reason != "saved":
            self.canvas.set_graph(change.after, title=self.session.title)
            self.canvas.set_preview(())
            self.status.set_verified("")
        self._refresh_title()
        self.actions_.refresh()

    def _refresh_title(self) -> None:
        document = self.session.document
        if document is None:
            self.setWindowTitle("Graph Surgeon")
            self.setWindowModified(False)
        else:
            self.setWindowTitle(f"{self.session.title}[*] — Graph Surgeon")
            self.setWindowModified(not document.is_clean)

    def _look_round(self) -> None:
        def found(machine: Machine) -> None:
            self.machine = machine
            self.status.machine.setText(machine.words(self.settings.gpus))
            self.build.set_machine(machine)
            self.run_.set_machine(machine)

        self.session.tasks.run("machine", find_machine, found, self.session.failed.emit)

    def _use_plugins(self, settings: Settings) -> None:
        self.use_settings(dataclasses.replace(self.settings, plugins=settings.plugins))

    # Qt's events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # The window has its size, and the docks theirs, once this event is over.
        QTimer.singleShot(0, self, self.memory.widen_docks)

    def closeEvent(self, event: QCloseEvent) -> None:
        document = self.session.document
        if not self._may_close and document is not None and not document.is_clean:
            event.ignore()
            self.files.ask_unsaved(self._close_now)
            return
        self.memory.remember()
        self.keeper.forget()
        # Threads may take a moment to end; the user need not watch that.
        self.hide()
        for stop in (
            *(self.build.stop, self.run_.stop, self.verify.stop, self.quantize.stop),
            *(self.partition.stop, self.devices.stop, self.freezing.stop),
        ):
            stop()
        self.inspector.op_docs.stop()
        self.log.close_log()
        self.session.close()
        super().closeEvent(event)

    def _close_now(self) -> None:
        self._may_close = True
        self.close()
