"""The layers of the network, drawn as a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from surgeon_gui.network.ir import Network
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.canvas_menu import show_canvas_menu
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.network import NetworkGraph, graph_from_network
from surgeon_gui.view.tree import Tree, tree_from_graph


class NetworkDrawing(QWidget):
    """A canvas of layers, coloured by their kind; drawn when it is first seen.

    Signals:
        chosen(tuple): the layers the user selected, by name.
        followed(tuple): the GraphDef nodes the user wants to see.
    """

    chosen = Signal(tuple)
    followed = Signal(tuple)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Layers as a graph")
        self._session = session
        self._network: Network | None = None
        self._drawn: NetworkGraph | None = None
        self._waiting: list[Callable[[], None]] = []
        self._told: tuple[str, ...] = ()
        self.canvas = GraphCanvas(theme=theme)
        self.canvas.setAccessibleName("Layers")
        self.canvas.set_empty_text("", "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.canvas.selection_changed.connect(self._selected)
        self.canvas.activated.connect(self._follow)
        self.canvas.context_menu_requested.connect(self._show_menu)

    def set_theme(self, theme: Theme) -> None:
        self.canvas.set_theme(theme)

    def show_network(self, network: Network | None, title: str) -> None:
        """Draw another network, worked out off the UI thread; None draws nothing."""
        if network is self._network:
            return
        self._network, self._drawn = network, None
        self._waiting.clear()
        if network is None:
            self._session.tasks.drop("network-drawing")
            self.canvas.set_graph(None)
            return

        def work() -> tuple[NetworkGraph, Tree]:
            found = graph_from_network(network)
            return found, tree_from_graph(found.graph)

        def done(found: tuple[NetworkGraph, Tree]) -> None:
            drawn, tree = found
            self._drawn = drawn
            self.canvas.set_graph(drawn.graph, types=drawn, title=title, tree=tree)
            waiting, self._waiting = self._waiting, []
            for action in waiting:
                action()

        self._session.tasks.run("network-drawing", work, done, self._session.failed.emit)

    def layers(self) -> NetworkGraph | None:
        """What is drawn; None until it is."""
        return self._drawn

    def select(self, layers: Iterable[str], *, shows: bool = False) -> None:
        """Select layers, as somebody else did; `shows` brings them into view."""
        names = tuple(layers)
        if self._drawn is None:
            self._waiting.append(lambda: self.select(names, shows=shows))
            return
        self._told = names
        self.canvas.select(names)
        if shows and names:
            self._bring(names[0])

    def _bring(self, layer: str) -> None:
        """Open what hides a layer and bring the selection into view."""
        canvas, plan = self.canvas, self.canvas.plan()
        item = plan.tree.find(layer) if plan is not None else None
        if plan is None or item is None:
            return
        around = map(plan.tree.name, plan.tree.ancestors(item))
        canvas.set_expanded(canvas.expanded() | {*around})
        if canvas.is_laying_out():
            once = Qt.ConnectionType.SingleShotConnection
            canvas.layout_finished.connect(
                lambda: QTimer.singleShot(0, canvas, canvas.zoom_to_selection), once
            )
        else:
            canvas.zoom_to_selection()

    def _selected(self, items: tuple[str, ...]) -> None:
        drawn, told, self._told = self._drawn, self._told, ()
        if drawn is None or (told and items == told):
            return
        spaces = tuple(item for item in items if item.endswith("/"))
        names = frozenset(items)
        self.chosen.emit(
            tuple(
                name
                for name in drawn.layers
                if name in names or (spaces and name.startswith(spaces))
            )
        )

    def _follow(self, item: str) -> None:
        nodes = self._drawn.origin(item) if self._drawn is not None else ()
        if nodes:
            self.followed.emit(nodes)

    def _show_menu(self, item: str, place: QPoint) -> None:
        nodes = self._drawn.origin(item) if self._drawn is not None else ()
        show_canvas_menu(
            self,
            "layer-menu",
            self.canvas,
            item,
            place,
            of_item=[("Show its nodes in the graph", lambda: self._follow(item), bool(nodes))],
        )
