"""The canvas: a graph drawn with its namespaces, to look at, walk and select in."""

from __future__ import annotations

from surgeon_gui.ui.canvas.canvas import GraphCanvas

__all__ = ["GraphCanvas"]
