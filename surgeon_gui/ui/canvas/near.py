"""Painting close up: every box with its writing, every edge with its arrow."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QTransform

from surgeon_gui.ui.canvas.differences import (
    marked_pen,
    paint_differences,
    paint_share,
    split_edges,
)
from surgeon_gui.ui.canvas.ink import (
    BADGE,
    GROUP_RADIUS,
    RADIUS,
    Ink,
    chevron,
    head_path,
    status_glyph,
)
from surgeon_gui.ui.canvas.lights import Lights
from surgeon_gui.ui.canvas.lit import paint_arrow, paint_lit_edges
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Indices, Plan
from surgeon_gui.view.labels import BODY_PAD, CLOSED_GROUP, HEAD, OPEN_HEAD, PAD, ROW, Label
from surgeon_gui.view.overlay import Summary

TEXT_FROM = 0.56
# Heads are written at least this large on the screen, as long as they fit.
_SMALLEST_HEAD = 8.6
_HEAD_SIZE = 12.5
_DASH = [4.0, 3.0]
# How far the boxes of a series stick out from under the first.
_SHEET = 3.0


def paint_near(
    painter: QPainter, plan: Plan, marks: Marks, ink: Ink, area: QRectF, lights: Lights
) -> None:
    """Paint the part of the picture in `area`, at a scale where boxes have a shape."""
    brush = Near(painter, plan, marks, ink)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    brush.open_groups(plan.open_in(area))
    brush.edges(plan.edges_in(area))
    paint_lit_edges(painter, plan, ink, area, lights, with_arrows=True)
    closed = plan.closed_in(area, 2 * BADGE)
    for at in closed:
        brush.box(int(at))
    brush.open_heads(plan.open_in(area.adjusted(-20, -20, 20, 20)))
    brush.edge_labels(plan.edges_in(area))
    for at in closed:
        brush.badge(int(at))


class Near:
    """Paints pieces of a picture; `paint_near` puts them in order."""

    def __init__(self, painter: QPainter, plan: Plan, marks: Marks, ink: Ink) -> None:
        self.painter, self.plan, self.marks, self.ink = painter, plan, marks, ink
        self.theme = ink.theme
        self.scale = painter.worldTransform().m11()
        self.with_text = self.scale >= TEXT_FROM
        self.grow = _SMALLEST_HEAD / (_HEAD_SIZE * self.scale)
        self.line, self.body = ink.pen("node_line"), QBrush(self.theme.color("node"))
        # Stripes are as wide on the screen at any zoom, so that they never blur into a tint.
        unscaled = QTransform.fromScale(1 / self.scale, 1 / self.scale)
        self.hatch, self.dark_hatch = QBrush(ink.hatch), QBrush(ink.dark_hatch)
        self.hatch.setTransform(unscaled)
        self.dark_hatch.setTransform(unscaled)
        self.muted, self.strong = self.theme.color("muted"), self.theme.color("text")

    # Groups

    def open_groups(self, found: Iterable[int]) -> None:
        """The open groups' bodies."""
        painter, plan = self.painter, self.plan
        painter.setPen(self.ink.pen("group_line"))
        for at in map(int, found):
            painter.setBrush(self.theme.group_fill(plan.tree.depth(plan.picture.items[at])))
            painter.drawRoundedRect(plan.box_rect(at), GROUP_RADIUS, GROUP_RADIUS)

    def open_heads(self, found: Iterable[int]) -> None:
        """The open groups' names, over the edges that come in."""
        for at in map(int, found):
            item = self.plan.picture.items[at]
            rect = self.plan.box_rect(at)
            label = self.plan.label(at)
            fill = self.theme.group_fill(self.plan.tree.depth(item))
            self._group_writing(rect, OPEN_HEAD / 2 + 1, label, is_open=True, fill=fill)
            summary = self.marks.summary(item)
            if summary.is_drawn:
                self._pill(rect, summary)

    def _closed_group(self, at: int, rect: QRectF, label: Label) -> None:
        painter = self.painter
        item = self.plan.picture.items[at]
        summary = self.marks.summary(item)
        painter.setPen(self.ink.pen("group_line"))
        tints = self.marks.tints
        paint = self.ink.tints.of(tints, item) if tints is not None else None
        painter.setBrush(paint.fill if paint else self.theme.group_fill(self.plan.tree.depth(item)))
        if self.plan.tree.group(item).series:
            for by in (2 * _SHEET, _SHEET):
                painter.drawRoundedRect(rect.translated(by, by), GROUP_RADIUS, GROUP_RADIUS)
        painter.drawRoundedRect(rect, GROUP_RADIUS, GROUP_RADIUS)
        if tints is not None and paint is not None:
            self._group_writing(rect, 16.0, label, is_open=False, writing=paint.writing)
            if self.with_text:
                text = self.ink.elided(tints.text(item), rect.width() - 42)
                self._write(text, "plain", rect.left() + 30, rect.top() + 33, paint.writing)
            return
        self._kinds(rect, item)
        if summary.worst is None:
            self._group_writing(rect, CLOSED_GROUP / 2 - 3, label, is_open=False)
            return
        self._group_writing(rect, 16.0, label, is_open=False)
        bar = QRectF(rect.left() + 12, rect.top() + CLOSED_GROUP - 17, rect.width() - 24, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("track"))
        painter.drawRoundedRect(bar, 2.5, 2.5)
        if summary.differences:
            whole = self.plan.tree.group(item).count
            paint_share(painter, self.ink, summary, whole, bar, 2.5)
        elif summary.converts > 0:
            bar.setWidth(max(bar.width() * summary.converts, 5))
            painter.setBrush(self.theme.color("takes"))
            painter.drawRoundedRect(bar, 2.5, 2.5)

    def _kinds(self, rect: QRectF, group: int) -> None:
        """A strip along the lower edge: how much there is inside of each kind of op."""
        if not self.with_text:
            return
        painter = self.painter
        painter.setPen(Qt.PenStyle.NoPen)
        left, room = rect.left() + 12, rect.width() - 24
        for kind, share in self.plan.scene.kinds(group):
            painter.setBrush(self.theme.category(kind))
            painter.drawRect(QRectF(left, rect.top() + CLOSED_GROUP - 8, share * room, 3))
            left += share * room

    def _group_writing(
        self,
        rect: QRectF,
        middle: float,
        label: Label,
        *,
        is_open: bool,
        fill: QColor | None = None,
        writing: QColor | None = None,
    ) -> None:
        painter, ink = self.painter, self.ink
        muted = writing or self.muted
        left, y = rect.left() + 12, rect.top() + middle
        count = label.rows[0].left
        count_width = ink.width(count, "plain")
        if fill is not None:
            # Edges that come in run behind the writing, not through it.
            name_width = ink.width(label.head, "bold")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRect(QRectF(left - 3, y - 9, name_width + 26, 18))
            painter.drawRect(QRectF(rect.right() - 16 - count_width, y - 9, count_width + 8, 18))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(muted)
        painter.translate(left + 4, y)
        painter.drawPath(chevron(is_open))
        painter.translate(-left - 4, -y)
        room = rect.width() - 36 - (count_width + 16 if self.with_text else 0)
        self._caption(label.head, left + 18, y, room, writing or self.strong)
        if not self.with_text:
            return
        self._write(count, "plain", rect.right() - 12 - count_width, y, muted)

    # Nodes

    def box(self, at: int) -> None:
        """A node or closed group."""
        rect, label = self.plan.box_rect(at), self.plan.label(at)
        if not label.category:
            self._closed_group(at, rect, label)
            return
        painter, theme = self.painter, self.theme
        item = self.plan.picture.items[at]
        mark = self.marks.mark(item)
        paint = self.ink.tints.node(self.marks.tints, item, label.category)
        width = rect.width()
        is_whole = not label.rows
        painter.translate(rect.topLeft())
        if not is_whole:
            painter.setPen(self.line if mark is None else Qt.PenStyle.NoPen)
            painter.setBrush(self.body)
            painter.drawRoundedRect(QRectF(0, 0, width, rect.height()), RADIUS, RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paint.fill)
        painter.drawPath(head_path(width, is_whole))
        if mark is not None:
            hatch = self.dark_hatch if paint.is_pale else self.hatch
            painter.fillRect(QRectF(1, 1, width - 2, HEAD - 1), hatch)
        if mark is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(_thin(theme.status(mark.status), 1.5))
            painter.drawRoundedRect(QRectF(0, 0, width, rect.height()), RADIUS, RADIUS)
        self._caption(label.head, PAD + 1, HEAD / 2, width - 2 * PAD, paint.writing)
        if self.with_text:
            self._rows(label, width)
        painter.translate(-rect.topLeft())

    def _rows(self, label: Label, width: float) -> None:
        ink = self.ink
        y = HEAD + BODY_PAD + ROW / 2
        for row in label.rows:
            self._write(row.left, "plain", PAD + 1, y, self.muted)
            if row.right:
                right = width - PAD - ink.width(row.right, "mono")
                self._write(row.right, "mono", right, y, self.strong)
            y += ROW

    def _caption(self, text: str, left: float, middle: float, room: float, color: QColor) -> None:
        """Write a head, larger than the rest when the picture is far away."""
        grow, wanted = self.grow, self.ink.width(text, "bold")
        if grow > 1.0 and wanted:
            # Rather small and whole than large and cut.
            grow = max(1.0, min(grow, room / wanted))
        if grow <= 1.0 and self.with_text:
            self._write(text, "bold", left, middle, color)
            return
        if wanted * grow > room + 1.0:
            text = self.ink.elided(text, room / grow)
            if text == "…":
                return
        self.painter.translate(left, middle)
        self.painter.scale(grow, grow)
        self._write(text, "bold", 0.0, 0.0, color)
        self.painter.scale(1 / grow, 1 / grow)
        self.painter.translate(-left, -middle)

    def _write(self, text: str, font: str, left: float, middle: float, color: QColor) -> None:
        painter, ink = self.painter, self.ink
        painter.setFont(ink.font(font))
        painter.setPen(color)
        painter.drawStaticText(QPointF(left, middle - ink.height(font) / 2), ink.text(text, font))

    # Edges

    def edges(self, found: Indices) -> None:
        """Edges with their arrowheads."""
        painter, plan = self.painter, self.plan
        # Cosmetic pens count device pixels; a wide one is quick for single lines only.
        ratio = painter.device().devicePixelRatioF()
        is_wide = ratio > 1.0
        plain, dashed = self.ink.pen("edge", ratio), self.ink.pen("edge", ratio)
        dashed.setDashPattern(_DASH)
        origins = plan.picture.origins
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(plain)
        is_dashed = False
        found, marked = split_edges(plan, self.marks, found)
        for at in map(int, found):
            strand = plan.strand(at)
            if strand.is_control != is_dashed:
                is_dashed = strand.is_control
                painter.setPen(dashed if is_dashed else plain)
            x, y = origins[at]
            painter.translate(x, y)
            if is_wide and not is_dashed:
                painter.drawLines(plan.lines(at))
            else:
                painter.drawPolyline(plan.polygon(at))
            painter.translate(-x, -y)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("edge"))
        for at in map(int, found):
            if plan.strand(at).has_arrow:
                paint_arrow(painter, plan, at)
        for at in map(int, marked):
            self._marked_edge(at, ratio)

    def _marked_edge(self, at: int, ratio: float) -> None:
        painter, plan = self.painter, self.plan
        status, (x, y) = self.marks.edge(plan.strand(at)), plan.picture.origins[at]
        painter.setPen(marked_pen(self.ink, status, ratio))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.translate(x, y)
        painter.drawPolyline(plan.polygon(at))
        painter.translate(-x, -y)
        if plan.strand(at).has_arrow:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.status(status))
            paint_arrow(painter, plan, at)

    def edge_labels(self, found: Indices) -> None:
        if not self.with_text:
            return
        theme, plan = self.theme, self.plan
        for at in map(int, found):
            text = plan.strand(at).label
            if not text:
                continue
            points, (x, y) = plan.picture.routes[at], plan.picture.origins[at]
            left, middle = x + points[0] + 7, y + points[1] + 12
            if plan.strand(at).is_label_low:
                left, middle = x + points[-2] + 7, y + points[-1] - 13
                if points[0] > points[-2]:
                    # The edge comes from the right, over where the label would stand.
                    left -= self.ink.width(text, "mono") + 14
            self._write(text, "mono", left, middle, theme.color("muted"))

    # Marks

    def badge(self, at: int) -> None:
        """The mark on a node's or group's corner, if it has one."""
        item = self.plan.picture.items[at]
        rect = self.plan.box_rect(at)
        if item < 0:
            summary = self.marks.summary(item)
            if summary.is_drawn:
                self._pill(rect, summary)
            return
        mark = self.marks.mark(item)
        if mark is not None:
            self._round(mark.status, rect)

    def _round(self, status: str, rect: QRectF) -> None:
        """A badge on the upper right corner."""
        pixels = self.scale * self.painter.device().devicePixelRatioF()
        sprite = self.ink.badge(status, pixels)
        half = sprite.width() / 2 / pixels
        place = QRectF(rect.right() - half, rect.top() - half, 2 * half, 2 * half)
        self.painter.drawPixmap(place, sprite, QRectF(sprite.rect()))

    def _pill(self, rect: QRectF, summary: Summary) -> None:
        """A group's worst mark and how many nodes inside have it."""
        if summary.worst is None:
            return
        if not self.with_text:
            self._round(summary.worst, rect)
            return
        painter, ink = self.painter, self.ink
        if summary.differences:
            paint_differences(painter, ink, summary, rect.right() + 12, rect.top())
            return
        count = str(summary.count)
        width = ink.width(count, "bold") + 26
        pill = QRectF(rect.right() - width + 12, rect.top() - BADGE, width, 2 * BADGE)
        color = self.theme.status(summary.worst)
        painter.setPen(_thin(color, 1.5))
        painter.setBrush(self.theme.color("node"))
        painter.drawRoundedRect(pill, BADGE, BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.translate(pill.left() + 11, rect.top())
        painter.drawPath(status_glyph(summary.worst))
        painter.translate(-pill.left() - 11, -rect.top())
        self._write(count, "bold", pill.left() + 18, rect.top(), color)


def paint_badge(painter: QPainter, plan: Plan, marks: Marks, ink: Ink, at: int) -> None:
    """Paint the badge of one box, if it has one."""
    Near(painter, plan, marks, ink).badge(at)


def _thin(color: QColor, width: float) -> QPen:
    """A pen in scene units: marks are few, so Qt's slower stroker does not matter."""
    return QPen(QBrush(color), width)
