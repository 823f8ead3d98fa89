"""The outline's model: namespaces and nodes as a tree, quick with 50 000 nodes.

Nothing is made for what is not looked at: rows are plain entries, marks are looked up when painted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.facts import STATUS_WORDS
from surgeon_gui.ui.farewell import let_go
from surgeon_gui.ui.pauses import breathing
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.overlay import Overlay, Summary, summarize

Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """What the outline's delegate asks for beside the text."""

    ITEM = Qt.ItemDataRole.UserRole
    COUNT = Qt.ItemDataRole.UserRole + 1
    STATUS = Qt.ItemDataRole.UserRole + 2
    MARKED = Qt.ItemDataRole.UserRole + 3


class Entry:
    """A row: a node, or a namespace with what is in it.

    Attributes:
        item: as the canvas names it: `block/conv`, or `block/` for a namespace.
        label: the name seen from the parent.
        count: nodes inside; 0 for a node.
        row: its place among `shown`'s siblings.
        shown: the children that pass the filter.
    """

    __slots__ = ("children", "count", "item", "label", "op", "parent", "row", "shown")

    def __init__(self, item: str, label: str, parent: Entry | None, op: str = "") -> None:
        self.item = item
        self.label = label
        self.parent = parent
        self.op = op
        self.count = 0
        self.row = 0
        self.children: list[Entry] = []
        self.shown: list[Entry] = self.children


class OutlineTree:
    """The entries of a graph; made off the UI thread.

    Attributes:
        root: the invisible top.
        by_item: every entry by its item.
        filter: what the entries shown were chosen by; all are shown at first.
    """

    def __init__(self, graph: Graph) -> None:
        self.filter = ""
        self.root = Entry("", "", None)
        self.by_item: dict[str, Entry] = {"": self.root}
        spaces: dict[str, Entry] = {"": self.root}
        for node in breathing(graph):
            space, _, last = node.name.rpartition("/")
            parent = spaces.get(space)
            if parent is None:
                parent = self._make(space, spaces)
            entry = Entry(node.name, last or node.name, parent, node.op)
            entry.row = len(parent.children)
            parent.children.append(entry)
            self.by_item[node.name] = entry
            while parent is not None:
                parent.count += 1
                parent = parent.parent

    def _make(self, space: str, spaces: dict[str, Entry]) -> Entry:
        parent = self.root
        path = ""
        for part in space.split("/"):
            path = f"{path}/{part}" if path else part
            entry = spaces.get(path)
            if entry is None:
                entry = Entry(f"{path}/", part, parent)
                entry.row = len(parent.children)
                parent.children.append(entry)
                spaces[path] = self.by_item[entry.item] = entry
            parent = entry
        return parent

    def summaries(self, overlay: Overlay) -> dict[str, Summary]:
        """Return for each namespace the summary of the marks inside."""
        counts: dict[int, dict[str, int]] = {}
        for name, mark in breathing(overlay.marks.items()):
            entry = self.by_item.get(name)
            parent = entry.parent if entry else None
            while parent is not None:
                inside = counts.setdefault(id(parent), {})
                inside[mark.status] = inside.get(mark.status, 0) + 1
                parent = parent.parent
        return {
            entry.item: summarize(counts[id(entry)])
            for entry in breathing(self.by_item.values())
            if id(entry) in counts
        }


