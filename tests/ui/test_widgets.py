"""The small widgets, dressed as in the window."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QTabBar, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from surgeon_gui.ui.style import style_sheet
from surgeon_gui.ui.tabs import TabPages, TabStrip
from surgeon_gui.ui.theme import LIGHT
from surgeon_gui.ui.widgets import (
    BesideOrBelow,
    ComboBox,
    FormColumn,
    SpinBox,
    button,
    laid_out_once,
    row,
)


@pytest.fixture
def shown(qtbot: QtBot) -> QWidget:
    """An empty widget in the window's style."""
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.setStyleSheet(style_sheet(LIGHT))
    QVBoxLayout(widget)
    widget.show()
    return widget


def _put(shown: QWidget, widget: QWidget) -> None:
    layout = shown.layout()
    assert layout is not None
    layout.addWidget(widget)


def test_a_spin_box_has_room_for_its_digits(shown: QWidget, qtbot: QtBot) -> None:
    box = SpinBox()
    box.setRange(0, 99_999)
    box.setValue(12_345)
    _put(shown, box)
    field = box.lineEdit()
    needed = field.fontMetrics().horizontalAdvance("12345")
    qtbot.waitUntil(lambda: field.width() - field.textMargins().left() > needed, timeout=5000)
    assert box.height() >= ComboBox("beside").sizeHint().height()


def test_a_tab_has_room_for_its_bold_word_and_its_badge(shown: QWidget) -> None:
    strip = TabStrip("pages")
    _put(shown, strip)
    strip.addTab("Problems")
    strip.addTab("Rules")
    bare = strip.tabSizeHint(0).width()
    strip.set_badge(0, "149")
    badge = strip.tabButton(0, QTabBar.ButtonPosition.RightSide)
    assert badge is not None
    assert strip.tabSizeHint(0).width() - bare >= badge.sizeHint().width() - 4


def test_a_badge_is_made_anew_only_for_another_count(shown: QWidget) -> None:
    strip = TabStrip("pages")
    _put(shown, strip)
    strip.addTab("Problems")
    side = QTabBar.ButtonPosition.RightSide
    strip.set_badge(0, "3")
    badge = strip.tabButton(0, side)
    strip.set_badge(0, "3")
    assert strip.tabButton(0, side) is badge
    strip.set_badge(0, "4")
    other = strip.tabButton(0, side)
    assert isinstance(other, QLabel)
    assert other.text() == "4"
    strip.set_badge(0, "")
    assert strip.tabButton(0, side) is None


def test_a_form_scrolls_and_keeps_its_buttons_in_sight(shown: QWidget, qtbot: QtBot) -> None:
    form = QFormLayout()
    for number in range(12):
        form.addRow(f"Field {number}", SpinBox())
    begin = button("Begin")
    column = FormColumn(form, row(begin, None))
    _put(shown, column)
    shown.resize(500, 200)
    qtbot.waitUntil(lambda: 0 < column.height() <= 200, timeout=5000)
    bottom = begin.mapTo(column, begin.rect().bottomLeft()).y()
    assert bottom < column.height()


def test_a_long_text_on_a_page_does_not_make_the_pages_higher(shown: QWidget) -> None:
    pages = TabPages("pages")
    words = QLabel("word " * 200)
    words.setWordWrap(True)
    pages.add("one", "One", words)
    _put(shown, pages)
    assert not pages.hasHeightForWidth()


def test_other_choices_keep_the_one_made(qtbot: QtBot) -> None:
    box = ComboBox("Route")
    qtbot.addWidget(box)
    box.offer([("Direct", "direct"), ("UFF", "uff")])
    box.setCurrentIndex(1)
    box.offer([("UFF", "uff"), ("ONNX", "onnx")])
    assert box.currentData() == "uff"
    box.offer([("Direct", "direct"), ("ONNX", "onnx")])
    assert box.currentData() == "direct"


def test_what_has_no_room_beside_stands_below(qtbot: QtBot) -> None:
    first, second = QLabel("first"), QLabel("second")
    pair = BesideOrBelow(first, second, 400)
    qtbot.addWidget(pair)
    pair.resize(600, 200)
    pair.show()
    qtbot.waitUntil(lambda: second.x() > first.x() and second.y() == first.y())
    pair.resize(300, 200)
    qtbot.waitUntil(lambda: second.x() == first.x() and second.y() > first.y())


class _Measured(QLabel):
    """Counts how often it is given another size."""

    times = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.times += 1


def test_rows_that_come_together_are_laid_out_once(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    first = _Measured("first")
    column.addWidget(first)
    holder.resize(200, 600)
    holder.show()
    height = first.height()
    first.times = 0
    with laid_out_once(column):
        for number in range(6):
            made = QLabel(str(number))
            column.addWidget(made)
            made.show()
    assert first.times == 1
    assert first.height() < height / 6
    assert made.y() > first.y()
