"""The centre of the window: the start page, a file being read, the graph, its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.files import Files
from surgeon_gui.ui.panels.message import ErrorPage, MessageBar
from surgeon_gui.ui.panels.welcome import LoadingPage, WelcomePage
from surgeon_gui.ui.samples import samples
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tabs import PageStack, TabPages
from surgeon_gui.ui.theme import Theme

LEAST_WIDTH = 400
"""In a narrow window the panels at the sides give way first."""


class Center(QWidget):
    """A message bar above tabs; the first tab shows the graph, or how to get one.

    Args:
        session: whose document is shown.
        files: opens files, and says when one is read.
        views: the pages of the other tabs: `compare` and `network`.
        theme: the colours.
        recent: the files opened last, newest first.
    """

    def __init__(
        self,
        session: Session,
        files: Files,
        views: Mapping[str, QWidget],
        theme: Theme,
        recent: Callable[[], tuple[str, ...]],
    ) -> None:
        super().__init__()
        self._session = session
        self._recent = recent
        self.canvas = GraphCanvas(theme=theme)
        self.canvas.setAccessibleName("Graph")
        self.welcome = WelcomePage(theme)
        self.loading = LoadingPage()
        self.error_page = ErrorPage(
            theme, [("Open another…", files.choose), ("Start page", self.refresh)]
        )
        self.stack = PageStack()
        for page in (self.welcome, self.loading, self.error_page, self.canvas):
            self.stack.addWidget(page)
        self.message = MessageBar(theme)
        self.pages = TabPages("Views of the graph")
        self.pages.add("graph", "Graph", self.stack)
        self.pages.add("compare", "Compare", views["compare"], "Two states of it, or two files")
        self.pages.add("network", "Network", views["network"], "TensorRT's layers")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.message)
        layout.addWidget(self.pages, 1)
        files.loading.connect(self._show_loading)
        files.load_failed.connect(self._show_failure)
        files.load_cancelled.connect(self.refresh)
        files.saved.connect(lambda path: self.message.show_note(f"Wrote {path}"))
        self.welcome.open_requested.connect(files.choose)
        self.welcome.path_requested.connect(files.open)
        self.loading.cancelled.connect(files.cancel)
        session.opened.connect(self.refresh)
        self.pages.page_changed.connect(self._turned)

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint().expandedTo(QSize(LEAST_WIDTH, 0))

    def canvas_shown(self) -> GraphCanvas:
        """The canvas in view, of two the one with the keyboard; the graph's where none is."""
        seen = [canvas for canvas in self.pages.findChildren(GraphCanvas) if canvas.isVisible()]
        return next((it for it in seen if it.hasFocus()), seen[-1] if seen else self.canvas)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.canvas, self.welcome, self.error_page, self.message):
            part.set_theme(theme)

    def refresh(self) -> None:
        """Show the graph, or how to begin where there is none."""
        self.loading.stop()
        if self._session.graph is None:
            self.welcome.show_files(samples(), self._recent())
            self.stack.setCurrentWidget(self.welcome)
            self.welcome.open_button.setFocus()
        else:
            self.stack.setCurrentWidget(self.canvas)
            self.canvas.setFocus()

    def _show_loading(self, path: Path) -> None:
        self.message.hide()
        self.pages.show_page("graph")
        self.loading.start(path)
        self.stack.setCurrentWidget(self.loading)

    def _show_failure(self, error: SurgeonError) -> None:
        self.refresh()
        if self._session.graph is None:
            self.error_page.show_error(error)
            self.stack.setCurrentWidget(self.error_page)
        else:
            self.message.show_error(error)

    def _turned(self, key: str) -> None:
        if key == "network":
            self._session.request_network()
