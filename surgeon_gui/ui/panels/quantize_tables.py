"""The tables of a quantized network: noise by layer, and how far tensors reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTableView

from surgeon_gui.jobs.quantize_spec import LayerNoise, sqnr_text
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table, stretch_names
from surgeon_gui.ui.theme import Theme

_NAME, _SQNR, _ALONE, _KEPT = range(4)
_TENSOR, _REACH, _LARGEST, _CLIPPED = range(4)


@dataclass(frozen=True)
class TensorRow:
    """A tensor's range: what is kept of it, and the largest magnitude seen."""

    name: str
    reach: float
    largest: float


class _Layers(RowsModel[LayerNoise]):
    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(("Layer", "SQNR", "Alone", "In float"), theme)
        self.kept: set[str] = set()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            sqnr = "" if row.sqnr_db is None else sqnr_text(row.sqnr_db)
            alone = "" if row.alone is None else f"{row.alone:.2%}"
            return (row.layer, sqnr, alone, "")[column]
        if role == Qt.ItemDataRole.CheckStateRole and column == _KEPT:
            return Qt.CheckState.Checked if row.layer in self.kept else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.FontRole and column == _NAME:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(row.nodes) if column == _NAME else _TIPS[column]
        if role == Qt.ItemDataRole.AccessibleTextRole and column == _KEPT:
            return "stays in float" if row.layer in self.kept else "is rounded"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == _KEPT else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != _KEPT:
            return False
        name = self.rows[index.row()].layer
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self.kept.add(name)
        else:
            self.kept.discard(name)
        self.dataChanged.emit(index, index)
        self.changed.emit()
        return True


_TIPS = (
    "",
    "Signal to quantization noise of the layer's output; more is better",
    "Noise of the outputs where this layer alone is rounded",
    "Let this layer compute in float",
)


class LayersTable(QTableView):
    """Shows the layers, the noisiest first; a tick keeps one in float.

    Signals:
        kept_changed(): other layers are ticked.
    """

    kept_changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model_ = _Layers(theme)
        set_up_table(self, self.model_, "Layers in eight bits", (170, 72, 66, 66))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        stretch_names(self, 0)
        self.model_.changed.connect(self.kept_changed)

    def show_layers(self, layers: Sequence[LayerNoise]) -> None:
        """Show other layers."""
        self.model_.kept = {layer.layer for layer in layers if layer.kept}
        self.model_.show(sorted(layers, key=_noise))

    def kept(self) -> tuple[str, ...]:
        """The layers ticked."""
        return tuple(row.layer for row in self.model_.rows if row.layer in self.model_.kept)

    def set_theme(self, theme: Theme) -> None:
        self.model_.theme = theme
        self.viewport().update()

    def nodes_at(self, row: int) -> tuple[str, ...]:
        return self.model_.rows[row].nodes


def _noise(layer: LayerNoise) -> tuple[float, float]:
    alone = -layer.alone if layer.alone is not None else 0.0
    return alone, layer.sqnr_db if layer.sqnr_db is not None else 1e9


class _Tensors(RowsModel[TensorRow]):
    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(("Tensor", "Reach", "Largest", "Clipped"), theme)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            share = 1 - row.reach / row.largest if row.largest else 0.0
            clipped = f"{share:.0%}" if share > 0.005 else ""
            return (row.name, f"{row.reach:.5g}", f"{row.largest:.5g}", clipped)[column]
        if role == Qt.ItemDataRole.EditRole and column == _REACH:
            return f"{row.reach:.9g}"
        if role == Qt.ItemDataRole.FontRole and column == _TENSOR:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.name if column == _TENSOR else "Values beyond the reach are clipped"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == _REACH else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != _REACH:
            return False
        try:
            reach = float(str(value).replace(",", "."))
        except ValueError:
            return False
        row = self.rows[index.row()]
        if not 0 < reach < float("inf") or reach == row.reach:
            return False
        self.rows[index.row()] = TensorRow(row.name, reach, row.largest)
        self.dataChanged.emit(index, self.index(index.row(), _CLIPPED))
        self.changed.emit()
        return True


class TensorsTable(QTableView):
    """Shows how far tensors reach; the reach can be typed.

    Signals:
        edited(): a reach was typed.
    """

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model_ = _Tensors(theme)
        set_up_table(self, self.model_, "Ranges of tensors", (140, 72, 72, 66))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        stretch_names(self, 0)
        self.model_.changed.connect(self.edited)

    def show_ranges(self, reach: Mapping[str, float], largest: Mapping[str, float]) -> None:
        """Show other ranges."""
        self.model_.show(
            [TensorRow(name, value, largest.get(name, value)) for name, value in reach.items()]
        )

    def reach(self) -> dict[str, float]:
        """The ranges as they are now."""
        return {row.name: row.reach for row in self.model_.rows}

    def set_theme(self, theme: Theme) -> None:
        self.model_.theme = theme
        self.viewport().update()

    def row_at(self, row: int) -> TensorRow:
        return self.model_.rows[row]
