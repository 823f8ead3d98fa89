"""An edge is chosen by mouse or keyboard, lit, and told by the inspector; edits begin there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QToolTip, QWidget

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.dialogs.any_edit import AnyEditDialog
from surgeon_gui.ui.panels.facts_view import LinkButton
from surgeon_gui.view.carried import Edge
from tests.ui.conftest import Driver
from tests.ui.routes import route

GRAPH = """
x = Placeholder() {dtype=float32, shape=[1, 4]}
block/a = Relu(x) {T=float32}
block/b = Elu(x) {T=float32}
block/c = Add(block/a, block/b) {T=float32}
y = Tanh(block/c) {T=float32}
square = Mul(y, y) {T=float32}
z = Neg(y, ^square) {T=float32}
w = Exp(square) {T=float32}
"""


@pytest.fixture
def small(driver: Driver, tmp_path: Path) -> Driver:
    path = tmp_path / "small.pb"
    save_graph(parse_text(GRAPH), path)
    driver.open(path)
    driver.window.canvas.collapse_all()
    driver.settle()
    driver.window.canvas.fit()
    return driver


def middle(canvas: GraphCanvas, source: str, target: str) -> QPoint:
    """The middle of a drawn edge, in the viewport."""
    points = route(canvas, source, target)
    half = len(points) // 2
    return canvas.mapFromScene((points[half - 1] + points[half]) / 2)


def choose(driver: Driver, source: str, target: str, off: QPoint | None = None) -> GraphCanvas:
    canvas = driver.window.canvas
    driver.click(canvas.viewport(), middle(canvas, source, target) + (off or QPoint()))
    driver.settle()
    return canvas


def told(driver: Driver) -> list[tuple[str, str]]:
    return [(fact.label, fact.text) for fact in driver.window.inspector.facts.facts()]


def graph_of(driver: Driver) -> Graph:
    graph = driver.window.session.graph
    assert graph is not None
    return graph


def asked(driver: Driver) -> dict[str, str]:
    """What the fields of the dialog that is open hold."""
    (dialog,) = (it for it in driver.window.findChildren(AnyEditDialog) if it.isVisible())
    return {
        name: editor.text()
        for name, editor in dialog.editors.items()
        if isinstance(editor, QLineEdit) and editor.text()
    }


def test_a_click_near_an_edge_shows_its_tensor_and_lights_it(small: Driver) -> None:
    canvas = small.window.canvas
    plain = canvas.grab().toImage()
    choose(small, "y", "square", QPoint(3, 0))
    assert canvas.edge() == (Edge("y", "square"),)
    assert small.window.session.selection == ()
    rows = told(small)
    assert ("Tensor", "y:0") in rows
    assert ("Shape", "[1,4]") in rows
    assert ("Read by", "square") in rows
    assert small.window.inspector.edge_card.isVisible()
    assert canvas.grab().toImage() != plain


def test_a_click_further_away_chooses_nothing(small: Driver) -> None:
    canvas = choose(small, "x", "block/a", QPoint(40, 0))
    assert canvas.edge() == ()


def test_a_lifted_edge_lists_all_it_carries(small: Driver) -> None:
    canvas = choose(small, "x", "block/a")
    assert set(canvas.edge()) == {Edge("x", "block/a"), Edge("x", "block/b")}
    rows = told(small)
    assert rows[0] == ("Carries", "1 tensor")
    assert [text for label, text in rows if label == "Read by"] == ["block/a", "block/b"]


def test_an_edge_of_very_many_tensors_is_told_too(driver: Driver, tmp_path: Path) -> None:
    names = [f"in/a{at}" for at in range(320)]
    lines = [f"{name} = Placeholder() {{dtype=float32, shape=[1]}}" for name in names]
    total = f"sum = AddN({', '.join(names)}) {{N=320, T=float32}}"
    path = tmp_path / "wide.pb"
    save_graph(parse_text("\n".join([*lines, total])), path)
    driver.open(path)
    driver.window.canvas.choose_edge([Edge(name, "sum") for name in names])
    driver.settle()
    rows = told(driver)
    assert rows[0] == ("Carries", "320 tensors")
    assert rows[-1] == ("", "and 296 more tensors")
    driver.window.canvas.choose_edge(())
    driver.settle()
    assert ("Nodes", "321") in told(driver)


def test_a_control_edge_says_so_and_its_dialog_drops_it(small: Driver) -> None:
    choose(small, "square", "z")
    assert ("Carries", "1 control edge") in told(small)
    small.click(small.window.inspector.edge_card.drop)
    assert asked(small) == {"nodes": "z"}


def test_escape_a_node_and_the_empty_canvas_let_go_of_it(small: Driver) -> None:
    canvas = choose(small, "y", "square")
    small.key(canvas, Qt.Key.Key_Escape)
    assert canvas.edge() == ()
    assert not small.window.inspector.edge_card.isVisible()
    choose(small, "y", "square")
    small.click(canvas.viewport(), canvas.mapFromScene(canvas.node_rect("z").center()))
    assert canvas.edge() == ()
    assert ("Name", "z") in told(small)
    choose(small, "y", "square")
    small.click(canvas.viewport(), QPoint(canvas.viewport().width() // 2, 4))
    assert canvas.edge() == ()


def test_an_edge_stays_chosen_and_lit_in_what_opens_around_it(small: Driver) -> None:
    canvas = choose(small, "x", "block/a")
    before = canvas.edge()
    canvas.expand("block/")
    small.settle()
    assert canvas.edge() == before


def test_the_mouse_over_an_edge_lights_it_with_a_hand_and_a_tip(small: Driver) -> None:
    canvas = small.window.canvas
    viewport, place = canvas.viewport(), middle(canvas, "y", "square")
    plain = canvas.grab().toImage()
    QTest.mouseMove(viewport, place)
    assert viewport.cursor().shape() is Qt.CursorShape.PointingHandCursor
    assert canvas.grab().toImage() != plain
    tip = QHelpEvent(QEvent.Type.ToolTip, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, tip)
    assert "float32 [1,4]" in QToolTip.text()
    QTest.mouseMove(viewport, QPoint(viewport.width() // 2, 4))
    assert viewport.cursor().shape() is not Qt.CursorShape.PointingHandCursor
    assert canvas.grab().toImage() == plain


def test_e_goes_round_the_edges_of_the_selection(small: Driver) -> None:
    canvas = small.window.canvas
    small.window.go_to("square")
    small.settle()
    seen = []
    for _ in range(4):
        small.key(canvas, Qt.Key.Key_E)
        seen.append(canvas.edge())
    assert set(seen) == {
        (Edge("y", "square"),),
        (Edge("square", "z"),),
        (Edge("square", "w"),),
    }
    assert seen[3] == seen[0]
    QTest.keyClick(canvas, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.edge() == seen[2]
    small.key(canvas, Qt.Key.Key_Escape)
    assert small.window.session.selection == ("square",)


def test_arrow_keys_go_to_the_ends_of_the_edge(small: Driver) -> None:
    canvas = choose(small, "y", "square")
    small.key(canvas, Qt.Key.Key_Up)
    assert small.window.session.selection == ("y",)
    assert canvas.edge() == ()
    choose(small, "y", "square")
    small.key(canvas, Qt.Key.Key_Down)
    assert small.window.session.selection == ("square",)


def test_e_on_a_row_of_the_inspector_shows_that_edge(small: Driver) -> None:
    small.window.go_to("block/c")
    small.settle()
    links = small.window.inspector.findChildren(LinkButton)
    (link,) = (it for it in links if it.accessibleName().startswith("Input: block/b"))
    small.key(link, Qt.Key.Key_E)
    small.settle()
    assert small.window.canvas.edge() == (Edge("block/b", "block/c"),)
    assert ("Tensor", "block/b:0") in told(small)


def test_links_of_the_edge_go_to_its_ends(small: Driver) -> None:
    canvas = choose(small, "y", "square")
    links = small.window.inspector.findChildren(LinkButton)
    (link,) = (it for it in links if it.accessibleName().startswith("Read by: square"))
    small.click(link)
    small.settle()
    assert small.window.session.selection == ("square",)
    assert canvas.edge() == ()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("insert", {"tensor": "y", "readers": "square"}),
        ("rewire", {"node": "square", "input": "1", "tensor": "y"}),
        ("cut", {"tensor": "y"}),
        ("end", {"outputs": "y"}),
        ("output", {"outputs": "z, w, y"}),
    ],
)
def test_edits_begin_with_the_edges_tensor(
    small: Driver, name: str, fields: dict[str, str]
) -> None:
    choose(small, "y", "square")
    pressed: QPushButton = getattr(small.window.inspector.edge_card, name)
    small.click(pressed)
    if name == "rewire":
        pick(small.window, "edge-readers", "square, input 1")
    assert asked(small) == fields


def pick(window: QWidget, name: str, words: str) -> None:
    (menu,) = (it for it in window.findChildren(QMenu, name) if it.isVisible())
    (action,) = (each for each in menu.actions() if each.text() == words)
    action.trigger()
    menu.close()


def test_cut_at_an_edge_makes_an_input_and_the_edge_is_gone(small: Driver) -> None:
    canvas = choose(small, "block/c", "y")
    small.click(small.window.inspector.edge_card.cut)
    (dialog,) = (it for it in small.window.findChildren(AnyEditDialog) if it.isVisible())
    small.bot.waitUntil(dialog.apply_button.isEnabled, timeout=10_000)
    small.click(dialog.apply_button)
    small.settle()
    assert graph_of(small)["y"].inputs[0].node == "block/c_input"
    assert "block/c" not in graph_of(small)
    assert canvas.edge() == ()
    assert not small.window.inspector.edge_card.isVisible()


def test_the_menu_of_an_edge_offers_the_same(small: Driver) -> None:
    canvas = small.window.canvas
    place = middle(canvas, "y", "square")
    reason = QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, place, canvas.viewport().mapToGlobal(place))
    QApplication.sendEvent(canvas.viewport(), event)
    assert canvas.edge() == (Edge("y", "square"),)
    pick(small.window, "edge-menu", "Begin here…")
    assert asked(small) == {"tensor": "y"}
