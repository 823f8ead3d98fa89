"""Going back and forward, and tracing along edges, by the commands of the menus."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from surgeon_gui.document import Document
from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.graph.text import parse_text
from tests.ui.conftest import Driver
from tests.view.test_trace import GRAPH


@pytest.fixture
def walker(driver: Driver) -> Driver:
    driver.window.session.set_document(Document(GRAPH))
    driver.settle()
    return driver


def test_back_and_forward_walk_the_places_selected(walker: Driver) -> None:
    session = walker.window.session
    for name in ("x", "a", "b"):
        walker.window.go_to(name)
    walker.run("go.back")
    assert session.selection == ("a",)
    walker.run("go.back")
    assert session.selection == ("x",)
    walker.run("go.forward")
    assert session.selection == ("a",)


def test_a_new_place_ends_the_way_forward(walker: Driver) -> None:
    window = walker.window
    for name in ("x", "a"):
        window.go_to(name)
    walker.run("go.back")
    window.go_to("d")
    window.actions_.refresh()
    assert not window.actions_["go.forward"].isEnabled()
    walker.run("go.back")
    assert window.session.selection == ("x",)


def test_places_that_are_gone_are_passed_over(walker: Driver) -> None:
    window = walker.window
    for name in ("x", "a", "b"):
        window.go_to(name)
    window.session.apply(RenameNode("a", "anew"))
    walker.settle()
    walker.run("go.back")
    assert window.session.selection == ("x",)


def test_a_trace_outlines_what_is_reached(walker: Driver) -> None:
    window = walker.window
    window.go_to("d")
    walker.run("trace.inputs")
    assert set(window.canvas.preview()) == {"d", "b", "c", "a", "x"}
    walker.run("trace.clear")
    assert not window.canvas.preview()


def test_paths_between_two_nodes_are_outlined(walker: Driver) -> None:
    window = walker.window
    window.session.select(("d", "a"), None)
    walker.run("trace.between")
    assert set(window.canvas.preview()) == {"a", "b", "c", "d"}


def test_the_side_buttons_of_a_mouse_leaf_through_the_places(walker: Driver) -> None:
    window, none = walker.window, Qt.KeyboardModifier.NoModifier
    for name in ("x", "a", "b"):
        window.go_to(name)
    walker.settle()
    for button, place in (
        (Qt.MouseButton.BackButton, "a"),
        (Qt.MouseButton.BackButton, "x"),
        (Qt.MouseButton.ForwardButton, "a"),
    ):
        QTest.mouseClick(window.canvas.viewport(), button, none, QPoint(20, 200))
        walker.settle()
        assert window.session.selection == (place,)


def test_the_way_back_from_a_portal_leads_to_where_it_was_clicked(walker: Driver) -> None:
    lines = ["x = Placeholder()", "step_0 = AddN(x, x)"]
    lines += [f"step_{at} = AddN(step_{at - 1}, x)" for at in range(1, 14)]
    window, canvas = walker.window, walker.window.canvas
    window.session.set_document(Document(parse_text("\n".join(lines))))
    walker.settle()
    canvas.set_folds_series(False)
    canvas.finish_layout()
    canvas.set_zoom(1.0)
    canvas.centerOn(canvas.node_rect("step_12").center())
    plan = canvas.plan()
    assert plan is not None
    item = plan.tree.find("step_12")
    stub = next(
        at
        for at, strand in enumerate(plan.picture.strands)
        if strand.is_portal and strand.has_arrow and strand.links[0].target == item
    )
    left, top, _, _ = plan.edge_bounds[stub]
    walker.click(canvas.viewport(), canvas.mapFromScene(QPointF(left, top + 4)))
    walker.settle()
    assert window.session.selection == ("x",)
    walker.run("go.back")
    assert window.session.selection == ("step_12",)
    assert canvas.seen().contains(canvas.node_rect("step_12"))


def test_the_shortest_path_between_two_nodes_is_outlined(walker: Driver) -> None:
    window = walker.window
    window.session.select(("x", "e"), None)
    walker.run("trace.between")
    assert len(window.canvas.preview()) > 2
    walker.run("trace.shortest")
    assert window.canvas.preview() == ("x", "e")
