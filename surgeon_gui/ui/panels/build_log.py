"""The worker's messages of a build, filtered by severity and by words."""

from __future__ import annotations

import logging

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox

KEPT = 5000

_LEVELS = (
    ("All messages", logging.DEBUG),
    ("Warnings and errors", logging.WARNING),
    ("Errors", logging.ERROR),
)


class BuildLog(QWidget):
    """Lines with their severity; what is filtered out is kept and comes back."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[tuple[int, str]] = []
        self.level = ComboBox("Least severe message shown")
        for words, level in _LEVELS:
            self.level.addItem(words, level)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Words the messages shown must hold")
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Log of the build")
        self.text.setMaximumBlockCount(KEPT)
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(8)
        bar.addWidget(self.level)
        bar.addWidget(self.filter, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)
        self.level.currentIndexChanged.connect(lambda _index: self._refresh())
        self.filter.textChanged.connect(lambda _text: self._refresh())

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.text.setFont(theme.mono_font)
        self._refresh()

    def clear(self) -> None:
        self._lines.clear()
        self.text.clear()

    def add(self, level: int, words: str) -> None:
        """Take a message of one of logging's levels, which TensorRT's severities become."""
        self._lines.append((level, words))
        if len(self._lines) > KEPT:
            del self._lines[: KEPT // 10]
        self._show(level, words)

    def _refresh(self) -> None:
        self.text.clear()
        for level, words in self._lines:
            self._show(level, words)

    def _show(self, level: int, words: str) -> None:
        wanted = self.filter.text().strip().lower()
        if level < int(self.level.currentData()) or wanted not in words.lower():
            return
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        form = QTextCharFormat()
        form.setForeground(self._color(level))
        start = "" if self.text.document().isEmpty() else "\n"
        cursor.insertText(start + words, form)
        if at_end:
            bar.setValue(bar.maximum())

    def _color(self, level: int) -> QColor:
        if level >= logging.ERROR:
            return self._theme.color("refuses")
        return self._theme.color("caveat" if level >= logging.WARNING else "text")
