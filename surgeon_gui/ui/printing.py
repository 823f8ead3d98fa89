"""The graph on paper: on one page where it stays readable, else on several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtPrintSupport import QPrinter

from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.picture import RESOLUTION, draw_plan, painting
from surgeon_gui.ui.theme import LIGHT

READABLE = 0.45
"""Points a unit of the scene takes at least: names are then about 5 points high."""
NATURAL = 0.75
"""Points a unit takes at most: 96 units are an inch, as on the screen."""
MOST_PAGES = 60
FOOT = 14.0
"""Points kept at the bottom of a page for its footer."""

_BOTTOM = Qt.AlignmentFlag.AlignBottom
_POINTS = 72.0
"""In an inch."""
_PREVIEW_PIXELS = 48e6
"""Of all pages of a preview together: 96 MB."""
_PREVIEW_DOTS = 2.5
"""Pixels a point has in a preview at most: 180 dots per inch."""
# The canvas's fonts are sized for this, whatever the screen has.
_DOTS_PER_METER = round(RESOLUTION / 0.0254)


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


@dataclass(frozen=True)
class Print:
    """What is to be printed, in colours for paper.

    Attributes:
        plan: the picture.
        marks: its overlay.
        area: the part of the scene.
        title: what the foot of each page says.
    """

    plan: Plan
    marks: Marks
    area: QRectF
    title: str

    def pages(self, paper: QSizeF) -> Pages:
        """Divide it for pages of that size, in points."""
        area = self.area
        return Pages.of(area.width(), area.height(), paper.width(), paper.height() - FOOT)

    def paint(self, painter: QPainter, number: int, paper: QSizeF) -> None:
        """Paint a page, counted from 0, with a painter whose unit is a point."""
        ink, pages = Ink(LIGHT), self.pages(paper)
        width, height = paper.width(), paper.height() - FOOT
        part = pages.part(number, self.area, width, height)
        painter.save()
        if pages.count == 1:
            painter.translate((width - part.width() * pages.scale) / 2, 0)
        draw_plan(painter, part, self.plan, self.marks, ink, pages.scale, sheet=self.area)
        painter.restore()
        painter.setFont(ink.font("plain"))
        painter.setPen(ink.theme.color("muted"))
        foot = QRectF(0, height, width, FOOT)
        painter.drawText(foot, _BOTTOM | Qt.AlignmentFlag.AlignLeft, self.title)
        if pages.count > 1:
            row, column = divmod(number, pages.columns)
            words = f"{number + 1} of {pages.count} · row {row + 1}, column {column + 1}"
            painter.drawText(foot, _BOTTOM | Qt.AlignmentFlag.AlignRight, words)


def paper_of(printer: QPrinter) -> QSizeF:
    """Return how large a page is without its margins, in points."""
    layout = printer.pageLayout()
    return layout.paintRect(layout.units().Point).size()


def print_pages(printer: QPrinter, wanted: Print) -> int:
    """Print; return how many pages it took."""
    paper = paper_of(printer)
    count = wanted.pages(paper).count
    with painting(printer, printer.resolution() / _POINTS) as painter:
        for number in range(count):
            if number:
                printer.newPage()
            painter.save()
            wanted.paint(painter, number, paper)
            painter.restore()
    return count


def page_images(wanted: Print, paper: QSizeF) -> list[QImage]:
    """Return the pages as a preview shows them: sharp while they are few."""
    count = wanted.pages(paper).count
    most = math.sqrt(_PREVIEW_PIXELS / count / max(paper.width() * paper.height(), 1.0))
    dots = min(most, _PREVIEW_DOTS)
    images = []
    for number in range(count):
        size = QSize(round(paper.width() * dots), round(paper.height() * dots))
        image = QImage(size, QImage.Format.Format_RGB16)
        image.fill(Qt.GlobalColor.white)
        image.setDotsPerMeterX(_DOTS_PER_METER)
        image.setDotsPerMeterY(_DOTS_PER_METER)
        with painting(image, dots) as painter:
            wanted.paint(painter, number, paper)
        images.append(image)
    return images


def show_pages(printer: QPrinter, images: Sequence[QImage]) -> None:
    """Put pages that `page_images` painted into a preview."""
    page = QRectF(QPointF(), paper_of(printer))
    with painting(printer, printer.resolution() / _POINTS) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, image in enumerate(images):
            if number:
                printer.newPage()
            painter.drawImage(page, image)


def show_words(printer: QPrinter, words: str) -> None:
    """Put a page with a few words into a preview."""
    ink = Ink(LIGHT)
    with painting(printer, printer.resolution() / _POINTS) as painter:
        painter.setFont(ink.font("plain"))
        painter.setPen(ink.theme.color("muted"))
        page = QRectF(QPointF(), paper_of(printer))
        painter.drawText(page, Qt.AlignmentFlag.AlignCenter, words)
