"""The document's history: every state, the present one marked; Enter or a click goes there."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.document import Revision
from surgeon_gui.graph.draft import Delta
from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label


class _Revisions(QAbstractListModel):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._revisions: tuple[Revision, ...] = ()
        self._at = 0

    def show(self, revisions: tuple[Revision, ...], at: int) -> None:
        self.beginResetModel()
        self._revisions, self._at = revisions, at
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._revisions)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        revision, row = self._revisions[index.row()], index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{revision.title}   {len(revision.graph)} nodes"
        if role == Qt.ItemDataRole.ForegroundRole and row > self._at:
            return QBrush(self.theme.color("muted"))
        if role == Qt.ItemDataRole.DecorationRole:
            name = "arrow-right" if row == self._at else "circle"
            return icon(name, self.theme, "accent" if row == self._at else "muted")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = "now" if row == self._at else "undone" if row > self._at else "before"
            return f"{revision.title}, {words}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{revision.title}\nClick to go to this state"
        return None


MOST_LISTED = 2000
"""Nodes of a change that are listed; more would only be scrolled past."""

_NODE = Qt.ItemDataRole.UserRole


class HistoryPanel(QWidget):
    """The list of states, and beside it what the step to the chosen one changed.

    Signals:
        count_changed(str): how many edits were made, for the tab.
        script_requested(): the user wants the edits as a script file.
        replay_requested(): the user wants the edits of a script file applied.
        followed(str): the user wants to see this node.
        compared(object, str): the user wants a `Revision` compared with the `present`, `previous`
            or `opened` state, or with a `file`.
    """

    count_changed = Signal(str)
    script_requested = Signal()
    replay_requested = Signal()
    followed = Signal(str)
    compared = Signal(object, str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("History")
        self._session = session
        self._model = _Revisions(theme)
        self.view = QListView()
        self.view.setAccessibleName("States of the graph")
        self.view.setModel(self._model)
        self.view.setUniformItemSizes(True)
        self.view.setIconSize(QSize(14, 14))
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.clicked.connect(self._jump)
        self.view.activated.connect(self._jump)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.changes = QListWidget()
        self.changes.setAccessibleName("What this step changed")
        self.changes.setUniformItemSizes(True)
        self.changes.setIconSize(QSize(14, 14))
        self.changes.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.changes.itemActivated.connect(self._follow)
        self.changes.itemClicked.connect(self._follow)
        both = QSplitter()
        both.setChildrenCollapsible(False)
        both.addWidget(self.view)
        both.addWidget(self.changes)
        both.setSizes([600, 500])
        self.words = label("Every edit is kept; go back to any state.", "muted")
        self.save = button(
            "Save script…",
            self.script_requested.emit,
            tip="Save the edits, to replay them on another graph",
        )
        self.replay = button(
            "Replay script…",
            self.replay_requested.emit,
            tip="Apply the edits of a saved script to this graph",
        )
        self.compare = button(
            "Compare",
            self._compare_present,
            tip="Show what the step to this state changed, in the graph",
        )
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 4)
        head.setSpacing(8)
        head.addWidget(self.words)
        head.addStretch(1)
        head.addWidget(self.compare)
        head.addWidget(self.replay)
        head.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(both, 1)
        session.opened.connect(self.refresh)
        session.changed.connect(lambda _change: self.refresh())
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.view.viewport().update()
        self._show_step()

    def refresh(self) -> None:
        document = self._session.document
        revisions = document.revisions if document else ()
        at = document.index if document else 0
        self._model.show(revisions, at)
        self.save.setEnabled(at > 0)
        self.compare.setEnabled(at > 0)
        self.replay.setEnabled(document is not None)
        self.count_changed.emit(str(at) if at else "")
        if revisions:
            self.view.setCurrentIndex(self._model.index(at))
        self._show_step()

    def _show_step(self) -> None:
        """List what the step to the present state changed, worked out off the UI thread."""
        document = self._session.document
        self.changes.clear()
        if document is None or not document.index:
            self.changes.addItem("" if document is None else "The graph as it was opened.")
            return
        before = document.revisions[document.index - 1].graph
        after = document.graph
        self._session.tasks.run(
            "history-step",
            lambda: Delta.between(before, after),
            self._list_step,
            self._session.failed.emit,
        )

    def _list_step(self, delta: Delta) -> None:
        theme = self._model.theme
        self.changes.clear()
        listed = [
            *((name, "added", "plus", "takes") for name in delta.added),
            *((name, "changed", "pencil-simple", "caveat") for name in delta.changed),
            *((name, "removed", "minus", "refuses") for name in delta.removed),
        ]
        for name, word, mark, colour in listed[:MOST_LISTED]:
            item = QListWidgetItem(icon(mark, theme, colour), f"{name}   {word}")
            item.setToolTip(f"{name} was {word} by this step")
            item.setData(_NODE, "" if word == "removed" else name)
            self.changes.addItem(item)
        if len(listed) > MOST_LISTED:
            self.changes.addItem(f"and {len(listed) - MOST_LISTED} more")
        if not listed:
            self.changes.addItem("Only the outputs changed.")

    def _follow(self, item: QListWidgetItem) -> None:
        if name := item.data(_NODE):
            self.followed.emit(name)

    def _compare_present(self) -> None:
        if self._session.document is not None:
            self.compared.emit(self._session.document.revision, "previous")

    def _show_menu(self, place: QPoint) -> None:
        document, index = self._session.document, self.view.indexAt(place)
        if document is None or not index.isValid():
            return
        row, at = index.row(), document.index
        revision = document.revisions[row]
        menu = QMenu(self)
        menu.setObjectName("history-menu")
        menu.addAction("Go to this state", partial(self._jump, index)).setEnabled(row != at)
        menu.addSeparator()
        for words, what, is_other in (
            ("Compare with the present state", "present", row != at),
            ("Compare with the state before", "previous", row > 0),
            ("Compare with the graph as opened", "opened", row > 0),
            ("Compare with a file…", "file", True),
        ):
            action = menu.addAction(words, partial(self.compared.emit, revision, what))
            action.setEnabled(is_other)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.view.viewport().mapToGlobal(place))

    def _jump(self, index: QModelIndex) -> None:
        self._session.jump(index.row())
