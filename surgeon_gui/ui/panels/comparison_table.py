"""The rows of a comparison: a tensor each, with every figure that applies to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.comparison_page import METRICS, figure
from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme

_NAME, _SHAPE, _FIRST = 1, 2, 3
_NAMES = tuple(METRICS)
_LAST = _FIRST + len(_NAMES)
_COLUMNS = ("", "Tensor", "Shape", *METRICS.values(), "")
_MARKS = {"equal": "takes", "differs": "refuses", "not compared": "unknown"}
_WIDTHS = (32, 220, 110, 124, 90, 90, 100, 84, 70, 70)


class _Rows(RowsModel[TensorComparison]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if _FIRST <= column < _LAST:
                name = _NAMES[column - _FIRST]
                return figure(name, found.metrics.get(name))
            words = {_NAME: found.name, _SHAPE: "×".join(map(str, found.shape)) or "scalar"}
            words[_LAST] = found.problem or ""
            return words.get(column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return status_icon(_MARKS[found.verdict], self.theme)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == 0:
            return found.verdict
        if role == Qt.ItemDataRole.FontRole and _NAME <= column < _LAST:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return found.problem or found.name
        return None


class ComparisonTable(QTableView):
    """Shows rows; figures that none of them has, and problems where there are none, are hidden."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = _Rows(_COLUMNS, theme)
        set_up_table(self, self.rows, "Tensors compared", _WIDTHS)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().setStretchLastSection(True)
        self.setColumnHidden(_LAST, True)

    def set_theme(self, theme: Theme) -> None:
        self.rows.theme = theme
        self.viewport().update()

    def show_rows(self, rows: Sequence[TensorComparison]) -> None:
        """Show other rows."""
        self.rows.show(rows)
        for at, name in enumerate(_NAMES):
            lacking = bool(rows) and not any(name in row.metrics for row in rows)
            self.setColumnHidden(_FIRST + at, lacking)
        self.setColumnHidden(_LAST, not any(row.problem for row in rows))

    def name_at(self, row: int) -> str:
        """Return the tensor of a row."""
        return self.rows.rows[row].name
