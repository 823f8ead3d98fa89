"""The command palette: every command by its name, with its key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.actions import Actions
from surgeon_gui.ui.theme import Theme

_ID = Qt.ItemDataRole.UserRole
WIDTH, ROWS = 520, 12


class CommandPalette(QFrame):
    """A field and a list over the window; Enter runs what is chosen, Escape closes."""

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setAccessibleName("Command palette")
        self._actions = actions
        self._window = window
        self._muted = QColor("gray")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type a command")
        self.field.setAccessibleName("Command to look for")
        self.list = QTreeWidget()
        self.list.setObjectName("commands")
        self.list.setAccessibleName("Commands")
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._sift)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item, _column: self._run())
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._muted = theme.color("muted")

    def begin(self) -> None:
        """Open over the upper middle of the window."""
        self._actions.refresh()
        self.field.clear()
        self._sift("")
        height = 60 + ROWS * 28
        left = (self._window.width() - WIDTH) // 2
        self.setGeometry(max(left, 8), 80, min(WIDTH, self._window.width() - 16), height)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self._window.setFocus()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            by = 1 if event.key() == Qt.Key.Key_Down else -1
            count = self.list.topLevelItemCount()
            if count:
                self._choose((self.list.currentIndex().row() + by) % count)
        else:
            return super().eventFilter(watched, event)
        return True

    def _sift(self, text: str) -> None:
        """List the commands in which the words typed occur, those that begin so first."""
        words = text.lower().split()
        self.list.clear()
        found: list[tuple[bool, str, str, str, bool]] = []
        for command in self._actions.commands():
            title = command.title.replace("&", "")
            place = command.id.partition(".")[0].capitalize()
            whole = f"{place}: {title}".lower()
            if all(word in whole for word in words):
                action = self._actions[command.id]
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                starts = bool(words) and title.lower().startswith(words[0])
                found.append(
                    (not starts, f"{place}: {title}", keys, command.id, action.isEnabled())
                )
        for _, title, keys, command_id, enabled in sorted(found, key=lambda row: row[0]):
            item = QTreeWidgetItem([title, keys])
            item.setData(0, _ID, command_id)
            item.setForeground(1, self._muted)
            if not enabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addTopLevelItem(item)
        for row in range(self.list.topLevelItemCount()):
            listed = self.list.topLevelItem(row)
            if listed is not None and not listed.isDisabled():
                self._choose(row)
                break

    def _choose(self, row: int) -> None:
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)
            self.list.scrollToItem(item)

    def _run(self) -> None:
        item = self.list.currentItem()
        self.hide()
        self._window.setFocus()
        if item is not None and not item.isDisabled():
            self._actions[item.data(0, _ID)].trigger()
