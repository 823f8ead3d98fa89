"""What the canvas shows: the graph, which namespaces are open, marks and colours.

How items are named: a node by its name (`block/conv`), a namespace by its path with a closing slash
(`block/`), so an operation and a namespace of the same path stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRectF, QTimer, Signal
from PySide6.QtWidgets import QWidget

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas.anchor import anchored, is_other, opened_again
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.items import LightItem, PictureItem
from surgeon_gui.ui.canvas.marking import Marking
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.motion import Motion
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.canvas.steps import Steps
from surgeon_gui.ui.canvas.zoomview import ZoomView
from surgeon_gui.ui.farewell import let_go
from surgeon_gui.ui.theme import LIGHT, Theme
from surgeon_gui.view.coloring import Coloring, Tints
from surgeon_gui.view.labels import TensorTypes
from surgeon_gui.view.overlay import Overlay
from surgeon_gui.view.pace import Pace
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.tree import Tree, tree_steps

# Nodes of a graph that is laid out in the event that shows it.
_AT_ONCE = 1000


class GraphShow(ZoomView):
    """The part of the canvas that turns a graph into a picture.

    Signals:
        layout_started(): a layout that takes longer than a frame begins.
        layout_progress(float): how much of it is done, 0 to 1.
        layout_finished(): the picture is complete (also after a cancel).
        expansion_changed(tuple): the namespaces now open, as `path/`.
        picture_changed(): another picture, other marks or another theme is shown.
    """

    layout_started = Signal()
    layout_progress = Signal(float)
    layout_finished = Signal()
    expansion_changed = Signal(tuple)
    picture_changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self._ink = Ink(theme or LIGHT)
        self._graph: Graph | None = None
        self._types: TensorTypes | None = None
        self._title = ""
        self._scene: Scene | None = None
        self._plan: Plan | None = None
        self._arriving: tuple[Plan, Marks | None] | None = None
        self._afterwards: list[Callable[[], None]] = []
        self._folds_series = True
        self._more_tiles = QTimer(self)
        self._more_tiles.setSingleShot(True)
        self._more_tiles.setInterval(0)
        self._picture_item = PictureItem(self._ink, self._more_tiles.start)
        self._light_item = LightItem(self._ink)
        self._picture_item.lights = self._light_item.lights
        self._more_tiles.timeout.connect(self._picture_item.update)
        self._stage.addItem(self._picture_item)
        self._stage.addItem(self._light_item)
        self.setBackgroundBrush(self._ink.theme.color("canvas"))
        self._marking = Marking(self)
        self._marking.changed.connect(self._draw_marks)
        self._motion = Motion(self, self._picture_item, self._light_item)
        self._steps = Steps(self)
        self._steps.started.connect(self.layout_started)
        self._steps.progressed.connect(self.layout_progress)
        self._steps.finished.connect(self.layout_finished)

    # What is shown

    def set_graph(
        self,
        graph: Graph | None,
        *,
        types: TensorTypes | None = None,
        title: str = "",
        tree: Tree | None = None,
        expanded: Iterable[str] | None = None,
        overlay: Overlay | None = None,
    ) -> None:
        """Show `graph`; open namespaces, selection and view are kept where the names still exist.

        Args:
            graph: what to show; None shows the empty canvas.
            types: what is known of its tensors, for the shapes on nodes and edges.
            title: the file's name, first in the breadcrumb.
            tree: `tree_from_graph(graph)`, if it was made elsewhere already.
            expanded: the namespaces to open, as `path/`, seen from the start; None keeps those
                open.
            overlay: the marks it wears from the first; None keeps those there are.
        """
        self._afterwards.clear()
        self._marking.overlay = self._marking.overlay if overlay is None else overlay
        self._title, self._types = title, types
        before, self._graph = self._graph, graph
        if graph is None:
            self._steps.cancel()
            let_go(before)
            self._scene = None
            self._take(None, None)
            return
        is_new = before is None or self._scene is None or is_other(before, graph)
        self._draw_anew(graph, tree, is_new=is_new, expanded=expanded)

    def _draw_anew(
        self,
        graph: Graph,
        tree: Tree | None,
        *,
        is_new: bool,
        expanded: Iterable[str] | None = None,
    ) -> None:
        wanted = None if expanded is None else tuple(expanded)
        starts = is_new or wanted is not None
        settle = self.show_start if starts else anchored(self)
        self._placed = None
        layouts = None if is_new or self._scene is None else self._scene.layouts

        def work() -> Pace[None]:
            made = (
                tree
                if tree is not None
                else (yield from tree_steps(graph, series=self._folds_series))
            )
            scene = Scene(made, self._ink.metrics, self._types, layouts)
            if wanted is not None:
                found = map(made.find_group, wanted)
                scene.set_expanded(item for item in found if item is not None)
            elif is_new or self._scene is None:
                scene.set_expanded(scene.first_expansion())
            else:
                yield 0.0
                again = yield from opened_again(made, self._scene)
                scene.set_expanded(again)
                yield 0.0
            yield from self._drawn(scene)
            self._scene = scene

        def arrived() -> None:
            self._arrive()
            settle()
            waiting, self._afterwards = self._afterwards, []
            for action in waiting:
                action()

        self._steps.run(work(), arrived, is_long=len(graph) > _AT_ONCE)

    def _when_shown(self, action: Callable[[], None]) -> bool:
        """Whether the graph is on the canvas; if it is still being laid out, `action` waits."""
        if self._scene is not None and self._scene.tree.graph is self._graph:
            return True
        if self._graph is not None:
            self._afterwards.append(action)
        return False

    def set_folds_series(self, folds: bool) -> None:
        """Fold numbered siblings that are alike into one box, or show each by itself."""
        if folds != self._folds_series:
            self._folds_series = folds
            self._fold_anew()

    def _fold_anew(self) -> None:
        if self._graph is not None and self._when_shown(self._fold_anew):
            self._draw_anew(self._graph, None, is_new=False)

    def folds_series(self) -> bool:
        """Whether numbered siblings fold."""
        return self._folds_series

    def graph(self) -> Graph | None:
        """The graph shown."""
        return self._graph

    def title(self) -> str:
        """The file's name."""
        return self._title

    def plan(self) -> Plan | None:
        """The picture shown."""
        return self._plan

    def types(self) -> TensorTypes | None:
        """What is known of the tensors shown."""
        return self._types

    def set_types(self, types: TensorTypes | None) -> None:
        """Take what is known of the tensors now; the view stays where it is."""
        if not self._when_shown(lambda: self.set_types(types)):
            return
        self._types = types
        if self._scene is not None:
            let_go(*self._scene.set_types(types))
            still = anchored(self) if self._placed is None else self.place_again
            self._lay_out(self.show_start if self.is_at_start else still)

    def set_overlay(self, overlay: Overlay) -> None:
        """Mark nodes; `Overlay()` takes all marks away."""
        self._marking.set_overlay(overlay)

    def set_coloring(self, coloring: Coloring | None, tints: Tints | None = None) -> None:
        """Colour nodes and closed groups by this instead of heads by kind of op; None does not.

        Args:
            coloring: a value per node.
            tints: what it says of the items shown, if that was found elsewhere already.
        """
        if coloring is not None or self._marking.coloring is not None:
            self._marking.set_coloring(coloring, tints)

    def coloring(self) -> Coloring | None:
        """What nodes are coloured by, None for their kind of op."""
        return self._marking.coloring

    def _draw_marks(self) -> None:
        self._picture_item.marks = self._light_item.marks = self._marking.marks
        self._picture_item.repaint()
        self.picture_changed.emit()

    def overlay(self) -> Overlay:
        """The marks shown."""
        return self._marking.overlay

    def marks(self) -> Marks | None:
        """The overlay as it is drawn."""
        return self._marking.marks

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts."""
        if theme == self._ink.theme:
            return
        self._ink = Ink(theme)
        self._picture_item.ink = self._light_item.ink = self._ink
        self.setBackgroundBrush(theme.color("canvas"))
        self._picture_item.repaint()
        self._light_item.update()
        self.picture_changed.emit()

    def theme(self) -> Theme:
        """The colours shown."""
        return self._ink.theme

    # Opening and closing

    def expand(self, namespace: str) -> None:
        """Open a namespace and those around it."""
        if not self._when_shown(lambda: self.expand(namespace)) or self._scene is None:
            return
        tree = self._scene.tree
        item = tree.find_group(namespace)
        if item is not None:
            self._set_open(self._scene.expanded | {item, *tree.ancestors(item)}, item)

    def collapse(self, namespace: str) -> None:
        """Close a namespace; those inside stay as they are for when it opens again."""
        if not self._when_shown(lambda: self.collapse(namespace)) or self._scene is None:
            return
        item = self._scene.tree.find_group(namespace)
        if item is not None:
            self._set_open(self._scene.expanded - {item}, item)

    def toggle(self, namespace: str) -> None:
        """Open a closed namespace, close an open one."""
        item = self._scene.tree.find_group(namespace) if self._scene is not None else None
        if item is not None and self._scene is not None:
            (self.collapse if self._scene.is_open(item) else self.expand)(namespace)

    def expand_all(self) -> None:
        """Open every namespace."""
        if self._when_shown(self.expand_all) and self._scene is not None:
            groups = range(1, len(self._scene.tree.groups))
            self._set_open(frozenset(~at for at in groups), None)

    def collapse_all(self) -> None:
        """Close every namespace."""
        if self._when_shown(self.collapse_all):
            self._set_open(frozenset(), None)

    def expanded(self) -> frozenset[str]:
        """The open namespaces, as `path/`."""
        if self._scene is None:
            return frozenset()
        return frozenset(map(self._scene.tree.name, self._scene.expanded))

    def set_expanded(self, namespaces: Iterable[str]) -> None:
        """Open exactly these namespaces."""
        names = tuple(namespaces)
        if self._when_shown(lambda: self.set_expanded(names)) and self._scene is not None:
            found = map(self._scene.tree.find_group, names)
            self._set_open(frozenset(item for item in found if item is not None), None)

    def cancel_layout(self) -> None:
        """Stop a layout that is going on; the picture stays as it was."""
        if not self._steps.is_running:
            return
        self._steps.cancel()
        self._afterwards.clear()
        if self._plan is None:
            self._graph = self._scene = None
        else:
            self._graph, self._scene = self._plan.tree.graph, self._plan.scene
            shown = zip(self._plan.picture.items, self._plan.picture.is_open, strict=True)
            self._scene.set_expanded([item for item, is_open in shown if is_open])
            self.expansion_changed.emit(tuple(sorted(self.expanded())))
        self.picture_changed.emit()

    def is_laying_out(self) -> bool:
        """Whether a layout is going on, marks are made, or boxes are on their way."""
        return self._steps.is_running or self._marking.is_running or self._motion.is_running

    def finish_layout(self) -> None:
        """Wait for a layout that is going on (for tests and pictures)."""
        self._steps.finish()
        self._marking.finish()
        self._motion.finish()

    def set_animated(self, animated: bool) -> None:
        """Let boxes glide when namespaces open and close, where the system does not object."""
        self._motion.is_wanted = animated
        self._motion.finish()

    def _set_open(self, groups: frozenset[int], around: int | None) -> None:
        """Open these groups, keeping the place of `around` (else of the view's middle)."""
        if self._scene is None or not self._scene.set_expanded(groups):
            return
        is_whole = around is None and self.is_at_start
        anchor = self.show_start if is_whole else anchored(self, around)
        self.leave_start()
        self._lay_out(anchor, glides=True)
        self.expansion_changed.emit(tuple(sorted(self.expanded())))

    def _lay_out(self, settle: Callable[[], None], *, glides: bool = False) -> None:
        """Draw the scene as it is now, then call `settle`; boxes may glide to their places."""
        if self._scene is None:
            return

        def done() -> None:
            seen = self._motion.seen() if glides else None
            self._arrive()
            settle()
            self._motion.start(seen)

        self._steps.run(self._drawn(self._scene), done)

    def _drawn(self, scene: Scene) -> Pace[None]:
        """Arrange and index a scene; the plan waits in `_arriving`."""
        picture = yield from scene.work()
        yield 1.0
        plan = Plan(scene, picture)
        yield 1.0
        yield from plan.prepare()
        marks = None
        if self._plan is None or self._plan.tree is not plan.tree:
            marks = yield from self._marking.steps(plan.tree)
        self._arriving = plan, marks
        yield 1.0

    def _arrive(self) -> None:
        plan, marks = self._arriving or (None, None)
        self._arriving = None
        self._take(plan, marks)

    def _take(self, plan: Plan | None, marks: Marks | None) -> None:
        """Show a plan, with its marks if it is of another tree."""
        self._motion.finish()
        before, self._plan = self._plan, plan
        if plan is None or marks is not None:
            let_go(before)
            self._picture_item.marks = self._light_item.marks = marks
            self._marking.take(marks)
        self._picture_item.show_plan(plan)
        self._light_item.show_plan(plan)
        self.set_content(plan.rect if plan is not None else QRectF())
        self.picture_changed.emit()
        self.viewport().update()
