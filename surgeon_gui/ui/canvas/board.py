"""What the canvas shows and lights; how it answers mouse and keys is `canvas.py`'s matter.

How items are named: a node by its name (`block/conv`), a namespace by its path with a closing slash
(`block/`), so an operation and a namespace of the same path stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas.corners import Corners
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.items import LightItem, PictureItem
from surgeon_gui.ui.canvas.lights import edges_of, gathered, shown_for
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.canvas.steps import Steps
from surgeon_gui.ui.canvas.zoomview import ZoomView
from surgeon_gui.ui.theme import Theme, system_theme
from surgeon_gui.view.labels import BODY_PAD, HEAD, OPEN_HEAD, ROW, TensorTypes
from surgeon_gui.view.overlay import Overlay
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.tree import Tree, tree_from_graph

CHEVRON = 30.0
# Items of a rubber band selection beyond this would only paint the canvas blue.
_MOST_LIT = 2000


class GraphBoard(ZoomView):
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
    layout_started = Signal()
    layout_progress = Signal(float)
    layout_finished = Signal()
    expansion_changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None, *, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Graph")
        self.setAccessibleDescription(
            "Arrow keys walk along edges, Enter opens a namespace, F fits the graph. "
            "The outline lists the same nodes."
        )
        self._ink = Ink(theme or system_theme())
        self._graph: Graph | None = None
        self._types: TensorTypes | None = None
        self._title = ""
        self._overlay = Overlay()
        self._tree: Tree | None = None
        self._scene: Scene | None = None
        self._plan: Plan | None = None
        self._selected: tuple[str, ...] = ()
        self._hits: tuple[str, ...] = ()
        self._preview: tuple[str, ...] = ()
        self._empty_text = ("No graph is open", "Open a frozen graph or drop one here.")
        self._more_tiles = QTimer(self)
        self._more_tiles.setSingleShot(True)
        self._more_tiles.setInterval(0)
        self._pending: Plan | None = None
        self._picture_item = PictureItem(self._ink, self._more_tiles.start)
        self._light_item = LightItem(self._ink)
        self._picture_item.lights = self._light_item.lights
        self._more_tiles.timeout.connect(self._picture_item.update)
        self._stage.addItem(self._picture_item)
        self._stage.addItem(self._light_item)
        self._steps = Steps(self)
        self._steps.started.connect(self.layout_started)
        self._steps.progressed.connect(self.layout_progress)
        self._steps.finished.connect(self.layout_finished)
        self._corners = Corners(self, self._ink.theme)
        self.view_changed.connect(self._corners.view_moved)
        self.zoom_changed.connect(self._corners.zoom_moved)
        self.set_theme(self._ink.theme)

    # What is shown

    def set_graph(
        self,
        graph: Graph | None,
        *,
        types: TensorTypes | None = None,
        title: str = "",
        tree: Tree | None = None,
    ) -> None:
        """Show `graph`; open namespaces, selection and view are kept where the names still exist.

        Args:
            graph: what to show; None shows the empty canvas.
            types: what is known of its tensors, for the shapes on nodes and edges.
            title: the file's name, first in the breadcrumb.
            tree: `tree_from_graph(graph)`, if it was made elsewhere already.
        """
        self._title = title
        if graph is None:
            self._steps.cancel()
            self._graph = self._tree = self._scene = None
            self._take_plan(None)
            return
        is_first = self._scene is None
        opened = self.expanded()
        self._graph, self._types = graph, types
        made: list[Tree] = [] if tree is None else [tree]

        def work() -> Iterator[float]:
            if not made:
                made.append(tree_from_graph(graph))
                yield 0.1
            scene = Scene(made[0], self._ink.metrics, types)
            groups = [item for name in opened if (item := made[0].find_group(name)) is not None]
            scene.set_expanded(scene.first_expansion() if is_first else groups)
            self._tree, self._scene = made[0], scene
            yield from self._drawn(scene)

        self._steps.run(work(), lambda: self._arrived(is_first))

    def _arrived(self, is_first: bool) -> None:
        self._show_pending()
        if is_first:
            self.show_start()
        self.select(self._selected)

    def graph(self) -> Graph | None:
        """The graph shown."""
        return self._graph

    def set_types(self, types: TensorTypes | None) -> None:
        """Take what is known of the tensors now; boxes keep their places as far as they can."""
        self._types = types
        if self._scene is not None:
            self._scene.set_types(types)
            self._lay_out()

    def set_overlay(self, overlay: Overlay) -> None:
        """Mark nodes; `Overlay()` takes all marks away."""
        self._overlay = overlay
        if self._tree is not None:
            self._picture_item.marks = self._light_item.marks = Marks(self._tree, overlay)
            self._picture_item.repaint()
        self._corners.content_changed()

    def overlay(self) -> Overlay:
        """The marks shown."""
        return self._overlay

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts."""
        changed = theme != self._ink.theme
        self._ink = Ink(theme) if changed else self._ink
        self._picture_item.ink = self._light_item.ink = self._ink
        self.setBackgroundBrush(theme.color("canvas"))
        self._corners.set_theme(theme)
        self._picture_item.repaint()
        self._light_item.update()
        self.viewport().update()

    def theme(self) -> Theme:
        """The colours shown."""
        return self._ink.theme

    def set_empty_text(self, title: str, hint: str) -> None:
        """What the canvas says while there is no graph."""
        self._empty_text = (title, hint)
        self.viewport().update()

    # Opening and closing

    def expand(self, namespace: str) -> None:
        """Open a namespace and those around it."""
        if self._tree is None or self._scene is None:
            return
        item = self._tree.find_group(namespace)
        if item is None:
            return
        self._set_open(self._scene.expanded | {item, *self._tree.ancestors(item)}, item)

    def collapse(self, namespace: str) -> None:
        """Close a namespace; those inside stay as they are for when it opens again."""
        if self._tree is None or self._scene is None:
            return
        item = self._tree.find_group(namespace)
        if item is not None:
            self._set_open(self._scene.expanded - {item}, item)

    def toggle(self, namespace: str) -> None:
        """Open a closed namespace, close an open one."""
        item = self._tree.find_group(namespace) if self._tree is not None else None
        if item is not None and self._scene is not None:
            (self.collapse if self._scene.is_open(item) else self.expand)(namespace)

    def expand_all(self) -> None:
        """Open every namespace."""
        if self._tree is not None:
            self._set_open(frozenset(~at for at in range(1, len(self._tree.groups))), None)

    def collapse_all(self) -> None:
        """Close every namespace."""
        self._set_open(frozenset(), None)

    def expanded(self) -> frozenset[str]:
        """The open namespaces, as `path/`."""
        if self._scene is None or self._tree is None:
            return frozenset()
        return frozenset(map(self._tree.name, self._scene.expanded))

    def set_expanded(self, namespaces: Iterable[str]) -> None:
        """Open exactly these namespaces."""
        if self._tree is None:
            return
        found = (self._tree.find_group(name) for name in namespaces)
        self._set_open(frozenset(item for item in found if item is not None), None)

    def cancel_layout(self) -> None:
        """Stop a layout that is going on; the picture stays as it was."""
        if self._steps.is_running and self._plan is not None and self._scene is not None:
            shown = [
                item
                for item, is_open in zip(
                    self._plan.picture.items, self._plan.picture.is_open, strict=True
                )
                if is_open
            ]
            self._scene.set_expanded(shown)
        self._steps.cancel()

    def is_laying_out(self) -> bool:
        return self._steps.is_running

    def finish_layout(self) -> None:
        """Wait for a layout that is going on (for tests and pictures)."""
        self._steps.finish()

    def _set_open(self, groups: frozenset[int], around: int | None) -> None:
        """Open these groups, keeping the place of `around` (else of the view's middle)."""
        if self._scene is None or not self._scene.set_expanded(groups):
            return
        self._lay_out(self._anchor(around))
        self.expansion_changed.emit(tuple(sorted(self.expanded())))

    def _lay_out(self, settle: Callable[[], None] | None = None) -> None:
        scene = self._scene
        if scene is None:
            return

        def done() -> None:
            self._show_pending()
            if settle is not None:
                settle()

        self._steps.run(self._drawn(scene), done)

    def _drawn(self, scene: Scene) -> Iterator[float]:
        """Arrange, paint and index a scene; the plan waits in `_pending`."""
        for share in scene.work():
            yield share * 0.8
        plan = Plan(scene, scene.picture())
        yield 0.9
        yield from plan.prepare()
        self._pending = plan

    def _show_pending(self) -> None:
        self._take_plan(self._pending)

    def _take_plan(self, plan: Plan | None) -> None:
        self._plan = self._pending = plan
        if plan is not None and (
            self._picture_item.marks is None
            or self._picture_item.plan is None
            or self._picture_item.plan.tree is not plan.tree
        ):
            self._picture_item.marks = Marks(plan.tree, self._overlay)
            self._light_item.marks = self._picture_item.marks
        self._picture_item.show_plan(plan)
        self._light_item.show_plan(plan)
        self.set_content(plan.rect if plan is not None else QRectF())
        self._light_up()
        self._corners.content_changed()
        self.viewport().update()

    def _anchor(self, item: int | None) -> Callable[[], None]:
        """Return what puts back what is under the mouse, or `item`, or else the view's middle."""
        mouse = self.viewport().mapFromGlobal(self.cursor().pos())
        under = self.viewport().underMouse()
        plan = self._plan
        if plan is None:
            return lambda: None
        if item is None or item not in plan.index:
            at = plan.box_at(self.mapToScene(self.viewport().rect().center()))
            item = plan.picture.items[at] if at is not None else None
        if item is None:
            return lambda: None
        kept = item
        rect = plan.item_rect(kept)
        point = rect.topLeft() + QPointF(rect.width() / 2, min(rect.height(), OPEN_HEAD) / 2)
        if under and rect.contains(self.mapToScene(mouse)):
            point = self.mapToScene(mouse)
        share = (point.x() - rect.left()) / max(rect.width(), 1.0)
        from_left = point.x() - rect.left() if point.x() - rect.left() < CHEVRON else None
        from_top = min(point.y() - rect.top(), OPEN_HEAD)
        where = self.viewportTransform().map(QPointF(point.x(), rect.top() + from_top))

        def settle() -> None:
            if self._plan is None or self._tree is None:
                return
            shown = shown_for(self._tree, self._plan, kept)
            if shown is None:
                return
            now = self._plan.item_rect(shown)
            x = now.left() + (from_left if from_left is not None else share * now.width())
            self.hold(QPointF(x, now.top() + from_top), where)

        return settle

    # Selection and lights

    def reveal(self, item: str) -> None:
        """Open what hides `item`, select it and bring it to the centre."""
        if self._tree is None or self._scene is None:
            return
        found = self._tree.find(item) if not item.endswith("/") else self._tree.find_group(item)
        if found is None:
            return
        target = found

        def settle() -> None:
            self.select([item])
            if self._plan is not None:
                rect = self._plan.item_rect(target)
                if self.zoom() < 0.5:
                    self.set_zoom(0.9)
                if rect.height() * self.zoom() > self.viewport().height():
                    self.centerOn(rect.center().x(), rect.top() + 0.4 * self.seen().height())
                else:
                    self.centerOn(rect.center())

        changed = self._scene.set_expanded(self._scene.expanded | set(self._tree.ancestors(found)))
        if changed or self._steps.is_running:
            self._lay_out(settle)
            self.expansion_changed.emit(tuple(sorted(self.expanded())))
        else:
            settle()

    def select(self, items: Iterable[str]) -> None:
        """Select these items; names the graph does not have are left out."""
        tree = self._tree
        wanted = dict.fromkeys(items)
        names = tuple(
            name
            for name in wanted
            if tree is not None
            and (tree.find_group(name) if name.endswith("/") else tree.find(name)) is not None
        )
        changed = names != self._selected
        self._selected = names
        self._light_up()
        if changed:
            self._corners.selection_moved()
            self.selection_changed.emit(names)

    def selection(self) -> tuple[str, ...]:
        """The selected items, in order of choice."""
        return self._selected

    def set_hits(self, names: Iterable[str]) -> None:
        """Ring the nodes found by a search, and the closed namespaces that hold some."""
        self._hits = tuple(names)
        self._light_up()

    def set_preview(self, names: Iterable[str]) -> None:
        """Outline the nodes an edit or rule would touch."""
        self._preview = tuple(names)
        self._light_up()

    def _light_up(self) -> None:
        lights, tree, plan = self._light_item.lights, self._tree, self._plan
        lights.selected, lights.in_edges, lights.out_edges = [], [], []
        lights.row, lights.hits, lights.preview = None, {}, []
        if tree is not None and plan is not None and plan.tree is tree:
            items = [item for name in self._selected if (item := self._item(name)) is not None]
            shown = list(gathered(tree, plan, items))
            lights.selected = shown[:_MOST_LIT]
            if len(shown) <= _MOST_LIT:
                lights.in_edges, lights.out_edges = edges_of(plan, lights.selected)
            lights.row = self._selected_row(plan)
            lights.hits = gathered(tree, plan, self._items(self._hits))
            lights.preview = list(gathered(tree, plan, self._items(self._preview)))
        self._picture_item.update()
        self._light_item.update()

    def _item(self, name: str) -> int | None:
        if self._tree is None:
            return None
        return self._tree.find_group(name) if name.endswith("/") else self._tree.find(name)

    def _items(self, names: Iterable[str]) -> list[int]:
        return [item for name in names if (item := self._item(name)) is not None]

    def _selected_row(self, plan: Plan) -> QRectF | None:
        """The row of a constant, if one that is folded is selected."""
        if len(self._selected) != 1 or self._tree is None:
            return None
        name = self._selected[0]
        item = self._item(name)
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
        item = self._tree.find(name) if self._tree is not None else None
        return self._plan.item_rect(item) if self._plan and item is not None else QRectF()

    def group_rect(self, namespace: str) -> QRectF:
        """Where a namespace is, open or closed; empty while it is hidden."""
        item = self._tree.find_group(namespace) if self._tree is not None else None
        return self._plan.item_rect(item) if self._plan and item is not None else QRectF()

    def visible_items(self) -> tuple[str, ...]:
        """Every item of the picture, on the screen or not, outer before inner."""
        if self._plan is None or self._tree is None:
            return ()
        return tuple(map(self._tree.name, self._plan.picture.items))

    def item_at(self, position: QPoint) -> str:
        """The item at a place of the viewport; empty for none."""
        at = self._box_at(position)
        return "" if at is None else self._name(at)

    def plan(self) -> Plan | None:
        """The picture shown."""
        return self._plan

    def marks(self) -> Marks | None:
        """The overlay as it is drawn."""
        return self._picture_item.marks

    def title(self) -> str:
        """The file's name."""
        return self._title

    def _box_at(self, position: QPoint) -> int | None:
        return self._plan.box_at(self.mapToScene(position)) if self._plan is not None else None

    def _name(self, at: int) -> str:
        return self._tree.name(self._plan.picture.items[at]) if self._plan and self._tree else ""

    def zoom_to_selection(self) -> None:
        """Bring the whole selection into view."""
        around = QRectF()
        for item in self._light_item.lights.selected:
            if self._plan is not None:
                around = around.united(self._plan.item_rect(item))
        self.fit_rect(around.adjusted(-60, -60, 60, 60), most=1.25)
