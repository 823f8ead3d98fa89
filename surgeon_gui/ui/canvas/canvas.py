"""GraphCanvas: the widget that shows a graph.

How items are named: a node by its name (`block/conv`), a namespace by its path with a closing slash
(`block/`), so an operation and a namespace of the same path stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRectF, Signal
from PySide6.QtWidgets import QGraphicsView, QWidget

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.labels import TensorTypes
from surgeon_gui.view.overlay import Overlay


class GraphCanvas(QGraphicsView):
    """A graph, drawn top to bottom, with namespaces that open in place.

    Signals:
        selection_changed(tuple): the selected items, nodes and `namespace/`, in order of choice.
        activated(str): an item was double clicked or Enter was pressed on it (a node; a namespace
            opens or closes by itself and is not reported).
        context_menu_requested(str, QPoint): an item (`""` for the empty canvas) and the global
            position for the menu; the item is selected already.
        hovered(str): the item under the mouse, `""` for none.
        zoom_changed(float): 1.0 is the natural size.
        layout_started(): a layout that takes longer than a frame begins.
        layout_progress(float): how much of it is done, 0 to 1.
        layout_finished(): the picture is complete (also after a cancel).
        expansion_changed(tuple): the namespaces now open.
    """

    selection_changed = Signal(tuple)
    activated = Signal(str)
    context_menu_requested = Signal(str, QPoint)
    hovered = Signal(str)
    zoom_changed = Signal(float)
    layout_started = Signal()
    layout_progress = Signal(float)
    layout_finished = Signal()
    expansion_changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme | None = None) -> None: ...

    # What is shown
    def set_graph(
        self,
        graph: Graph | None,
        *,
        types: TensorTypes | None = None,
        title: str = "",
    ) -> None:
        """Show `graph`; open namespaces, selection and view are kept where the names still exist.

        Args:
            graph: what to show; None shows the empty canvas.
            types: what is known of its tensors, for the shapes on nodes and edges.
            title: the file's name, first in the breadcrumb.
        """

    def set_types(self, types: TensorTypes | None) -> None: ...
    def graph(self) -> Graph | None: ...
    def set_overlay(self, overlay: Overlay) -> None: ...
    def set_theme(self, theme: Theme) -> None: ...

    # Opening and closing
    def expand(self, namespace: str) -> None: ...
    def collapse(self, namespace: str) -> None: ...
    def toggle(self, namespace: str) -> None: ...
    def expand_all(self) -> None: ...
    def collapse_all(self) -> None: ...
    def expanded(self) -> frozenset[str]: ...
    def set_expanded(self, namespaces: Iterable[str]) -> None: ...
    def cancel_layout(self) -> None: ...
    def is_laying_out(self) -> bool: ...

    # Selection and lights
    def reveal(self, item: str) -> None:
        """Open what hides `item`, select it and bring it to the centre."""

    def select(self, items: Iterable[str]) -> None: ...
    def selection(self) -> tuple[str, ...]: ...
    def set_hits(self, names: Iterable[str]) -> None:
        """Ring the nodes found by a search, and the closed namespaces that hold some."""

    def set_preview(self, names: Iterable[str]) -> None:
        """Outline the nodes an edit or rule would touch."""

    # Where things are
    def node_rect(self, name: str) -> QRectF: ...
    def group_rect(self, namespace: str) -> QRectF: ...
    def visible_items(self) -> tuple[str, ...]: ...
    def item_at(self, position: QPoint) -> str: ...

    # View
    def fit(self) -> None: ...
    def zoom(self) -> float: ...
    def set_zoom(self, zoom: float) -> None: ...
    def zoom_in(self) -> None: ...
    def zoom_out(self) -> None: ...
    def zoom_to_selection(self) -> None: ...
