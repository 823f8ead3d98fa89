"""Boxes glide to their places when a namespace opens, and where they must not they do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QApplication, QStyle
from pytestqt.qtbot import QtBot

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas.glide import DURATION_MS, Glide
from tests.view.graphs import crowd, network, node, placeholder

Show = Callable[[Graph], GraphCanvas]
ITEMS = ("input", "net/block_1/", "net/block_2/", "probabilities")


@pytest.fixture
def moving(show: Show) -> GraphCanvas:
    canvas = show(network())
    canvas.set_animated(True)
    return canvas


def test_opening_a_namespace_takes_a_moment_and_ends_in_the_same_picture(
    moving: GraphCanvas, show: Show, qtbot: QtBot
) -> None:
    moving.expand("net/block_1")
    assert moving.is_laying_out()
    assert "net/block_1/Relu" in moving.visible_items()
    qtbot.waitUntil(lambda: not moving.is_laying_out(), timeout=20 * DURATION_MS)
    still = show(network())
    still.expand("net/block_1")
    QApplication.processEvents()
    assert moving.grab().toImage() == still.grab().toImage()


def test_a_canvas_does_not_move_unless_it_is_told_to(show: Show) -> None:
    canvas = show(network())
    canvas.expand("net/block_1")
    assert not canvas.is_laying_out()


def test_a_newer_request_takes_over_from_where_the_boxes_are(
    moving: GraphCanvas, qtbot: QtBot
) -> None:
    moving.expand("net/block_1")
    QApplication.processEvents()
    moving.collapse("net/block_1")
    moving.expand("net/block_2")
    qtbot.waitUntil(lambda: not moving.is_laying_out(), timeout=20 * DURATION_MS)
    assert moving.expanded() >= {"net/block_2/"}
    assert "net/block_2/Relu" in moving.visible_items()
    assert "net/block_1/Relu" not in moving.visible_items()


def test_another_graph_ends_the_way(moving: GraphCanvas) -> None:
    moving.expand("net/block_1")
    moving.set_graph(Graph((placeholder("x", 1), node("y", "Relu", "x"))))
    moving.finish_layout()
    assert not moving.is_laying_out()
    assert moving.visible_items() == ("x", "y")


class _Calm:
    """Answers as the style of a system that asks for less motion.

    A style of Python's own, given to a widget, would take the application's style with it when it
    goes: QProxyStyle becomes the parent of what it stands before.
    """

    def styleHint(self, hint: QStyle.StyleHint) -> int:
        assert hint is QStyle.StyleHint.SH_Widget_Animation_Duration
        return 0


@pytest.fixture
def calm(moving: GraphCanvas, monkeypatch: pytest.MonkeyPatch) -> GraphCanvas:
    monkeypatch.setattr(moving, "style", _Calm)
    return moving


def test_nothing_moves_where_the_system_asks_for_less_motion(calm: GraphCanvas) -> None:
    calm.expand("net/block_1")
    assert not calm.is_laying_out()
    assert "net/block_1/Relu" in calm.visible_items()


def test_too_much_in_view_is_not_moved(show: Show) -> None:
    nodes = list(crowd(290).nodes)
    nodes += [node(f"group/{at}", "Relu", "sum") for at in range(3)]
    canvas = show(Graph(tuple(nodes)))
    before = canvas.plan()
    canvas.expand("group")
    after = canvas.plan()
    assert before is not None
    assert after is not None
    assert not Glide(before, after, QPointF(0, 0), after.rect).is_light


def test_the_way_begins_where_boxes_were_and_ends_where_they_are_to_be(show: Show) -> None:
    canvas = show(network())
    before, start = canvas.plan(), canvas.viewportTransform()
    assert before is not None
    places = {name: on_the_screen(canvas, name) for name in ITEMS}
    canvas.expand("net/block_1")
    after, end = canvas.plan(), canvas.viewportTransform()
    assert after is not None
    shift = end.inverted()[0].map(QPointF(0, 0)) - start.inverted()[0].map(QPointF(0, 0))
    glide = Glide(before, after, shift, canvas.seen())
    assert glide.is_light
    for share in (0.0, 0.5, 1.0):
        glide.go_to(share)
        for name, place in places.items():
            item = item_of(canvas, name)
            now = canvas.viewportTransform().mapRect(glide.now.item_rect(item))
            target = on_the_screen(canvas, name)
            assert now.top() == pytest.approx(
                place.top() + share * (target.top() - place.top()), abs=0.01
            )
            assert now.width() == pytest.approx(
                place.width() + share * (target.width() - place.width()), abs=0.01
            )


def item_of(canvas: GraphCanvas, name: str) -> int:
    plan = canvas.plan()
    assert plan is not None
    item = plan.tree.find_group(name) if name.endswith("/") else plan.tree.find(name)
    assert item is not None
    return item


def on_the_screen(canvas: GraphCanvas, name: str) -> QRectF:
    rect = canvas.group_rect(name) if name.endswith("/") else canvas.node_rect(name)
    return canvas.viewportTransform().mapRect(rect)
