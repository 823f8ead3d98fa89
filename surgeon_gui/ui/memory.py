"""What a window remembers: its shape and docks, the files opened last, and each file's view."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, QTimer
from PySide6.QtWidgets import QDockWidget

from surgeon_gui.errors import SaveError
from surgeon_gui.ui.state import from_text, load_state, save_state, to_text
from surgeon_gui.ui.views import MOST_EXPANDED, FileMemory, View, load_memory, save_memory

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

logger = logging.getLogger(__name__)

SIZE = (1600, 1000)
SIDES = (236, 320)
BOTTOM = 0.27
"""Of the window's height."""
LEAST_BOTTOM = 210
"""In it the panels of jobs show their buttons."""
NARROW = 0.8
WAIT_MS = 30


class Memory(QObject):
    """Puts the window and its graph as they were left, and writes down how they are left.

    Args:
        window: whose memory.
        remembers: whether anything is read and written.
    """

    def __init__(self, window: MainWindow, *, remembers: bool) -> None:
        super().__init__(window)
        self._window = window
        self._remembers = remembers
        self._path: Path | None = None
        self._wanted: View | None = None
        self._has_shape = False
        self._wait = QTimer(self)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._settle)
        window.files.loaded.connect(self._loaded)
        window.session.opened.connect(self._opened)
        window.session.changed.connect(lambda _change: self._follow())

    # The window

    def restore(self) -> None:
        """Give the window its shape and docks back."""
        window, state = self._window, self._window.state
        window.resize(*SIZE)
        self._size_docks()
        self._default_docks = window.saveState()
        if state.geometry:
            window.restoreGeometry(from_text(state.geometry))
        if state.docks:
            window.restoreState(from_text(state.docks))
            self._has_shape = True

    def restore_docks(self) -> None:
        """Put every dock back where it was at first."""
        self._window.restoreState(self._default_docks)
        self._size_docks()

    def widen_docks(self) -> None:
        """Give docks their room back where a smaller window had squeezed them.

        Called once the window has its size: it may have been smaller when its docks were saved,
        and the bottom dock of a window shown first takes its share of the height.
        """
        window = self._window
        if not self._has_shape:
            self._has_shape = True
            self._size_bottom()
        if window.width() <= window.state.width:
            return
        for dock, width in zip(self._sides(), SIDES, strict=True):
            is_beside = dock.isVisible() and not dock.isFloating()
            if is_beside and dock.width() < NARROW * width:
                window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)

    def _sides(self) -> tuple[QDockWidget, QDockWidget]:
        return self._window.outline_dock, self._window.inspector_dock

    def _size_docks(self) -> None:
        window = self._window
        window.resizeDocks(list(self._sides()), list(SIDES), Qt.Orientation.Horizontal)
        self._size_bottom()

    def _size_bottom(self) -> None:
        window = self._window
        height = max(round(BOTTOM * window.height()), LEAST_BOTTOM)
        window.resizeDocks([window.bottom_dock], [height], Qt.Orientation.Vertical)

    def remember(self) -> None:
        """Write the window's state; a disk that is full must not keep it open."""
        if not self._remembers:
            return
        self.keep()
        window = self._window
        window.state = dataclasses.replace(
            window.state,
            geometry=to_text(window.saveGeometry()),
            docks=to_text(window.saveState()),
            width=window.width(),
            # Another window may have opened files since this one read the list.
            recent=self._all_recent(),
        )
        self._save_state()

    def _all_recent(self) -> tuple[str, ...]:
        own, others = self._window.state.recent, load_state().recent
        return tuple(dict.fromkeys((*own, *others)))[: self._window.settings.recent_files]

    def _save_state(self) -> None:
        try:
            save_state(self._window.state)
        except SaveError as error:
            logger.warning("%s", error)

    # The file

    def view(self) -> View:
        """Return what the canvas shows now."""
        canvas = self._window.canvas
        middle = canvas.mapToScene(canvas.viewport().rect().center())
        expanded = tuple(sorted(canvas.expanded())[:MOST_EXPANDED])
        return View(expanded, round(canvas.zoom(), 4), round(middle.x(), 1), round(middle.y(), 1))

    def show_view(self, view: View) -> None:
        """Open what was open, and go where the view was, once that is laid out."""
        self._window.canvas.set_expanded(view.expanded)
        self._wanted = view
        self._settle()

    def keep(self) -> None:
        """Write down the open file's view and bookmarks."""
        window = self._window
        if not self._remembers or self._path is None or window.canvas.graph() is None:
            return
        view = None if window.canvas.is_at_start else self.view()
        try:
            save_memory(self._path, FileMemory(view, window.bookmarks.all()))
        except SaveError as error:
            logger.warning("%s", error)

    def _settle(self) -> None:
        canvas, view = self._window.canvas, self._wanted
        if view is None or canvas.graph() is None:
            self._wait.stop()
        elif canvas.is_laying_out():
            self._wait.start()
        else:
            self._wanted = None
            self._wait.stop()
            canvas.place(view.zoom, QPointF(view.x, view.y))

    def _opened(self) -> None:
        # The canvas hears of it later: it shows the file that is left.
        self.keep()
        self._path = None
        self._wanted = None
        self._window.bookmarks.show(())

    def add_recent(self, path: Path) -> None:
        """Put a file or folder first among those opened lately."""
        window = self._window
        state = window.state.with_recent(path, window.settings.recent_files)
        window.state = dataclasses.replace(state, folder=str(path.absolute().parent))
        if self._remembers:
            window.state = dataclasses.replace(window.state, recent=self._all_recent())
            self._save_state()

    def _loaded(self, path: Path) -> None:
        window = self._window
        self.add_recent(path)
        self._path = path
        if not self._remembers:
            return
        kept = load_memory(path)
        window.bookmarks.show(kept.bookmarks)
        if kept.view is not None:
            self.show_view(kept.view)

    def _follow(self) -> None:
        """A graph that is saved under another name is remembered under that."""
        path = self._window.session.path
        if path is not None and path != self._path:
            self._path = path
            self.keep()
