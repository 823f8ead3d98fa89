"""Files dropped on the window: each kind goes where it belongs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDropEvent

from surgeon_gui.compare.images import ENDINGS, ImageFeed
from surgeon_gui.jobs.feeding import Feeding
from surgeon_gui.ui.dialogs.explain import LOG_ENDINGS

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

ENGINE_ENDINGS = (".engine", ".plan", ".trt")
ARRAY_ENDINGS = (".npz", ".npy")


class Drops(QObject):
    """Takes what is dropped on a window; a file nobody asked for is opened as a graph."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._handlers: dict[str, Callable[[Path], object]] = {}
        self.add((".toml",), self._take_toml)
        self.add((".py",), self._take_code)
        self.add(LOG_ENDINGS, window.cures.explain)
        self.add((".json",), window.overlays.load)
        self.add(ENGINE_ENDINGS, self._take_engine)
        self.add(ARRAY_ENDINGS, self._take_arrays)
        self.add(ENDINGS, self._take_image)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def add(self, endings: Iterable[str], handler: Callable[[Path], object]) -> None:
        """Let files with these endings go to `handler`."""
        for ending in endings:
            self._handlers[ending.lower()] = handler

    def take(self, path: Path) -> None:
        """Do what a dropped file is for."""
        handler = None if path.is_dir() else self._handlers.get(path.suffix.lower())
        (handler or self._window.files.open)(path)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        # Qt's enter event is a drop event too; only the last one brings the files.
        if not isinstance(event, QDropEvent) or kind not in (
            QEvent.Type.DragEnter,
            QEvent.Type.Drop,
        ):
            return super().eventFilter(watched, event)
        paths, data = _paths(event.mimeData()), event.mimeData()
        if not paths and not data.hasText():
            return super().eventFilter(watched, event)
        event.acceptProposedAction()
        if kind == QEvent.Type.Drop:
            for path in paths:
                self.take(path)
            if not paths:
                self._window.cures.explain(data.text())
        return True

    def _take_toml(self, path: Path) -> None:
        """Replay a script of edits; anything else is for the rules, which say what is wrong."""
        try:
            is_script = "edit" in tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            is_script = False
        if is_script:
            self._with_graph(self._window.surgery.scripts.replay, path)
        else:
            self._window.bottom_dock.open_page("rules")
            self._window.rules.import_file(path)

    def _take_code(self, path: Path) -> None:
        self._with_graph(self._window.surgery.scripts.ask_to_run, path)

    def _with_graph(self, work: Callable[[Path], object], path: Path) -> None:
        if self._window.session.graph is None:
            self._window.message.show_note(f"Open a graph first, then drop {path.name} again.")
        else:
            work(path)

    def _take_engine(self, path: Path) -> None:
        self._window.run_.offer(path)
        self._window.bottom_dock.open_page("run")

    def _take_arrays(self, path: Path) -> None:
        self._feed(Feeding(inputs=path))
        self._window.message.show_note(f"{path.name} gives the inputs.")

    def _take_image(self, path: Path) -> None:
        self._feed(Feeding(images=ImageFeed((path,))))
        self._window.message.show_note(
            f"{path.name} gives the input; say below how it is prepared."
        )

    def _feed(self, feeding: Feeding) -> None:
        """Give inputs to the run page if that is on top, else to Verify."""
        window = self._window
        if window.bottom_dock.pages.current() == "run":
            window.run_.feeding.show_choice(feeding)
        else:
            window.bottom_dock.open_page("verify")
            window.verify.feeding.show_choice(feeding)


def _paths(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
