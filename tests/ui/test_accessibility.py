"""The window without a mouse and without eyes: every control is named, reachable and told."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from surgeon_gui.ui.samples import samples_dir
from tests.ui.conftest import Driver

BOXES = samples_dir() / "boxes3d.pb"
CONTROLS = (
    *(QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit),
    *(QPlainTextEdit, QDockWidget),
)


def is_part(widget: QWidget) -> bool:
    """Whether Qt made it as a part of another control, which has the name."""
    parent = widget.parentWidget()
    if isinstance(widget, QHeaderView) or widget.objectName().startswith("qt_"):
        return True
    # The list of a combo box or completer, the field in a spin box, the corner of a table.
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QAbstractItemView | QLineEdit):
            return True
        parent = parent.parentWidget()
    return widget.isWindow() and not isinstance(widget, QDialog)


def named(widget: QWidget) -> str:
    """What a screen reader says the widget is."""
    found = QAccessible.queryAccessibleInterface(widget)
    return found.text(QAccessible.Text.Name) if found is not None and found.isValid() else ""


def nameless(root: QWidget) -> list[str]:
    return [
        f"{type(each).__name__} in {type(each.parentWidget()).__name__}"
        for each in root.findChildren(QWidget)
        if isinstance(each, CONTROLS) and not is_part(each) and not named(each).strip()
    ]


def test_every_control_of_the_window_has_a_name(driver: Driver) -> None:
    window = driver.window
    assert nameless(window) == []
    driver.open(BOXES)
    for page in window.bottom_dock.pages.keys:
        window.bottom_dock.open_page(page)
    for page in window.center.pages.keys:
        window.center.pages.show_page(page)
    window.bookmarks_dock.show()
    window.center.pages.show_page("graph")
    window.session.select(("vgg/block1_conv1/Conv2D",))
    driver.settle()
    assert nameless(window) == []


@pytest.mark.parametrize(
    "command",
    ["file.settings", "help.keys", "help.formats", "help.about", "export.picture", "help.tour"],
)
def test_every_control_of_a_dialog_has_a_name(driver: Driver, command: str) -> None:
    driver.open(BOXES)
    driver.run(command)
    dialogs = [each for each in driver.window.findChildren(QDialog) if each.isVisible()]
    for dialog in dialogs:
        assert named(dialog) or dialog.windowTitle()
    assert nameless(driver.window) == []


def test_tab_reaches_every_part_and_comes_round(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.canvas.setFocus()
    seen: list[QWidget] = []
    for _ in range(300):
        focused = QApplication.focusWidget()
        assert focused is not None
        if seen and focused is seen[0]:
            break
        seen.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    else:
        pytest.fail("Tab does not come round")
    areas = (window.toolbar, window.outline_dock, window.center, window.inspector_dock)
    for area in (*areas, window.bottom_dock):
        assert any(area is each or area.isAncestorOf(each) for each in seen), area.objectName()


def test_arrows_walk_the_graph_and_enter_opens(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.session.select(("input_1",))
    window.canvas.setFocus()
    driver.key(window.canvas, Qt.Key.Key_Down)
    assert window.session.selection == ("vgg/",)
    assert "vgg/" in window.canvas.accessibleDescription()
    driver.key(window.canvas, Qt.Key.Key_Return)
    driver.settle()
    assert "vgg/" in window.canvas.expanded()
    driver.key(window.canvas, Qt.Key.Key_Up)
    assert window.session.selection == ("input_1",)


def test_the_outline_follows_the_graph_for_those_who_cannot_see_it(driver: Driver) -> None:
    driver.open(BOXES)
    window = driver.window
    window.canvas.select(["vgg/"])
    driver.settle()
    index = window.outline.view.currentIndex()
    assert index.data(Qt.ItemDataRole.DisplayRole) == "vgg"
