"""The command palette: every command by its name, with its key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from surgeon_gui.ui.actions import Actions
from surgeon_gui.ui.theme import Theme

_ID = Qt.ItemDataRole.UserRole
WIDTH, ROWS = 520, 12


class CommandPalette(QFrame):
    """A field and a list over the window; Enter runs what is chosen, Escape closes."""

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setAccessibleName("Command palette")
        self._actions = actions
        self._window = window
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type a command")
        self.field.setAccessibleName("Command to look for")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._sift)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item: self._run())
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self.list.setStyleSheet(f"QListWidget::item {{ color: {theme.text}; height: 26px; }}")

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
            if self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + by) % self.list.count())
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
            item = QListWidgetItem(f"{title}    {keys}" if keys else title)
            item.setData(_ID, command_id)
            if not enabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        for row in range(self.list.count()):
            if self.list.item(row).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(row)
                break

    def _run(self) -> None:
        item = self.list.currentItem()
        self.hide()
        self._window.setFocus()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self._actions[item.data(_ID)].trigger()
