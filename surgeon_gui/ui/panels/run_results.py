"""What a test-run showed: times as a histogram and over time, outputs, layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QTableView, QVBoxLayout, QWidget

from surgeon_gui.jobs.spec import RunResult
from surgeon_gui.ui.plots import pyqtgraph
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.tabs import TabPages
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label, takes_what_is_left

_BINS = 40
_VERDICT = 5
_EQUAL, _NOT_COMPARED = "equal", "not compared"

Row = tuple[str, ...]


class _Table(RowsModel[Row]):
    """Rows of words."""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = self.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text
        if role == Qt.ItemDataRole.FontRole:
            return self.theme.mono_font
        return None


class _Outputs(_Table):
    """Outputs, with what the comparison says of each in words."""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if index.column() != _VERDICT:
            return super().data(index, role)
        if role == Qt.ItemDataRole.FontRole:
            return None
        if role == Qt.ItemDataRole.ForegroundRole:
            is_well = self.rows[index.row()][_VERDICT] in (_EQUAL, _NOT_COMPARED)
            return None if is_well else self.theme.status("refuses")
        return super().data(index, role)


def _view(model: _Table, name: str, widths: Sequence[int]) -> QTableView:
    table = QTableView()
    set_up_table(table, model, name, widths)
    table.horizontalHeader().setStretchLastSection(True)
    return table


class RunResults(QWidget):
    """The result of a run.

    Signals:
        followed(str): the user wants to see a node in the graph.
    """

    followed = Signal(str)

    def __init__(
        self, theme: Theme, *, values: QWidget, about: QWidget, precisions: QWidget
    ) -> None:
        """Put the pages together.

        Args:
            theme: light or dark.
            values: shows what was computed.
            about: shows the engine's file.
            precisions: shows how fast the network is in other ways.
        """
        super().__init__()
        self._result: RunResult | None = None
        self.headline = label("", "strong", wrap=True, copyable=True)
        self.figures = label("", "muted", wrap=True, copyable=True)
        self._outputs = _Outputs(
            ("Output", "Type", "Shape", "Largest difference", "Relative", "Verdict"), theme
        )
        self._layers = _Table(("ms", "Share", "Layer of the engine", "Nodes"), theme)
        self.outputs = _view(self._outputs, "Outputs", (200, 70, 100, 130, 80))
        self.layers = _view(self._layers, "Times of the layers", (90, 80, 380))
        self.layers.activated.connect(self._follow)
        self.layers.doubleClicked.connect(self._follow)
        self.histogram = self._plot("Latency (ms)", "Runs")
        self.jitter = self._plot("Run", "Latency (ms)")
        plots = QWidget()
        beside = QHBoxLayout(plots)
        beside.setContentsMargins(8, 4, 8, 4)
        beside.addWidget(self.histogram, 1)
        beside.addWidget(self.jitter, 1)
        self.pages = TabPages("Results of the run")
        self.pages.add("about", "Engine", about, "What the engine file is")
        self.pages.add("times", "Times", plots, "How long each run took")
        self.pages.add("outputs", "Outputs", self.outputs, "What the engine computed")
        self.pages.add("values", "Values", values, "The numbers, classes and pictures")
        self.pages.add("layers", "Layers", self.layers, "How long each layer took")
        self.pages.add("precisions", "Precisions", precisions, "Against other ways to run it")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.headline)
        layout.addWidget(self.figures)
        layout.addWidget(takes_what_is_left(self.pages, 96), 1)
        self.set_theme(theme)

    def _plot(self, below: str, left: str) -> Any:
        plot = pyqtgraph.PlotWidget()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setLabel("bottom", below)
        plot.setLabel("left", left)
        plot.setAccessibleName(f"{left} by {below}")
        return plot

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._outputs.theme = self._layers.theme = theme
        for plot in (self.histogram, self.jitter):
            plot.setBackground(theme.color("window"))
            for side in ("bottom", "left"):
                axis = plot.getAxis(side)
                axis.setPen(theme.color("muted"))
                axis.setTextPen(theme.color("muted"))
        if self._result is not None:
            self._draw(self._result)

    def show_result(self, result: RunResult) -> None:
        """Show a run."""
        self._result = result
        times = result.latency_ms
        self.headline.setText(
            f"{times.median:.3f} ms median on the {result.device}, "
            f"{result.throughput:.1f} runs a second"
        )
        self.headline.show()
        self.figures.show()
        on_gpu = (
            f" · copies {result.to_device_ms:.3f} ms there, {result.to_host_ms:.3f} ms back · "
            f"{result.gpu_memory_bytes / 2**20:.1f} MiB of GPU memory · TensorRT {result.tensorrt}"
        )
        self.figures.setText(
            f"least {times.min:.3f}, p95 {times.p95:.3f}, p99 {times.p99:.3f}, most "
            f"{times.max:.3f} ms{on_gpu if result.flavour else ''}"
        )
        self._outputs.show(_output_rows(result))
        slowest = sorted(result.layers, key=lambda layer: layer.ms, reverse=True)
        self._layers.show(
            [
                (f"{layer.ms:.4f}", f"{layer.share:.1%}", layer.name, ", ".join(layer.nodes))
                for layer in slowest
            ]
        )
        self._draw(result)

    def clear(self) -> None:
        """Show no run any more; what is known of the engine stays."""
        self._result = None
        self.headline.hide()
        self.figures.hide()
        self._outputs.show([])
        self._layers.show([])
        self.histogram.clear()
        self.jitter.clear()

    def _draw(self, result: RunResult) -> None:
        accent = self._theme.color("accent")
        latencies = np.asarray(result.latencies_ms)
        counts, edges = np.histogram(latencies, bins=min(_BINS, max(1, len(latencies) // 2)))
        self.histogram.clear()
        self.histogram.addItem(
            pyqtgraph.BarGraphItem(
                x0=edges[:-1], x1=edges[1:], height=counts, brush=accent, pen=None
            )
        )
        pen = pyqtgraph.mkPen(self._theme.color("muted"), style=Qt.PenStyle.DashLine)
        for at in (result.latency_ms.median, result.latency_ms.p99):
            self.histogram.addItem(pyqtgraph.InfiniteLine(at, angle=90, pen=pen))
        self.jitter.clear()
        self.jitter.plot(latencies, pen=pyqtgraph.mkPen(accent))

    def _follow(self, index: QModelIndex) -> None:
        nodes = self._layers.rows[index.row()][3]
        if nodes:
            self.followed.emit(nodes.split(", ")[0])


def _output_rows(result: RunResult) -> list[Row]:
    compared = {row.name: row for row in result.comparison or ()}
    strange = {item.name: item for item in result.non_finite}
    rows: list[Row] = []
    for tensor in result.outputs:
        row, bad = compared.get(tensor.name), strange.get(tensor.name)
        verdict = _NOT_COMPARED if row is None else (_EQUAL if row.ok else row.problem or "")
        if bad is not None:
            verdict = f"{bad.nans} NaN, {bad.infinities} infinite of {bad.size}; {verdict}"
        metrics = row.metrics if row is not None else {}
        differences = (_figure(metrics.get("max_abs")), _figure(metrics.get("max_rel")))
        shape = "×".join(map(str, tensor.shape)) or "scalar"
        rows.append((tensor.name, tensor.dtype, shape, *differences, verdict))
    return rows


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
