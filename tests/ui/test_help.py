"""What a newcomer finds: the start page, the tour, the sheets, and what to report."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication

from surgeon_gui.errors import OpenError
from surgeon_gui.ui import help as help_module
from surgeon_gui.ui.diagnostics import licence_of, parts, without_paths
from surgeon_gui.ui.dialogs.reader import Reader, docs_dir, title_of
from surgeon_gui.ui.dialogs.sheets import FORMATS, KeysSheet, Sheet
from surgeon_gui.ui.samples import samples_dir
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"


def sheet(driver: Driver, name: str) -> Sheet:
    found = driver.window.findChild(Sheet, name)
    assert found is not None
    assert found.isVisible()
    return found


def test_the_tour_starts_from_the_start_page_on_a_sample(driver: Driver) -> None:
    window = driver.window
    driver.click(window.center.welcome.tour_button)
    driver.settle()
    tour = window.help.tour
    assert tour is not None
    assert window.session.title == "boxes3d.pb"
    titles = []
    while window.help.tour is not None:
        titles.append(tour.title.text())
        assert window.rect().contains(tour.geometry())
        driver.key(tour.next, Qt.Key.Key_Return)
    assert [title[0] for title in titles] == ["1", "2", "3"]
    assert window.bottom_dock.pages.current() == "problems"


def test_the_tour_goes_back_and_ends_by_escape(driver: Driver) -> None:
    driver.run("help.tour")
    tour = driver.window.help.tour
    assert tour is not None
    driver.click(tour.next)
    assert tour.at == 1
    driver.click(tour.back)
    assert tour.at == 0
    driver.key(tour, Qt.Key.Key_Escape)
    assert driver.window.help.tour is None


def test_the_start_page_says_what_can_be_opened(driver: Driver) -> None:
    driver.click(driver.window.center.welcome.formats_button)
    assert sheet(driver, "formats").tree.topLevelItemCount() == len(FORMATS)


def test_the_keys_sheet_lists_every_command_of_the_menus(driver: Driver) -> None:
    driver.run("help.keys")
    keys = sheet(driver, "keys")
    assert isinstance(keys, KeysSheet)
    texts = []
    for at in range(keys.tree.topLevelItemCount()):
        group = keys.tree.topLevelItem(at)
        assert group is not None
        for number in range(group.childCount()):
            child = group.child(number)
            assert child is not None
            texts.append((child.text(0), child.text(1)))
    assert ("Print", "Ctrl+P") in texts
    assert any(title == "Walk along edges and rows" for title, _ in texts)
    listed = {key for _, key in texts if key}
    for command in driver.window.actions_.commands():
        key = driver.window.actions_[command.id].shortcut().toString()
        menus = ("palette", "explain")
        assert not key or key in listed or command.id.endswith(menus), command.id
    driver.type(keys.field, "print")
    shown = keys.tree.findItems("Print", Qt.MatchFlag.MatchRecursive)
    assert shown
    assert not shown[0].isHidden()
    driver.key(keys, Qt.Key.Key_Escape)


def test_about_names_versions_and_licences(driver: Driver) -> None:
    driver.run("help.about")
    about = sheet(driver, "about")
    rows = map(about.tree.topLevelItem, range(about.tree.topLevelItemCount()))
    names = {row.text(0) for row in rows if row is not None}
    assert {"numpy", "networkx", "pyqtgraph"} <= {name.lower() for name in names}
    assert "Apache-2.0" in about.words.text()


def test_every_package_has_a_licence() -> None:
    for part in parts():
        assert part.version
        assert 0 < len(part.licence) <= 60, part


def test_the_licence_is_read_from_whichever_field_states_it() -> None:
    assert "BSD" in licence_of(importlib.metadata.metadata("networkx"))


def test_diagnostics_tell_no_private_paths(driver: Driver, tmp_path: Path) -> None:
    secret = tmp_path / "customer-x" / "model.pb"
    secret.parent.mkdir()
    secret.write_bytes(BOXES.read_bytes())
    driver.open(secret)
    window = driver.window
    window.use_settings(
        dataclasses.replace(window.settings, worker_python="/home/someone/venv/bin/python")
    )
    driver.run("help.diagnostics")
    report = QGuiApplication.clipboard().text()
    assert "149 nodes" in report
    assert "worker_python = '…/python'" in report
    for private in ("customer-x", "someone", str(tmp_path)):
        assert private not in report


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Opened /data/a/d.pb: 3 nodes", "Opened …/d.pb: 3 nodes"),
        ("at /home/me/x.pb", "at …/x.pb"),
        (r"at C:\Users\me\x.pb", "at …/x.pb"),
        ("node vgg/conv/Relu", "node vgg/conv/Relu"),
    ],
)
def test_paths_are_cut_to_names(text: str, kept: str) -> None:
    assert without_paths(text) == kept


def test_help_opens_the_documentation_that_came_along(driver: Driver) -> None:
    driver.run("help.docs")
    reader = driver.window.findChild(Reader, "docs")
    assert reader is not None
    assert "by surgery" in reader.page.toPlainText()
    reader.page.setSource(reader.page.source().resolved(QUrl("tutorials/boxes3d.md")))
    driver.settle()
    chosen = reader.contents.currentItem()
    assert chosen is not None
    assert chosen.text(0) == "3D boxes in the window"
    assert "surgeon inspect samples/boxes3d.pb" in reader.page.toPlainText()
    reader.page.backward()
    first = reader.contents.currentItem()
    assert first is not None
    assert first.text(0) == "Graph Surgeon"
    reader.close()


def test_every_page_of_the_documentation_can_be_chosen(driver: Driver) -> None:
    driver.run("help.docs")
    reader = driver.window.findChild(Reader, "docs")
    assert reader is not None
    for path in docs_dir().rglob("*.md"):
        (item,) = reader.contents.findItems(title_of(path), Qt.MatchFlag.MatchRecursive)
        reader.contents.setCurrentItem(item)
        assert Path(reader.page.source().toLocalFile()) == path
        assert reader.page.toPlainText().startswith(title_of(path).replace("`", ""))
    reader.close()


def test_pictures_of_the_documentation_fit_their_page(driver: Driver) -> None:
    driver.run("help.docs")
    reader = driver.window.findChild(Reader, "docs")
    assert reader is not None
    assert reader.page.horizontalScrollBar().maximum() == 0
    reader.close()


def test_missing_documentation_is_told(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise OpenError("The documentation did not come with the program.")

    monkeypatch.setattr(help_module, "docs_dir", gone)
    driver.run("help.docs")
    assert driver.window.findChild(Reader, "docs") is None
