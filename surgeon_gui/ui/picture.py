"""The graph as a picture: SVG, PNG or PDF of the whole or a part, whatever its size."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSize, QSizeF
from PySide6.QtGui import (
    QImage,
    QImageWriter,
    QPageLayout,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPdfWriter,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.targets import SupportReport
from surgeon_gui.ui.canvas.board import GraphBoard
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.canvas.key import key_size, paint_key
from surgeon_gui.ui.canvas.lights import Lights
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.near import paint_near
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.theme import LIGHT, Theme, apply_theme
from surgeon_gui.ui.verdicts import overlay_from_support
from surgeon_gui.view.coloring import Coloring

FORMATS = (".svg", ".png", ".pdf")
RESOLUTION = 96
"""Dots per inch of a logical pixel, which the canvas's fonts are sized for."""

_MARGIN = 24.0
_LARGEST_PNG = 16384
"""Pixels per side; viewers and Qt's raster engine give up on larger images."""
_LARGEST_PDF = 14400.0
"""Points per side: PDF 32000-1, annex C.2."""


@dataclass(frozen=True)
class Picture:
    """A picture that was written: size in its own units, and a note where it had to shrink."""

    path: Path
    width: int
    height: int
    note: str | None = None


def save_graph_picture(
    graph: Graph,
    path: Path,
    *,
    report: SupportReport | None = None,
    expand: Iterable[str] = (),
    expand_all: bool = False,
    coloring: Coloring | None = None,
    theme: Theme = LIGHT,
) -> Picture:
    """Draw a graph into a file without a window.

    Args:
        graph: what to draw.
        path: ends in .svg, .png or .pdf.
        report: a target's verdicts, shown as marks.
        expand: namespaces to open; none leaves the graph as the window first shows it.
        expand_all: open every namespace.
        coloring: what nodes are coloured by; None takes their kind of op.
        theme: the colours.

    Raises:
        UsageError: the ending is no picture's, or a namespace does not exist.
        SaveError: the file cannot be written.
    """
    apply_theme(drawing_application(), theme)
    board = GraphBoard(theme=theme)
    try:
        board.set_graph(graph, types=infer_types(graph), title=path.stem)
        board.finish_layout()
        if expand_all:
            board.expand_all()
        for namespace in expand:
            if board.group_rect(namespace).isNull() and not _has_namespace(graph, namespace):
                raise UsageError("There is no such namespace.", where=namespace)
            board.expand(namespace)
            board.finish_layout()
        board.finish_layout()
        board.set_coloring(coloring)
        board.set_overlay(overlay_from_support(report))
        board.finish_layout()
        plan, marks = board.plan(), board.marks()
        if plan is None or marks is None:
            raise UsageError("There is nothing to draw.", where=str(path))
        return save_plan(plan, marks, Ink(theme), path)
    finally:
        board.close()
        board.deleteLater()


def _has_namespace(graph: Graph, namespace: str) -> bool:
    prefix = f"{namespace.rstrip('/')}/"
    return any(node.name.startswith(prefix) for node in graph)


def drawing_application() -> QApplication:
    """Return the application that runs, or one that needs no screen."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QApplication([sys.argv[0]])


def whole(plan: Plan, marks: Marks, ink: Ink) -> QRectF:
    """Return the part of the scene a picture of everything shows, with room for its legend."""
    area = plan.rect.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
    if marks.tints is not None:
        size = key_size(marks.tints, ink)
        area.setHeight(area.height() + size.height() + _MARGIN)
        area.setWidth(max(area.width(), size.width() + 2 * _MARGIN))
    return area


def save_plan(
    plan: Plan,
    marks: Marks,
    ink: Ink,
    path: Path,
    *,
    area: QRectF | None = None,
    scale: float = 2.0,
) -> Picture:
    """Write what the canvas shows, with every name readable where the form allows.

    Args:
        plan: the picture on the canvas.
        marks: its overlay.
        ink: its colours.
        path: ends in .svg, .png or .pdf.
        area: the part of the scene to write; all of it when left out.
        scale: pixels per unit of the scene in a .png.

    Raises:
        UsageError: the ending is no picture's.
        SaveError: the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise UsageError(
            f"{ending or 'A name without ending'} is no picture's ending.",
            where=str(path),
            hint=f"Use one of {' '.join(FORMATS)}.",
        )
    area = whole(plan, marks, ink) if area is None else area
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    note = None
    if ending == ".png":
        note = _png(buffer, area, plan, marks, ink, scale)
    else:
        (_svg if ending == ".svg" else _pdf)(buffer, area, plan, marks, ink)
    write_atomically(path, [bytes(buffer.data().data())])
    return Picture(path, math.ceil(area.width()), math.ceil(area.height()), note)


