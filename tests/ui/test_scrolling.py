"""Pages of wrapped words scroll without the window working for ever on their size."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from surgeon_gui.ui.panels.facts_view import NameLabel
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.style import dress_application
from surgeon_gui.ui.theme import LIGHT


def page(pieces: int) -> QWidget:
    """A page whose height follows its width, as the inspector's."""
    made = QWidget()
    lines = QVBoxLayout(made)
    lines.addWidget(NameLabel("/".join(["mobilenet"] * pieces), LIGHT.mono_font))
    lines.addWidget(QLabel("one"))
    lines.addWidget(QLabel("two"))
    return made


@pytest.mark.parametrize("pieces", [3, 6, 9])
def test_a_page_of_any_size_keeps_its_width_whether_the_bar_shows_or_not(
    qtbot: QtBot, pieces: int
) -> None:
    """Qt's own scroll area ends in a full stack at some of these sizes."""
    dress_application(LIGHT)
    content = page(pieces)
    area = ScrollArea(content)
    bar = area.verticalScrollBar()
    qtbot.addWidget(area)
    area.show()
    shown = set[bool]()
    for width in range(150, 200, 3):
        for height in range(60, 220, 8):
            area.resize(width, height)
            QApplication.processEvents()
            assert content.width() == area.viewport().width() < width
            assert bar.isVisible()
            assert bar.isEnabled() == (content.height() > area.viewport().height())
            shown.add(bar.isEnabled())
    assert shown == {True, False}
