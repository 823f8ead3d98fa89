"""Painting what is different: edges that came and went, and a group's counts of changes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from surgeon_gui.ui.canvas.ink import BADGE, Ink, status_glyph
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Indices, Plan
from surgeon_gui.view.overlay import ADDED, REMOVED, Summary

_WIDTH = 2.2
# What tells the edges apart without their colours.
_DASHES: dict[str, list[float]] = {REMOVED: [2.5, 2.0], "changed": [5.0, 1.5, 1.0, 1.5]}
_SIGN = 18.0
_GAP = 4.0


def split_edges(plan: Plan, marks: Marks, found: Indices) -> tuple[Indices, Indices]:
    """Return the plain edges and those with a mark."""
    if not marks.has_edges:
        return found, found[:0]
    marked = np.array([bool(marks.edge(plan.strand(int(at)))) for at in found], dtype=bool)
    return found[~marked], found[marked]


def marked_pen(ink: Ink, status: str, ratio: float) -> QPen:
    """Return the pen of an edge that was added or removed, or stands for several that differ."""
    pen = QPen(ink.theme.status(status), (_WIDTH + 0.4 * (status == ADDED)) * ratio)
    pen.setCosmetic(True)
    if status in _DASHES:
        pen.setDashPattern(_DASHES[status])
    return pen


def paint_differences(
    painter: QPainter, ink: Ink, summary: Summary, right: float, middle: float
) -> None:
    """Paint a pill that counts what was added, removed and changed, ending at `right`."""
    counts = [(status, f"{number:,}") for status, number in summary.differences]
    widths = [_SIGN + ink.width(text, "bold") + _GAP for _, text in counts]
    pill = QRectF(right - sum(widths) - 2 * _GAP, middle - BADGE, sum(widths) + 2 * _GAP, 2 * BADGE)
    painter.setPen(QPen(ink.theme.color("group_line"), 1.5))
    painter.setBrush(ink.theme.color("node"))
    painter.drawRoundedRect(pill, BADGE, BADGE)
    left = pill.left() + _GAP
    for (status, text), width in zip(counts, widths, strict=True):
        color = ink.theme.status(status)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.translate(left + _SIGN / 2, middle)
        painter.drawPath(status_glyph(status))
        painter.translate(-left - _SIGN / 2, -middle)
        painter.setPen(color)
        painter.setFont(ink.font("bold"))
        painter.drawStaticText(
            QPointF(left + _SIGN, middle - ink.height("bold") / 2), ink.text(text, "bold")
        )
        left += width


def paint_share(
    painter: QPainter, ink: Ink, summary: Summary, whole: int, bar: QRectF, radius: float
) -> None:
    """Paint how much of a group is different, over its empty bar: each kind in its colour."""
    left = bar.left()
    painter.setPen(Qt.PenStyle.NoPen)
    for status, number in summary.differences:
        width = max(bar.width() * number / max(whole, 1), 3.0)
        painter.setBrush(ink.theme.status(status))
        painter.drawRoundedRect(
            QRectF(left, bar.top(), min(width, bar.right() - left), bar.height()), radius, radius
        )
        left = min(left + width, bar.right())
