"""Docks with a quiet title: a name, a note at the right, buttons only under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QWidget

from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.tabs import STRIP_HEIGHT, TabPages
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label


class _Title(QWidget):
    """The title bar: `lead` at the left, the note or the buttons at the right."""

    def __init__(self, dock: QDockWidget, lead: QWidget, margin: int) -> None:
        super().__init__(dock)
        self.setObjectName("panel-title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(STRIP_HEIGHT)
        self.note = label(role="muted")
        self.float_button = self._button(f"Detach {dock.windowTitle()}")
        self.float_button.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self.close_button = self._button(f"Close {dock.windowTitle()}")
        self.close_button.clicked.connect(dock.close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(margin, 0, 8, 0)
        layout.setSpacing(4)
        layout.addWidget(lead)
        layout.addStretch(1)
        layout.addWidget(self.note)
        layout.addWidget(self.float_button)
        layout.addWidget(self.close_button)
        self._show_buttons(False)

    def sizeHint(self) -> QSize:
        return QSize(80, STRIP_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _button(self, name: str) -> QToolButton:
        made = QToolButton()
        made.setAccessibleName(name)
        made.setToolTip(name)
        made.setIconSize(QSize(12, 12))
        made.setFixedSize(20, 20)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return made

    def _show_buttons(self, shown: bool) -> None:
        self.float_button.setVisible(shown)
        self.close_button.setVisible(shown)
        self.note.setVisible(not shown)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._show_buttons(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_buttons(False)

    def set_theme(self, theme: Theme) -> None:
        self.float_button.setIcon(icon("corners-out", theme, "muted"))
        self.close_button.setIcon(icon("x", theme, "muted"))


class PanelDock(QDockWidget):
    """A dock that holds one panel."""

    def __init__(self, key: str, title: str, panel: QWidget, theme: Theme) -> None:
        super().__init__(title)
        self.setObjectName(key)
        self.setAccessibleName(title)
        name = label(title)
        name.setObjectName("panel-name")
        self._title = _Title(self, name, 12)
        self._title.set_theme(theme)
        self.setTitleBarWidget(self._title)
        self.setWidget(panel)

    def set_note(self, text: str) -> None:
        """Show a few words at the right of the title."""
        self._title.note.setText(text)

    def set_theme(self, theme: Theme) -> None:
        self._title.set_theme(theme)


class TabbedDock(QDockWidget):
    """A dock whose title is the strip of its tabs."""

    def __init__(self, key: str, title: str, theme: Theme) -> None:
        super().__init__(title)
        self.setObjectName(key)
        self.setAccessibleName(title)
        self.pages = TabPages(title, own_strip=False)
        self._title = _Title(self, self.pages.strip, 4)
        self._title.set_theme(theme)
        self.setTitleBarWidget(self._title)
        self.setWidget(self.pages)

    def set_theme(self, theme: Theme) -> None:
        self._title.set_theme(theme)

    def open_page(self, key: str) -> None:
        """Show the dock at that page."""
        self.show()
        self.raise_()
        self.pages.show_page(key)
