"""Comparing in the window: side by side and merged, driven by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from surgeon_gui.document import Document
from surgeon_gui.edits.boundary import SetOutputs
from surgeon_gui.edits.namespaces import RenameNamespace
from surgeon_gui.edits.nodes import RemoveNodes, RenameNode, SetAttribute
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.text import parse_text
from surgeon_gui.pipeline import export
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.comparing.bar import MERGED, SIDES
from surgeon_gui.ui.comparing.page import ComparePage
from surgeon_gui.ui.rule_preview import preview_rule
from tests.ui.conftest import Driver
from tests.ui.test_latency import layered_graph, ticks_during

TEXT = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    head/w = Const() {value=f32[12]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
    head/add = Add(x, head/w)
    head/relu = LeakyRelu(head/add) {alpha=0.5}
    tail/neg = Neg(head/relu)
    tail/tanh = Tanh(tail/neg)
    """


@pytest.fixture
def page(driver: Driver) -> ComparePage:
    return driver.window.compare


def rest(driver: Driver) -> None:
    """Wait until the comparison is worked out and drawn."""
    driver.settle()
    driver.bot.waitUntil(lambda: not driver.window.compare.is_working(), timeout=30_000)
    QTest.qWait(20)


def show(driver: Driver, graph: Graph | None = None) -> Document:
    document = Document(graph or parse_text(TEXT))
    driver.window.session.set_document(document)
    driver.settle()
    return document


def turn_to(driver: Driver) -> None:
    """Press the tab."""
    pages = driver.window.center.pages
    index = pages.keys.index("compare")
    driver.click(pages.strip, pages.strip.tabRect(index).center())
    rest(driver)


def file_of(text: str, path: Path) -> Path:
    save_graph(parse_text(text), path)
    return path


def facts(driver: Driver) -> dict[str, str]:
    return {fact.label: fact.text for fact in driver.window.inspector.facts.facts()}


def menu_of(window: QWidget, name: str) -> QMenu:
    return next(menu for menu in window.findChildren(QMenu) if menu.objectName() == name)


def choose(driver: Driver, name: str, words: str) -> None:
    """Press an entry of a menu that is open."""
    menu = menu_of(driver.window, name)
    menu.setObjectName("")
    action = next(action for action in menu.actions() if action.text() == words)
    assert action.isEnabled(), words
    action.trigger()
    menu.close()
    rest(driver)


def test_without_edits_the_two_are_equal(driver: Driver, page: ComparePage) -> None:
    show(driver)
    turn_to(driver)
    assert page.stack.currentWidget() is page.notice
    assert page.notice.title.text() == "The two are equal"
    assert page.changes.listed() == []


def test_nothing_open_says_what_to_do(driver: Driver, page: ComparePage) -> None:
    turn_to(driver)
    assert page.stack.currentWidget() is page.notice
    assert "Open a graph" in page.notice.hint.text()


