"""What stands where there is nothing to draw: a sign, a sentence and a hint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label


class Notice(QWidget):
    """A sentence in the middle of an empty page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._status = theme, "takes"
        self._sign = QLabel()
        self.title = label(role="strong", wrap=True)
        self.hint = label(role="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        for widget in (self._sign, self.title, self.hint):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(widget)
        layout.addStretch(3)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint()

    def say(self, status: str, title: str, hint: str) -> None:
        """Show a sentence under a verdict's sign; without words nothing at all."""
        self._status = status
        self.title.setText(title)
        self.hint.setText(hint)
        self._sign.setVisible(bool(title))
        self.setAccessibleName(f"{title}. {hint}" if title else "")
        self._paint()

    def _paint(self) -> None:
        ratio = self.devicePixelRatioF()
        self._sign.setPixmap(status_pixmap(self._status, self._theme, 32, ratio))
