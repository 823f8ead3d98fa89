"""Opening, looking round, remembering."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from surgeon_gui.document import Document
from surgeon_gui.graph.open import open_graph
from surgeon_gui.ui.samples import samples, summary
from surgeon_gui.ui.theme import DARK, LIGHT
from surgeon_gui.ui.widgets import ElidedLabel
from tests.helpers.shared import data_path
from tests.ui.conftest import Driver

MOBILENET = data_path("mobilenet_v1_0.25_128_frozen.pb")
CIFAR = data_path("cifar_small.pb")


def test_first_start_says_what_to_do_and_offers_samples(driver: Driver) -> None:
    window = driver.window
    assert window.center.stack.currentWidget() is window.center.welcome
    links = [each.toolTip() for each in window.center.welcome.findChildren(QPushButton)]
    assert any(link.endswith("boxes3d.pb") for link in links)


def test_a_sample_opens_by_a_click(driver: Driver) -> None:
    window = driver.window
    link = next(
        each
        for each in window.center.welcome.findChildren(QPushButton)
        if each.toolTip().endswith("boxes3d.pb")
    )
    driver.click(link)
    driver.settle()
    assert window.session.title == "boxes3d.pb"
    assert window.center.stack.currentWidget() is window.canvas


def test_open_by_dialog_shows_graph_outline_and_counts(driver: Driver) -> None:
    driver.answers.path = MOBILENET
    driver.run("file.open")
    window = driver.window
    assert driver.answers.asked == ["Open"]
    assert window.center.stack.currentWidget() is window.canvas
    assert "MobilenetV1/" in window.canvas.visible_items()
    assert window.outline.model.rowCount(window.outline.model.index(0, 0)) == 2
    assert window.windowTitle().startswith("mobilenet_v1_0.25_128_frozen.pb")
    assert "convert" in window.status.support.text()


def test_open_by_drop(driver: Driver) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(CIFAR))])
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(400, 300), actions, data, buttons, keys)
    QApplication.sendEvent(driver.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(
        driver.window, QDropEvent(QPointF(400, 300), actions, data, buttons, keys)
    )
    driver.settle()
    assert driver.window.session.title == "cifar_small.pb"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.pb", b"", "empty"),
        ("text.pb", b"hello, this is a note\n", ""),
        ("lfs.pb", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "LFS"),
        ("cut.pb", MOBILENET.read_bytes()[:100_000], ""),
    ],
)
def test_a_wrong_file_gets_a_page_that_says_what_it_is(
    driver: Driver, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    driver.open(path)
    window = driver.window
    assert window.center.stack.currentWidget() is window.center.error_page
    assert says.lower() in window.center.error_page.message.text().lower()
    assert name in window.center.error_page.where.text()
    assert window.center.error_page.hint.text()


def test_a_wrong_file_leaves_the_open_graph_alone(driver: Driver, tmp_path: Path) -> None:
    driver.open(CIFAR)
    graph = driver.window.session.graph
    driver.open(tmp_path / "absent.pb")
    window = driver.window
    assert window.session.graph is graph
    assert window.center.stack.currentWidget() is window.canvas
    assert window.message.isVisible()
    assert "no such file" in window.message.message.text().lower()


def test_recent_files_are_remembered_for_the_next_start(
    make_driver: Callable[[], Driver],
) -> None:
    first = make_driver()
    first.open(CIFAR)
    first.open(MOBILENET)
    first.window.close()
    second = make_driver()
    assert [Path(name).name for name in second.window.state.recent] == [
        "mobilenet_v1_0.25_128_frozen.pb",
        "cifar_small.pb",
    ]
    link = next(
        each
        for each in second.window.center.welcome.findChildren(QPushButton)
        if each.toolTip() == str(CIFAR)
    )
    second.click(link)
    second.settle()
    assert second.window.session.title == "cifar_small.pb"


def test_docks_come_back_where_they_were(make_driver: Callable[[], Driver]) -> None:
    first = make_driver()
    first.window.outline_dock.close()
    first.window.close()
    second = make_driver()
    assert not second.window.outline_dock.isVisible()
    second.run("view.restore")
    assert second.window.outline_dock.isVisible()


def test_unsaved_changes_are_asked_about_before_closing(driver: Driver, tmp_path: Path) -> None:
    window = driver.window
    driver.open(CIFAR)
    output = window.session.graph.nodes[-1].name if window.session.graph else ""
    window.session.select((output,))
    driver.run("edit.output")
    assert window.isWindowModified()
    window.close()
    box = window.findChild(QMessageBox, "unsaved")
    assert box is not None
    assert window.isVisible()
    cancel = box.button(QMessageBox.StandardButton.Cancel)
    driver.click(cancel)
    assert window.isVisible()
    window.close()
    box = window.findChildren(QMessageBox, "unsaved")[-1]
    save = next(each for each in box.buttons() if each.text().startswith("Save"))
    driver.answers.path = tmp_path / "saved.pb"
    driver.click(save)
    driver.bot.waitUntil(lambda: not window.isVisible(), timeout=10_000)
    assert driver.answers.path.stat().st_size > 0


def test_discarding_changes_opens_the_other_file(driver: Driver) -> None:
    window = driver.window
    driver.open(CIFAR)
    assert window.session.graph is not None
    window.session.select((window.session.graph.nodes[-1].name,))
    driver.run("edit.output")
    window.files.open(MOBILENET)
    box = window.findChild(QMessageBox, "unsaved")
    assert box is not None
    discard = next(each for each in box.buttons() if each.text() == "Discard")
    driver.click(discard)
    driver.settle()
    assert window.session.title == MOBILENET.name


def test_dark_and_light_dress_every_panel(driver: Driver) -> None:
    driver.open(CIFAR)
    driver.run("theme.dark")
    assert driver.window.theme == DARK
    dark = driver.window.grab().toImage()
    driver.run("theme.light")
    assert driver.window.theme == LIGHT
    light = driver.window.grab().toImage()
    for point in (QPoint(20, 400), QPoint(300, 400), QPoint(1250, 450), QPoint(640, 795)):
        assert light.pixelColor(point).lightness() > 200
        assert dark.pixelColor(point).lightness() < 80


def test_the_palette_runs_a_command_by_keyboard(driver: Driver) -> None:
    driver.open(CIFAR)
    window = driver.window
    driver.key(window, Qt.Key.Key_K, ctrl=True)
    assert window.palette_.isVisible()
    driver.type(window.palette_.field, "expand all")
    driver.key(window.palette_.field, Qt.Key.Key_Return)
    driver.settle()
    assert not window.palette_.isVisible()


def test_every_command_has_a_place_in_palette_and_no_key_is_used_twice(driver: Driver) -> None:
    keys: dict[str, str] = {}
    for command in driver.window.actions_.commands():
        for key in driver.window.actions_[command.id].shortcuts():
            assert key.toString() not in keys, f"{command.id} and {keys[key.toString()]}"
            keys[key.toString()] = command.id
    driver.window.palette_.begin()
    assert driver.window.palette_.list.topLevelItemCount() == len(driver.window.actions_.commands())


def test_an_exported_uff_opens_again(driver: Driver, tmp_path: Path) -> None:
    driver.open(CIFAR)
    driver.answers.path = tmp_path / "cifar.uff"
    driver.run("export.uff")
    driver.open(driver.answers.path)
    assert driver.window.session.title == "cifar.uff"
    assert driver.window.session.graph is not None
    assert len(driver.window.session.graph) > 5


def test_the_build_button_is_in_sight_in_a_small_window(driver: Driver) -> None:
    toolbar = driver.window.toolbar
    driver.window.resize(1280, 800)
    driver.settle()
    assert toolbar.build.text() == "Build engine"
    driver.window.resize(800, 600)
    driver.bot.waitUntil(lambda: toolbar.build.text() == "Build", timeout=10_000)
    driver.open(CIFAR)
    driver.bot.waitUntil(
        lambda: toolbar.build.isVisible() and toolbar.build.geometry().right() < toolbar.width(),
        timeout=10_000,
    )
    assert toolbar.build.text() == "Build"
    driver.window.resize(1280, 800)
    driver.bot.waitUntil(lambda: toolbar.build.text() == "Build engine", timeout=10_000)


@pytest.mark.parametrize("width", [800, 1280, 1600])
def test_words_of_the_toolbar_have_room(driver: Driver, width: int) -> None:
    toolbar, search = driver.window.toolbar, driver.window.search
    driver.window.resize(width, 800)
    driver.settle()
    wide = search.fontMetrics().horizontalAdvance
    driver.bot.waitUntil(
        lambda: wide(search.placeholderText()) < search.width() - 40, timeout=10_000
    )
    if width > 1000:
        assert wide(toolbar.target.itemText(0)) < toolbar.target.width()
    if width == 1600:
        assert "status:refused" in search.placeholderText()
        assert search.mapTo(toolbar, search.rect().topRight()).x() > toolbar.width() - 24


def test_the_start_page_says_what_each_sample_shows(driver: Driver) -> None:
    labels = driver.window.center.welcome.findChildren(ElidedLabel)
    assert [each.full() for each in labels] == [summary(path) for path in samples()]
    assert all(each.full() for each in labels)


def test_a_graph_not_yet_judged_is_counted(driver: Driver) -> None:
    status = driver.window.status
    assert status.support.text() == "No graph"
    driver.window.session.set_document(Document(open_graph(CIFAR), CIFAR))
    assert status.support.text() == f"{len(open_graph(CIFAR)):,} nodes"
    driver.bot.waitUntil(lambda: "convert" in status.support.text(), timeout=20_000)
