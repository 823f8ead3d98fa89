"""What can be done with the selection without changing the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtGui import QGuiApplication

from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.graph.text import print_text
from surgeon_gui.ui.session import Session


class Walk:
    """Goes from place to place, round and round; begins at the first.

    Args:
        places: names of nodes.
        go: shows one.
    """

    def __init__(self, places: Sequence[str], go: Callable[[str], object]) -> None:
        self._places = places
        self._go = go
        self._at = 0
        go(places[0])

    def step(self, by: int) -> None:
        self._at = (self._at + by) % len(self._places)
        self._go(self._places[self._at])

    def choices(self) -> list[tuple[str, Callable[[], object]]]:
        """Return the buttons that walk, for a message."""
        return [("Previous", partial(self.step, -1)), ("Next", partial(self.step, 1))]


def selected_node(session: Session) -> Node | None:
    """Return the node selected, None when it is none, several or a namespace."""
    graph, selection = session.graph, session.selection
    return graph.get(selection[0]) if graph and len(selection) == 1 else None


def is_one_node(session: Session) -> bool:
    return selected_node(session) is not None


def is_input(session: Session) -> bool:
    node = selected_node(session)
    return node is not None and node.op.startswith("Placeholder")


def walk(session: Session, reveal: Callable[[str], object], direction: int) -> None:
    """Select what the selection reads (-1) or what reads it (1), and show the first."""
    graph = session.graph
    if graph is None:
        return
    names = session.selected_nodes()
    inside = set(names)
    near = graph.consumers if direction > 0 else graph.producers
    found = tuple(
        dict.fromkeys(
            other.name for name in names for other in near(name) if other.name not in inside
        )
    )
    if found:
        reveal(found[0])
        session.select(found, None)


def copy_names(session: Session) -> None:
    """Put the selected items' names on the clipboard, one a line."""
    names = [item.removesuffix("/") for item in session.selection]
    QGuiApplication.clipboard().setText("\n".join(names))


def copy_text(session: Session) -> None:
    """Put the selected nodes on the clipboard, in the text form of graphs."""
    graph = session.graph
    if graph is None:
        return
    chosen = set(session.selected_nodes())
    part = Graph(tuple(node for node in graph if node.name in chosen), graph.versions)
    session.tasks.run(
        "copy",
        lambda: print_text(part),
        QGuiApplication.clipboard().setText,
        session.failed.emit,
    )
