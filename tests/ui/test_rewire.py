"""An input is rewired by dragging its arrow head to another node."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.dialogs.any_edit import AnyEditDialog
from tests.ui.conftest import Driver
from tests.ui.routes import route

GRAPH = """
x = Placeholder() {dtype=float32, shape=[1, 4]}
n = Placeholder() {dtype=int32, shape=[1, 4]}
a = Relu(x)
b = Elu(x)
y = Tanh(a)
z = Sigmoid(y)
s = Split(axis, b) {num_split=2}
axis = Const() {value=int32[]{1}}
t = Neg(s:1)
square = Mul(b, b)
"""

_LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def small(driver: Driver, tmp_path: Path) -> Driver:
    path = tmp_path / "small.pb"
    save_graph(parse_text(GRAPH), path)
    driver.open(path)
    driver.window.canvas.set_zoom(1.0)
    return driver


def graph_of(driver: Driver) -> Graph:
    graph = driver.window.session.graph
    assert graph is not None
    return graph


def arrow(canvas: GraphCanvas, source: str, target: str) -> QPointF:
    """Where the arrow head of an edge is, in the scene."""
    return route(canvas, source, target)[-1]


def place(canvas: GraphCanvas, node: str) -> QPoint:
    return canvas.mapFromScene(canvas.node_rect(node).center())


def take(driver: Driver, source: str, target: str) -> GraphCanvas:
    """Press the mouse on the arrow head of an edge, all of the graph in view."""
    canvas = driver.window.canvas
    canvas.fit()
    assert canvas.zoom() >= 0.5
    start = canvas.mapFromScene(arrow(canvas, source, target))
    QTest.mousePress(canvas.viewport(), _LEFT, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(canvas.viewport(), start + QPoint(12, 12))
    return canvas


def drag(driver: Driver, source: str, target: str, to: str) -> None:
    """Pull the arrow head of the edge source → target to the node `to`."""
    canvas = take(driver, source, target)
    end = place(canvas, to)
    QTest.mouseMove(canvas.viewport(), end - QPoint(3, 3))
    QTest.mouseMove(canvas.viewport(), end)
    QTest.mouseRelease(canvas.viewport(), _LEFT, Qt.KeyboardModifier.NoModifier, end)
    driver.settle()


def test_dropped_on_a_node_the_input_reads_it_and_undo_takes_it_back(small: Driver) -> None:
    before = graph_of(small)
    drag(small, "a", "y", "b")
    assert str(graph_of(small)["y"].inputs[0]) == "b"
    small.run("edit.undo")
    assert graph_of(small) is before


def test_what_is_computed_from_the_reader_does_not_take_it(small: Driver) -> None:
    before = graph_of(small)
    drag(small, "a", "y", "z")
    assert graph_of(small) is before


def test_a_tensor_of_another_dtype_does_not_take_it(small: Driver) -> None:
    before = graph_of(small)
    drag(small, "a", "y", "n")
    assert graph_of(small) is before


def test_escape_leaves_the_edge_as_it_is(small: Driver) -> None:
    before, seen = graph_of(small), small.window.canvas.seen()
    canvas = take(small, "a", "y")
    seen, end = canvas.seen(), place(canvas, "b")
    QTest.mouseMove(canvas.viewport(), end)
    small.key(canvas, Qt.Key.Key_Escape)
    QTest.mouseMove(canvas.viewport(), end + QPoint(2, 2))
    QTest.mouseRelease(canvas.viewport(), _LEFT, Qt.KeyboardModifier.NoModifier, end)
    small.settle()
    assert graph_of(small) is before
    assert canvas.seen() == seen


def test_targets_are_lit_while_an_edge_is_pulled(small: Driver) -> None:
    canvas = take(small, "a", "y")
    QTest.mouseMove(canvas.viewport(), place(canvas, "b"))
    pulled = canvas.grab().toImage()
    small.key(canvas, Qt.Key.Key_Escape)
    assert canvas.grab().toImage() != pulled


@pytest.mark.parametrize(
    ("source", "target", "to"), [("x", "a", "s"), ("b", "square", "a")], ids=["port", "input"]
)
def test_where_it_could_be_several_things_a_dialog_asks(
    small: Driver, source: str, target: str, to: str
) -> None:
    before = graph_of(small)
    drag(small, source, target, to)
    assert graph_of(small) is before
    (dialog,) = (each for each in small.window.findChildren(AnyEditDialog) if each.isVisible())
    fields = {
        name: editor.text()
        for name, editor in dialog.editors.items()
        if isinstance(editor, QLineEdit)
    }
    assert fields == {"node": target, "input": "0", "tensor": to}
    dialog.reject()


def test_dragging_elsewhere_still_pans(small: Driver) -> None:
    canvas = small.window.canvas
    before, graph = canvas.seen(), graph_of(small)
    start = canvas.mapFromScene(canvas.node_rect("y").center())
    QTest.mousePress(canvas.viewport(), _LEFT, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(canvas.viewport(), start + QPoint(20, 30))
    QTest.mouseMove(canvas.viewport(), start + QPoint(40, 60))
    QTest.mouseRelease(canvas.viewport(), _LEFT, pos=start + QPoint(40, 60))
    assert canvas.seen() != before
    assert graph_of(small) is graph
