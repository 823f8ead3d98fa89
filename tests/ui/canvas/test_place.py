"""A view put back where it was left stays there while what is known of the graph still comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.ui.canvas import GraphCanvas
from tests.view.graphs import network

Show = Callable[[Graph], GraphCanvas]


class Known:
    def type(self, ref: TensorRef) -> TensorType:
        return TensorType(DType.FLOAT32, Shape.of(1, 7, 7, 512))


def middle(canvas: GraphCanvas) -> tuple[float, float]:
    point = canvas.mapToScene(canvas.viewport().rect().center())
    return point.x(), point.y()


def complete(canvas: GraphCanvas) -> None:
    canvas.set_types(Known())
    canvas.finish_layout()


@pytest.fixture
def opened(show: Show) -> GraphCanvas:
    canvas = show(network())
    canvas.expand_all()
    canvas.finish_layout()
    return canvas


def test_a_place_is_taken_again_when_shapes_move_the_boxes(opened: GraphCanvas) -> None:
    place = QPointF(40.0, 300.0)
    height = opened.content().height()
    opened.place(1.3, place)
    complete(opened)
    assert opened.content().height() != height
    assert middle(opened) == pytest.approx((place.x(), place.y()), abs=2.0)
    assert opened.zoom() == pytest.approx(1.3)


def test_a_view_moved_since_is_not_taken_back(opened: GraphCanvas) -> None:
    opened.place(1.3, QPointF(40.0, 300.0))
    opened.set_zoom(0.9)
    complete(opened)
    assert opened.zoom() == pytest.approx(0.9)
