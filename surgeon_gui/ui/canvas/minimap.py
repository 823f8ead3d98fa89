"""The whole picture, small, with a frame around what is in view."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.ui.canvas.steps import Steps
from surgeon_gui.ui.canvas.tint import TintInk
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.pace import Pace

_WIDEST, _HIGHEST = 150, 190
_NARROWEST = 44
_PAD = 6
_MOST_BOXES = 800
# Open groups lower than this many pixels are no more than a line.
_LEAST_OPEN = 2.0
_LATER_MS = 40
_SHARE = 0.4
# Boxes coloured between two yields.
_FEW = 100

Layer = tuple[QColor, list[QRectF]]
"""Boxes of one colour."""


class Minimap(QWidget):
    """An overview to look at and to move the view with.

    Signals:
        moved(QPointF): the place in the scene that was clicked or dragged to.
    """

    moved = Signal(QPointF)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Overview of the graph")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._plan: Plan | None = None
        self._marks: Marks | None = None
        self._theme: Theme | None = None
        self._inks: TintInk | None = None
        self._view = QRectF()
        self._drawn: QPixmap | None = None
        self._room = QSize()
        # Another picture is drawn after the canvas has painted it; the last one stays meanwhile.
        self._steps = Steps(self, share=_SHARE)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw_anew)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme, self._inks = theme, TintInk(theme)
        if self._plan is not None:
            self._draw_soon()
        self.update()

    def show_plan(self, plan: Plan | None, marks: Marks | None) -> None:
        self._plan, self._marks = plan, marks
        self._steps.cancel()
        if plan is None:
            self._later.stop()
            self._drawn = None
        else:
            self._draw_soon()
        self._shape()

    def finish(self) -> None:
        """Draw now what is to be drawn (for tests and pictures)."""
        if self._later.isActive():
            self._draw_anew()
        self._steps.finish()

    def _draw_soon(self) -> None:
        self._later.start(_LATER_MS if self._drawn is not None else 0)

    def _draw_anew(self) -> None:
        self._later.stop()
        # Of one picture, even if another comes meanwhile.
        plan, marks, theme = self._plan, self._marks, self._theme
        if plan is None or theme is None or plan.rect.isEmpty():
            return
        layers: list[Layer] = []

        def work() -> Pace[None]:
            layers.extend((yield from self._open_groups(plan, theme)))
            layers.extend((yield from self._boxes(plan, marks, theme)))

        def done() -> None:
            self._drawn = self._paint(plan, layers)
            self._shape()
            self.update()

        self._steps.run(work(), done)

    def show_view(self, view: QRectF) -> None:
        """Frame this part of the scene; all of it in view needs no map."""
        self._view = view
        self._shape()
        self.update()

    def fit_into(self, room: QSize) -> None:
        self._room = room
        self._shape()

    def _shape(self) -> None:
        plan = self._plan
        if plan is None or plan.rect.isEmpty():
            self.hide()
            return
        size = self._size(plan)
        if size != self.size():
            self.setFixedSize(size)
        self.setVisible(
            self._drawn is not None
            and not self._view.contains(plan.rect)
            and self._room.width() > 420
            and self._room.height() > 320
        )

    def _scale(self, plan: Plan) -> float:
        return min(_WIDEST / plan.rect.width(), _HIGHEST / plan.rect.height(), 0.2)

    def _size(self, plan: Plan) -> QSize:
        scale = self._scale(plan)
        return QSize(
            max(round(plan.rect.width() * scale), _NARROWEST) + 2 * _PAD,
            max(round(plan.rect.height() * scale), _NARROWEST) + 2 * _PAD,
        )

    def _offset(self, plan: Plan) -> QPointF:
        scale, size = self._scale(plan), self._size(plan)
        return QPointF(
            (size.width() - plan.rect.width() * scale) / 2,
            (size.height() - plan.rect.height() * scale) / 2,
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        plan, theme = self._plan, self._theme
        if plan is None or theme is None or self._drawn is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("window"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.drawPixmap(0, 0, self._drawn)
        scale, offset = self._scale(plan), self._offset(plan)
        frame = QRectF(
            offset.x() + self._view.left() * scale,
            offset.y() + self._view.top() * scale,
            self._view.width() * scale,
            self._view.height() * scale,
        ).intersected(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        if frame.height() < 3:
            frame.setHeight(3)
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.setBrush(theme.color("accent", 0.07))
        painter.drawRoundedRect(frame, 2, 2)
        painter.end()

    def _open_groups(self, plan: Plan, theme: Theme) -> Pace[list[Layer]]:
        opened = plan.open_in(plan.rect)
        # They come outermost first; those inside are too small to tell apart.
        told = opened[plan.rects[opened, 3] * self._scale(plan) >= _LEAST_OPEN]
        layers: dict[int, list[QRectF]] = {}
        for number, at in enumerate(map(int, told[:_MOST_BOXES])):
            depth = plan.tree.depth(plan.picture.items[at])
            layers.setdefault(depth, []).append(plan.box_rect(at))
            if number % _FEW == 0:
                yield 0.0
        return [(theme.group_fill(depth), rects) for depth, rects in layers.items()]

    def _boxes(self, plan: Plan, marks: Marks | None, theme: Theme) -> Pace[list[Layer]]:
        closed = plan.closed_in(plan.rect)
        step = max(len(closed) // _MOST_BOXES, 1)
        least = 1.2 / self._scale(plan)
        places: dict[int, list[QRectF]] = {}
        for number, at in enumerate(map(int, closed[::step])):
            left, top, width, height = plan.picture.rects[at]
            color = self._color(plan, marks, theme, at).rgba()
            rect = QRectF(left, top, max(width, least), max(height, least))
            places.setdefault(color, []).append(rect)
            if number % _FEW == 0:
                yield 0.5
        return [(QColor.fromRgba(color), rects) for color, rects in places.items()]

    def _paint(self, plan: Plan, layers: list[Layer]) -> QPixmap:
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(self._size(plan) * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(QColor(0, 0, 0, 0))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self._offset(plan))
        scale = self._scale(plan)
        painter.scale(scale, scale)
        painter.setPen(Qt.PenStyle.NoPen)
        for color, rects in layers:
            painter.setBrush(color)
            painter.drawRects(rects)
        painter.end()
        return drawn

    def _color(self, plan: Plan, marks: Marks | None, theme: Theme, at: int) -> QColor:
        item = plan.picture.items[at]
        tints = marks.tints if marks is not None else None
        if tints is not None and self._inks is not None:
            if item >= 0:
                return self._inks.node(tints, item, plan.kind(at)).fill
            paint = self._inks.of(tints, item)
            return paint.fill if paint is not None else theme.color("group_line")
        if marks is not None:
            mark = marks.mark(item) if item >= 0 else None
            if mark is not None:
                return theme.status(mark.status)
            if item < 0 and marks.summary(item).is_drawn:
                return theme.status(marks.summary(item).worst or "unknown")
        if item < 0:
            return theme.color("group_line")
        return theme.category(plan.kind(at))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(event)

    def _move(self, event: QMouseEvent) -> None:
        if self._plan is not None:
            scale = self._scale(self._plan)
            self.moved.emit((event.position() - self._offset(self._plan)) / scale)
        event.accept()
