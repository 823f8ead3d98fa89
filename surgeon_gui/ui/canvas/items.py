"""The two items of the graphics scene: the picture, and the lights over it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from surgeon_gui.ui.canvas.far import FAR_BELOW, Tiles
from surgeon_gui.ui.canvas.glide import Glide
from surgeon_gui.ui.canvas.ink import GROUP_RADIUS, RADIUS, Ink
from surgeon_gui.ui.canvas.lights import Lights
from surgeon_gui.ui.canvas.lit import paint_lit_edges
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.names import paint_captions, paint_names
from surgeon_gui.ui.canvas.near import paint_badge, paint_near
from surgeon_gui.ui.canvas.plan import Plan

_MARGIN = 60.0
# How far rings and badges reach beyond their box.
_REACH = 12.0
# Rings beyond which those of the far view are painted at once.
_MANY = 100


class _Layer(QGraphicsItem):
    """An item as large as the picture that paints only what is exposed."""

    def __init__(self, ink: Ink) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.ink = ink
        self.plan: Plan | None = None
        self.marks: Marks | None = None
        self.lights = Lights()

    def boundingRect(self) -> QRectF:
        if self.plan is None:
            return QRectF()
        return self.plan.rect.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def show_plan(self, plan: Plan | None) -> None:
        self.prepareGeometryChange()
        self.plan = plan


class PictureItem(_Layer):
    """Groups, edges and nodes.

    Args:
        ink: fonts and colours.
        unfinished: called when some tiles were left for the next frame.
    """

    def __init__(self, ink: Ink, unfinished: Callable[[], None]) -> None:
        super().__init__(ink)
        self.tiles = Tiles()
        self.patient = False
        self.glide: Glide | None = None
        self.share = 1.0
        self._unfinished = unfinished

    def show_plan(self, plan: Plan | None) -> None:
        super().show_plan(plan)
        self.tiles.clear()

    def repaint(self) -> None:
        """Paint anew after marks or colours changed."""
        self.tiles.clear()
        self.update()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        if self.plan is None or self.marks is None:
            return
        scale = option.levelOfDetailFromTransform(painter.worldTransform())
        area = option.exposedRect
        if self.glide is not None:
            self.glide.paint(painter, self.marks, self.ink, self.share)
            return
        if scale >= FAR_BELOW:
            paint_near(painter, self.plan, self.marks, self.ink, area, self.lights)
            return
        done = self.tiles.paint(
            painter, self.plan, self.marks, self.ink, area, patient=self.patient
        )
        paint_captions(painter, self.plan, self.marks, self.ink, area, scale)
        paint_names(painter, self.plan, self.marks, self.ink, area, scale)
        if not done:
            self._unfinished()


class LightItem(_Layer):
    """Selection, its producers and consumers, what the mouse is over, hits and previews."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        if self.plan is None:
            return
        scale = option.levelOfDetailFromTransform(painter.worldTransform())
        area = option.exposedRect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, lights = self.ink.theme, self.lights
        if scale < FAR_BELOW:
            paint_lit_edges(painter, self.plan, self.ink, area, lights, with_arrows=False)
        preview, hits, selected = (
            self.plan.among(items, area, _REACH)
            for items in (lights.preview, lights.hits, lights.selected)
        )
        self._rings(painter, preview, theme.color("cured"), scale, dashed=True)
        self._rings(painter, hits, theme.color("hit"), scale)
        for item in hits if scale >= FAR_BELOW else ():
            if item < 0 and lights.hits[item]:
                self._count(painter, item, lights.hits[item])
        hover = [] if lights.hover is None else self.plan.among([lights.hover], area, _REACH)
        self._rings(painter, hover, theme.color("accent", 0.45), scale, thin=True)
        for item in selected:
            self._glow(painter, item, scale)
        if scale >= FAR_BELOW and self.marks is not None:
            # Badges stand over the rings.
            for item in (*preview, *hits, *selected):
                paint_badge(painter, self.plan, self.marks, self.ink, self.plan.index[item])
        if lights.row is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 0.22))
            painter.drawRect(lights.row)

    def _rings(
        self,
        painter: QPainter,
        items: list[int],
        color: QColor,
        scale: float,
        *,
        dashed: bool = False,
        thin: bool = False,
    ) -> None:
        if self.plan is None or not items:
            return
        grow = max(1.5, 1.5 / scale) if thin else max(3.5, 2.5 / scale)
        ratio = painter.device().devicePixelRatioF()
        pen = QPen(QBrush(color), (1.5 if thin else 2.5) * ratio)
        pen.setCosmetic(True)
        if dashed:
            pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        rects = [self.plan.item_rect(item).adjusted(-grow, -grow, grow, grow) for item in items]
        if scale < FAR_BELOW and len(items) > _MANY:
            # So many are too small for their corners to be seen.
            painter.drawRects(rects)
            return
        for item, rect in zip(items, rects, strict=True):
            radius = (GROUP_RADIUS if item < 0 else RADIUS) + grow
            painter.drawRoundedRect(rect, radius, radius)

    def _glow(self, painter: QPainter, item: int, scale: float) -> None:
        if self.plan is None:
            return
        rect, theme = self.plan.item_rect(item), self.ink.theme
        base = GROUP_RADIUS if item < 0 else RADIUS
        ratio = painter.device().devicePixelRatioF()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for grow, width, alpha in ((4.5, 5.0, 0.28), (2.0, 2.5, 1.0)):
            pen = QPen(QBrush(theme.color("accent", alpha)), width * ratio)
            pen.setCosmetic(True)
            painter.setPen(pen)
            by = max(grow, grow / scale)
            painter.drawRoundedRect(rect.adjusted(-by, -by, by, by), base + by, base + by)

    def _count(self, painter: QPainter, item: int, count: int) -> None:
        """How many hits a closed group holds, at its lower right corner."""
        if self.plan is None:
            return
        rect, ink, text = self.plan.item_rect(item), self.ink, str(count)
        width = ink.metrics.width(text, "bold") + 14
        pill = QRectF(rect.right() - width + 8, rect.bottom() - 9, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.theme.color("hit"))
        painter.drawRoundedRect(pill, 9, 9)
        painter.setFont(ink.font("bold"))
        painter.setPen(QColor("#1c2430"))
        painter.drawStaticText(
            QPointF(pill.left() + 7, pill.center().y() - ink.height("bold") / 2),
            ink.text(text, "bold"),
        )
