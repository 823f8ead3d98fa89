"""The context menu of a canvas that is not the graph's own: comparisons and layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from surgeon_gui.ui.canvas import GraphCanvas

Entry = tuple[str, Callable[[], object], bool]
"""Words, what they do, and whether that can be done."""


def show_canvas_menu(
    parent: QWidget,
    name: str,
    canvas: GraphCanvas,
    item: str,
    place: QPoint,
    *,
    of_item: Sequence[Entry] = (),
    of_all: Sequence[Entry] = (),
) -> None:
    """Show what can be done with an item of a canvas, and with the canvas.

    Args:
        parent: the page.
        name: the menu's object name.
        canvas: where.
        item: the item under the mouse, empty for none.
        place: where the menu is to be, on the screen.
        of_item: what can be done with the item, beside copying its name.
        of_all: what can be done besides opening, closing and fitting.
    """
    menu = QMenu(parent)
    menu.setObjectName(name)
    groups: list[Sequence[Entry]] = [of_all]
    if item:
        words = item.removesuffix("/")
        copy = ("Copy name", lambda: QGuiApplication.clipboard().setText(words), True)
        groups.insert(0, (*of_item, copy))
    groups.append(
        (
            ("Expand all", canvas.expand_all, True),
            ("Collapse all", canvas.collapse_all, True),
            ("Fit", canvas.fit, True),
        )
    )
    for entries in filter(None, groups):
        if menu.actions():
            menu.addSeparator()
        for title, run, is_enabled in entries:
            menu.addAction(title, run).setEnabled(is_enabled)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(place)
