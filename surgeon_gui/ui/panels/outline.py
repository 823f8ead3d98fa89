"""The outline: the graph's namespaces as a tree that mirrors the canvas's selection."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.panels.outline_model import OutlineModel, OutlineTree, Role
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.overlay import Summary
from surgeon_gui.view.words import count_text

ROW = 24


class _Delegate(QStyledItemDelegate):
    """Paints the name, and at the right the count and the mark."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        text, plain.text = plain.text, ""
        style = plain.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        space = plain.rect.adjusted(4, 0, -8, 0)
        status, count = index.data(Role.STATUS), index.data(Role.COUNT)
        painter.save()
        icon_box = QRect(space.right() - 13, space.center().y() - 6, 14, 14)
        if status:
            status_icon(status, self.theme).paint(painter, icon_box)
        right = icon_box.left() - 6
        if count:
            words = count_text(count)
            if not index.parent().isValid():
                words = f"{words} nodes"
            painter.setFont(self._small(plain))
            painter.setPen(self.theme.color("muted"))
            width = painter.fontMetrics().horizontalAdvance(words)
            box = QRect(right - width, space.top(), width, space.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
            right -= width + 8
        elif not status:
            right = space.right()
        painter.setFont(plain.font)
        painter.setPen(self.theme.color("text"))
        box = QRect(space.left(), space.top(), max(right - space.left(), 0), space.height())
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()

    def _small(self, option: QStyleOptionViewItem) -> QFont:
        font = QFont(option.font)
        font.setPointSizeF(font.pointSizeF() - 1)
        return font


class OutlineView(QTreeView):
    """The tree; Enter reveals the row on the canvas.

    Signals:
        revealed(str): the user wants to see an item on the canvas.
        menu_requested(str, QPoint): the context menu of an item, at a global position.
    """

    revealed = Signal(str)
    menu_requested = Signal(str, QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Outline of the graph")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setAnimated(False)
        self.setExpandsOnDoubleClick(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.doubleClicked.connect(self._reveal)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._reveal(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _reveal(self, index: QModelIndex) -> None:
        item = index.data(Role.ITEM)
        if item:
            self.revealed.emit(item)

    def _menu(self, position: QPoint) -> None:
        index = self.indexAt(position)
        if index.isValid():
            item = index.data(Role.ITEM) or ""
            self.menu_requested.emit(item, self.viewport().mapToGlobal(position))


class OutlinePanel(QWidget):
    """Filter and tree.

    Signals:
        count_changed(str): what the dock's title says at the right.
        revealed(str), menu_requested(str, QPoint): see `OutlineView`.
    """

    count_changed = Signal(str)
    revealed = Signal(str)
    menu_requested = Signal(str, QPoint)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._following = False
        self.model = OutlineModel(theme, self)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter the outline")
        self.filter.setToolTip("Show only rows with this text in their name, or of this op")
        self.filter.setClearButtonEnabled(True)
        self.view = OutlineView()
        self.view.setModel(self.model)
        self._delegate = _Delegate(theme, self.view)
        self.view.setItemDelegate(self._delegate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        holder = QVBoxLayout()
        holder.setContentsMargins(8, 0, 8, 0)
        holder.addWidget(self.filter)
        layout.addLayout(holder)
        layout.addWidget(self.view, 1)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(80)
        self._delay.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(lambda: self._delay.start())
        self.view.revealed.connect(self.revealed)
        self.view.menu_requested.connect(self.menu_requested)
        self.view.selectionModel().selectionChanged.connect(self._select)
        session.opened.connect(self._rebuild)
        session.changed.connect(lambda change: self._rebuild(change.reason))
        session.support_changed.connect(self._mark)
        session.selected.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self.model.set_theme(theme)
        self.view.viewport().update()

    def _rebuild(self, reason: str = "opened") -> None:
        """Make the tree again, off the UI thread; what was open stays open."""
        if reason == "saved":
            return
        graph = self._session.graph
        if graph is None:
            self.model.set_tree(None, "")
            self.count_changed.emit("")
            return
        present = graph
        keep = self._open_items() if reason != "opened" else set()

        def built(tree: OutlineTree) -> None:
            self.model.set_tree(tree, self._session.title)
            self.count_changed.emit(f"{count_text(len(present))} nodes")
            self.view.expand(self.model.index(0, 0))
            for item in keep:
                self.view.expand(self.model.index_of(item))
            self._mark()
            self._follow(self._session.selection, None)

        self._session.tasks.run(
            "outline", lambda: OutlineTree(present), built, self._session.failed.emit
        )

    def _open_items(self) -> set[str]:
        """The open rows; closed ones are not looked into."""
        found: set[str] = set()
        waiting = [self.model.index(0, 0)]
        while waiting:
            index = waiting.pop()
            entry = self.model.entry(index)
            if entry is None or not self.view.isExpanded(index):
                continue
            found.add(entry.item)
            waiting.extend(
                self.model.index(row, 0, index)
                for row, child in enumerate(entry.shown)
                if child.children
            )
        return found

    def _mark(self) -> None:
        tree, overlay = self.model.tree, self._session.overlay
        if tree is None or self._session.support is None:
            return

        def done(summaries: Mapping[str, Summary]) -> None:
            if self.model.tree is tree:
                self.model.set_overlay(overlay, summaries)
                self.view.viewport().update()

        self._session.tasks.run(
            "outline-marks", lambda: tree.summaries(overlay), done, self._session.failed.emit
        )

    def _apply_filter(self) -> None:
        self.model.set_filter(self.filter.text())
        self.view.expand(self.model.index(0, 0))
        if self.filter.text().strip():
            self._open_few()
        self._follow(self._session.selection, None)

    def _open_few(self, most: int = 200) -> None:
        """Open what the filter found, breadth first, as far as it stays readable."""
        waiting = [self.model.index(0, 0)]
        opened = 0
        while waiting and opened < most:
            index = waiting.pop(0)
            self.view.expand(index)
            opened += 1
            waiting.extend(
                child
                for row in range(self.model.rowCount(index))
                if self.model.hasChildren(child := self.model.index(row, 0, index))
            )

    def _select(self, _added: QItemSelection, _removed: QItemSelection) -> None:
        if self._following:
            return
        items = [index.data(Role.ITEM) for index in self.view.selectionModel().selectedIndexes()]
        self._session.select(tuple(item for item in items if item), self)

    def _follow(self, items: tuple[str, ...], source: object) -> None:
        """Show what was selected elsewhere."""
        if source is self or self.model.tree is None:
            return
        self._following = True
        chosen = QItemSelection()
        last = QModelIndex()
        for item in items[:500]:
            index = self.model.index_of(item)
            if index.isValid():
                chosen.select(index, index)
                last = index
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.view.selectionModel().select(chosen, flag)
        if last.isValid():
            self.view.selectionModel().setCurrentIndex(
                last, QItemSelectionModel.SelectionFlag.NoUpdate
            )
            self.view.scrollTo(last)
        self._following = False
