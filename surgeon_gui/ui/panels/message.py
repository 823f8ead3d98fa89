"""Errors and questions, said calmly: a bar above the graph, and a page where no graph is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.icons import icon, status_pixmap
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label, row

NOTE_MS = 12_000

Choice = tuple[str, Callable[[], object]]


class MessageBar(QFrame):
    """What went wrong, where, and what to do; a plain note goes by itself after a while."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.setAccessibleName("Message")
        self._theme = theme
        self._status = "refuses"
        self._mark = QLabel()
        self.message = label(role="strong", wrap=True, copyable=True)
        self.where = ElidedLabel(font=theme.mono_font)
        self.hint = label(role="muted", wrap=True, copyable=True)
        self._choices = QHBoxLayout()
        self._choices.setSpacing(8)
        self.close_button = QToolButton()
        self.close_button.setAccessibleName("Close the message")
        self.close_button.setToolTip("Close the message")
        self.close_button.setIconSize(QSize(14, 14))
        self.close_button.clicked.connect(self.hide)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.message)
        words.addWidget(self.where)
        words.addWidget(self.hint)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addLayout(self._choices)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.setInterval(NOTE_MS)
        self._end.timeout.connect(self.hide)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.close_button.setIcon(icon("x", theme, "muted"))
        self._paint_mark()

    def show_error(self, error: SurgeonError, choices: Sequence[Choice] = ()) -> None:
        """Show an error's parts."""
        self._fill("refuses", error.message, error.where or "", error.advice, choices)

    def show_note(self, message: str, hint: str = "", choices: Sequence[Choice] = ()) -> None:
        """Show something that is no error."""
        self._fill("takes", message, "", hint, choices)
        if not choices:
            self._end.start()

    def _fill(
        self, status: str, message: str, where: str, hint: str, choices: Sequence[Choice]
    ) -> None:
        self._end.stop()
        self._status = status
        self.setProperty("status", status)
        self.style().unpolish(self)
        self.style().polish(self)
        self._paint_mark()
        self.message.setText(message)
        self.where.set_full(where)
        self.where.setVisible(bool(where))
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        while (item := self._choices.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for words, run in choices:
            self._choices.addWidget(button(words, run))
        self.show()

    def _paint_mark(self) -> None:
        self._mark.setPixmap(status_pixmap(self._status, self._theme, 18, self.devicePixelRatioF()))


class ErrorPage(QWidget):
    """Fills the centre when a file could not be opened and no graph is there."""

    def __init__(self, theme: Theme, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.setAccessibleName("The file could not be opened")
        self._theme = theme
        self._mark = QLabel()
        self._mark.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.message = label(role="strong", wrap=True, copyable=True)
        self.where = label(role="muted", wrap=True, copyable=True)
        self.hint = label(wrap=True, copyable=True)
        for words in (self.message, self.where, self.hint):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.where.setFont(theme.mono_font)
        buttons = row(None, *(button(text, run, kind="button") for text, run in choices), None)
        box = QWidget()
        box.setMaximumWidth(560)
        inner = QVBoxLayout(box)
        inner.setSpacing(8)
        for widget in (self._mark, self.message, self.where, self.hint):
            inner.addWidget(widget)
        inner.addSpacing(8)
        inner.addWidget(buttons)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(box, 4)
        across.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(across)
        layout.addStretch(3)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._mark.setPixmap(status_pixmap("refuses", theme, 32, self.devicePixelRatioF()))

    def show_error(self, error: SurgeonError) -> None:
        self.message.setText(error.message)
        self.where.setText(error.where or "")
        self.where.setVisible(bool(error.where))
        self.hint.setText(error.advice)
        self.hint.setVisible(True)
