"""What the window remembers of a file, its bookmarks, its docks, and getting about by keyboard."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QScrollArea

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.ui import roaming
from surgeon_gui.ui.samples import samples_dir
from surgeon_gui.ui.state import WindowState, load_state, save_state
from surgeon_gui.ui.views import Bookmark, FileMemory, View, load_memory, memory_path, save_memory
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
CTRL = Qt.KeyboardModifier.ControlModifier


def press(driver: Driver, key: Qt.Key, held: Qt.KeyboardModifier = CTRL) -> None:
    QTest.keyClick(driver.window.focusWidget() or driver.window, key, held)
    driver.settle()


def test_a_selection_is_bookmarked_and_found_again_by_keys(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.session.select(("vgg/", "input_1"))
    press(driver, Qt.Key.Key_D)
    assert [each.title for each in window.bookmarks.all()] == ["vgg and 1 more"]
    assert window.actions_["bookmark.toggle"].isChecked()
    window.session.select(())
    press(driver, Qt.Key.Key_1)
    assert window.session.selection == ("vgg/", "input_1")
    press(driver, Qt.Key.Key_D)
    assert not window.bookmarks.all()


def test_a_bookmarked_view_opens_and_zooms_as_it_was(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.canvas.expand("vgg/")
    driver.settle()
    window.canvas.set_zoom(1.7)
    view = window.memory.view()
    press(driver, Qt.Key.Key_D)
    driver.run("view.collapse-all")
    window.canvas.fit()
    press(driver, Qt.Key.Key_1)
    driver.bot.waitUntil(lambda: abs(window.canvas.zoom() - 1.7) < 0.01, timeout=5000)
    again = window.memory.view()
    assert "vgg/" in again.expanded
    assert (again.x, again.y) == pytest.approx((view.x, view.y), abs=2.0)


def test_view_and_bookmarks_come_back_with_the_file(make_driver: Callable[[], Driver]) -> None:
    first = make_driver()
    first.open(BOXES)
    window = first.window
    window.canvas.expand("orientation/")
    first.settle()
    window.canvas.set_zoom(1.3)
    window.session.select(("input_1",))
    first.run("bookmark.toggle")
    view = window.memory.view()
    window.close()
    second = make_driver()
    second.open(BOXES)
    second.bot.waitUntil(lambda: abs(second.window.canvas.zoom() - 1.3) < 0.01, timeout=5000)
    second.settle()
    again = second.window.memory.view()
    assert again.expanded == view.expanded
    assert (again.x, again.y) == pytest.approx((view.x, view.y), abs=4.0)
    assert [each.items for each in second.window.bookmarks.all()] == [("input_1",)]


def test_a_file_left_as_it_opens_leaves_nothing_behind(driver: Driver) -> None:
    driver.open(BOXES)
    driver.run("file.close")
    assert not memory_path(BOXES).exists()


def test_a_bookmark_of_what_an_edit_removed_says_so(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    assert window.session.graph is not None
    gone = window.session.graph.nodes[-1].name
    window.session.select((gone,))
    driver.run("bookmark.toggle")
    driver.run("edit.remove")
    driver.run("bookmark.1")
    assert "not in the graph" in window.message.message.text()


def test_the_bookmarks_panel_goes_renames_orders_and_removes(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    driver.run("view.bookmarks")
    assert window.bookmarks_panel.hint.isVisible()
    for name in ("input_1", "vgg/"):
        window.session.select((name,))
        driver.run("bookmark.toggle")
    listed = window.bookmarks_panel.list
    place = listed.visualItemRect(listed.item(0)).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.session.selection == ("input_1",)
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_Down, CTRL)
    assert [each.title for each in window.bookmarks.all()] == ["vgg", "input_1"]
    listed.item(1).setText("the input")
    assert window.bookmarks.all()[1].title == "the input"
    QTest.keyClick(listed, Qt.Key.Key_Delete)
    assert [each.title for each in window.bookmarks.all()] == ["vgg"]


def test_what_is_remembered_survives_its_file(home: Path, tmp_path: Path) -> None:
    graph = tmp_path / "größe.pb"
    view = View(("a/", "b\n/"), 0.5, -3.0, 7.5)
    memory = FileMemory(view, (Bookmark("one", ("x",), view), Bookmark("view", (), view)))
    save_memory(graph, memory)
    assert load_memory(graph) == memory
    save_memory(graph, FileMemory())
    assert not memory_path(graph).exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"view": {"zoom": "wide"}}', '{"bookmarks": [3]}'])
def test_a_damaged_memory_is_none(home: Path, tmp_path: Path, text: str) -> None:
    kept = memory_path(tmp_path / "a.pb")
    kept.parent.mkdir(parents=True)
    kept.write_text(text)
    assert load_memory(tmp_path / "a.pb") == FileMemory()


def test_docks_squeezed_by_a_small_window_get_their_room_back(
    make_driver: Callable[[], Driver],
) -> None:
    first = make_driver()
    first.window.resize(780, 600)
    first.window.resizeDocks(
        [first.window.outline_dock, first.window.inspector_dock],
        [150, 160],
        Qt.Orientation.Horizontal,
    )
    first.bot.wait(50)
    assert first.window.inspector_dock.width() < 240
    first.window.close()
    assert load_state().width == 780
    second = make_driver()
    second.window.resize(1400, 900)
    second.bot.wait(50)
    assert second.window.outline_dock.width() >= 0.8 * 236
    assert second.window.inspector_dock.width() >= 0.8 * 320


def test_docks_float_close_and_return(driver: Driver) -> None:
    window = driver.window
    window.inspector_dock.setFloating(True)
    window.outline_dock.close()
    assert not window.actions_["view.outline"].isChecked() or not window.outline_dock.isVisible()
    driver.run("view.restore")
    assert not window.inspector_dock.isFloating()
    assert window.outline_dock.isVisible()
    assert window.outline_dock.width() >= 200


def test_recent_files_of_two_windows_are_merged(make_driver: Callable[[], Driver]) -> None:
    first, second = make_driver(), make_driver()
    first.open(BOXES)
    second.open(samples_dir().joinpath("../tests/data/cifar_small.pb").resolve())
    first.window.close()
    second.window.close()
    assert {Path(name).name for name in load_state().recent} == {"boxes3d.pb", "cifar_small.pb"}


def test_f6_visits_every_area_and_comes_round(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.canvas.setFocus()
    wanted = roaming.areas(window)
    seen = []
    for _ in wanted:
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_F6)
        focused = window.focusWidget()
        seen.append(next(area for area in wanted if area.isAncestorOf(focused)))
    assert len(set(map(id, seen))) == len(wanted) >= 5
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert seen[-2].isAncestorOf(window.focusWidget())


def test_a_new_window_is_another_program(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def start(arguments: list[str]) -> bool:
        started.append(arguments)
        return True

    monkeypatch.setattr(roaming, "start_program", start)
    driver.run("file.new-window")
    assert started == [[]]
    monkeypatch.setattr(roaming, "start_program", lambda _given: False)
    driver.run("file.new-window")
    assert "cannot be opened" in driver.window.message.message.text()


def test_the_memory_names_its_graph(home: Path, tmp_path: Path) -> None:
    save_memory(tmp_path / "a.pb", FileMemory(View(("x/",))))
    table = json.loads(memory_path(tmp_path / "a.pb").read_text())
    assert table["path"] == str(tmp_path / "a.pb")


def test_a_window_state_without_width_is_read(home: Path) -> None:
    save_state(dataclasses.replace(WindowState(), recent=("a.pb",)))
    assert load_state().width == 0


def test_the_search_stays_in_sight_in_a_narrow_window(driver: Driver) -> None:
    window = driver.window

    def is_right() -> bool:
        is_beside_menus = window.menuBar().isAncestorOf(window.search)
        return window.search.isVisible() and is_beside_menus == (window.width() < 1000)

    for width in (800, 1400, 800, 1400):
        window.resize(width, 700)
        driver.bot.waitUntil(is_right, timeout=5000)
    driver.open(BOXES)
    driver.run("view.find")
    assert window.search.hasFocus()


def test_the_breadcrumb_of_a_long_path_still_names_where_one_is(
    driver: Driver, tmp_path: Path
) -> None:
    space = "/".join(f"a_rather_long_name_of_a_namespace_{number}" for number in range(6))
    path = tmp_path / "long.pb"
    save_graphdef(parse_text(f'"{space}/the_node_at_the_end" = Placeholder()'), path)
    driver.open(path)
    driver.window.go_to(f"{space}/the_node_at_the_end")
    driver.settle()
    crumb = next(
        label
        for label in driver.window.canvas.findChildren(QLabel)
        if label.accessibleName() == "Place in the graph"
    )
    assert "<b" in crumb.text()
    assert crumb.toolTip().endswith("the_node_at_the_end")
    assert crumb.text().partition("<b")[2].count("…") == 1


@pytest.mark.parametrize(("height", "share"), [(600, 210), (900, 243), (1400, 378)])
def test_the_bottom_dock_takes_a_share_of_the_height(
    driver: Driver, height: int, share: int
) -> None:
    window = driver.window
    window.resize(1280, height)
    driver.open(BOXES)
    driver.run("view.restore")
    shown = window.bottom_dock
    driver.bot.waitUntil(lambda: abs(shown.height() - share) < 12, timeout=5000)


def test_the_inspector_of_a_small_window_has_room_for_a_verdict(driver: Driver) -> None:
    window = driver.window
    window.resize(800, 600)
    driver.open(BOXES)
    window.session.set_target("uff-5.1")
    driver.settle()
    window.go_to("orientation/leaky_re_lu_1/LeakyRelu")
    driver.settle()
    assert window.inspector.card.isVisible()
    scroll = next(iter(window.inspector.findChildren(QScrollArea)))
    driver.bot.waitUntil(lambda: not scroll.horizontalScrollBar().isVisible(), timeout=5000)


def test_pages_out_of_sight_squeeze_no_panel_of_a_small_window(driver: Driver) -> None:
    window = driver.window
    driver.open(BOXES)
    window.resize(800, 600)
    driver.bot.waitUntil(lambda: window.outline_dock.width() >= 150, timeout=5000)
    assert window.center.width() >= 400
    assert window.inspector_dock.width() >= 232
    window.center.pages.show_page("compare")
    driver.bot.waitUntil(
        lambda: window.compare.width() >= window.compare.minimumSizeHint().width(), timeout=5000
    )
    assert window.width() == 800
