"""What the canvas selects and lights, and where things are on it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QPainter
from PySide6.QtWidgets import QWidget

from surgeon_gui.ui.canvas.corners import Corners
from surgeon_gui.ui.canvas.lights import gathered
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.canvas.show import GraphShow
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.labels import BODY_PAD, HEAD, ROW
from surgeon_gui.view.series import namespaces_in
from surgeon_gui.view.tree import Tree

# Items of a rubber band selection beyond this would only paint the canvas blue.
_MOST_LIT = 2000
_KEYS = (
    "Arrow keys walk along edges, Enter opens a namespace, F fits the graph. "
    "The outline lists the same nodes."
)


class GraphBoard(GraphShow):
    """The canvas with its selection and corner widgets; how it answers mouse and keys comes on top.

    Signals:
        selection_changed(tuple): the selected items, nodes and `namespace/`, in order of choice.
        coloring_requested(QPoint): the user wants to choose what nodes are coloured by; a global
            position for the menu.
    """

    selection_changed = Signal(tuple)
    coloring_requested = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme | None = None) -> None:
        super().__init__(parent, theme=theme)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Graph")
        self.setAccessibleDescription(_KEYS)
        self._selected: tuple[str, ...] = ()
        self._hits: tuple[str, ...] = ()
        self._preview: tuple[str, ...] = ()
        self._empty_text = ("No graph is open", "Open a frozen graph or drop one here.")
        self._corners = Corners(self, self._ink.theme)
        self.picture_changed.connect(self._picture_moved)
        self.view_changed.connect(self._corners.view_moved)
        self.zoom_changed.connect(self._corners.zoom_moved)

    def _picture_moved(self) -> None:
        """Bring lights and corners in line with another picture."""
        if self._plan is not None:
            kept = self._known(self._plan.tree, self._selected)
            if kept != self._selected:
                self._selected = kept
                self.selection_changed.emit(kept)
        self._light_up()
        self._corners.content_changed()

    def offer_colorings(self) -> None:
        """Let the legend ask what nodes are to be coloured by."""
        self._corners.legend.offers = True
        self._corners.content_changed()

    def finish_layout(self) -> None:
        super().finish_layout()
        self._corners.finish()

    # Selection and lights

    def reveal(self, item: str) -> None:
        """Open what hides `item`, select it and bring it to the centre."""
        if not self._when_shown(lambda: self.reveal(item)) or self._scene is None:
            return
        tree = self._scene.tree
        found = _item(tree, item)
        if found is None:
            return

        def settle() -> None:
            self.select([item])
            if self._plan is not None:
                self._centre(self._plan.item_rect(found))

        changed = self._scene.set_expanded(self._scene.expanded | set(tree.ancestors(found)))
        if changed or self._steps.is_running:
            self._lay_out(settle, glides=True)
            self.expansion_changed.emit(tuple(sorted(self.expanded())))
        else:
            settle()

    def _centre(self, rect: QRectF) -> None:
        self.leave_start()
        if self.zoom() < 0.5:
            self.set_zoom(0.9)
        self.centre(rect)

    def select(self, items: Iterable[str]) -> None:
        """Select these items; names the graph does not have are left out."""
        wanted = tuple(dict.fromkeys(items))
        if not self._when_shown(lambda: self.select(wanted)) or self._scene is None:
            return
        names = self._known(self._scene.tree, wanted)
        changed = names != self._selected
        self._selected = names
        self._light_up()
        if changed:
            self._tell()
            self._corners.selection_moved()
            self.selection_changed.emit(names)

    def _tell(self, words: str = "") -> None:
        """Let screen readers say what is selected, as the arrow keys walk the graph.

        Args:
            words: what they say instead.
        """
        graph, names = self._graph, self._selected
        if graph is not None and names and not words:
            inside = namespaces_in(names[-1])
            what = "namespace" if len(inside) == 1 else f"series of {len(inside)} namespaces"
            op = graph[names[-1]].op if names[-1] in graph else what
            words = f"{op} {names[-1]}" + (f", {len(names)} selected" if len(names) > 1 else "")
        self.setAccessibleDescription(words or _KEYS)
        event = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        QAccessible.updateAccessibility(event)

    @staticmethod
    def _known(tree: Tree, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if _item(tree, name) is not None)

    def selection(self) -> tuple[str, ...]:
        """The selected items, in order of choice."""
        return self._selected

    def set_hits(self, names: Iterable[str]) -> None:
        """Ring the nodes found by a search, and the closed namespaces that hold some."""
        self._hits = tuple(names)
        self._light_up()

    def preview(self) -> tuple[str, ...]:
        """The nodes outlined."""
        return self._preview

    def set_preview(self, names: Iterable[str]) -> None:
        """Outline the nodes an edit or rule would touch."""
        self._preview = tuple(names)
        self._light_up()

    def _light_up(self) -> None:
        lights, plan = self._light_item.lights, self._plan
        lights.selected, lights.in_edges, lights.out_edges = [], [], []
        lights.row, lights.hits, lights.preview = None, {}, []
        if plan is not None:
            tree = plan.tree
            lights.selected = list(gathered(tree, plan, _items(tree, self._selected)))[:_MOST_LIT]
            lights.in_edges, lights.out_edges = plan.edges_of(lights.selected)
            lights.row = self._selected_row(plan)
            lights.hits = gathered(tree, plan, _items(tree, self._hits))
            lights.preview = list(gathered(tree, plan, _items(tree, self._preview)))
        self._picture_item.update()
        self._light_item.update()

    def _selected_row(self, plan: Plan) -> QRectF | None:
        """The row of a constant, if one that is folded is selected."""
        if len(self._selected) != 1:
            return None
        name = self._selected[0]
        item = _item(plan.tree, name)
        at = plan.index.get(item) if item is not None else None
        if at is None or plan.picture.items[at] < 0:
            return None
        for number, row in enumerate(plan.label(at).rows):
            if row.constant == name:
                rect = plan.box_rect(at)
                top = rect.top() + HEAD + BODY_PAD + number * ROW
                return QRectF(rect.left() + 2, top, rect.width() - 4, ROW)
        return None

    # Where things are

    def node_rect(self, name: str) -> QRectF:
        """Where a node is, in the scene; empty while a closed namespace hides it."""
        item = self._plan.tree.find(name) if self._plan is not None else None
        return self._plan.item_rect(item) if self._plan and item is not None else QRectF()

    def group_rect(self, namespace: str) -> QRectF:
        """Where a namespace is, open or closed; empty while it is hidden."""
        item = self._plan.tree.find_group(namespace) if self._plan is not None else None
        return self._plan.item_rect(item) if self._plan and item is not None else QRectF()

    def is_drawn(self, name: str) -> bool:
        """Whether the graph shown has an item of this name, in view or inside something closed."""
        return bool(name) and self._plan is not None and _item(self._plan.tree, name) is not None

    def visible_items(self) -> tuple[str, ...]:
        """Every item of the picture, on the screen or not, outer before inner."""
        if self._plan is None:
            return ()
        return tuple(map(self._plan.tree.name, self._plan.picture.items))

    def item_at(self, position: QPoint) -> str:
        """The item at a place of the viewport; empty for none."""
        at = self._box_at(position)
        return "" if at is None else self._name(at)

    def _box_at(self, position: QPoint) -> int | None:
        return self._plan.box_at(self.mapToScene(position)) if self._plan is not None else None

    def _name(self, at: int) -> str:
        return self._plan.tree.name(self._plan.picture.items[at]) if self._plan else ""

    def start(self) -> QPointF:
        """The top of the first thing that data comes in by."""
        plan, scene = self._plan, self._scene
        if plan is None or scene is None:
            return super().start()
        # A box at top level begins above all that is in it.
        tops = {[node, *plan.tree.ancestors(node)][-1] for node in scene.inputs()}
        rects = [plan.picture.rects[plan.index[item]] for item in tops if item in plan.index]
        rects = rects or list(plan.picture.rects)
        if not rects:
            return super().start()
        left, top, width, _ = min(rects, key=lambda rect: (rect[1], rect[0]))
        return QPointF(left + width / 2, top)

    def rooms(self) -> tuple[QRectF, ...]:
        """Where what is fitted may lie: not under the corner widgets."""
        return self._corners.rooms()

    def selection_rect(self) -> QRectF:
        """Where the selection is, in the scene; empty without one."""
        around = QRectF()
        for item in self._light_item.lights.selected:
            if self._plan is not None:
                around = around.united(self._plan.item_rect(item))
        return around

    def zoom_to_selection(self) -> None:
        """Bring the whole selection into view."""
        self.fit_rect(self.selection_rect().adjusted(-60, -60, 60, 60), most=1.25)

    # Nothing to show

    def set_empty_text(self, title: str, hint: str) -> None:
        """What the canvas says while there is no graph."""
        self._empty_text = (title, hint)
        self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self._graph is not None:
            return
        title, hint = self._empty_text
        painter.save()
        painter.resetTransform()
        room = QRectF(self.viewport().rect())
        middle = room.center().y()
        painter.setFont(self._ink.font("bold"))
        painter.setPen(self._ink.theme.color("text"))
        upper = QRectF(room.left(), middle - 24, room.width(), 20)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, title)
        painter.setFont(self._ink.font("plain"))
        painter.setPen(self._ink.theme.color("muted"))
        lower = QRectF(room.left(), middle + 2, room.width(), 20)
        painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, hint)
        painter.restore()


def _item(tree: Tree, name: str) -> int | None:
    return tree.find_group(name) if name.endswith("/") else tree.find(name)


def _items(tree: Tree, names: Iterable[str]) -> list[int]:
    return [item for name in names if (item := _item(tree, name)) is not None]
