"""What lies over the canvas: it covers nothing of a graph that was fitted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas.corners import Breadcrumb, ZoomBar
from surgeon_gui.ui.canvas.legend import Legend
from surgeon_gui.view.overlay import Mark, Overlay
from tests.ui.canvas.conftest import Show

SIZES = ((842, 525), (900, 380), (620, 420), (520, 700), (1300, 300))
REFUSED = Overlay({name: Mark("refuses", "No.") for name in ("x0", "x1", "y1", "z0")})


def apart(count: int = 6) -> Graph:
    """Chains that have nothing to do with each other."""
    return parse_text(
        "\n".join(
            f"x{n} = Placeholder()\ny{n} = Relu(x{n})\nz{n} = Neg(y{n})" for n in range(count)
        )
    )


def covers(canvas: GraphCanvas) -> list[QRect]:
    """The places of the zoom bar, and of the legend where it is shown."""
    found = [*canvas.findChildren(ZoomBar), *canvas.findChildren(Legend)]
    return [widget.geometry() for widget in found if widget.isVisible()]


def boxes(canvas: GraphCanvas) -> list[QRect]:
    """The places of all nodes in the viewport."""
    names = [item for item in canvas.visible_items() if not item.endswith("/")]
    return [canvas.mapFromScene(canvas.node_rect(name)).boundingRect() for name in names]


def is_free(canvas: GraphCanvas) -> bool:
    over, room = covers(canvas), canvas.viewport().rect()
    return all(
        room.contains(box) and not any(box.intersects(cover) for cover in over)
        for box in boxes(canvas)
    )


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_fitted_graph_lies_under_neither_legend_nor_zoom_bar(
    show: Show, width: int, height: int
) -> None:
    canvas = show(apart())
    canvas.set_overlay(REFUSED)
    canvas.resize(width, height)
    canvas.centerOn(0, 0)
    QTest.keyClick(canvas, Qt.Key.Key_F)
    assert is_free(canvas)


def test_a_legend_that_grows_moves_a_graph_as_it_was_shown_first(show: Show) -> None:
    canvas = show(apart())
    canvas.resize(842, 525)
    assert canvas.is_at_start
    legend = canvas.findChildren(Legend)[0]
    before = legend.width()
    canvas.set_overlay(REFUSED)
    assert legend.width() > before
    assert is_free(canvas)
    assert canvas.is_at_start


def test_a_legend_that_grows_leaves_a_view_alone_that_was_moved(show: Show) -> None:
    canvas = show(apart())
    canvas.resize(842, 525)
    canvas.set_zoom(0.8, QPoint(300, 200))
    seen = QRectF(canvas.seen())
    canvas.set_overlay(REFUSED)
    assert canvas.seen() == seen


@pytest.mark.parametrize(("width", "height"), [(690, 290), (740, 300), (700, 500)])
def test_a_node_that_is_jumped_or_walked_to_is_covered_by_nothing(
    show: Show, width: int, height: int
) -> None:
    canvas = show(apart())
    canvas.set_overlay(REFUSED)
    canvas.resize(width, height)
    canvas.set_zoom(4.0)

    def is_seen(name: str) -> bool:
        box = canvas.mapFromScene(canvas.node_rect(name)).boundingRect()
        over = any(box.intersects(cover) for cover in covers(canvas))
        return canvas.viewport().rect().contains(box) and not over

    for name in ("x0", "z5", "y2"):
        canvas.reveal(name)
        assert is_seen(name)
    canvas.reveal("x3")
    for _ in range(2):
        QTest.keyClick(canvas, Qt.Key.Key_Down)
        assert is_seen(canvas.selection()[0])


@pytest.mark.parametrize("width", [300, 380, 460, 560, 900])
@pytest.mark.parametrize("depth", [1, 3, 8])
def test_the_path_ends_before_the_zoom_bar(show: Show, width: int, depth: int) -> None:
    name = "/".join(f"WIDE_NAMESPACE_{level}" for level in range(depth)) + "/MMMMMMMMMMMMMMMMMMMM"
    canvas = show(parse_text(f"{name} = Placeholder()"))
    canvas.resize(width, 400)
    canvas.reveal(name)
    canvas.finish_layout()
    path, bar = canvas.findChildren(Breadcrumb)[0], canvas.findChildren(ZoomBar)[0]
    assert path.geometry().right() < bar.geometry().left()
    words = path.findChildren(QLabel)[0].text()
    assert "MM</b>" in words
    assert "graph.pb" in words or width < 400
