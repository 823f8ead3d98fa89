"""The graph on paper: on one page where it stays readable, else on several."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtPrintSupport import QPrinter

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.picture import draw_plan
from surgeon_gui.ui.theme import LIGHT

READABLE = 0.45
"""Points a unit of the scene takes at least: names are then about 5 points high."""
NATURAL = 0.75
"""Points a unit takes at most: 96 units are an inch, as on the screen."""
MOST_PAGES = 60
FOOT = 14.0
"""Points kept at the bottom of a page for its footer."""


@dataclass(frozen=True)
class Pages:
    """How a picture is divided: `columns` × `rows` pages at `scale` points a unit."""

    scale: float
    columns: int
    rows: int

    @property
    def count(self) -> int:
        return self.columns * self.rows

    @classmethod
    def of(cls, width: float, height: float, page_width: float, page_height: float) -> Pages:
        """Divide a picture of that size, in units, for pages of that size, in points."""
        fitting = min(page_width / max(width, 1.0), page_height / max(height, 1.0))
        scale = min(max(fitting, READABLE), NATURAL)
        while True:
            columns = max(1, math.ceil(round(width * scale / page_width, 6)))
            rows = max(1, math.ceil(round(height * scale / page_height, 6)))
            if columns * rows <= MOST_PAGES:
                return cls(scale, columns, rows)
            scale = max(scale * 0.95, fitting)

    def part(self, number: int, area: QRectF, page_width: float, page_height: float) -> QRectF:
        """Return what of `area` stands on a page, counted from 0 row by row."""
        row, column = divmod(number, self.columns)
        wide, high = page_width / self.scale, page_height / self.scale
        corner = QRectF(area.x() + column * wide, area.y() + row * high, wide, high)
        return corner.intersected(area)


def print_plan(printer: QPrinter, plan: Plan, marks: Marks, area: QRectF, title: str) -> int:
    """Print a part of the scene in colours for paper; return how many pages it took."""
    ink = Ink(LIGHT)
    paper = printer.pageLayout().paintRect(printer.pageLayout().units().Point)
    width, height = paper.width(), paper.height() - FOOT
    pages = Pages.of(area.width(), area.height(), width, height)
    painter = QPainter(printer)
    dots = printer.resolution() / 72.0
    for number in range(pages.count):
        if number:
            printer.newPage()
        painter.save()
        painter.scale(dots, dots)
        part = pages.part(number, area, width, height)
        if pages.count == 1:
            painter.translate((width - part.width() * pages.scale) / 2, 0)
        draw_plan(painter, part, plan, marks, ink, pages.scale, sheet=area)
        painter.restore()
        painter.save()
        painter.scale(dots, dots)
        painter.setFont(ink.font("plain"))
        painter.setPen(ink.theme.color("muted"))
        foot = QRectF(0, height, width, FOOT)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(foot, left, title)
        if pages.count > 1:
            row, column = divmod(number, pages.columns)
            words = f"{number + 1} of {pages.count} · row {row + 1}, column {column + 1}"
            painter.drawText(foot, right, words)
        painter.restore()
    painter.end()
    return pages.count
