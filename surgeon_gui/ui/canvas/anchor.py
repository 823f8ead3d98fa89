"""Keeping in place, and open, what the user looks at while everything around it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.canvas.lights import shown_for
from surgeon_gui.view.labels import OPEN_HEAD
from surgeon_gui.view.pace import Pace
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.tree import Tree

if TYPE_CHECKING:
    from surgeon_gui.ui.canvas.show import GraphShow

CHEVRON = 30.0
"""How much of a group's left end is its triangle."""
# Of this many names of the old graph fewer than half in the new one: it is another graph.
_SAMPLE = 200
# Names looked up between two yields.
_NAMES = 300


def anchored(view: GraphShow, item: int | None = None) -> Callable[[], None]:
    """Return what puts back what is under the mouse, or `item`, or else the view's middle."""
    plan = view.plan()
    if plan is None:
        return lambda: None
    if item is None or item not in plan.index:
        at = plan.box_at(view.mapToScene(view.viewport().rect().center()))
        item = plan.picture.items[at] if at is not None else None
    if item is None:
        return lambda: None
    name = plan.tree.name(item)
    rect = plan.item_rect(item)
    point = rect.topLeft() + QPointF(rect.width() / 2, min(rect.height(), OPEN_HEAD) / 2)
    mouse = view.mapToScene(view.viewport().mapFromGlobal(view.cursor().pos()))
    if view.viewport().underMouse() and rect.contains(mouse):
        point = mouse
    across = point.x() - rect.left()
    share = across / max(rect.width(), 1.0)
    down = min(point.y() - rect.top(), OPEN_HEAD)
    where = view.viewportTransform().map(QPointF(point.x(), rect.top() + down))

    def settle() -> None:
        now_plan = view.plan()
        if now_plan is None:
            return
        tree = now_plan.tree
        kept = tree.find_group(name) if name.endswith("/") else tree.find(name)
        shown = shown_for(tree, now_plan, kept) if kept is not None else None
        if shown is None:
            return
        now = now_plan.item_rect(shown)
        # The triangle stays under the mouse, so that another click undoes the first.
        x = now.left() + (across if across < CHEVRON else share * now.width())
        view.hold(QPointF(x, now.top() + down), where)

    return settle


def opened_again(tree: Tree, before: Scene) -> Pace[set[int]]:
    """The groups to open in another tree so that what was open and in view stays so."""
    opened, seen = before.expanded, frozenset(before.shown())
    found: set[int] = set()
    for number, group in enumerate(opened):
        if number % _NAMES == 0:
            yield number / len(opened)
        item = tree.find_group(before.tree.name(group))
        if item is None:
            continue
        found.add(item)
        if group in seen:
            # A series that is new must not hide it.
            found.update(outer for outer in tree.ancestors(item) if tree.group(outer).series)
    return found


def is_other(before: Graph, graph: Graph) -> bool:
    """Whether two graphs have too little in common for the view of one to suit the other."""
    names = [node.name for node in before.nodes[:: max(len(before) // _SAMPLE, 1)]]
    return 2 * sum(name in graph for name in names) < len(names)