def plan_image(plan: Plan, marks: Marks, ink: Ink, area: QRectF, scale: float) -> QImage:
    """Return a part of the scene as an image, smaller than `scale` where it would be too large."""
    scale = min(scale, _LARGEST_PNG / max(area.width(), area.height(), 1.0))
    size = QSize(max(1, round(area.width() * scale)), max(1, round(area.height() * scale)))
    image = QImage(size, QImage.Format.Format_RGB32)
    with painting(image) as painter:
        draw_plan(painter, area, plan, marks, ink, scale)
    return image


@contextmanager
def painting(device: QPaintDevice, scale: float = 1.0) -> Iterator[QPainter]:
    """A painter whose unit is `scale` of the device's; it ends before the device, come what may.

    Qt takes the program down where a device goes first, as one does that an error leaves behind.
    """
    painter = QPainter(device)
    painter.scale(scale, scale)
    try:
        yield painter
    finally:
        painter.end()


def draw_plan(
    painter: QPainter,
    area: QRectF,
    plan: Plan,
    marks: Marks,
    ink: Ink,
    scale: float,
    *,
    sheet: QRectF | None = None,
) -> None:
    """Paint a part of the scene with its corner at the painter's origin.

    The legend of an overlay stands in the lower left of `sheet`, of which `area` may be a page.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    painter.translate(QPointF(-area.x(), -area.y()))
    painter.setClipRect(area)
    painter.fillRect(area, ink.theme.color("canvas"))
    paint_near(painter, plan, marks, ink, area, Lights())
    if marks.tints is not None:
        corner = (sheet or area).bottomLeft() + QPointF(_MARGIN, -_MARGIN)
        high = key_size(marks.tints, ink).height()
        paint_key(painter, marks.tints, ink, corner - QPointF(0, high))


def _svg(buffer: QBuffer, area: QRectF, plan: Plan, marks: Marks, ink: Ink) -> None:
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(math.ceil(area.width()), math.ceil(area.height())))
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    generator.setTitle("Graph Surgeon")
    with painting(generator) as painter:
        draw_plan(painter, area, plan, marks, ink, 1.0)


def _png(
    buffer: QBuffer, area: QRectF, plan: Plan, marks: Marks, ink: Ink, scale: float
) -> str | None:
    image = plan_image(plan, marks, ink, area, scale)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    shown = image.width() / max(area.width(), 1.0)
    if shown < 0.99 * min(scale, 1.0):
        return f"Scaled to {shown:.0%} to fit {_LARGEST_PNG} pixels; .svg and .pdf stay sharp."
    return None


def _pdf(buffer: QBuffer, area: QRectF, plan: Plan, marks: Marks, ink: Ink) -> None:
    scale = min(0.75, _LARGEST_PDF / max(area.width(), area.height()))
    writer = QPdfWriter(buffer)
    writer.setCreator("Graph Surgeon")
    # Fonts are made for this many dots an inch; on others they would not fit their boxes.
    writer.setResolution(RESOLUTION)
    size = QSizeF(area.width() * scale, area.height() * scale)
    page = QPageSize(size, QPageSize.Unit.Point, "graph", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    with painting(writer) as painter:
        draw_plan(painter, area, plan, marks, ink, scale * RESOLUTION / 72.0)
