"""What the small panels over the canvas have in common."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from surgeon_gui.ui.theme import Theme


def small_font(theme: Theme, pixels: int) -> QFont:
    font = QFont(theme.ui_font)
    font.setPixelSize(pixels)
    return font


class Corner(QFrame):
    """A small panel over the canvas."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def set_theme(self, theme: Theme) -> None:
        self.setFont(small_font(theme, 11))
        self.setStyleSheet(
            f"#{self.objectName()} {{ background: {theme.window}; border: 1px solid {theme.line};"
            f" border-radius: 6px; }} QLabel {{ color: {theme.text}; }}"
        )
