"""A page that scrolls where its place is too low for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class ScrollArea(QScrollArea):
    """Scrolls a page as wide as itself; there is room for the scroll bar whether it shows or not.

    The height of wrapped words follows from their width. Would the bar take its room from them only
    when it shows, a page could be too high with the bar beside it and fit without: Qt 6.11
    (`QScrollArea::eventFilter`) then gives it one size after the other until the stack is full.

    Args:
        page: what is scrolled, if it is known yet.
        title: what it is called for a screen reader.
    """

    def __init__(self, page: QWidget | None = None, title: str = "") -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = self.verticalScrollBar()
        # The style sheet leaves a bar's room empty where there is nothing to scroll.
        bar.setEnabled(False)
        bar.rangeChanged.connect(lambda least, most: bar.setEnabled(most > least))
        if title:
            self.setAccessibleName(title)
        if page is not None:
            self.setWidget(page)
