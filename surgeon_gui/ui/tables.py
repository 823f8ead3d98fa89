"""Tables of rows under named columns, as several panels show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from surgeon_gui.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
RowT = TypeVar("RowT")


class RowsModel(QAbstractTableModel, Generic[RowT]):
    """Rows of one kind; a table says by `data` what a cell shows."""

    def __init__(self, columns: Sequence[str], theme: Theme) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self.theme = theme
        self.rows: list[RowT] = []

    def show(self, rows: Sequence[RowT]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section]
        return None


def set_up_table(
    table: QTableView,
    model: QAbstractItemModel,
    name: str,
    widths: Sequence[int],
    *,
    row_height: int = 26,
) -> None:
    """Give a table the look of all: whole rows selected, no grid, Tab leaves it.

    Args:
        table: the view.
        model: what it shows.
        name: what a screen reader calls it.
        widths: of the first columns, in pixels.
        row_height: in pixels.
    """
    table.setAccessibleName(name)
    table.setModel(model)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(row_height)
    head = table.horizontalHeader()
    head.setHighlightSections(False)
    head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    for column, width in enumerate(widths):
        head.resizeSection(column, width)


def stretch_names(table: QTableView, *columns: int) -> None:
    """Share what the others leave among these columns: names never have room enough."""
    head = table.horizontalHeader()
    for column in columns:
        head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
