"""Lets a new picture glide in, unless the user or the system wants no motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QVariantAnimation
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QStyle

from surgeon_gui.ui.canvas.far import FAR_BELOW
from surgeon_gui.ui.canvas.glide import DURATION_MS, Glide
from surgeon_gui.ui.canvas.items import LightItem, PictureItem
from surgeon_gui.ui.canvas.plan import Plan

if TYPE_CHECKING:
    from surgeon_gui.ui.canvas.show import GraphShow


class Motion(QObject):
    """Runs one glide at a time; a newer picture starts from where the boxes are then.

    Args:
        view: the canvas.
        picture: what paints boxes and edges.
        light: what paints the selection.

    Attributes:
        is_wanted: whether anything moves at all.
    """

    def __init__(self, view: GraphShow, picture: PictureItem, light: LightItem) -> None:
        super().__init__(view)
        self._view, self._picture, self._light = view, picture, light
        self.is_wanted = False
        self._clock = QVariantAnimation(self)
        self._clock.setStartValue(0.0)
        self._clock.setEndValue(1.0)
        self._clock.setDuration(DURATION_MS)
        self._clock.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._clock.valueChanged.connect(self._go_to)
        self._clock.finished.connect(self.finish)

    @property
    def is_running(self) -> bool:
        return self._picture.glide is not None

    def seen(self) -> tuple[Plan, QTransform] | None:
        """What is on the screen now, to start from; None where nothing is to move."""
        glide = self._picture.glide
        plan = glide.now if glide is not None else self._view.plan()
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        # The style answers 0 where the system asks for less motion.
        if not self.is_wanted or plan is None or not self._view.style().styleHint(hint):
            return None
        return plan, self._view.viewportTransform()

    def start(self, seen: tuple[Plan, QTransform] | None) -> None:
        """Glide from what was seen to the picture that the canvas has now."""
        after, view = self._view.plan(), self._view
        if seen is None or after is None or view.zoom() < FAR_BELOW or not view.isVisible():
            return
        before, transform = seen
        now = view.viewportTransform()
        if transform.m11() != now.m11():
            return
        corner = QPointF(0, 0)
        shift = now.inverted()[0].map(corner) - transform.inverted()[0].map(corner)
        glide = Glide(before, after, shift, view.seen())
        if glide.is_light:
            self._picture.glide = glide
            self._go_to(0.0)
            self._clock.start()

    def finish(self) -> None:
        """Be there at once."""
        self._clock.stop()
        glide, self._picture.glide = self._picture.glide, None
        if glide is not None:
            self._light.plan = glide.after
            self._view.viewport().update()

    def _go_to(self, share: float) -> None:
        glide = self._picture.glide
        if glide is not None:
            glide.go_to(share)
            self._picture.share = share
            self._light.plan = glide.now
            self._view.viewport().update()
