"""Going back and forward, and tracing along edges, by the commands of the menus."""

from __future__ import annotations

import pytest

from surgeon_gui.document import Document
from surgeon_gui.edits.nodes import RenameNode
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
