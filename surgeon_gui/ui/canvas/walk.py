"""Walking the graph with the arrow keys: along edges up and down, along a row left and right."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt

from surgeon_gui.ui.canvas.lights import shown_for
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.tree import ROOT


def neighbour(plan: Plan, item: int, key: Qt.Key) -> int | None:
    """The item in view that an arrow key leads to from `item`; None where there is none."""
    if key == Qt.Key.Key_Up:
        found = _nearest(plan, item, _linked(plan, item, upwards=True))
        return found if found is not None else _outer(plan, item)
    if key == Qt.Key.Key_Down:
        return _nearest(plan, item, _linked(plan, item, upwards=False))
    return _beside(plan, item, rightwards=key == Qt.Key.Key_Right)


def first_item(plan: Plan) -> int | None:
    """The topmost item, where a walk starts."""
    picture = plan.picture
    if not picture.items:
        return None
    at = min(range(len(picture.items)), key=lambda k: (picture.rects[k][1], picture.rects[k][0]))
    return picture.items[at]


def _linked(plan: Plan, item: int, *, upwards: bool) -> list[int]:
    """Items in view that feed `item` or are fed by it, data before control."""
    lift, tree = plan.scene.lift, plan.tree
    start, stop = tree.range_of(item)
    data: dict[int, None] = {}
    control: dict[int, None] = {}
    for node in range(start, stop):
        for link in lift.inputs(node) if upwards else lift.outputs(node):
            other = link.source if upwards else link.target
            if start <= other < stop:
                continue
            shown = shown_for(tree, plan, other)
            if shown is not None and shown != item:
                (control if link.is_control else data)[shown] = None
    return list(data) or list(control)


def _nearest(plan: Plan, item: int, others: list[int]) -> int | None:
    middle = plan.item_rect(item).center()

    def distance(other: int) -> float:
        away = plan.item_rect(other).center() - middle
        return abs(away.x()) * 2 + abs(away.y())

    return min(others, key=distance, default=None)


def _outer(plan: Plan, item: int) -> int | None:
    parent = plan.tree.parent(item)
    return parent if parent != ROOT and parent != item else None


def _beside(plan: Plan, item: int, *, rightwards: bool) -> int | None:
    """The nearest sibling on that side whose height overlaps, else the nearest at all."""
    rect = plan.item_rect(item)
    siblings = plan.tree.group(plan.tree.parent(item)).children
    best: tuple[bool, float] | None = None
    found = None
    for other in siblings:
        if other == item or other not in plan.index:
            continue
        there = plan.item_rect(other)
        away = there.center().x() - rect.center().x()
        if (away > 0) != rightwards or away == 0:
            continue
        score = (not _overlaps(rect, there), abs(away))
        if best is None or score < best:
            best, found = score, other
    return found


def _overlaps(a: QRectF, b: QRectF) -> bool:
    return a.top() < b.bottom() and b.top() < a.bottom()
