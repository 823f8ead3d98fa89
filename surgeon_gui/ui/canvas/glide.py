"""The way from one picture to the next: boxes glide to their places when a namespace opens.

Only what is seen moves, and only its painting: the new picture counts for clicks from the start.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.near import Near
from surgeon_gui.ui.canvas.plan import Indices, Plan
from surgeon_gui.view.tree import ROOT

DURATION_MS = 160
# More than this in view would not be painted within a frame.
_MOST_BOXES, _MOST_EDGES = 260, 500
_MARGIN = 24.0


class Glide:
    """A change of picture, to be painted at any time between its start and its end.

    Args:
        before: what was seen; its boxes may themselves be on their way.
        after: what is to be seen.
        shift: from the scene of `before` to that of `after`, for what stays where it is on the
            screen.
        area: what is in view, in the scene of `after`.
    """

    def __init__(self, before: Plan, after: Plan, shift: QPointF, area: QRectF) -> None:
        self.before, self.after = before, after
        self._shift = shift
        area = area.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        seen_before = area.translated(-shift)
        self._edges_before = before.edges_in(seen_before)
        self._edges_after = after.edges_in(area)
        self._from: dict[int, QRectF] = {}
        shown = _items(before, before.closed_in(seen_before), before.open_in(seen_before))
        coming = _items(after, after.closed_in(area), after.open_in(area))
        self._leaving = [item for item in shown if item not in after.index]
        self._kept = [item for item in {**shown, **coming} if item in after.index]
        for item in self._kept:
            if item in before.index:
                self._from[item] = before.item_rect(item).translated(shift)
        self._around = {
            **{item: _around(after, before, item) for item in self._kept if item not in self._from},
            **{item: _around(before, after, item) for item in self._leaving},
        }
        self.now = after.moved({})

    @property
    def is_light(self) -> bool:
        """Whether every frame can be painted in time, and anything moves at all."""
        boxes = len(self._kept) + len(self._leaving)
        edges = len(self._edges_before) + len(self._edges_after)
        changes = bool(self._leaving) or len(self._from) < len(self._kept)
        return changes and boxes <= _MOST_BOXES and edges <= _MOST_EDGES

    def go_to(self, share: float) -> None:
        """Put every box where it is at a share of the way, 0 to 1."""
        after, moved = self.after, dict[int, QRectF]()
        for item, start in self._from.items():
            moved[after.index[item]] = _between(start, after.item_rect(item), share)
        for item in self._kept:
            if item not in self._from:
                outer = self._around[item]
                carried = after.item_rect(item)
                if outer in self._from:
                    carried.translate(_way(after.item_rect(outer), moved[after.index[outer]]))
                moved[after.index[item]] = carried
        self.now = after.moved(moved)

    def paint(self, painter: QPainter, marks: Marks, ink: Ink, share: float) -> None:
        """Paint the boxes as `go_to` left them; what comes fades in and what goes fades out."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        near = Near(painter, self.now, marks, ink)
        index = self.now.index
        opened = sorted(index[item] for item in self._kept if self.now.is_open[index[item]])
        closed = sorted(index[item] for item in self._kept if not self.now.is_open[index[item]])
        near.open_groups(opened)
        self._edges(painter, marks, ink, share)
        for at in closed:
            self._box(near, at, share)
        self._leave(painter, marks, ink, 1.0 - share)
        near.open_heads(opened)
        for at in closed:
            if self.now.picture.items[at] in self._from:
                near.badge(at)

    def _edges(self, painter: QPainter, marks: Marks, ink: Ink, share: float) -> None:
        # Old edges do not follow their boxes, so they are gone before that shows.
        painter.setOpacity(max(1.0 - 3.0 * share, 0.0))
        painter.translate(self._shift)
        Near(painter, self.before, marks, ink).edges(self._edges_before)
        painter.translate(-self._shift)
        painter.setOpacity(max(2.0 * share - 1.0, 0.0))
        Near(painter, self.after, marks, ink).edges(self._edges_after)
        painter.setOpacity(1.0)

    def _box(self, near: Near, at: int, share: float) -> None:
        item = self.now.picture.items[at]
        if item in self._from:
            near.box(at)
            return
        painter = near.painter
        painter.save()
        outer = self.now.item_rect(self._around[item])
        if not outer.isNull():
            painter.setClipRect(outer)
        painter.setOpacity(share)
        near.box(at)
        painter.restore()

    def _leave(self, painter: QPainter, marks: Marks, ink: Ink, share: float) -> None:
        """Paint what is going, inside what closes over it."""
        before, moved = self.before, dict[int, QRectF]()
        for item in self._leaving:
            outer = self._around[item]
            by = self._shift
            if outer in self.now.index:
                by = _way(before.item_rect(outer), self.now.item_rect(outer))
            moved[before.index[item]] = before.item_rect(item).translated(by)
        near = Near(painter, before.moved(moved), marks, ink)
        for item in self._leaving:
            painter.save()
            outer_rect = self.now.item_rect(self._around[item])
            if not outer_rect.isNull():
                painter.setClipRect(outer_rect)
            painter.setOpacity(share)
            at = before.index[item]
            (near.open_groups([at]) if before.is_open[at] else near.box(at))
            painter.restore()


def _items(plan: Plan, *found: Indices) -> dict[int, None]:
    return dict.fromkeys(plan.picture.items[int(at)] for some in found for at in some)


def _around(plan: Plan, other: Plan, item: int) -> int:
    """The innermost group around an item of `plan` that `other` shows too."""
    return next((outer for outer in plan.tree.ancestors(item) if outer in other.index), ROOT)


def _way(start: QRectF, end: QRectF) -> QPointF:
    """How far what is in a group goes when the group does: with the middle of its top."""
    return QPointF(end.center().x() - start.center().x(), end.top() - start.top())


def _between(start: QRectF, end: QRectF, share: float) -> QRectF:
    def mixed(one: float, other: float) -> float:
        return one + (other - one) * share

    return QRectF(
        mixed(start.left(), end.left()),
        mixed(start.top(), end.top()),
        mixed(start.width(), end.width()),
        mixed(start.height(), end.height()),
    )
