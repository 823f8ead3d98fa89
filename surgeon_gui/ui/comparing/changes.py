"""The list of changes: every node that came, went or changed, sieved by kind and name."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label
from surgeon_gui.view.overlay import ADDED, CHANGED, DIFFERENCES, REMOVED
from surgeon_gui.view.words import one_line

Change = tuple[str, str, str]
"""A node's name, what happened to it, and the words for that."""

_WORDS = {ADDED: "added", REMOVED: "removed", CHANGED: "changed"}


class _Model(QAbstractListModel):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.changes: list[Change] = []

    def show(self, changes: list[Change]) -> None:
        self.beginResetModel()
        self.changes = changes
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.changes)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        name, status, words = self.changes[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(name)
        if role == Qt.ItemDataRole.DecorationRole:
            return status_icon(status, self.theme)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{name}, {_WORDS[status]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(filter(None, (f"{name} was {_WORDS[status]}.", words)))
        return None


class ChangesPanel(QWidget):
    """The list with its sieve.

    Signals:
        chosen(str): the user wants to see this change.
        activated(str): Enter or a double click on it.
    """

    chosen = Signal(str)
    activated = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Changes")
        self._all: list[Change] = []
        self._is_following = False
        self._model = _Model(theme)
        self.kinds: dict[str, QPushButton] = {}
        kinds = QHBoxLayout()
        kinds.setSpacing(4)
        for status in DIFFERENCES:
            chip = button("0", tip=f"Show what was {_WORDS[status]}", name=_WORDS[status])
            chip.setCheckable(True)
            chip.setChecked(True)
            chip.setIconSize(QSize(12, 12))
            chip.toggled.connect(lambda _on: self._sieve())
            self.kinds[status] = chip
            kinds.addWidget(chip)
        kinds.addStretch(1)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter changes")
        self.filter.setAccessibleName("Filter the changes by name")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(lambda _text: self._sieve())
        self.view = QListView()
        self.view.setAccessibleName("List of changes")
        self.view.setModel(self._model)
        self.view.setUniformItemSizes(True)
        self.view.setIconSize(QSize(14, 14))
        self.view.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.words = label(role="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(8, 8, 8, 8)
        head.setSpacing(8)
        head.addLayout(kinds)
        head.addWidget(self.filter)
        head.addWidget(self.words)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self.view.selectionModel().currentChanged.connect(lambda now, _before: self._choose(now))
        self.view.activated.connect(lambda index: self.activated.emit(self._name(index)))
        self.set_theme(theme)
        self.show_changes([])

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.view.setFont(theme.mono_font)
        for status, chip in self.kinds.items():
            chip.setIcon(status_icon(status, theme))
        self.view.viewport().update()

    def show_changes(self, changes: list[Change]) -> None:
        """List these; the kinds and the name asked for stay."""
        self._all = changes
        counts = Counter(status for _, status, _ in changes)
        for status, chip in self.kinds.items():
            chip.setText(f"{counts[status]:,}")
            chip.setAccessibleName(f"{counts[status]:,} {_WORDS[status]}")
            chip.setEnabled(counts[status] > 0)
        self._sieve()

    def listed(self) -> list[str]:
        """The names of the changes the sieve lets through, in order."""
        return [name for name, _, _ in self._model.changes]

    def current(self) -> str:
        """The change chosen, empty for none."""
        return self._name(self.view.currentIndex())

    def step(self, by: int) -> None:
        """Choose the next (1) or previous (-1) change, round and round."""
        count = self._model.rowCount()
        if not count:
            return
        now = self.view.currentIndex()
        at = (now.row() + by) % count if now.isValid() else (0 if by > 0 else count - 1)
        index = self._model.index(at)
        if index == now:
            self.chosen.emit(self._name(index))
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)

    def mark(self, name: str) -> None:
        """Choose what was chosen elsewhere; nothing where it is no change."""
        if name == self.current():
            return
        listed = self.listed()
        self._is_following = True
        if name in listed:
            index = self._model.index(listed.index(name))
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        else:
            self.view.setCurrentIndex(QModelIndex())
        self._is_following = False

    def _sieve(self) -> None:
        kept = self.current()
        wanted = {status for status, chip in self.kinds.items() if chip.isChecked()}
        text = self.filter.text().strip().lower()
        shown = [it for it in self._all if it[1] in wanted and text in it[0].lower()]
        self._is_following = True
        self._model.show(shown)
        self._is_following = False
        hidden = len(self._all) - len(shown)
        self.words.setText(f"{hidden:,} more are filtered out." if hidden else "")
        self.words.setVisible(bool(hidden))
        if kept:
            self.mark(kept)

    def _name(self, index: QModelIndex) -> str:
        return self._model.changes[index.row()][0] if index.isValid() else ""

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid() and not self._is_following:
            self.chosen.emit(self._name(index))
