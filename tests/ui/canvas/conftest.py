"""A canvas on the screen, with a small graph in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QRectF
from pytestqt.qtbot import QtBot

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.theme import LIGHT

Show = Callable[[Graph], GraphCanvas]


@pytest.fixture
def show(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Return what puts a graph on a visible canvas, laid out.

    Layouts are done at once, however busy the machine is.
    """
    monkeypatch.setattr("surgeon_gui.ui.canvas.steps._FIRST_S", float("inf"))

    def shown(graph: Graph) -> GraphCanvas:
        canvas = GraphCanvas(theme=LIGHT)
        qtbot.addWidget(canvas)
        canvas.resize(900, 700)
        canvas.show()
        qtbot.waitExposed(canvas)
        canvas.set_graph(graph, title="graph.pb")
        canvas.finish_layout()
        return canvas

    return shown


def on_screen(canvas: GraphCanvas, rect: QRectF, dx: float = 0.5, dy: float = 0.5) -> QPoint:
    """The place in the viewport at a share of a scene rectangle's width and height."""
    return canvas.mapFromScene(rect.left() + dx * rect.width(), rect.top() + dy * rect.height())


def head_of(canvas: GraphCanvas, rect: QRectF) -> QPoint:
    """The place in the viewport of an open namespace's head, beside its name."""
    return canvas.mapFromScene(rect.center().x(), rect.top() + 12)
