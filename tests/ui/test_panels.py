"""What panels show: inspector, values, search, outline, log, network, and who can reach them."""

from __future__ import annotations

import logging

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.ui.facts import graph_facts
from surgeon_gui.ui.panels.facts_view import LinkButton, ValueLabel
from surgeon_gui.ui.panels.op_bars import MOST_BARS
from surgeon_gui.ui.panels.outline_model import Role
from surgeon_gui.ui.panels.values import statistics
from surgeon_gui.ui.samples import samples_dir
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
CONV = "MobilenetV1/MobilenetV1/Conv2d_1_pointwise/convolution"


def links(driver: Driver) -> list[LinkButton]:
    """The inspector's links, those about to go aside."""
    found = driver.window.inspector.facts.findChildren(LinkButton)
    return [each for each in found if each.isVisible()]


def rows(driver: Driver) -> dict[str, str]:
    """The inspector's rows as read by a screen reader."""
    found = {}
    for value in driver.window.inspector.facts.findChildren(ValueLabel):
        if not value.isVisible():
            continue
        found[value.accessibleName().partition(": ")[0]] = value.full()
    return found


def test_the_inspector_tells_op_attributes_tensors_and_what_becomes_of_it(driver: Driver) -> None:
    driver.open(MOBILENET)
    driver.window.go_to(CONV)
    driver.settle()
    driver.bot.waitUntil(lambda: "In network" in rows(driver))
    facts = rows(driver)
    assert facts["padding"] == "SAME"
    assert facts["In UFF"] == "Conv"
    assert facts["In network"] == "Convolution"
    assert any("f32 [1,64,64,16]" in link.accessibleName() for link in links(driver))


def test_an_input_link_goes_to_the_producer(driver: Driver) -> None:
    driver.open(MOBILENET)
    driver.window.go_to(CONV)
    driver.settle()
    driver.bot.waitUntil(lambda: bool(links(driver)))
    link = links(driver)[0]
    driver.click(link)
    driver.settle()
    assert driver.window.session.selection == ("MobilenetV1/MobilenetV1/Conv2d_1_depthwise/Relu6",)


def test_a_value_is_copied_by_keyboard(driver: Driver) -> None:
    driver.open(MOBILENET)
    driver.window.activateWindow()
    driver.window.go_to(CONV)
    driver.settle()
    driver.bot.waitUntil(lambda: "padding" in rows(driver))
    value = next(
        each
        for each in driver.window.inspector.facts.findChildren(ValueLabel)
        if each.isVisible() and each.accessibleName().startswith("padding")
    )
    value.setFocus()
    driver.bot.waitUntil(value.hasFocus)
    driver.key(value, Qt.Key.Key_C, ctrl=True)
    assert QGuiApplication.clipboard().text() == "SAME"


def test_constants_show_statistics_and_values_of_any_slice(driver: Driver) -> None:
    driver.open(MOBILENET)
    driver.window.go_to(CONV)
    driver.settle()
    values = driver.window.inspector.values
    assert "min" in values.words.text()
    assert "0 NaN" in values.words.text()
    model = values.grid.model()
    assert (model.rowCount(), model.columnCount()) == (8, 16)
    assert len(values.slices()) == 2


def test_statistics_count_what_is_not_finite() -> None:
    found = statistics(np.array([1.0, np.nan, np.inf, -1.0], dtype=np.float32))
    assert "1 NaN" in found.words
    assert "1 infinite" in found.words
    assert statistics(np.array([True, False, True])).words == "2 true · 1 false"
    assert statistics(np.empty((0, 3))).words == "empty"


def test_counts_of_ops_have_their_thousands_apart() -> None:
    graph = Graph(tuple(Node(f"x{number}", "Placeholder") for number in range(1234)))
    shown = {fact.label: fact.text for fact in graph_facts(graph, None, None)}
    assert shown["Nodes"] == "1\N{THIN SPACE}234"
    assert shown["Ops"] == "1 kind: Placeholder × 1\N{THIN SPACE}234"


def test_a_namespace_shows_its_border_and_the_graph_its_ends(driver: Driver) -> None:
    driver.open(MOBILENET)
    driver.bot.waitUntil(lambda: rows(driver).get("Ops", "").startswith("14 kinds"))
    driver.window.session.select(("MobilenetV1/Predictions/",))
    driver.settle()
    wanted = "Input: MobilenetV1/Logits/SpatialSqueeze"
    driver.bot.waitUntil(
        lambda: any(link.accessibleName().startswith(wanted) for link in links(driver))
    )


def test_search_walks_hits_and_says_what_is_wrong(driver: Driver) -> None:
    driver.open(MOBILENET)
    search = driver.window.search
    search.begin()
    driver.type(search, "op:Relu6")
    driver.bot.waitUntil(lambda: len(search.hits()) == 27)
    driver.key(search, Qt.Key.Key_Return)
    driver.settle()
    first = driver.window.session.selection
    driver.key(search, Qt.Key.Key_Return)
    driver.settle()
    assert driver.window.session.selection != first
    search.clear()
    driver.type(search, "/(/")
    driver.bot.waitUntil(lambda: "regular expression" in search.count.text())
    driver.key(search, Qt.Key.Key_Escape)
    assert search.text() == ""
    assert not search.popup.isVisible()


