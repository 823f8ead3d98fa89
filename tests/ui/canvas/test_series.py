"""Series, portals and tooltips on the canvas, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas.tips import tip_for, tip_for_portal
from tests.ui.canvas.conftest import on_screen
from tests.view.graphs import network, node, placeholder
from tests.view.test_series import chain

Show = Callable[[Graph], GraphCanvas]
SERIES = "net/block_1…block_6/"
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def blocks(count: int = 6) -> Graph:
    return chain([f"block_{at}" for at in range(1, count + 1)])


@pytest.fixture
def folded(show: Show) -> GraphCanvas:
    canvas = show(blocks())
    canvas.set_expanded(["net/"])
    return canvas


def test_a_series_is_one_box_that_opens_in_place(folded: GraphCanvas) -> None:
    assert SERIES in folded.visible_items()
    assert "net/block_3/" not in folded.visible_items()
    place = on_screen(folded, folded.group_rect(SERIES))
    QTest.mouseDClick(folded.viewport(), _LEFT, _NONE, place)
    assert "net/block_3/" in folded.visible_items()
    folded.collapse(SERIES)
    assert "net/block_3/" not in folded.visible_items()


def test_enter_opens_a_series_and_it_is_told_to_screen_readers(folded: GraphCanvas) -> None:
    folded.select([SERIES])
    assert folded.accessibleDescription() == f"series of 6 namespaces {SERIES}"
    QTest.keyClick(folded, Qt.Key.Key_Return)
    assert SERIES in folded.expanded()


def test_revealing_a_node_opens_the_series_that_hides_it(folded: GraphCanvas) -> None:
    folded.reveal("net/block_4/Relu")
    assert folded.expanded() >= {SERIES, "net/block_4/"}
    assert folded.selection() == ("net/block_4/Relu",)


def test_selected_members_light_the_closed_series(folded: GraphCanvas) -> None:
    before = folded.grab().toImage()
    folded.select([f"net/block_{at}/" for at in range(1, 7)])
    assert folded.grab().toImage() != before


def test_an_open_series_stays_open_when_a_member_goes(folded: GraphCanvas) -> None:
    folded.expand(SERIES)
    folded.expand("net/block_2")
    graph = blocks(5)
    folded.set_graph(graph)
    folded.finish_layout()
    assert "net/block_1…block_5/" in folded.expanded()
    assert "net/block_2/Relu" in folded.visible_items()


def test_a_series_that_is_new_does_not_hide_what_was_open(show: Show) -> None:
    canvas = show(blocks(3))
    canvas.set_expanded(["net/", "net/block_2/"])
    canvas.set_graph(blocks(5))
    canvas.finish_layout()
    assert "net/block_2/Relu" in canvas.visible_items()


def test_series_can_be_done_without(folded: GraphCanvas) -> None:
    folded.set_folds_series(False)
    folded.finish_layout()
    assert "net/block_3/" in folded.visible_items()
    assert SERIES not in folded.visible_items()
    folded.set_folds_series(True)
    folded.finish_layout()
    assert SERIES in folded.visible_items()


def test_the_stub_at_a_source_leads_to_all_it_feeds(show: Show) -> None:
    nodes = [placeholder("x", 1)]
    for at in range(14):
        nodes.append(node(f"step_{at}", "AddN", nodes[-1].name, "x"))
    canvas = show(Graph(tuple(nodes)))
    canvas.set_zoom(1.0)
    canvas.centerOn(canvas.node_rect("x").center())
    plan = canvas.plan()
    assert plan is not None
    strands = enumerate(plan.picture.strands)
    stub = next(at for at, strand in strands if strand.is_portal and not strand.has_arrow)
    left, top, _, _ = plan.edge_bounds[stub]
    place = canvas.mapFromScene(QPointF(left, top + 6))
    QTest.mouseMove(canvas.viewport(), place)
    assert canvas.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
    QTest.mouseClick(canvas.viewport(), _LEFT, _NONE, place)
    assert "step_12" in canvas.selection()
    assert "x" not in canvas.selection()


def test_tooltips_say_what_constants_hold_and_where_portals_lead(show: Show) -> None:
    canvas = show(network())
    canvas.expand("net/block_1")
    plan, marks = canvas.plan(), canvas.marks()
    assert plan is not None
    assert marks is not None
    conv = plan.index[plan.tree.find("net/block_1/Conv2D") or 0]
    tip = tip_for(plan, marks, conv, "net/block_1/kernel")
    assert "float32 [3, 3, 3, 3]" in tip
    assert "0, 0, 0, 0, 0, 0, 0, 0, …" in tip
    assert "min 0, mean 0, max 0" in tip
    assert "net/block_1/" in tip_for_portal(["net/block_1/"])
