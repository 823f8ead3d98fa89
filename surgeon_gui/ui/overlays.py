"""What the canvas is coloured by: the overlays there are, those from files, and choosing one."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph
from surgeon_gui.settings import Settings
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.view.coloring import Coloring, Tints, tints_for
from surgeon_gui.view.overlay_file import OverlayFile, read_overlay
from surgeon_gui.view.overlays import OVERLAYS, PLAIN, PLAIN_TITLE, Facts

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

FILTERS = ("A value per node (*.json)", "All files (*)")


class Overlays(QObject):
    """Keeps the canvas in the colours chosen, as the graph and what is known of it change.

    Args:
        window: whose canvas it is.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self.chosen = PLAIN
        self._files: dict[str, Coloring] = {}
        self._lacks: dict[str, str] = {}
        self._looked_at: Graph | None = None
        session = window.session
        session.opened.connect(self._begin)
        session.edited.connect(self._renew)
        session.types_changed.connect(self._renew)
        session.support_changed.connect(self._renew)
        session.measured.connect(self._measured)
        window.canvas.coloring_requested.connect(self.show_menu)
        window.canvas.offer_colorings()
        self.use_settings(window.settings)

    def use_settings(self, settings: Settings) -> None:
        """Draw as these settings say."""
        for canvas in self._window.findChildren(GraphCanvas):
            canvas.set_folds_series(settings.fold_series)
        self._window.canvas.set_animated(settings.animate)

    def choose(self, key: str) -> None:
        """Colour by an overlay, by the values of a file that was read, or by kind of op."""
        if key in OVERLAYS and self.lacks(key):
            self._window.message.show_note(self.lacks(key))
        else:
            self.chosen = key
            self._make()
            self._window.center.pages.show_page("graph")
        self._window.actions_.refresh()

    def lacks(self, key: str) -> str:
        """What is missing to make an overlay; empty when nothing is."""
        if self._session.graph is not self._looked_at:
            self._looked_at, self._lacks = self._session.graph, {}
        found = self._lacks.get(key)
        if found is None:
            facts = self._facts()
            found = OVERLAYS[key].lacks(facts) if facts is not None else "No graph is open."
            self._lacks[key] = found
        return found

    def put(self, coloring: Coloring) -> None:
        """Offer a colouring a panel made, and colour by it."""
        self._files[coloring.key] = coloring
        self.choose(coloring.key)

    def choose_file(self) -> None:
        """Ask for a JSON of node → value and colour by it."""
        window = self._window
        window.chooser.open_file(
            window, "Colour by values from a file", window.state.folder, FILTERS, self.load
        )

    def load(self, path: Path) -> None:
        """Colour by the values in a file; says how many names are not in the graph."""
        graph = self._session.graph
        if graph is None:
            error = UsageError("There is no graph to colour.", where=path.name, hint="Open one.")
            self._session.failed.emit(error)
            return
        present = graph

        def done(read: OverlayFile) -> None:
            if self._session.graph is not present:
                self.load(path)
                return
            key = read.coloring.key
            self._files[key] = read.coloring
            self.choose(key)
            self._window.message.show_note(read.words)

        self._session.tasks.run(
            "overlay-file", lambda: read_overlay(path, present), done, self._session.failed.emit
        )

    def show_menu(self, position: QPoint) -> None:
        """Offer the overlays above a place on the screen."""
        menu = QMenu(self._window)
        menu.setObjectName("overlay-menu")
        self.fill(menu)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position - QPoint(0, menu.sizeHint().height()))

    def fill(self, menu: QMenu) -> None:
        """List the overlays; one that cannot be made yet says why."""
        menu.clear()
        group = QActionGroup(menu)
        titles = {PLAIN: PLAIN_TITLE, **{key: kind.title for key, kind in OVERLAYS.items()}}
        titles |= {key: coloring.title for key, coloring in self._files.items()}
        for key, title in titles.items():
            reason = self.lacks(key) if key in OVERLAYS else ""
            words = title.replace("&", "&&")
            if reason:
                words += f"  ({reason[0].lower()}{reason[1:].removesuffix('.')})"
            action = menu.addAction(words, partial(self.choose, key))
            action.setCheckable(True)
            action.setChecked(key == self.chosen)
            action.setEnabled(not reason)
            action.setActionGroup(group)
        menu.addSeparator()
        menu.addAction(self._window.actions_["overlay.file"])

    def _facts(self) -> Facts | None:
        session = self._session
        if session.graph is None:
            return None
        return Facts(
            session.graph, session.types, session.overlay, dict(session.errors), dict(session.times)
        )

    def _begin(self) -> None:
        """Another document: what was read for the last one says nothing of it."""
        self._files.clear()
        self.chosen = PLAIN
        self._make()

    def _renew(self) -> None:
        """The graph or what is known of it changed; meanwhile the canvas keeps its colours."""
        self._lacks = {key: why for key, why in self._lacks.items() if OVERLAYS[key].is_of_graph}
        if self.chosen in OVERLAYS and not self.lacks(self.chosen):
            self._make()

    def _measured(self) -> None:
        self._renew()
        if self.chosen in OVERLAYS and self.lacks(self.chosen):
            self.chosen = PLAIN
            self._make()
        self._window.actions_.refresh()

    def _make(self) -> None:
        key, facts = self.chosen, self._facts()
        if key not in OVERLAYS or facts is None:
            self._session.tasks.drop("coloring")
            self._window.canvas.set_coloring(self._files.get(key))
            return
        known, plan = facts, self._window.canvas.plan()

        def work() -> tuple[Coloring, Tints | None]:
            coloring = OVERLAYS[key].make(known)
            return coloring, tints_for(plan.tree, coloring) if plan is not None else None

        self._session.tasks.run(
            "coloring",
            work,
            lambda made: self._window.canvas.set_coloring(*made),
            self._window.show_error,
        )


def overlay_commands(window: MainWindow) -> list[Command]:
    """Return the commands that choose what the canvas shows of the graph."""
    overlays, canvas = window.overlays, window.canvas

    def has_graph() -> bool:
        return window.session.graph is not None

    def is_chosen(key: str) -> bool:
        return overlays.chosen == key

    def can_choose(key: str) -> bool:
        return has_graph() and not overlays.lacks(key)

    return [
        Command(
            f"overlay.{PLAIN}",
            f"Colour by {PLAIN_TITLE.lower()}",
            partial(overlays.choose, PLAIN),
            enabled=has_graph,
            checked=partial(is_chosen, PLAIN),
        ),
        *(
            Command(
                f"overlay.{key}",
                f"Colour by {kind.title[0].lower()}{kind.title[1:]}",
                partial(overlays.choose, key),
                enabled=partial(can_choose, key),
                checked=partial(is_chosen, key),
            )
            for key, kind in OVERLAYS.items()
        ),
        Command(
            "overlay.file",
            "Colour by values from a &file…",
            overlays.choose_file,
            enabled=has_graph,
            tip="Read a number or a word per node from a JSON file",
        ),
        Command(
            "view.fold-series",
            "Fold &numbered blocks",
            partial(_toggle_series, window),
            checked=canvas.folds_series,
            tip="Show numbered namespaces that are alike as one box",
        ),
    ]


def _toggle_series(window: MainWindow) -> None:
    folds = not window.canvas.folds_series()
    window.use_settings(dataclasses.replace(window.settings, fold_series=folds))
