"""The network's layers: drawing, table and graph lead to each other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from surgeon_gui.document import Document
from surgeon_gui.edits.nodes import RemoveNodes
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui.panels.network import NetworkPanel
from tests.ui.conftest import Driver

TEXT = """
    x = Placeholder() {shape=[1, 4, 4, 3], dtype=f32}
    body/kernel = Const() {value=f32[1, 1, 3, 2]{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}}
    body/conv = Conv2D(x, body/kernel) {strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC"}
    body/relu = Relu(body/conv)
    head/tanh = Tanh(body/relu)
    """


@pytest.fixture
def panel(driver: Driver) -> NetworkPanel:
    window = driver.window
    window.session.set_document(Document(parse_text(TEXT)))
    driver.settle()
    strip = window.center.pages.strip
    driver.click(strip, strip.tabRect(window.center.pages.keys.index("network")).center())
    rest(driver)
    return window.network


def rest(driver: Driver) -> None:
    driver.settle()
    canvas = driver.window.network.drawing.canvas
    driver.bot.waitUntil(lambda: not canvas.is_laying_out(), timeout=30_000)


def click_layer(driver: Driver, panel: NetworkPanel, name: str) -> None:
    canvas = panel.drawing.canvas
    canvas.expand_all()
    rest(driver)
    place = canvas.viewportTransform().map(canvas.node_rect(name).center()).toPoint()
    driver.click(canvas.viewport(), place)
    rest(driver)


def rows_selected(panel: NetworkPanel) -> set[str]:
    chosen = panel.table.selectionModel().selectedRows(2)
    return {str(index.data()) for index in chosen}


def test_the_layers_are_drawn(panel: NetworkPanel) -> None:
    drawn = panel.drawing.layers()
    assert drawn is not None
    assert {"body/conv", "body/relu", "head/tanh"} <= {*drawn.layers}
    assert panel.drawing.canvas.graph() is drawn.graph


def test_a_click_on_a_layer_selects_its_row_and_its_nodes(
    driver: Driver, panel: NetworkPanel
) -> None:
    click_layer(driver, panel, "body/relu")
    assert rows_selected(panel) == {"body/relu"}
    assert driver.window.session.selection == ("body/relu",)
    facts = {fact.label: fact.text for fact in driver.window.inspector.facts.facts()}
    assert facts["Layer"] == "Activation RELU"
    assert facts["From"] == "body/relu"


def test_a_row_selects_its_layer_in_the_drawing(driver: Driver, panel: NetworkPanel) -> None:
    model = panel.table.model()
    row = next(at for at in range(model.rowCount()) if model.index(at, 2).data() == "head/tanh")
    driver.click(panel.table.viewport(), panel.table.visualRect(model.index(row, 1)).center())
    rest(driver)
    assert panel.drawing.canvas.selection() == ("head/tanh",)
    assert driver.window.session.selection == ("head/tanh",)


def test_a_node_marks_all_layers_that_came_from_it(driver: Driver, panel: NetworkPanel) -> None:
    driver.window.session.select(("body/conv",), None)
    rest(driver)
    drawn = panel.drawing.layers()
    assert drawn is not None
    wanted = set(drawn.layers_from(frozenset({"body/conv"})))
    assert len(wanted) > 1
    assert {*panel.drawing.canvas.selection()} == wanted == rows_selected(panel)
    assert driver.window.session.selection == ("body/conv",)


def test_the_selection_is_marked_when_the_page_is_turned_to(
    driver: Driver, panel: NetworkPanel
) -> None:
    pages = driver.window.center.pages
    pages.show_page("graph")
    driver.window.session.select(("head/tanh",), None)
    pages.show_page("network")
    rest(driver)
    drawn = panel.drawing.layers()
    assert drawn is not None
    assert panel.drawing.canvas.selection() == drawn.layers_from(frozenset({"head/tanh"}))
    assert driver.window.session.selection == ("head/tanh",)


def test_a_double_click_leads_to_the_nodes(driver: Driver, panel: NetworkPanel) -> None:
    canvas = panel.drawing.canvas
    canvas.expand_all()
    rest(driver)
    place = canvas.viewportTransform().map(canvas.node_rect("head/tanh").center()).toPoint()
    QTest.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    driver.settle()
    assert driver.window.center.pages.current() == "graph"
    assert driver.window.canvas.selection() == ("head/tanh",)


def test_drawing_or_table_can_go_but_not_both(driver: Driver, panel: NetworkPanel) -> None:
    driver.click(panel.drawn)
    assert not panel.drawing.isVisible()
    assert panel.table.isVisible()
    driver.click(panel.listed)
    assert panel.drawing.isVisible()
    assert not panel.table.isVisible()
    driver.click(panel.listed)
    assert panel.table.isVisible()


def test_an_edit_draws_the_new_network(driver: Driver, panel: NetworkPanel) -> None:
    document = driver.window.session.document
    assert document is not None
    document.apply(RemoveNodes(("body/relu",)))
    rest(driver)
    drawn = panel.drawing.layers()
    assert drawn is not None
    assert "body/relu" not in drawn.layers
    assert panel.drawing.canvas.graph() is drawn.graph


def test_the_menu_of_a_layer_shows_its_nodes(driver: Driver, panel: NetworkPanel) -> None:
    canvas = panel.drawing.canvas
    place = canvas.viewport().mapToGlobal(canvas.viewport().rect().center())
    canvas.context_menu_requested.emit("body/", place)
    menu = next(
        menu for menu in panel.drawing.findChildren(QMenu) if menu.objectName() == "layer-menu"
    )
    menu.actions()[0].trigger()
    menu.close()
    driver.settle()
    assert {"body/conv", "body/relu"} <= {*driver.window.session.selection}


def test_without_a_network_the_page_says_why(driver: Driver, panel: NetworkPanel) -> None:
    driver.window.session.set_document(Document(parse_text(TEXT.replace("Tanh(", "Foo("))))
    driver.settle()
    assert "do not convert" in panel.words.text()
    assert not panel.both.isVisible()
    assert panel.drawing.layers() is None
