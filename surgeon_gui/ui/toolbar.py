"""The toolbar: the few commands of every day, the target, the search."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from surgeon_gui.targets import Target, catalogue
from surgeon_gui.ui.actions import Actions
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.widgets import ComboBox, label

NARROW = 1180
"""Pixels of width below which the search does not fit beside the buttons."""

COMPACT = 1000
"""Pixels of width below which words give way, so that the build button stays in sight."""

_TARGET_WIDTHS = ((1500, 264), (1260, 232), (COMPACT, 184), (0, 116))
"""From which width of the toolbar on how wide the target may be, in pixels."""

# A version's fourth number, which no one chooses by.
_BUILD_NUMBER = re.compile(r"(\d+\.\d+\.\d+)\.\d+")

_ROUTES = {"direct": "", "uff": "UFF · ", "onnx": "ONNX · ", "hybrid": "Hybrid · "}


def target_title(target: Target) -> str:
    """Return what the combo box calls a target."""
    lead = _ROUTES.get(target.route, "")
    title = _BUILD_NUMBER.sub(r"\1", target.title)
    return title if title.startswith(lead.strip(" ·")) else lead + title


def _target_width(room: int) -> int:
    return next(width for least, width in _TARGET_WIDTHS if room >= least)


class _Holder(QWidget):
    """A place the search can stand at."""

    def __init__(self, search: QWidget | None = None) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        # The search stands at the right, and takes as much of the room as it may.
        self._layout.addStretch(1)
        if search is not None:
            self.take(search)

    def take(self, search: QWidget) -> None:
        self._layout.addWidget(search, 100)
        search.show()


class ToolBar(QToolBar):
    """Made from the commands' table."""

    def __init__(self, actions: Actions, session: Session, search: QWidget) -> None:
        super().__init__("Toolbar")
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(QSize(16, 16))
        self._session = session
        self._menus: list[QToolButton] = []
        self.target = ComboBox("Target")
        self.target.setToolTip("What the graph is checked for")
        self.target.setMaximumWidth(_target_width(NARROW))
        for target in catalogue():
            self.target.addItem(target_title(target), target.id)
            self.target.setItemData(
                self.target.count() - 1, target.summary, Qt.ItemDataRole.ToolTipRole
            )
        self._button(actions["file.open"], "Open…")
        self._menu("Save", [actions["file.save"], actions["file.save-as"], actions["file.script"]])
        self.addSeparator()
        steps = (("edit.undo", "Undo"), ("edit.redo", "Redo"))
        self._steps = [self._button(actions[key], text, icon=True) for key, text in steps]
        self.addSeparator()
        self._target_word = self.addWidget(label("Target", "muted"))
        self.addWidget(self.target)
        about = QToolButton()
        about.setDefaultAction(actions["target.page"])
        about.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        about.setAccessibleName("About the target")
        about.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(about)
        self._button(actions["rules.autofix"], "Auto-fix")
        self._button(actions["build.verify"], "Verify")
        forms = ("export.uff", "export.onnx", "export.network", "export.report")
        self._menu("Export", [actions[key] for key in forms])
        self.build = self._button(actions["build.build"], "Build engine", kind="primary")
        search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._search = search
        self._home = _Holder(search)
        self.addWidget(self._home)
        # Beside the menus, where the toolbar is too narrow.
        self._beside = _Holder()
        self._beside.hide()
        self._is_narrow = self._is_compact = False
        self._follow()
        self.target.activated.connect(lambda index: session.set_target(self.target.itemData(index)))
        session.target_changed.connect(self._follow)
        session.opened.connect(self._enable)
        self._enable()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            # Not amid the layout that this event is part of.
            QTimer.singleShot(0, self, self._move_search)
        self.target.setMaximumWidth(_target_width(self.width()))
        is_compact = self.width() < COMPACT
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            QTimer.singleShot(0, self, self._shorten)

    def _shorten(self) -> None:
        """Say in fewer words what stands before the build button, or in all of them."""
        style = Qt.ToolButtonStyle
        for made in self._steps:
            made.setToolButtonStyle(
                style.ToolButtonIconOnly if self._is_compact else style.ToolButtonTextBesideIcon
            )
        self.build.setProperty("words", "Build" if self._is_compact else "Build engine")
        self.build.setText(self.build.property("words"))
        self._target_word.setVisible(not self._is_compact)

    def _move_search(self) -> None:
        """Keep the search in sight: beside the menus where the toolbar is too narrow for it."""
        window = self.window()
        if not isinstance(window, QMainWindow):
            return
        bar, corner = window.menuBar(), Qt.Corner.TopRightCorner
        if self._is_narrow:
            self._beside.take(self._search)
            bar.setCornerWidget(self._beside, corner)
            self._beside.show()
        else:
            self._home.take(self._search)
            self._beside.hide()

    def _enable(self) -> None:
        for menu in self._menus:
            menu.setEnabled(self._session.graph is not None)

    def _follow(self) -> None:
        self.target.setCurrentIndex(self.target.findData(self._session.target.id))

    def _button(
        self, action: QAction, text: str, *, kind: str = "button", icon: bool = False
    ) -> QToolButton:
        made = QToolButton()
        made.setProperty("kind", kind)
        made.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            if icon
            else Qt.ToolButtonStyle.ToolButtonTextOnly
        )
        made.setDefaultAction(action)
        # The action's own words are the menu's; here a short form stands.
        made.setProperty("words", text)
        made.setText(text)
        action.changed.connect(lambda: made.setText(made.property("words")))
        made.setAccessibleName(text.rstrip("…"))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(made)
        return made

    def _menu(self, text: str, actions: list[QAction]) -> QToolButton:
        made = QToolButton()
        made.setProperty("kind", "button")
        made.setText(f"{text} ▾")
        made.setAccessibleName(text)
        made.setToolTip(text)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(made)
        menu.addActions(actions)
        made.setMenu(menu)
        self._menus.append(made)
        self.addWidget(made)
        return made