def test_the_outline_filters_and_mirrors(driver: Driver) -> None:
    driver.open(MOBILENET)
    outline = driver.window.outline
    driver.type(outline.filter, "Softmax")
    top = outline.model.index(0, 0)
    driver.bot.waitUntil(
        lambda: (
            outline.model.index_of("MobilenetV1/Predictions/Softmax").isValid()
            and not outline.model.index_of("input").isValid()
        )
    )
    assert outline.model.rowCount(top) == 1
    index = outline.model.index_of("MobilenetV1/Predictions/Softmax")
    driver.click(outline.view.viewport(), outline.view.visualRect(index).center())
    assert driver.window.session.selection == ("MobilenetV1/Predictions/Softmax",)
    assert driver.window.canvas.selection() == ("MobilenetV1/Predictions/Softmax",)
    outline.filter.clear()
    driver.bot.waitUntil(lambda: outline.model.index_of("input").isValid())


def test_the_outline_wears_the_worst_mark(driver: Driver) -> None:
    driver.open(BOXES)
    model = driver.window.outline.model
    assert model.data(model.index_of("dimension/"), Role.STATUS) == "cured"
    assert model.data(model.index_of("vgg/"), Role.STATUS) == ""


def test_a_layer_leads_back_to_its_nodes(driver: Driver) -> None:
    driver.open(MOBILENET)
    window = driver.window
    window.center.pages.show_page("network")
    driver.settle()
    table = window.network.table
    assert table.model().rowCount() > 50
    window.network.filter.setText("Softmax")
    assert table.model().rowCount() == 1
    place = table.visualRect(table.model().index(0, 1)).center()
    driver.click(table.viewport(), place)
    assert "MobilenetV1/Predictions/Softmax" in window.session.selection
    driver.key(table, Qt.Key.Key_Return)
    driver.settle()
    assert window.center.pages.current() == "graph"


def test_the_log_shows_what_was_logged_and_filters(driver: Driver) -> None:
    panel = driver.window.log
    logger = logging.getLogger("surgeon_gui.test")
    logger.info("first words")
    logger.warning("second words")
    driver.bot.waitUntil(lambda: "second words" in panel.text.toPlainText())
    assert "first words" in panel.text.toPlainText()
    panel.level.setCurrentText("Warnings")
    assert "first words" not in panel.text.toPlainText()
    assert "second words" in panel.text.toPlainText()


def test_everything_that_takes_the_keyboard_has_a_name(driver: Driver) -> None:
    driver.open(BOXES)
    driver.window.go_to("orientation/leaky_re_lu_1/LeakyRelu")
    driver.settle()
    kinds = (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, QPlainTextEdit)
    nameless = [
        f"{type(each).__name__} in {type(each.parent()).__name__}"
        for each in driver.window.findChildren(QWidget)
        if isinstance(each, kinds)
        and each.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and each.window() is driver.window
        and not each.objectName().startswith("qt_")
        and not (each.accessibleName() or getattr(each, "text", str)())
        and not isinstance(each.parent(), QComboBox)
    ]
    assert nameless == []


def test_tab_walks_from_the_search_round_the_window(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    driver.bot.waitUntil(lambda: bool(links(driver)))
    driver.bot.waitUntil(lambda: bool(window.problems.rows()) and not window.problems.is_filling)
    window.activateWindow()
    window.search.setFocus()
    driver.bot.waitUntil(window.search.hasFocus)
    seen: list[str] = []
    for _ in range(40):
        present = window.focusWidget()
        assert present is not None
        seen.append(type(present).__name__)
        driver.key(present, Qt.Key.Key_Tab)
    around = seen[: seen.index("SearchBox", 1)]
    assert around[:3] == ["SearchBox", "QLineEdit", "OutlineView"]
    assert {"GraphCanvas", "ProblemRow", "LinkButton", "ValueLabel", "ComboBox"} <= set(around)


def test_a_namespace_and_the_graph_show_how_often_each_op_occurs(driver: Driver) -> None:
    driver.open(MOBILENET)
    bars = driver.window.inspector.bars
    driver.bot.waitUntil(lambda: len(bars.rows()) == MOST_BARS)
    assert bars.isVisible()
    assert "Relu6 × 27" in bars.toolTip()
    driver.window.session.select(("MobilenetV1/Predictions/",))
    driver.bot.waitUntil(lambda: len(bars.rows()) < MOST_BARS)
    assert ("Softmax", 1) in bars.rows()
    driver.window.session.select(("MobilenetV1/Logits/SpatialSqueeze",))
    driver.bot.waitUntil(lambda: not bars.isVisible())
