"""Tabs that look the same in the centre and at the bottom: a strip with badges above a stack."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.widgets import label

STRIP_HEIGHT = 30


class TabStrip(QTabBar):
    """A tab bar whose chosen tab is bold, with room for that, and small counts beside words."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def tabSizeHint(self, index: int) -> QSize:
        hint = super().tabSizeHint(index)
        font = self.font()
        plain = QFontMetrics(font).horizontalAdvance(self.tabText(index))
        font.setBold(True)
        bold = QFontMetrics(font).horizontalAdvance(self.tabText(index))
        # A badge belongs to the word before it, not to the next.
        spare = 4 if self.tabButton(index, QTabBar.ButtonPosition.RightSide) is None else 0
        return QSize(hint.width() + max(bold - plain, 0) + spare, STRIP_HEIGHT)

    def set_badge(self, index: int, text: str) -> None:
        """Show a count beside a tab's word; empty takes it away."""
        side = QTabBar.ButtonPosition.RightSide
        present = self.tabButton(index, side)
        if isinstance(present, QLabel) and present.text() == text:
            return
        if not text:
            if present is not None:
                self.setTabButton(index, side, None)
                present.deleteLater()
                self.updateGeometry()
            return
        pill = label(text, "pill")
        pill.setAccessibleName(f"{self.tabText(index)}: {text}")
        self.setTabButton(index, side, pill)
        self.updateGeometry()


class PageStack(QStackedWidget):
    """Needs no more room than the page in view: those not seen squeeze nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.currentChanged.connect(lambda _at: self.updateGeometry())

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else super().minimumSizeHint()


class TabPages(QWidget):
    """A strip and the pages it chooses from.

    Args:
        name: for screen readers.
        own_strip: whether the strip stands above the pages; else in a dock's title, and pages wider
            than the dock scroll instead of making the window wider.

    Signals:
        page_changed(str): the key of the page now shown.
    """

    page_changed = Signal(str)

    def __init__(self, name: str, *, own_strip: bool = True) -> None:
        super().__init__()
        self.strip = TabStrip(name)
        # In a dock's title there is no room for arrows; its strip is never wider than the window.
        self.strip.setUsesScrollButtons(own_strip)
        self._own_strip = own_strip
        self._stack = PageStack()
        self._keys: list[str] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if own_strip:
            header = QWidget()
            header.setObjectName("panel-title")
            inner = QHBoxLayout(header)
            inner.setContentsMargins(4, 0, 4, 0)
            inner.addWidget(self.strip)
            inner.addStretch(1)
            layout.addWidget(header)
        layout.addWidget(self._stack, 1)
        self.strip.currentChanged.connect(self._turn)

    def hasHeightForWidth(self) -> bool:
        """No: pages fill their place; long texts in one must not make the window higher."""
        return False

    def add(self, key: str, title: str, page: QWidget, tip: str = "") -> None:
        """Append a page; `key` names it for `show`."""
        self._keys.append(key)
        self._stack.addWidget(page if self._own_strip else _scrolled(page, title))
        index = self.strip.addTab(title)
        self.strip.setTabToolTip(index, tip)

    def show_page(self, key: str) -> None:
        self.strip.setCurrentIndex(self._keys.index(key))

    def current(self) -> str:
        return self._keys[self.strip.currentIndex()]

    def set_badge(self, key: str, text: str) -> None:
        self.strip.set_badge(self._keys.index(key), text)

    @property
    def keys(self) -> tuple[str, ...]:
        """The pages' keys, in order."""
        return tuple(self._keys)

    def _turn(self, index: int) -> None:
        if 0 <= index < self._stack.count():
            self._stack.setCurrentIndex(index)
            self.page_changed.emit(self._keys[index])


def _scrolled(page: QWidget, title: str) -> ScrollArea:
    area = ScrollArea(page, title)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
