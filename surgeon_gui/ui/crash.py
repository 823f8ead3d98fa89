"""When the program itself is at fault: say so, keep the user's work, show what to report."""

from __future__ import annotations

import faulthandler
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from surgeon_gui.edits.script import script_to_toml
from surgeon_gui.errors import SurgeonError
from surgeon_gui.log import LogBuffer
from surgeon_gui.settings import cache_dir
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row

logger = logging.getLogger(__name__)

LOG_LINES = 40


class CrashDialog(QDialog):
    """What happened, with the last messages, to copy into a report."""

    def __init__(self, report: str, script: Path | None, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("crash")
        self.setWindowTitle("Something went wrong")
        self.setAccessibleName("Something went wrong")
        self.resize(720, 440)
        saved = f" Your edits are saved in {script}." if script else ""
        words = label(
            f"The program made a mistake; the graph is as it was before the last step.{saved} "
            "You can go on; save your work soon.",
            wrap=True,
            copyable=True,
        )
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Report")
        self.text.setFont(theme.mono_font)
        copy = button("Copy report", self._copy, kind="button")
        close = button("Go on", self.accept, kind="primary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(words)
        layout.addWidget(self.text, 1)
        layout.addWidget(row(copy, None, close))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


class CrashGuard:
    """Takes the exceptions nobody handled.

    Args:
        buffer: for the last messages.
        session: whose edits are saved.
        window: the dialog's parent.
        theme: the colours now.
        autosave: keeps the edits for the next start, should the program not last.
    """

    def __init__(
        self,
        buffer: LogBuffer,
        session: Session,
        window: QWidget,
        theme: Callable[[], Theme],
        autosave: Callable[[], object] = lambda: None,
    ) -> None:
        self._autosave = autosave
        self._buffer = buffer
        self._session = session
        self._window = window
        self._theme = theme
        self._dialog: CrashDialog | None = None

    def install(self) -> None:
        """Take over `sys.excepthook`, and have native crashes leave their stack in a file."""
        sys.excepthook = self.handle
        try:
            folder = cache_dir()
            folder.mkdir(parents=True, exist_ok=True)
            # Kept open as long as the program runs: the handler writes to its descriptor.
            self._native = (folder / "native-crash.log").open("w")
            faulthandler.enable(self._native)
        except OSError as error:
            logger.warning("Native crashes cannot be recorded: %s", error)

    def handle(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log the error, save the edits, tell the user; one dialog at a time."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if isinstance(error, SurgeonError):
            self._session.failed.emit(error)
            return
        stack = "".join(traceback.format_exception(kind, error, trace))
        logger.critical("Unexpected error:\n%s", stack)
        self._autosave()
        script = self._save_edits()
        if self._dialog is None:
            report = f"{stack}\nLast messages:\n{self._buffer.tail(LOG_LINES)}"
            self._dialog = CrashDialog(report, script, self._theme(), self._window)
            self._dialog.finished.connect(self._closed)
            self._dialog.open()

    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _save_edits(self) -> Path | None:
        """Write the edits made so far to a script beside the logs."""
        document = self._session.document
        if document is None or not document.edits:
            return None
        path = cache_dir() / "recovered.toml"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(script_to_toml(document.edits), encoding="utf-8")
        except (OSError, SurgeonError) as problem:
            logger.warning("The edits cannot be saved: %s", problem)
            return None
        return path
