"""How fast the network is in TensorFlow, on the CPU and as engines: what was measured, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.jobs.spec import RunResult
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label

_BAR = 3
_SHARE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Measured:
    """The median time of one run: of what, where, in milliseconds."""

    title: str
    device: str
    ms: float


def measured_in(result: RunResult) -> tuple[Measured, ...]:
    """Return what a run measured: itself, and the reference where that was computed."""
    found = []
    if result.reference_ms is not None and result.compared_with is not None:
        found.append(Measured(result.compared_with, "CPU", result.reference_ms))
    title = result.precision or "engine"
    if result.flavour:
        title = f"{title.upper()} engine" if result.precision else "Engine"
    found.append(Measured(title, result.device, result.latency_ms.median))
    return tuple(found)


class _Rows(RowsModel[Measured]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        slowest = max(item.ms for item in self.rows)
        if role == Qt.ItemDataRole.DisplayRole:
            times = f"{slowest / row.ms:.1f}×" if row.ms else "–"
            return {0: row.title, 1: row.device, 2: f"{row.ms:.3f} ms", 4: times}.get(column)
        if role == _SHARE and column == _BAR:
            return row.ms / slowest if slowest else 0.0
        if role == Qt.ItemDataRole.FontRole and column in (2, 4):
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.title} on the {row.device}: {row.ms:.3f} ms, median of one run"
        return None


class _Bars(QStyledItemDelegate):
    """Draws a share of the cell's width."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        share = index.data(_SHARE)
        cell: QRectF = option.rect.toRectF()
        bar = cell.adjusted(4, cell.height() / 2 - 5, -4, 0)
        bar.setHeight(10)
        bar.setWidth(max(bar.width() * float(share or 0.0), 2.0))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("accent"))
        painter.drawRoundedRect(bar, 3, 3)
        painter.restore()


class Precisions(QWidget):
    """The table; a newer measurement takes the place of an older one of the same thing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = _Rows(("Runs as", "On", "One run", "", "Faster"), theme)
        self.table = QTableView()
        set_up_table(self.table, self.rows, "Times of the network", (280, 220, 110, 300))
        self.table.horizontalHeader().setStretchLastSection(True)
        self._bars = _Bars(theme)
        self.table.setItemDelegateForColumn(_BAR, self._bars)
        self.words = label(
            "Run the network in other precisions, and compare with TensorFlow, to fill this.",
            "muted",
            wrap=True,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)

    def set_theme(self, theme: Theme) -> None:
        self.rows.theme = self._bars.theme = theme
        self.table.viewport().update()

    def add(self, found: tuple[Measured, ...]) -> None:
        """Take measurements in."""
        known = {(item.title, item.device): item for item in (*self.rows.rows, *found)}
        self.rows.show(sorted(known.values(), key=lambda item: -item.ms))
        self.words.setVisible(len(known) < 2)

    def clear(self) -> None:
        """Forget them: another graph is on show."""
        self.rows.show(())
        self.words.show()
