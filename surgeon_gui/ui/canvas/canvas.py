"""GraphCanvas: the widget that shows a graph and answers mouse and keys."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QRubberBand, QToolTip, QWidget

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.ui.canvas.anchor import CHEVRON
from surgeon_gui.ui.canvas.board import GraphBoard
from surgeon_gui.ui.canvas.edges import EdgeChoice, edges_on
from surgeon_gui.ui.canvas.rewire import RewireItem, Rewiring
from surgeon_gui.ui.canvas.tips import tip_for, tip_for_edge, tip_for_portal
from surgeon_gui.ui.canvas.walk import first_item, neighbour
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.carried import Edge
from surgeon_gui.view.labels import OPEN_HEAD

_ARROWS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right})
_TOGGLES = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_SIDE_BUTTONS = frozenset({Qt.MouseButton.BackButton, Qt.MouseButton.ForwardButton})
_SLACK = 4


class GraphCanvas(GraphBoard):
    """A graph, drawn top to bottom, with namespaces that open in place.

    Mouse: a click selects, with Ctrl or Shift adds; a double click opens or closes a namespace and
    activates a node; dragging pans, with Shift draws a selection rectangle; the wheel zooms. Where
    it is allowed, an arrow head dragged to another node lets its input read that node, and a click
    on an edge chooses it; that stands beside the selection.
    Keys: arrows walk along edges and rows, Enter opens and closes, E goes round the edges of the
    selection, + − 0 zoom, F fits, Esc lets go of the edge, then of the selection.

    Signals:
        activated(str): an item was double clicked or Enter was pressed on it (a node; a namespace
            opens or closes by itself and is not reported).
        context_menu_requested(str, QPoint): an item (`""` for the empty canvas or an edge) and the
            global position for the menu; the item is selected, the edge chosen already.
        hovered(str): the item under the mouse, `""` for none.
        rewire_requested(object): the user drew a `Wish` with an arrow head.
        edge_chosen(tuple): the `Edge`s of the graph that the chosen edge stands for, none without.
    """

    activated = Signal(str)
    context_menu_requested = Signal(str, QPoint)
    hovered = Signal(str)
    rewire_requested = Signal(object)
    edge_chosen = Signal(tuple)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme | None = None) -> None:
        super().__init__(parent, theme=theme)
        self._pressed: QPoint | None = None
        self._band: QRubberBand | None = None
        self._hover = ""
        rewire_item = RewireItem(self._ink)
        self._stage.addItem(rewire_item)
        self._rewiring = Rewiring(self, rewire_item)
        self.picture_changed.connect(self._rewiring.cancel)
        self._edges = EdgeChoice(self, self._light_item.lights)
        self.picture_changed.connect(lambda: self._tell_edge(is_new=self._edges.picture_moved()))

    def allow_rewiring(self) -> None:
        """Let the user drag arrow heads."""
        self._rewiring.is_allowed = True

    # The edge that is chosen

    def allow_edges(self) -> None:
        """Let the user choose edges."""
        self._edges.is_allowed = True

    def edge(self) -> tuple[Edge, ...]:
        """The edges of the graph that are chosen, on the picture or inside what is closed."""
        return self._edges.chosen

    def choose_edge(self, edges: Iterable[Edge]) -> None:
        """Light edges of the graph wherever they run; with none, let go of those chosen."""
        self._tell_edge(is_new=self._edges.choose(edges))

    def _tell_edge(self, *, is_new: bool) -> None:
        self._picture_item.update()
        self._light_item.update()
        if is_new:
            self._tell(self._edges.words())
            self.edge_chosen.emit(self._edges.chosen)

    def select(self, items: Iterable[str]) -> None:
        """Select these items, and let go of an edge."""
        self.choose_edge(())
        super().select(items)

    def _edge_at(self, position: QPoint) -> int | None:
        return self._edges.at(self.mapToScene(position))

    def _choose_edge_at(self, position: QPoint) -> bool:
        at = self._edge_at(position)
        if at is not None and self._plan is not None:
            self.select([])
            self.choose_edge(edges_on(self._plan, at))
        return at is not None

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in _SIDE_BUTTONS:
            event.ignore()
            return
        position = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton:
            self.start_pan(position)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = position
            self._rewiring.press(position)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._band = self._band or QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
                self._band.setGeometry(QRect(position, position))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        if self._pressed is not None and not self.is_panning:
            if self._band is not None:
                self._band.setGeometry(QRect(self._pressed, position).normalized())
                self._band.setVisible(self._is_drag(position))
            elif self._rewiring.is_pulling or self._is_drag(position):
                if self._rewiring.drag(position):
                    event.accept()
                    return
                self.start_pan(self._pressed)
        if self.is_panning:
            super().mouseMoveEvent(event)
            return
        self._set_hover(self.item_at(position))
        self._rewiring.hover(position)
        self._show_hand(position)
        event.accept()

    def _show_hand(self, position: QPoint) -> None:
        """Show that a portal or an edge can be clicked."""
        viewport, hand = self.viewport(), Qt.CursorShape.PointingHandCursor
        is_portal, edge = bool(self._portal_at(position)), self._edge_at(position)
        self._light_edge(None if is_portal else edge)
        # Over an arrow head the cursor says that it can be pulled.
        can_pull = viewport.cursor().shape() is Qt.CursorShape.CrossCursor
        if is_portal or (edge is not None and not can_pull):
            viewport.setCursor(hand)
        elif viewport.cursor().shape() is hand:
            viewport.unsetCursor()

    def _light_edge(self, at: int | None) -> None:
        if self._edges.hover(at):
            self._picture_item.update()
            self._light_item.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        pressed, self._pressed = self._pressed, None
        if self.is_panning:
            super().mouseReleaseEvent(event)
            return
        event.accept()
        if event.button() != Qt.MouseButton.LeftButton or pressed is None:
            return
        if self._rewiring.is_pulling:
            if (wish := self._rewiring.drop(position)) is not None:
                self.rewire_requested.emit(wish)
            return
        band, self._band = self._band, None
        if band is not None:
            is_drawn = self._is_drag_between(pressed, position)
            band.deleteLater()
            if is_drawn:
                self._select_in(QRect(pressed, position).normalized())
                return
        self._click(position, adds=bool(event.modifiers() & _TOGGLES))

    def _is_drag(self, position: QPoint) -> bool:
        return self._pressed is not None and self._is_drag_between(self._pressed, position)

    @staticmethod
    def _is_drag_between(start: QPoint, end: QPoint) -> bool:
        return (end - start).manhattanLength() > _SLACK

    def _click(self, position: QPoint, *, adds: bool) -> None:
        item = self.item_at(position)
        portal = self._portal_at(position)
        if portal and not adds:
            # A step on the way: who goes back comes to where the jump began.
            self._select_home(position)
            self.reveal(portal[0])
            self.select(portal)
            return
        if item and not adds and self._on_chevron(position):
            self.toggle(item)
            return
        if not adds and self._choose_edge_at(position):
            return
        chosen = self._constant_at(position) or item
        if not adds:
            self.select([chosen] if chosen else [])
        elif chosen in self.selection():
            self.select([name for name in self.selection() if name != chosen])
        elif chosen:
            self.select([*self.selection(), chosen])

    def _on_chevron(self, position: QPoint) -> bool:
        at = self._box_at(position)
        if at is None or self._plan is None or self._plan.picture.items[at] >= 0:
            return False
        rect = self._plan.box_rect(at)
        place = self.mapToScene(position) - rect.topLeft()
        return place.x() <= CHEVRON and place.y() <= OPEN_HEAD

    def _portal_at(self, position: QPoint) -> list[str]:
        """Where the cut edge at a place leads; on a box it is the box that counts."""
        plan, at = self._plan, self._box_at(position)
        if plan is None or self.zoom() < 0.5 or (at is not None and not plan.is_open[at]):
            return []
        return list(map(plan.tree.name, plan.portal_at(self.mapToScene(position))))

    def _select_home(self, position: QPoint) -> None:
        plan = self._plan
        home = plan.portal_home(self.mapToScene(position)) if plan is not None else None
        if plan is not None and home is not None:
            self.select([plan.tree.name(home)])

    def _constant_at(self, position: QPoint) -> str:
        at = self._box_at(position)
        if at is None or self._plan is None or self.zoom() < 0.5:
            return ""
        return self._plan.row_at(at, self.mapToScene(position))

    def _select_in(self, area: QRect) -> None:
        """Select what lies wholly inside; of an open namespace its members, not itself."""
        plan = self._plan
        if plan is None:
            return
        scene_area = self.mapToScene(area).boundingRect()
        self.select(
            self._name(int(at))
            for at in plan.closed_in(scene_area)
            if scene_area.contains(plan.box_rect(int(at)))
        )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        position = event.position().toPoint()
        item = self.item_at(position)
        # On the triangle the two clicks have opened and closed already.
        if self._on_chevron(position):
            self.toggle(item)
        elif item and self._edge_at(position) is None:
            self._activate(item)
        event.accept()

    def _activate(self, item: str) -> None:
        if item.endswith("/") and self._plan and self._plan.tree.find_group(item) is not None:
            self.toggle(item)
        else:
            self.activated.emit(item)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover("")
        self._light_edge(None)
        super().leaveEvent(event)

    def _set_hover(self, item: str) -> None:
        if item == self._hover:
            return
        self._hover = item
        at = self._box_at_name(item)
        self._light_item.lights.hover = at
        self._light_item.update()
        self.hovered.emit(item)

    def _box_at_name(self, name: str) -> int | None:
        """The item to be lit for a name: none for an open namespace, which is all background."""
        if not name or self._plan is None:
            return None
        tree = self._plan.tree
        item = tree.find_group(name) if name.endswith("/") else tree.find(name)
        at = self._plan.index.get(item) if item is not None else None
        return None if at is None or self._plan.is_open[at] else item

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        position = event.pos()
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if is_key:
            item = self.selection()[-1] if self.selection() else ""
            rect = self.group_rect(item) if item.endswith("/") else self.node_rect(item)
            position = self.mapFromScene(rect.center())
        else:
            is_edge = self._choose_edge_at(position)
            item = "" if is_edge else self._constant_at(position) or self.item_at(position)
            if item and item not in self.selection():
                self.select([item])
        self.context_menu_requested.emit(item, self.viewport().mapToGlobal(position))
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        at = self._box_at(event.pos())
        marks = self._picture_item.marks
        portal = self._portal_at(event.pos())
        edge = self._edge_at(event.pos())
        if self._plan is None or marks is None or (at is None and not portal and edge is None):
            QToolTip.hideText()
            return
        text = tip_for_portal(portal)
        if edge is not None and not portal:
            text = tip_for_edge(self._plan.tree.graph, edges_on(self._plan, edge), self._type_of)
        elif at is not None and not portal:
            text = tip_for(self._plan, marks, at, self._constant_at(event.pos()))
        QToolTip.showText(event.globalPos(), text, self.viewport())

    def _type_of(self, ref: TensorRef) -> str:
        kind = self._types.type(ref) if self._types is not None else None
        return f"{kind.dtype.text} {kind.shape}" if kind is not None else ""

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        elif key in _ARROWS:
            self._walk(key, adds=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key == Qt.Key.Key_E and self._edges.is_allowed:
            is_back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.choose_edge(self._edges.next(-1 if is_back else 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.selection():
                self._activate(self.selection()[-1])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.set_zoom(1.0)
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key == Qt.Key.Key_Home:
            self.show_start()
        elif key == Qt.Key.Key_Escape and self._rewiring.cancel():
            self._pressed = None
        elif key == Qt.Key.Key_Escape and self.edge():
            self.choose_edge(())
        elif key == Qt.Key.Key_Escape and (self.selection() or self.is_laying_out()):
            self.cancel_layout()
            self.select([])
        else:
            event.ignore()

    def _walk(self, key: Qt.Key, *, adds: bool) -> None:
        plan = self._plan
        if plan is None:
            return
        start = self._light_item.lights.selected[-1:] if self.selection() else []
        found = neighbour(plan, start[0], key) if start else first_item(plan)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.edge():
            found = self._edges.end(upwards=key is Qt.Key.Key_Up)
        if found is None:
            return
        name = plan.tree.name(found)
        kept = self.selection() if adds else ()
        self.select([*(other for other in kept if other != name), name])
        self._keep_in_view(plan.item_rect(found))

    def _keep_in_view(self, rect: QRectF) -> None:
        head = QRectF(rect.left(), rect.top(), rect.width(), min(rect.height(), 60))
        place = self.viewportTransform().mapRect(head)
        if not any(room.contains(place) for room in self.rooms()):
            self.leave_start()
            self.centre(rect)