def test_an_edit_shows_at_once_in_both_canvases(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    turn_to(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    rest(driver)
    assert page.stack.currentWidget() is page.sides
    assert page.changes.listed() == ["head/relu"]
    for canvas in (page.before, page.after):
        assert {name: mark.status for name, mark in canvas.overlay().marks.items()} == {
            "head/relu": "changed"
        }
        assert "head/relu" in canvas.visible_items()


def test_f7_walks_the_changes_and_the_inspector_says_old_and_new(
    driver: Driver, page: ComparePage
) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    document.apply(RemoveNodes(("tail/neg",)))
    turn_to(driver)
    assert page.changes.listed() == ["head/relu", "tail/neg", "tail/tanh"]
    driver.key(driver.window, Qt.Key.Key_F7)
    rest(driver)
    assert page.before.selection() == page.after.selection() == ("head/relu",)
    assert facts(driver)["alpha"] == "0.5 → 0.25"
    driver.key(driver.window, Qt.Key.Key_F7)
    rest(driver)
    assert page.before.selection() == ("tail/neg",)
    assert page.after.selection() == ()
    assert facts(driver)["Change"] == "Removed"
    QTest.keyClick(driver.window, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    rest(driver)
    assert page.changes.current() == "head/relu"


def test_the_inspector_goes_back_to_the_selection_with_the_graph(
    driver: Driver, page: ComparePage
) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    driver.window.session.select(("x",), None)
    turn_to(driver)
    page.changes.step(1)
    assert facts(driver)["Name"] == "head/relu"
    driver.click(
        driver.window.center.pages.strip, driver.window.center.pages.strip.tabRect(0).center()
    )
    rest(driver)
    assert facts(driver)["Name"] == "x"


def test_the_merged_graph_holds_what_came_and_what_went(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(RemoveNodes(("tail/neg",)))
    turn_to(driver)
    driver.click(page.bar.modes[MERGED])
    rest(driver)
    assert page.stack.currentWidget() is page.merged
    assert {"tail/neg", "tail/tanh"} <= {*page.merged.visible_items()}
    marks = page.merged.marks()
    plan = page.merged.plan()
    assert marks is not None
    assert plan is not None
    found = {
        status for at in range(len(plan.picture.strands)) if (status := marks.edge(plan.strand(at)))
    }
    # What enters the namespace goes to a node that went and to one that changed.
    assert found == {"added", "removed", "changed"}
    tail = plan.tree.find_group("tail/")
    assert tail is not None
    assert marks.summary(tail).differences == (("removed", 1), ("changed", 1))


def test_only_changes_hides_what_is_far_from_them(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    turn_to(driver)
    driver.click(page.bar.modes[MERGED])
    rest(driver)
    driver.click(page.bar.only)
    rest(driver)
    assert {name for name in page.merged.visible_items() if "/" in name and name[-1] != "/"} == {
        "head/add",
        "head/relu",
        "tail/neg",
    }
    page.bar.neighbours.setFocus()
    driver.key(page.bar.neighbours, Qt.Key.Key_Down)
    rest(driver)
    assert page.merged.visible_items() == ("head/relu",)


def test_the_kinds_and_the_name_sieve_the_list(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    document.apply(RemoveNodes(("tail/neg",)))
    turn_to(driver)
    driver.click(page.changes.kinds["changed"])
    assert page.changes.listed() == ["tail/neg"]
    driver.click(page.changes.kinds["changed"])
    driver.type(page.changes.filter, "relu")
    assert page.changes.listed() == ["head/relu"]
    assert page.changes.words.text() == "2 more are filtered out."


class TestLinked:
    """Both canvases move, open and select together."""

    @pytest.fixture(autouse=True)
    def compared(self, driver: Driver, page: ComparePage) -> Document:
        document = show(driver)
        document.apply(RemoveNodes(("head/relu",)))
        turn_to(driver)
        return document

    def place(self, canvas: GraphCanvas, name: str) -> QPointF:
        """Where the middle of a node is in the viewport."""
        return canvas.viewportTransform().map(canvas.node_rect(name).center())

    def test_a_closed_namespace_closes_on_the_other_side_too(
        self, driver: Driver, page: ComparePage
    ) -> None:
        assert "tail/" in page.after.expanded()
        page.before.setFocus()
        page.before.select(["tail/"])
        driver.key(page.before, Qt.Key.Key_Return)
        rest(driver)
        assert "tail/" not in page.before.expanded()
        assert "tail/" not in page.after.expanded()

    def test_a_click_selects_on_both_sides(self, driver: Driver, page: ComparePage) -> None:
        place = self.place(page.before, "tail/tanh").toPoint()
        driver.click(page.before.viewport(), place)
        assert page.after.selection() == ("tail/tanh",)
        assert page.changes.current() == ""
        assert facts(driver)["Change"] == "Unchanged"

    def test_zoom_and_pan_are_followed_until_that_is_switched_off(
        self, driver: Driver, page: ComparePage
    ) -> None:
        self.touch(page.before)
        page.before.set_zoom(0.8)
        page.before.centerOn(page.before.node_rect("tail/tanh").center())
        assert page.after.zoom() == pytest.approx(0.8)
        one, other = (self.place(canvas, "tail/tanh") for canvas in (page.before, page.after))
        assert abs(one.y() - other.y()) < 40
        driver.click(page.bar.linked)
        page.before.set_zoom(0.5)
        assert page.after.zoom() == pytest.approx(0.8)

    def touch(self, canvas: GraphCanvas) -> None:
        QTest.mousePress(canvas.viewport(), Qt.MouseButton.MiddleButton, pos=QPoint(5, 5))
        QTest.mouseRelease(canvas.viewport(), Qt.MouseButton.MiddleButton, pos=QPoint(5, 5))


def test_renamed_nodes_are_followed(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(RenameNode("head/relu", "head/leaky"))
    document.apply(RenameNamespace("tail", "end"))
    turn_to(driver)
    assert page.changes.listed() == ["head/leaky", "end/neg", "end/tanh"]
    page.changes.step(1)
    rest(driver)
    assert (page.before.selection(), page.after.selection()) == (("head/relu",), ("head/leaky",))
    assert facts(driver)["Was called"] == "head/relu"
    page.before.setFocus()
    page.before.select(["tail/"])
    assert page.after.selection() == ("end/",)
    driver.key(page.before, Qt.Key.Key_Return)
    rest(driver)
    assert "end/" not in page.after.expanded()


def test_the_history_compares_any_state(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    document.apply(RemoveNodes(("tail/neg",)))
    driver.settle()
    history = driver.window.history
    driver.window.bottom_dock.open_page("history")
    rect = history.view.visualRect(history.view.model().index(1, 0))
    history.view.customContextMenuRequested.emit(rect.center())
    choose(driver, "history-menu", "Compare with the state before")
    assert page.isVisible()
    assert page.changes.listed() == ["head/relu"]
    assert [source.title for source in page.bar.chosen()] == [
        "Opened",
        f"1 · {document.revisions[1].title}",
    ]
    history.view.customContextMenuRequested.emit(rect.center())
    choose(driver, "history-menu", "Compare with the present state")
    assert page.changes.listed() == ["tail/neg", "tail/tanh"]


def test_a_file_is_compared_from_the_history_the_menu_and_the_combo_box(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    show(driver)
    driver.answers.path = file_of(TEXT.replace("alpha=0.5", "alpha=2.0"), tmp_path / "other.pb")
    driver.run("compare.file")
    rest(driver)
    assert page.changes.listed() == ["head/relu"]
    assert page.bar.combos[0].currentText() == "other.pb"
    driver.click(page.bar.swap)
    rest(driver)
    page.changes.step(1)
    assert facts(driver)["alpha"] == "0.5 → 2"
    driver.answers.path = file_of(TEXT.replace("Tanh", "Sinh"), tmp_path / "third.pbtxt")
    combo = page.bar.combos[1]
    combo.activated.emit(combo.count() - 1)
    rest(driver)
    assert page.changes.listed() == ["tail/tanh"]


def test_the_file_on_disk_is_read_as_it_is_now(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    path = file_of(TEXT, tmp_path / "model.pb")
    driver.open(path)
    file_of(TEXT.replace("Tanh", "Sinh"), path)
    driver.run("compare.disk")
    rest(driver)
    assert page.changes.listed() == ["tail/tanh"]


def test_a_file_that_is_no_graph_is_told_in_place(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    show(driver)
    wrong = tmp_path / "wrong.pb"
    wrong.write_bytes(b"this is no graph at all")
    driver.answers.path = wrong
    driver.run("compare.file")
    rest(driver)
    assert page.stack.currentWidget() is page.error
    assert "wrong.pb" in page.error.where.text()
    file_of(TEXT.replace("Tanh", "Sinh"), wrong)
    page.refresh()
    rest(driver)
    assert page.stack.currentWidget() is page.sides


def test_the_history_has_a_button_for_the_last_step(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    history = driver.window.history
    assert not history.compare.isEnabled()
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    document.apply(RemoveNodes(("tail/neg",)))
    driver.settle()
    driver.window.bottom_dock.open_page("history")
    driver.click(history.compare)
    rest(driver)
    assert page.isVisible()
    assert page.changes.listed() == ["tail/neg", "tail/tanh"]


def test_a_rule_shows_what_it_would_change_before_it_does(
    driver: Driver, page: ComparePage
) -> None:
    document = show(driver)
    before = document.graph
    preview_rule(driver.window, "leaky-relu-to-plugin")
    rest(driver)
    bar = driver.window.message
    difference = next(it for it in bar.findChildren(QPushButton) if it.text() == "Difference")
    driver.click(difference)
    rest(driver)
    assert page.merged.isVisible()
    assert page.changes.listed() == ["head/relu"]
    assert page.bar.combos[1].currentText().startswith("Preview: ")
    assert document.graph is before
    page.changes.step(1)
    assert facts(driver)["Op"] == "LeakyRelu → LReLU_TRT"


def test_after_an_error_another_file_can_be_chosen(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    show(driver)
    driver.answers.path = tmp_path / "missing.pb"
    driver.run("compare.file")
    rest(driver)
    assert page.stack.currentWidget() is page.error
    driver.answers.path = file_of(TEXT.replace("Tanh", "Sinh"), tmp_path / "good.pb")
    another = next(it for it in page.error.findChildren(QPushButton) if "Another" in it.text())
    driver.click(another)
    rest(driver)
    assert page.changes.listed() == ["tail/tanh"]


def test_commands_of_the_view_are_for_the_canvas_in_view(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    turn_to(driver)
    driver.run("compare.merged")
    rest(driver)
    driver.run("view.collapse-all")
    rest(driver)
    assert page.merged.expanded() == frozenset()
    driver.run("view.expand-all")
    rest(driver)
    assert page.merged.expanded() == {"head/", "tail/"}


def test_the_window_goes_on_while_large_graphs_are_compared(
    driver: Driver, page: ComparePage
) -> None:
    graph = layered_graph(4_000)
    document = show(driver, graph)
    document.apply(RemoveNodes((graph.nodes[2_000].name,)))
    driver.settle()
    assert ticks_during(driver, lambda: turn_to(driver)) > 10
    assert graph.nodes[2_000].name in page.changes.listed()


def test_other_numbers_in_a_constant_show_its_largest_difference(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    show(driver)
    driver.answers.path = file_of(TEXT.replace("10, 11", "10, 13.5"), tmp_path / "other.pb")
    driver.run("compare.file")
    rest(driver)
    assert page.changes.listed() == ["head/w"]
    page.changes.step(1)
    rest(driver)
    assert facts(driver)["Max abs diff"] == "2.5"
    marks = page.after.marks()
    assert marks is not None
    plan = page.after.plan()
    assert plan is not None
    reader = plan.tree.find("head/add")
    assert reader is not None
    mark = marks.mark(reader)
    assert mark is not None
    assert (mark.status, mark.reason) == ("changed", "It reads head/w.")


def test_double_click_goes_to_the_node_in_the_graph(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    turn_to(driver)
    page.after.activated.emit("head/relu")
    driver.settle()
    assert driver.window.center.pages.current() == "graph"
    assert driver.window.session.selection == ("head/relu",)


def test_the_menu_of_a_canvas_leads_to_the_graph(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(RenameNode("head/relu", "head/leaky"))
    turn_to(driver)
    place = page.before.viewport().mapToGlobal(page.before.viewport().rect().center())
    page.before.context_menu_requested.emit("head/relu", place)
    choose(driver, "compare-menu", "Next change")
    assert page.changes.current() == "head/leaky"
    page.before.context_menu_requested.emit("head/relu", place)
    choose(driver, "compare-menu", "Show in the graph")
    assert driver.window.session.selection == ("head/leaky",)


def test_two_uff_files_are_compared_by_their_operations(
    driver: Driver, page: ComparePage, tmp_path: Path
) -> None:
    names = []
    for name, alpha in (("one.uff", "0.5"), ("other.uff", "0.25")):
        names.append(tmp_path / name)
        export(parse_text(TEXT.replace("alpha=0.5", f"alpha={alpha}")), names[-1])
    driver.open(names[0])
    driver.answers.path = names[1]
    driver.run("compare.file")
    rest(driver)
    assert page.changes.listed() == ["head/relu"]
    assert page.after.graph() is driver.window.session.graph
    driver.answers.path = file_of(TEXT, tmp_path / "graph.pb")
    driver.run("compare.file")
    rest(driver)
    found = page.found()
    assert found is not None
    assert found.after["head/relu"].op == "LeakyRelu"


def test_other_outputs_alone_are_told(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetOutputs(("head/relu",)))
    turn_to(driver)
    assert page.stack.currentWidget() is page.sides
    assert page.changes.listed() == []
    assert "head/relu" in page.bar.words.full()
    assert facts(driver)["Outputs"].endswith("→ head/relu")


def test_keys_and_menu_choose_how_it_is_shown(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    turn_to(driver)
    driver.run("compare.merged")
    rest(driver)
    assert page.bar.mode == MERGED
    assert page.merged.isVisible()
    driver.run("compare.sides")
    rest(driver)
    assert page.bar.mode == SIDES
    assert page.sides.isVisible()


def test_a_closed_document_leaves_nothing(driver: Driver, page: ComparePage) -> None:
    document = show(driver)
    document.apply(SetAttribute("head/relu", "alpha", 0.25))
    turn_to(driver)
    driver.window.session.set_document(None)
    rest(driver)
    assert page.found() is None
    assert page.before.graph() is None
    assert page.stack.currentWidget() is page.notice


def test_a_window_of_its_own_begins_anew(make_driver: Callable[[], Driver]) -> None:
    driver = make_driver()
    assert driver.window.compare.found() is None
