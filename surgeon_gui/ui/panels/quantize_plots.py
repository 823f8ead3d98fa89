"""Two pictures of a quantization: how a tensor's values are spread, and noise against share."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

from surgeon_gui.graph.values import Array
from surgeon_gui.jobs.quantize_spec import QuantizeResult
from surgeon_gui.ui.plots import pyqtgraph
from surgeon_gui.ui.theme import Theme


class Plot:
    """A plot that is looked at only.

    Args:
        name: what it shows, for tooltip and screen reader.
        theme: the colours.

    Attributes:
        widget: the plot.
    """

    def __init__(self, name: str, theme: Theme) -> None:
        self.widget: Any = pyqtgraph.PlotWidget()
        self.widget.setAccessibleName(name)
        self.widget.setToolTip(name)
        self.widget.setMenuEnabled(False)
        self.widget.setMouseEnabled(x=False, y=False)
        self.widget.hideButtons()
        self.widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.widget.setMinimumSize(120, 40)
        # It takes what is left; a plot's own wish is a whole window.
        self.widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.theme = theme

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.widget.setBackground(theme.color("window"))
        for side in ("bottom", "left"):
            self.widget.getAxis(side).setPen(theme.color("line"))
            self.widget.getAxis(side).setTextPen(theme.color("muted"))
        self.draw()

    def draw(self) -> None:
        """Draw what is to be shown, in the theme's colours."""


class SpreadPlot(Plot):
    """The histogram of a tensor, with lines where its range ends."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("How the selected tensor's values are spread, in powers of ten", theme)
        # How many is not read off a picture this small; where they are is.
        self.widget.hideAxis("left")
        self._counts: Array | None = None
        self._edge = self._reach = 0.0

    def show(self, counts: Array | None, edge: float = 0.0, reach: float = 0.0) -> None:
        """Show another tensor, or none.

        Args:
            counts: per bin, from `-edge` to `edge`.
            edge: the outer edge of the last bin.
            reach: how far values are kept.
        """
        self._counts, self._edge, self._reach = counts, edge, reach
        self.draw()

    def draw(self) -> None:
        self.widget.clear()
        counts = self._counts
        if counts is None or not self._edge:
            return
        # Most values are near zero; the logarithm shows the rare ones, which the range is about.
        heights = np.log10(counts.astype(np.float64) + 1)
        edges = np.linspace(-self._edge, self._edge, len(counts) + 1)
        fill = self.theme.color("accent", 0.6)
        self.widget.plot(edges, heights, stepMode="center", fillLevel=0, brush=fill, pen=None)
        for place in (-self._reach, self._reach):
            pen = pyqtgraph.mkPen(self.theme.status("caveat"), width=2)
            self.widget.addItem(pyqtgraph.InfiniteLine(place, pen=pen))


class CurvePlot(Plot):
    """Noise in percent by the share of layers in eight bits."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("Noise (%) by share of layers in eight bits (%)", theme)
        self._result: QuantizeResult | None = None

    def show(self, result: QuantizeResult | None) -> None:
        """Show another result's curve; hidden where it has none."""
        self._result = result
        self.widget.setVisible(result is not None and bool(result.curve))
        self.draw()

    def draw(self) -> None:
        self.widget.clear()
        result = self._result
        if result is None or not result.curve:
            return
        total = max(len(result.layers), 1)
        shares = [100 * (1 - point.kept / total) for point in result.curve]
        noise = [100 * point.noise for point in result.curve]
        # In so little room steps between would lie on each other. Where nothing is lost the line
        # lies at the bottom.
        top = max(*noise, 1.0)
        self.widget.setYRange(0.0, top, padding=0.1)
        self.widget.getAxis("left").setTicks([[(0.0, "0"), (top, f"{top:.2g}")]])
        colour = self.theme.color("accent")
        self.widget.plot(shares, noise, pen=colour, symbol="o", symbolSize=6, symbolBrush=colour)
