"""The log: the program's messages, with a filter by severity."""

from __future__ import annotations

import logging
import time

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from surgeon_gui.log import LINES_KEPT, LogBuffer, LogLine
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, button

_LEVELS = (
    ("All messages", logging.DEBUG),
    ("Information", logging.INFO),
    ("Warnings", logging.WARNING),
    ("Errors", logging.ERROR),
)


class _Bridge(QObject):
    """Carries lines from whatever thread logged them."""

    line = Signal(object)


class LogPanel(QWidget):
    """The lines of a `LogBuffer`."""

    def __init__(self, buffer: LogBuffer, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Log")
        self._buffer = buffer
        self._theme = theme
        self._bridge = _Bridge()
        self._bridge.line.connect(self._add, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = buffer.subscribe(self._bridge.line.emit)
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Messages")
        self.text.setMaximumBlockCount(LINES_KEPT)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.level = ComboBox("Least severe message shown")
        for words, level in _LEVELS:
            self.level.addItem(words, level)
        self.level.setCurrentIndex(1)
        self.level.currentIndexChanged.connect(lambda _index: self.refresh())
        self.copy = button(
            "Copy all",
            lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()),
            tip="Copy the messages shown",
        )
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 4)
        head.setSpacing(8)
        head.addWidget(self.level)
        head.addStretch(1)
        head.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.text, 1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.text.setFont(theme.mono_font)
        self.refresh()

    def refresh(self) -> None:
        self.text.clear()
        for line in self._buffer.lines:
            self._add(line)

    def close_log(self) -> None:
        """Stop listening, before the widget goes."""
        self._unsubscribe()

    def _add(self, line: LogLine) -> None:
        if line.level < int(self.level.currentData()):
            return
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        form = QTextCharFormat()
        form.setForeground(self._color(line.level))
        stamp = time.strftime("%H:%M:%S", time.localtime(line.time))
        start = "" if self.text.document().isEmpty() else "\n"
        cursor.insertText(f"{start}{stamp}  {line.text}", form)
        if at_end:
            bar.setValue(bar.maximum())

    def _color(self, level: int) -> QColor:
        if level >= logging.ERROR:
            return self._theme.color("refuses")
        if level >= logging.WARNING:
            return self._theme.color("caveat")
        return self._theme.color("text" if level >= logging.INFO else "muted")
