"""A graphics view to move about in: wheel zooms at the mouse, dragging pans."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

LEAST_ZOOM = 0.01
MOST_ZOOM = 4.0
_STEP = 1.2
FIT_MARGIN = 28.0
_START = 52.0
_READABLE = 0.6


class ZoomView(QGraphicsView):
    """Zoom and pan; knows nothing of graphs.

    Signals:
        zoom_changed(float): 1.0 is the natural size.
        view_changed(): another part of the scene is shown.
    """

    zoom_changed = Signal(float)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stage = QGraphicsScene(self)
        self._stage.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setScene(self._stage)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._content = QRectF()
        self._pan_from: QPoint | None = None
        self._is_fitted = False
        self._is_at_start = False
        self._placed: tuple[float, QPointF] | None = None
        self.horizontalScrollBar().valueChanged.connect(self.view_changed)
        self.verticalScrollBar().valueChanged.connect(self.view_changed)

    def sizeHint(self) -> QSize:
        return QSize(900, 640)

    # Zoom

    def zoom(self) -> float:
        """How many pixels a scene unit takes."""
        return self.transform().m11()

    def set_zoom(self, zoom: float, anchor: QPoint | None = None) -> None:
        """Zoom, keeping what is at `anchor` (in the viewport; its middle by default) in place."""
        zoom = min(max(zoom, LEAST_ZOOM), MOST_ZOOM)
        where = anchor if anchor is not None else self.viewport().rect().center()
        before = self.mapToScene(where)
        self.leave_start()
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._update_scene_rect()
        self.hold(before, QPointF(where))
        self.zoom_changed.emit(zoom)
        self.view_changed.emit()

    def zoom_in(self) -> None:
        self.set_zoom(self.zoom() * _STEP)

    def zoom_out(self) -> None:
        self.set_zoom(self.zoom() / _STEP)

    def rooms(self) -> tuple[QRectF, ...]:
        """Where in the viewport what is fitted may lie; of equals the first is taken."""
        room = QRectF(self.viewport().rect())
        return (room.adjusted(FIT_MARGIN, FIT_MARGIN, -FIT_MARGIN, -FIT_MARGIN),)

    def rooms_changed(self) -> None:
        """Fit anew what was fitted and has not been moved since."""
        if self._is_at_start:
            self.show_start()
        elif self._is_fitted:
            self.fit()

    def fit(self) -> None:
        """Show everything; what is low begins at the top, as it does where not all fits."""
        if not self._content.isEmpty():
            room, zoom = self._room_for(self._content)
            self.set_zoom(zoom)
            self._put(self._content, room, at_top=True)
        self._is_fitted = True

    def fit_rect(self, rect: QRectF, most: float = 1.0) -> None:
        """Zoom so that `rect` fills the view, but not closer than `most`."""
        if rect.isEmpty():
            return
        room, zoom = self._room_for(rect, most)
        self.set_zoom(zoom)
        self._put(rect, room)

    def _room_for(self, rect: QRectF, most: float = 1.0) -> tuple[QRectF, float]:
        """The room that shows `rect` largest, and the zoom there."""

        def zoom(room: QRectF) -> float:
            fills = min(room.width() / rect.width(), room.height() / rect.height())
            return max(min(fills, most), LEAST_ZOOM)

        room = max(self.rooms(), key=zoom)
        return room, zoom(room)

    def _put(self, rect: QRectF, room: QRectF, *, at_top: bool = False) -> None:
        """Scroll `rect` into a room, as near to the middle of the view as that allows."""
        self.hold(rect.center(), self._aim(rect, room, at_top=at_top))

    def _aim(self, rect: QRectF, room: QRectF, *, at_top: bool = False) -> QPointF:
        """Where in the viewport the middle of `rect` belongs to lie in a room."""
        middle = QRectF(self.viewport().rect()).center()
        wide = max(room.width() - rect.width() * self.zoom(), 0.0) / 2
        high = max(room.height() - rect.height() * self.zoom(), 0.0) / 2
        aim = room.center()
        x = min(max(middle.x(), aim.x() - wide), aim.x() + wide)
        y = aim.y() - high if at_top else min(max(middle.y(), aim.y() - high), aim.y() + high)
        return QPointF(x, y)

    def centre(self, rect: QRectF) -> None:
        """Scroll `rect` to the middle of the view, or beside that if what stands there hides it.

        Of what is too high for the view its upper end is shown.
        """
        middle = QRectF(self.viewport().rect()).center()

        def upper(room: QRectF) -> QRectF:
            high = min(rect.height(), room.height() / self.zoom())
            return QRectF(rect.left(), rect.top(), rect.width(), high)

        def harm(room: QRectF) -> tuple[float, float]:
            part = upper(room)
            cut = max(part.width() * self.zoom() - room.width(), 0.0)
            cut += (rect.height() - part.height()) * self.zoom()
            return cut, (self._aim(part, room) - middle).manhattanLength()

        room = min(self.rooms(), key=harm)
        self._put(upper(room), room)

    def start(self) -> QPointF:
        """Where to begin when not everything can be seen: the middle of the top."""
        return QPointF(self._content.center().x(), self._content.top())

    def show_start(self) -> None:
        """Show everything if it can be read then, else the top at a readable size."""
        room = self.viewport().size()
        content = self._content
        if content.isEmpty():
            return
        if self._room_for(content)[1] >= _READABLE:
            self.fit()
            self._is_at_start = True
            return
        wide = (room.width() - 2 * FIT_MARGIN) / content.width()
        self.set_zoom(max(min(wide, 1.0), _READABLE))
        start = self.start()
        # Not so far aside that there is nothing on one half of the view.
        half = (room.width() / 2 - FIT_MARGIN) / self.zoom()
        start.setX(max(min(start.x(), content.right() - half), content.left() + half))
        if wide >= _READABLE:
            start.setX(content.center().x())
        self.hold(start, QPointF(room.width() / 2, _START))
        self._is_at_start = True

    def place(self, zoom: float, middle: QPointF) -> None:
        """Show the scene's `middle` in the middle of the view, as it was left another time.

        `place_again` shows it there again once the picture is complete, unless the user moved it.
        """
        self.set_zoom(zoom)
        self.centerOn(middle)
        self._placed = (zoom, middle)

    def place_again(self) -> None:
        """Take the view back where `place` put it, if it has not been moved since."""
        if self._placed is not None:
            self.place(*self._placed)

    def hold(self, point: QPointF, where: QPointF) -> None:
        """Scroll so that the scene's `point` is at `where` in the viewport."""
        now = self.viewportTransform().map(point)
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() + round(now.x() - where.x()))
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + round(now.y() - where.y()))

    def seen(self) -> QRectF:
        """The part of the scene in view."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    # Content

    @property
    def is_at_start(self) -> bool:
        """Whether the view is as `show_start` left it."""
        return self._is_at_start

    def leave_start(self) -> None:
        """Count the view as chosen by the user from now on."""
        self._is_fitted = self._is_at_start = False
        self._placed = None

    def content(self) -> QRectF:
        return self._content

    def set_content(self, rect: QRectF) -> None:
        """Tell what there is to see; the view can move a little beyond it."""
        self._content = QRectF(rect)
        self._update_scene_rect()

    def _update_scene_rect(self) -> None:
        room = self.viewport().size() / max(self.zoom(), 1e-6)
        wide, high = room.width() * 0.95, room.height() * 0.95
        self.setSceneRect(self._content.adjusted(-wide, -high, wide, high))

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        middle = self.mapToScene(QPoint(event.oldSize().width() // 2, 0))
        super().resizeEvent(event)
        if self._is_at_start or self._is_fitted:
            self.rooms_changed()
        else:
            self._update_scene_rect()
            if event.oldSize().isValid():
                self.hold(middle, QPointF(event.size().width() / 2, 0))
        self.view_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        modifiers = event.modifiers()
        pixels = event.pixelDelta()
        wants_zoom = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if not pixels.isNull() and not wants_zoom:
            # A touchpad: two fingers pan, as everywhere else.
            self._scroll(pixels)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            turn = event.angleDelta()
            self._scroll(QPoint(turn.y() or turn.x(), 0))
        else:
            turns = event.angleDelta().y() / 120.0
            self.set_zoom(self.zoom() * _STEP**turns, event.position().toPoint())
        event.accept()

    def _scroll(self, by: QPoint) -> None:
        self.leave_start()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - by.x())
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() - by.y())

    def start_pan(self, position: QPoint) -> None:
        self._pan_from = position
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    @property
    def is_panning(self) -> bool:
        return self._pan_from is not None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            position = event.position().toPoint()
            self._scroll(position - self._pan_from)
            self._pan_from = position
            event.accept()
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            self._pan_from = None
            self.viewport().unsetCursor()
            event.accept()
            return
        super().mouseReleaseEvent(event)
