"""Finding one's way: the places looked at, back and forward, and traces along the edges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeySequence, QMouseEvent

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.selection import walk
from surgeon_gui.view.series import series_around
from surgeon_gui.view.trace import DOWNWARDS, UPWARDS, paths_between, shortest_path, trace

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

MOST_PLACES = 100
_SIDE_BUTTONS = {Qt.MouseButton.BackButton: -1, Qt.MouseButton.ForwardButton: 1}
TRACE_DEPTH = 3


class Trail(QObject):
    """The selections made so far, as a browser keeps pages; a mouse's side buttons leaf."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._places: list[tuple[str, ...]] = []
        self._at = -1
        self._is_moving = False
        window.installEventFilter(self)
        window.session.opened.connect(self._begin)
        window.session.selected.connect(lambda items, _source: self._note(items))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_press = isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonPress
        if is_press and isinstance(event, QMouseEvent) and event.button() in _SIDE_BUTTONS:
            self.go(_SIDE_BUTTONS[event.button()])
            return True
        return super().eventFilter(watched, event)

    def can_go(self, by: int) -> bool:
        return 0 <= self._at + by < len(self._places)

    def go(self, by: int) -> None:
        """Select and show an earlier (-1) or later (1) place that is still there."""
        graph = self._window.session.graph
        while graph is not None and self.can_go(by):
            self._at += by
            items = self._places[self._at]
            self._is_moving = True
            try:
                canvas = self._window.canvas
                series = series_around(items)
                self._window.go_to(series if canvas.is_drawn(series) else items[0])
                self._window.session.select(items, None)
            finally:
                self._is_moving = False
            if self._window.session.selection:
                return

    def _begin(self) -> None:
        self._places, self._at = [], -1

    def _note(self, items: tuple[str, ...]) -> None:
        is_known = self._at >= 0 and self._places[self._at] == items
        if self._is_moving or not items or is_known:
            return
        self._places = [*self._places[: self._at + 1], items][-MOST_PLACES:]
        self._at = len(self._places) - 1


def explore_commands(window: MainWindow) -> list[Command]:
    """Return the commands that lead from place to place and change nothing."""
    session, trail = window.session, Trail(window)

    def has_selection() -> bool:
        return bool(session.selection)

    def has_two() -> bool:
        return len(session.selection) == 2

    return [
        Command(
            "go.back",
            "&Back",
            partial(trail.go, -1),
            QKeySequence.StandardKey.Back,
            "arrow-left",
            partial(trail.can_go, -1),
            tip="Go back to what was selected before",
        ),
        Command(
            "go.forward",
            "&Forward",
            partial(trail.go, 1),
            QKeySequence.StandardKey.Forward,
            "arrow-right",
            partial(trail.can_go, 1),
            tip="Go where you went back from",
        ),
        Command(
            "graph.reveal",
            "Show in the &graph",
            lambda: window.go_to(session.selection[0]),
            None,
            "crosshair",
            has_selection,
        ),
        Command(
            "graph.producers",
            "Select &producers",
            partial(walk, session, window.canvas.reveal, UPWARDS),
            "Alt+Up",
            "",
            has_selection,
        ),
        Command(
            "graph.consumers",
            "Select &consumers",
            partial(walk, session, window.canvas.reveal, DOWNWARDS),
            "Alt+Down",
            "",
            has_selection,
        ),
        Command(
            "trace.up",
            f"Trace {TRACE_DEPTH} steps &up",
            partial(_trace, window, UPWARDS, TRACE_DEPTH),
            "Ctrl+Shift+Up",
            "",
            has_selection,
            tip="Outline what the selection is made from, a few steps back",
        ),
        Command(
            "trace.down",
            f"Trace {TRACE_DEPTH} steps &down",
            partial(_trace, window, DOWNWARDS, TRACE_DEPTH),
            "Ctrl+Shift+Down",
            "",
            has_selection,
            tip="Outline who uses the selection, a few steps ahead",
        ),
        Command(
            "trace.inputs",
            "Trace to the &inputs",
            partial(_trace, window, UPWARDS, None),
            "Ctrl+Alt+Up",
            "",
            has_selection,
            tip="Outline all the selection depends on",
        ),
        Command(
            "trace.outputs",
            "Trace to the &outputs",
            partial(_trace, window, DOWNWARDS, None),
            "Ctrl+Alt+Down",
            "",
            has_selection,
            tip="Outline all that depends on the selection",
        ),
        Command(
            "trace.between",
            "Paths &between two",
            partial(_between, window, paths_between, "on the paths between them"),
            "Ctrl+Shift+P",
            "",
            has_two,
            tip="Outline all paths between the two selected items",
        ),
        Command(
            "trace.shortest",
            "&Shortest path between two",
            partial(_between, window, shortest_path, "on a shortest path between them"),
            "Ctrl+Alt+P",
            "",
            has_two,
            tip="Outline one path of the fewest steps between the two selected items",
        ),
        Command("trace.clear", "C&lear the trace", lambda: window.canvas.set_preview(())),
    ]


def _trace(window: MainWindow, direction: int, depth: int | None) -> None:
    """Outline what is reached, off the UI thread: in a large graph that is every node."""
    graph, names = window.session.graph, window.session.selected_nodes()
    if graph is not None:
        whither = "above" if direction == UPWARDS else "below"
        window.session.tasks.run(
            "trace",
            lambda: tuple(trace(graph, names, direction, depth)),
            lambda found: _outline(window, found, f"{len(found) - len(names)} nodes {whither}."),
            window.session.failed.emit,
        )


def _between(
    window: MainWindow,
    search: Callable[[Graph, Iterable[str], Iterable[str]], Collection[str]],
    where: str,
) -> None:
    graph = window.session.graph
    if graph is None:
        return
    one, other = (_inside(graph, item) for item in window.session.selection)
    window.session.tasks.run(
        "trace",
        lambda: tuple(search(graph, one, other)),
        lambda found: _outline(
            window,
            found,
            f"{len(found)} nodes {where}." if found else "No path leads from one to the other.",
        ),
        window.session.failed.emit,
    )


def _inside(graph: Graph, item: str) -> tuple[str, ...]:
    """The nodes an item of the selection stands for."""
    if item.endswith("/"):
        return tuple(node.name for node in graph if node.name.startswith(item))
    return (item,)


def _outline(window: MainWindow, found: tuple[str, ...], words: str) -> None:
    window.canvas.set_preview(found)
    window.center.pages.show_page("graph")
    window.message.show_note(words)
