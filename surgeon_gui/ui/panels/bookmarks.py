"""The bookmarks of the open graph, to go to, name, order and remove."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QVBoxLayout, QWidget

from surgeon_gui.ui.bookmarks import MOST_KEYS, Bookmarks, view_title
from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.views import Bookmark
from surgeon_gui.ui.widgets import label


class _List(QListWidget):
    """Enter goes, F2 renames, Delete removes, Ctrl and an arrow moves."""

    def __init__(self, bookmarks: Bookmarks) -> None:
        super().__init__()
        self._bookmarks = bookmarks
        self.setAccessibleName("Bookmarks")
        self.setAccessibleDescription(self.__doc__ or "")
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(16, 16))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def event(self, event: QEvent) -> bool:
        # These keys mean the bookmark here; to the window they mean the selected nodes.
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_F2)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.currentRow(), event.key()
        is_moving = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if row < 0:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._bookmarks.go(row)
        elif key == Qt.Key.Key_Delete:
            self._bookmarks.remove(row)
        elif is_moving and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            by = 1 if key == Qt.Key.Key_Down else -1
            self._bookmarks.move(row, by)
            self.setCurrentRow(min(max(row + by, 0), self.count() - 1))
        else:
            super().keyPressEvent(event)


class BookmarksPanel(QWidget):
    """A list, or how to fill it."""

    def __init__(self, bookmarks: Bookmarks, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Bookmarks")
        self._bookmarks = bookmarks
        self._theme = theme
        self.hint = label(
            "Select nodes, or nothing for the view, and press Ctrl+D.", "muted", wrap=True
        )
        self.hint.setContentsMargins(12, 8, 12, 8)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = _List(bookmarks)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.list, 1)
        self.list.itemClicked.connect(lambda item: bookmarks.go(self.list.row(item)))
        self.list.itemChanged.connect(self._named)
        self.list.customContextMenuRequested.connect(self._show_menu)
        bookmarks.changed.connect(self.refresh)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.refresh()

    def refresh(self) -> None:
        """List them anew, the chosen one kept."""
        row = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for number, bookmark in enumerate(self._bookmarks.all(), 1):
            self.list.addItem(self._item(number, bookmark))
        self.list.setCurrentRow(min(row, self.list.count() - 1))
        self.list.blockSignals(False)
        self.list.setVisible(self.list.count() > 0)
        self.hint.setVisible(self.list.count() == 0)

    def _item(self, number: int, bookmark: Bookmark) -> QListWidgetItem:
        name = "crosshair" if bookmark.items else "frame-corners"
        item = QListWidgetItem(icon(name, self._theme, "muted"), bookmark.title)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        lost = bookmark.items and not any(map(self._bookmarks.is_there, bookmark.items))
        if lost:
            item.setForeground(self._theme.color("muted"))
        key = f"  (Ctrl+{number})" if number <= MOST_KEYS else ""
        names = "\n".join(bookmark.items[:10]) or view_title(bookmark.view)
        gone = "\nNot in the graph as it is now" if lost else ""
        item.setToolTip(f"{names}{key}{gone}")
        return item

    def _named(self, item: QListWidgetItem) -> None:
        self._bookmarks.rename(self.list.row(item), item.text())

    def _show_menu(self, position: QPoint) -> None:
        item = self.list.itemAt(position)
        if item is None:
            return
        row = self.list.row(item)
        menu = QMenu(self)
        menu.addAction("Go there", lambda: self._bookmarks.go(row))
        menu.addAction("Rename", lambda: self.list.editItem(self.list.item(row)))
        up = menu.addAction("Move up", lambda: self._bookmarks.move(row, -1))
        down = menu.addAction("Move down", lambda: self._bookmarks.move(row, 1))
        up.setEnabled(row > 0)
        down.setEnabled(row < self.list.count() - 1)
        menu.addSeparator()
        menu.addAction("Remove", lambda: self._bookmarks.remove(row))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.list.viewport().mapToGlobal(position))
