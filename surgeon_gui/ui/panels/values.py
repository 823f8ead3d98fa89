"""A constant's values: statistics, histogram, and a grid that scrolls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHBoxLayout, QTableView, QVBoxLayout, QWidget

from surgeon_gui.graph.values import Array, TensorValue
from surgeon_gui.ui.facts import short_dtype
from surgeon_gui.ui.panels.kernels import KernelView, filter_count, is_kernel, kernel_tiles
from surgeon_gui.ui.plots import pyqtgraph
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, SpinBox, label, laid_out_once

BINS = 40
# The histogram of more elements than this is that of an even sample.
SAMPLE = 2_000_000


@dataclass(frozen=True)
class Statistics:
    """Of a numeric tensor; `counts` and `edges` are its histogram over the finite elements."""

    words: str
    counts: Array | None = None
    edges: Array | None = None


def statistics(array: Array) -> Statistics:
    """Return statistics; NaN and infinity are counted, not mixed in."""
    if array.dtype == np.object_:
        return Statistics(f"{array.size} strings")
    if array.size == 0:
        return Statistics("empty")
    flat = array.reshape(-1)
    if array.dtype == np.bool_:
        return Statistics(f"{int(flat.sum())} true · {int(flat.size - flat.sum())} false")
    if flat.size > SAMPLE:
        flat = flat[:: math.ceil(flat.size / SAMPLE)]
    values = np.abs(flat) if np.iscomplexobj(flat) else flat
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    nan = int(np.isnan(values).sum())
    infinite = int(values.size - finite.size - nan)
    if finite.size == 0:
        return Statistics(f"{nan} NaN · {infinite} infinite")
    words = (
        f"min {finite.min():.4g} · mean {finite.mean():.4g} · max {finite.max():.4g} · {nan} NaN"
    )
    words = words.replace("-", "\N{MINUS SIGN}")
    if infinite:
        words += f" · {infinite} infinite"
    zeros = int((finite == 0).sum())
    words += f"\nstd {finite.std():.4g} · {100 * zeros / finite.size:.0f} % zero"
    if finite.size < 2 or finite.min() == finite.max():
        return Statistics(words)
    counts, edges = np.histogram(finite, bins=BINS)
    return Statistics(words, counts, edges)


class _Grid(QAbstractTableModel):
    """The last two dimensions of an array at one place of the leading ones."""

    def __init__(self) -> None:
        super().__init__()
        self._plane: Array = np.empty((0, 0))

    def show(self, plane: Array) -> None:
        self.beginResetModel()
        self._plane = plane
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._plane.shape[0]

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._plane.shape[1]

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            value = self._plane[index.row(), index.column()]
            return element_text(value, exact=role == Qt.ItemDataRole.ToolTipRole)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return section if role == Qt.ItemDataRole.DisplayRole else None


def element_text(value: Any, *, exact: bool = False) -> str:
    """Return one element for people."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, complex | np.complexfloating):
        return str(value)
    return f"{float(value):.9g}" if exact else f"{float(value):.4g}"


class ValuesView(QWidget):
    """Shows one of several constants, chosen by name."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self._values: list[tuple[str, TensorValue]] = []
        self._array: Array = np.empty((0,))
        self.choice = ComboBox("Constant shown")
        self.words = label(role="muted", wrap=True, copyable=True)
        self.plot = pyqtgraph.PlotWidget()
        self.plot.setAccessibleName("Histogram of the values")
        self.plot.setFixedHeight(120)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.hideAxis("left")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bars: Any = None
        self._model = _Grid()
        self.grid = QTableView()
        self.grid.setAccessibleName("Values of the constant")
        self.grid.setModel(self._model)
        self.grid.horizontalHeader().setDefaultSectionSize(84)
        self.grid.verticalHeader().setDefaultSectionSize(22)
        self.grid.setMinimumHeight(160)
        self.grid.setTabKeyNavigation(False)
        self._slices = QHBoxLayout()
        self._slices.setSpacing(4)
        self._spins: list[SpinBox] = []
        layout = self._column = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        self.kernels = KernelView()
        layout.addWidget(self.choice)
        layout.addWidget(self.kernels)
        layout.addWidget(self.plot)
        layout.addWidget(self.words)
        layout.addLayout(self._slices)
        layout.addWidget(self.grid, 1)
        self.choice.currentIndexChanged.connect(self._choose)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.plot.setBackground(theme.color("window"))
        axis = self.plot.getAxis("bottom")
        axis.setPen(theme.color("line"))
        axis.setTextPen(theme.color("muted"))
        self.grid.setFont(theme.mono_font)
        if self._bars is not None:
            self._bars.setOpts(brush=theme.color("accent", 0.75))

    def slices(self) -> tuple[int, ...]:
        """Where in the leading dimensions the grid is."""
        return tuple(spin.value() for spin in self._spins)

    def show_values(self, values: Sequence[tuple[str, TensorValue]]) -> None:
        """Offer these constants and show the first; with none, hide."""
        self._values = list(values)
        self.setVisible(bool(values))
        self.choice.blockSignals(True)
        self.choice.clear()
        for name, value in values:
            self.choice.addItem(f"{name}  {short_dtype(value.dtype)} {list(value.shape)}")
        self.choice.blockSignals(False)
        self.choice.setVisible(len(values) > 1)
        if values:
            self._choose(0)

    def _choose(self, index: int) -> None:
        if not 0 <= index < len(self._values):
            return
        _, value = self._values[index]
        self.words.setText("Reading…")

        def work() -> tuple[Array, Statistics, Array | None]:
            array = value.array
            return array, statistics(array), kernel_tiles(array) if is_kernel(array) else None

        self._session.tasks.run("values", work, self._show, self._session.failed.emit)

    def _show(self, found: tuple[Array, Statistics, Array | None]) -> None:
        self._array, facts, tiles = found
        self.kernels.show_tiles(tiles, filter_count(self._array) if tiles is not None else 0)
        self.words.setText(facts.words)
        self.plot.clear()
        self._bars = None
        has_bars = facts.counts is not None and facts.edges is not None
        self.plot.setVisible(has_bars)
        if facts.counts is not None and facts.edges is not None:
            width = float(facts.edges[1] - facts.edges[0])
            self._bars = pyqtgraph.BarGraphItem(
                x0=facts.edges[:-1] + 0.1 * width,
                width=0.8 * width,
                height=facts.counts,
                brush=self._theme.color("accent", 0.75),
                pen=None,
            )
            self.plot.addItem(self._bars)
        self._make_spins(self._array.shape[:-2] if self._array.ndim > 2 else ())
        self._slice()

    def _make_spins(self, sizes: tuple[int, ...]) -> None:
        for spin in self._spins:
            self._slices.removeWidget(spin)
            spin.deleteLater()
        self._spins = []
        with laid_out_once(self._column):
            for axis, size in enumerate(sizes):
                spin = SpinBox()
                spin.setRange(0, max(size - 1, 0))
                spin.setPrefix(f"[{axis}] ")
                spin.setAccessibleName(f"Index along dimension {axis}")
                spin.setToolTip(f"Dimension {axis} has {size} entries; the grid shows the last two")
                spin.valueChanged.connect(self._slice)
                self._slices.addWidget(spin)
                spin.show()
                self._spins.append(spin)

    def _slice(self) -> None:
        array = self._array
        place = self.slices()
        plane = array[place] if place and array.size else array
        if plane.ndim > 2:
            plane = plane.reshape(0, 0)
        self._model.show(plane if plane.ndim == 2 else plane.reshape(1, -1))
