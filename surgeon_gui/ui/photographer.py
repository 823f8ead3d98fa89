"""Pictures of the window, with the dialogs that are open over it."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QMenu

from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.panels.job_panel import JobPanel

logger = logging.getLogger(__name__)

# A picture is taken once nothing was at work for this long.
QUIET_MS = 400
SHOT_TIMEOUT_MS = 120_000


def picture_of(window: MainWindow) -> QPixmap:
    """Return what a person sees: the window, and the dialogs and menus open over it."""
    picture = window.grab()
    painter = QPainter(picture)
    for top in QApplication.topLevelWidgets():
        if not top.isVisible() or not isinstance(top, QDialog | QMenu):
            continue
        if isinstance(top, QMenu):
            corner = window.mapFromGlobal(top.pos())
        else:
            room = window.size() - top.size()
            corner = QPoint(room.width() // 2, room.height() // 2)
        painter.drawPixmap(corner, top.grab())
        painter.setPen(QColor(window.theme.line))
        painter.drawRect(corner.x() - 1, corner.y() - 1, top.width() + 1, top.height() + 1)
    painter.end()
    return picture


class Photographer(QObject):
    """Takes a picture of the window once it has come to rest, then quits.

    Args:
        window: what is taken.
        arguments: the command line's.
        arrange: brings the window into the state the picture shows.
    """

    def __init__(
        self,
        window: MainWindow,
        arguments: argparse.Namespace,
        arrange: Callable[[MainWindow], object] | None = None,
    ) -> None:
        super().__init__(window)
        self.status = 2
        self._window = window
        self._arguments = arguments
        self._arrange_more = arrange
        self._arranged = False
        self._quiet = QTimer(self)
        self._quiet.setInterval(QUIET_MS)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self._look)
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(SHOT_TIMEOUT_MS)
        self._limit.timeout.connect(self._shoot)

    def begin(self) -> None:
        self._quiet.start()
        self._limit.start()

    def _look(self) -> None:
        window = self._window
        working = window.session.tasks.is_busy() or window.problems.is_filling
        working = working or window.compare.is_working()
        working = working or any(panel.is_running() for panel in window.findChildren(JobPanel))
        working = working or any(job.is_running for job in window.findChildren(JobRunner))
        working = working or window.network.drawing.canvas.is_laying_out()
        if working or window.canvas.is_laying_out():
            self._quiet.start()
        elif not self._arranged:
            self._arranged = True
            self._arrange()
            if self._arrange_more is not None:
                self._arrange_more(window)
            self._quiet.start()
        else:
            self._shoot()

    def _arrange(self) -> None:
        window, arguments = self._window, self._arguments
        if arguments.page:
            window.bottom_dock.open_page(arguments.page)
        if window.session.graph is None:
            return
        for namespace in arguments.expand:
            window.canvas.expand(namespace)
        if arguments.select and window.compare.isVisible():
            window.compare.show_change(arguments.select)
        elif arguments.select:
            shown = window.center.pages.current()
            window.go_to(arguments.select)
            window.center.pages.show_page(shown)

    def _shoot(self) -> None:
        self._limit.stop()
        saved = picture_of(self._window).save(str(self._arguments.shot))
        if not saved:
            logger.error("%s: The picture cannot be saved. Free some space.", self._arguments.shot)
        self.status = 0 if saved and self._shown() else 2
        self._window.session.set_document(None)
        self._window.close()

    def _shown(self) -> bool:
        window = self._window
        found = window.session.graph is not None or window.run_.about.result is not None
        return found or self._arguments.model is None