class OutlineModel(QAbstractItemModel):
    """A tree with one top row, the file, and below it the graph's namespaces and nodes."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tree: OutlineTree | None = None
        self._title = ""
        self._overlay = Overlay()
        self._summaries: Mapping[str, Summary] = {}
        self._filter = ""

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def set_tree(self, tree: OutlineTree | None, title: str) -> None:
        self.beginResetModel()
        let_go(self._tree, self._summaries)
        self._tree, self._title = tree, title
        self._summaries = {}
        self._sieve()
        self.endResetModel()

    def set_overlay(self, overlay: Overlay, summaries: Mapping[str, Summary]) -> None:
        let_go(self._overlay, self._summaries)
        self._overlay, self._summaries = overlay, summaries

    def set_filter(self, text: str) -> None:
        """Show only what has `text` in its name or op, and what leads there."""
        self.beginResetModel()
        self._filter = text.strip().lower()
        self._sieve()
        self.endResetModel()

    @property
    def tree(self) -> OutlineTree | None:
        return self._tree

    def index_of(self, item: str) -> QModelIndex:
        """Return the index of an item; invalid where the filter hides it."""
        entry = self._tree.by_item.get(item) if self._tree else None
        if entry is None:
            return QModelIndex()
        above: Entry | None = entry
        while above is not None and above.parent is not None:
            siblings = above.parent.shown
            if above.row >= len(siblings) or siblings[above.row] is not above:
                return QModelIndex()
            above = above.parent
        return self.createIndex(entry.row, 0, entry)

    def entry(self, index: Index) -> Entry | None:
        """Return what a row stands for; None for the invisible root of the view."""
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, Entry) else None

    def _sieve(self) -> None:
        wanted = self._filter
        if self._tree is None or self._tree.filter == wanted:
            return
        self._tree.filter = wanted
        entries = self._tree.by_item.values()
        if not wanted:
            for entry in entries:
                entry.shown = entry.children
                for row, child in enumerate(entry.children):
                    child.row = row
            return
        keep: set[int] = set()
        for entry in entries:
            if wanted in entry.item.lower() or wanted == entry.op.lower():
                above: Entry | None = entry
                while above is not None and id(above) not in keep:
                    keep.add(id(above))
                    above = above.parent
        for entry in entries:
            entry.shown = [child for child in entry.children if id(child) in keep]
            for row, child in enumerate(entry.shown):
                child.row = row

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        if self._tree is None or column != 0:
            return QModelIndex()
        above = self.entry(parent) if parent is not None else None
        if above is None:
            return self.createIndex(0, 0, self._tree.root) if row == 0 else QModelIndex()
        if not 0 <= row < len(above.shown):
            return QModelIndex()
        return self.createIndex(row, 0, above.shown[row])

    def parent(self, index: Index | None = None) -> Any:
        entry = self.entry(index) if index is not None else None
        if index is None:
            return super().parent()
        if entry is None or entry.parent is None:
            return QModelIndex()
        above = entry.parent
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index | None = None) -> int:
        if self._tree is None:
            return 0
        entry = self.entry(parent) if parent is not None else None
        return 1 if entry is None else len(entry.shown)

    def hasChildren(self, parent: Index | None = None) -> bool:
        return self.rowCount(parent) > 0

    def columnCount(self, parent: Index | None = None) -> int:
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index)
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.label.replace("\n", "↵") if entry.parent is not None else self._title
        if role == Role.ITEM:
            return entry.item
        if role == Role.COUNT:
            return entry.count
        if role in (Role.STATUS, Role.MARKED):
            status, count = self._mark(entry)
            return status if role == Role.STATUS else count
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._tip(entry).replace("\n", ", ")
        return None

    def _mark(self, entry: Entry) -> tuple[str, int]:
        """The mark a row wears and, for a namespace, how many nodes inside have it."""
        if entry.children:
            summary = self._summaries.get(entry.item)
            if summary is None or not summary.is_drawn or summary.worst is None:
                return "", 0
            return summary.worst, summary.count
        mark = self._overlay.marks.get(entry.item)
        return (mark.status, 1) if mark is not None and mark.is_drawn else ("", 0)

    def _tip(self, entry: Entry) -> str:
        if entry.parent is None:
            return f"{self._title}\n{entry.count} nodes"
        name = entry.item.removesuffix("/")
        if entry.children:
            status, count = self._mark(entry)
            words = f"\n{count} {STATUS_WORDS[status]}" if status else ""
            return f"{name}\n{entry.count} nodes{words}"
        mark = self._overlay.marks.get(entry.item)
        reason = f"\n{mark.reason}" if mark is not None and mark.reason else ""
        return f"{name}\n{entry.op}{reason}"
