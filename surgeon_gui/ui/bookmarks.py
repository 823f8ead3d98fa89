"""Bookmarks: places in a graph the user comes back to, kept per file."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from surgeon_gui.ui.actions import Command, MenuSpec
from surgeon_gui.ui.views import Bookmark, View

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

MOST_KEYS = 9
PANEL_HEIGHT = 220


class Bookmarks(QObject):
    """The bookmarks of the open graph.

    Signals:
        changed(): there are others, or another order or title.
    """

    changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._all: tuple[Bookmark, ...] = ()

    def all(self) -> tuple[Bookmark, ...]:
        return self._all

    def show(self, bookmarks: tuple[Bookmark, ...]) -> None:
        """Take the bookmarks of another file."""
        self._all = bookmarks
        self.changed.emit()

    def toggle(self) -> None:
        """Bookmark the selection, or the view without one; what is bookmarked already goes."""
        items = self._window.session.selection
        present = self._at(items)
        if present is not None:
            self.remove(present)
            self._window.message.show_note(f"Bookmark {self._title(items)} is gone.")
            return
        made = Bookmark(self._title(items), items, self._window.memory.view())
        self._set((*self._all, made))
        number = len(self._all)
        key = f" Ctrl+{number} brings you back." if number <= MOST_KEYS else ""
        self._window.message.show_note(
            f"Bookmarked {made.title}.{key}",
            choices=[("Show bookmarks", self.show_panel)],
        )

    def show_panel(self) -> None:
        """Show the list, with room for some of it."""
        dock = self._window.bookmarks_dock
        if not dock.isVisible():
            dock.show()
            self._window.resizeDocks([dock], [PANEL_HEIGHT], Qt.Orientation.Vertical)
        dock.raise_()
        self._window.bookmarks_panel.list.setFocus()

    def has_selection(self) -> bool:
        """Whether the selection is bookmarked."""
        return self._at(self._window.session.selection) is not None

    def go(self, number: int) -> None:
        """Show a bookmark, counted from 0."""
        if not 0 <= number < len(self._all):
            return
        bookmark = self._all[number]
        if not bookmark.items:
            self._window.center.pages.show_page("graph")
            self._window.memory.show_view(bookmark.view)
            return
        there = tuple(item for item in bookmark.items if self.is_there(item))
        if not there:
            self._window.message.show_note(f"{bookmark.title} is not in the graph as it is now.")
            return
        self._window.go_to(there[0])
        self._window.session.select(there, None)

    def is_there(self, item: str) -> bool:
        graph = self._window.session.graph
        if graph is None:
            return False
        if item.endswith("/"):
            return any(node.name.startswith(item) for node in graph)
        return item in graph

    def remove(self, number: int) -> None:
        self._set(tuple(each for at, each in enumerate(self._all) if at != number))

    def rename(self, number: int, title: str) -> None:
        """Give a bookmark another title; an empty one is not taken."""
        if title.strip():
            named = dataclasses.replace(self._all[number], title=title.strip())
            self._set((*self._all[:number], named, *self._all[number + 1 :]))

    def move(self, number: int, by: int) -> None:
        """Let two bookmarks change places; the keys count in this order."""
        other = number + by
        if 0 <= number < len(self._all) and 0 <= other < len(self._all):
            moved = list(self._all)
            moved[number], moved[other] = moved[other], moved[number]
            self._set(tuple(moved))

    def _set(self, bookmarks: tuple[Bookmark, ...]) -> None:
        self._all = bookmarks
        self.changed.emit()
        self._window.memory.keep()

    def _at(self, items: tuple[str, ...]) -> int | None:
        wanted = set(items)
        return next(
            (at for at, each in enumerate(self._all) if items and set(each.items) == wanted), None
        )

    def _title(self, items: tuple[str, ...]) -> str:
        if not items:
            views = sum(1 for each in self._all if not each.items)
            return f"View {views + 1}"
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        return f"{items[0].removesuffix('/')}{more}"


def bookmark_commands(window: MainWindow) -> list[Command]:
    """Return the commands about bookmarks."""
    bookmarks = window.bookmarks

    def has_graph() -> bool:
        return window.session.graph is not None

    def has(number: int) -> bool:
        return has_graph() and number < len(bookmarks.all())

    return [
        Command(
            "bookmark.toggle",
            "&Bookmark this",
            bookmarks.toggle,
            "Ctrl+D",
            "bookmark-simple",
            has_graph,
            tip="Remember the selection, or the view, to come back to; once more forgets it",
            checked=bookmarks.has_selection,
        ),
        *(
            Command(
                f"bookmark.{number}",
                f"Go to bookmark &{number}",
                partial(bookmarks.go, number - 1),
                f"Ctrl+{number}",
                "",
                partial(has, number - 1),
            )
            for number in range(1, MOST_KEYS + 1)
        ),
        Command(
            "view.bookmarks",
            "Boo&kmarks",
            partial(_toggle_dock, window),
            "Ctrl+Shift+D",
            checked=lambda: window.bookmarks_dock.isVisible(),
        ),
    ]


BOOKMARK_MENU = MenuSpec(
    "&Bookmarks",
    (
        *("bookmark.toggle", "view.bookmarks", "-"),
        *(f"bookmark.{number}" for number in range(1, MOST_KEYS + 1)),
    ),
)


def _toggle_dock(window: MainWindow) -> None:
    dock = window.bookmarks_dock
    if dock.isVisible():
        dock.hide()
    else:
        window.bookmarks.show_panel()
    window.actions_.refresh()


def view_title(view: View) -> str:
    """Return what a list says of a view: `12 open, 80 %`."""
    return f"{len(view.expanded)} open, {view.zoom:.0%}"
