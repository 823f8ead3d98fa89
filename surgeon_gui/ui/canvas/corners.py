"""The small widgets in the corners of the canvas: breadcrumb, zoom, legend, minimap, progress."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from surgeon_gui.ui.canvas.corner import Corner, small_font
from surgeon_gui.ui.canvas.legend import Legend
from surgeon_gui.ui.canvas.minimap import Minimap
from surgeon_gui.ui.canvas.zoomview import FIT_MARGIN
from surgeon_gui.ui.theme import Theme
from surgeon_gui.view.crumbs import crumbs

if TYPE_CHECKING:
    from surgeon_gui.ui.canvas.board import GraphBoard

_MARGIN = 12
_SHARE = 0.4


_SMALL = 400
_PATH_CHARACTERS = 56
"""Of all parts of a breadcrumb together; fewer where the canvas is narrow."""
_LEAST_STEP = 7
_CUT = 6


class Corners(QObject):
    """Puts the corner widgets over the canvas and keeps them true.

    Args:
        board: the canvas.
        theme: its colours.
    """

    def __init__(self, board: GraphBoard, theme: Theme) -> None:
        super().__init__(board)
        self._board = board
        self._theme = theme
        self._rooms: tuple[QRectF, ...] = ()
        self.breadcrumb = Breadcrumb(board)
        self.zoom_bar = ZoomBar(board)
        self.legend = Legend(board)
        self.minimap = Minimap(board)
        self.progress = Progress(board)
        self.breadcrumb.picked.connect(board.reveal)
        self.legend.choosing.connect(board.coloring_requested)
        self.zoom_bar.zoom_in.connect(board.zoom_in)
        self.zoom_bar.zoom_out.connect(board.zoom_out)
        self.zoom_bar.natural.connect(lambda: board.set_zoom(1.0))
        self.zoom_bar.fit.connect(board.fit)
        self.minimap.moved.connect(self._go)
        self.progress.cancelled.connect(board.cancel_layout)
        board.layout_started.connect(self._layout_started)
        board.layout_progress.connect(self.progress.set_share)
        board.layout_finished.connect(self.progress.hide)
        board.layout_finished.connect(self._place)
        self.set_theme(theme)
        board.installEventFilter(self)

    def _go(self, place: QPointF) -> None:
        self._board.leave_start()
        self._board.centerOn(place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return False

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for widget in (self.breadcrumb, self.zoom_bar, self.legend, self.minimap, self.progress):
            widget.set_theme(theme)
        self.content_changed()

    def content_changed(self) -> None:
        """The picture, its marks or the theme changed."""
        if self._board.theme() != self._theme:
            self.set_theme(self._board.theme())
            return
        plan = self._board.plan()
        self.zoom_bar.setVisible(plan is not None)
        self.breadcrumb.setVisible(plan is not None)
        self.legend.show_plan(self._board)
        self.minimap.show_plan(plan, self._board.marks())
        self.selection_moved()
        self.view_moved()

    def finish(self) -> None:
        """Draw what is being drawn (for tests and pictures)."""
        self.minimap.finish()

    def selection_moved(self) -> None:
        selected = self._board.selection()
        plan = self._board.plan()
        steps = crumbs(plan.tree, selected[-1]) if plan is not None and selected else []
        self.breadcrumb.show_path(self._board.title(), steps)
        self.minimap.update()
        self._place()

    def view_moved(self) -> None:
        self.minimap.show_view(self._board.seen())
        self._place_minimap()

    def zoom_moved(self, zoom: float) -> None:
        self.zoom_bar.show_zoom(zoom)

    def _layout_started(self) -> None:
        self.progress.set_share(0.0)
        self.progress.show()
        self._place()

    def _place(self) -> None:
        room = self._board.rect()
        self.zoom_bar.set_small(room.width() < _SMALL)
        for panel in (self.breadcrumb, self.zoom_bar, self.legend, self.progress):
            panel.adjustSize()
        # On a small canvas the graph has the room.
        has_room = self.legend.height() <= _SHARE * room.height()
        has_room = has_room and self.legend.width() <= _SHARE * room.width()
        self.legend.setVisible(has_room and self._board.plan() is not None)
        self.breadcrumb.move(_MARGIN, _MARGIN)
        self.breadcrumb.fit_into(room.width() - self.zoom_bar.width() - 3 * _MARGIN)
        self.zoom_bar.move(room.width() - self.zoom_bar.width() - _MARGIN, _MARGIN)
        self.legend.move(_MARGIN, room.height() - self.legend.height() - _MARGIN)
        self.progress.move(
            (room.width() - self.progress.width()) // 2,
            room.height() - self.progress.height() - _MARGIN,
        )
        self._place_minimap()
        for widget in (
            self.breadcrumb,
            self.zoom_bar,
            self.legend,
            self.minimap,
            self.progress,
        ):
            widget.raise_()
        rooms = self.rooms()
        if rooms != self._rooms:
            self._rooms = rooms
            self._board.rooms_changed()

    def rooms(self) -> tuple[QRectF, ...]:
        """What path, zoom bar and legend leave free of the canvas: above the legend, beside it."""
        top = self.zoom_bar.geometry().bottom() + _MARGIN
        free = QRectF(self._board.rect()).adjusted(FIT_MARGIN, top, -FIT_MARGIN, -FIT_MARGIN)
        if self.legend.isHidden():
            return (free,)
        above, beside, legend = QRectF(free), QRectF(free), self.legend.geometry()
        above.setBottom(legend.top() - _MARGIN)
        beside.setLeft(legend.right() + _MARGIN)
        return above, beside

    def _place_minimap(self) -> None:
        room = self._board.rect()
        self.minimap.fit_into(room.size())
        self.minimap.move(
            room.width() - self.minimap.width() - _MARGIN,
            room.height() - self.minimap.height() - _MARGIN,
        )


class ZoomBar(Corner):
    """Zoom out, the zoom itself (back to 100 %), zoom in, fit."""

    zoom_in = Signal()
    zoom_out = Signal()
    natural = Signal()
    fit = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "zoomBar")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._zoom = self._button("100 %", "Natural size (0)", self.natural)
        row.addWidget(self._button("−", "Zoom out (−)", self.zoom_out))
        row.addWidget(self._zoom)
        row.addWidget(self._button("+", "Zoom in (+)", self.zoom_in))
        row.addWidget(self._button("Fit", "Show everything (F)", self.fit))

    def _button(self, text: str, tip: str, signal: object) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(signal)
        return button

    def set_small(self, small: bool) -> None:
        """Leave out the zoom itself, for the path to have room beside."""
        self._zoom.setVisible(not small)

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(f"{zoom * 100:.0f} %" if zoom >= 0.1 else f"{zoom * 100:.1f} %")
        self.adjustSize()

    def set_theme(self, theme: Theme) -> None:
        for button in self.findChildren(QToolButton):
            button.setFont(small_font(theme, 12))
        self.setStyleSheet(
            f"QToolButton {{ background: {theme.window}; color: {theme.text};"
            f" border: 1px solid {theme.line}; border-radius: 5px; padding: 4px 8px;"
            f" min-width: 12px; }}"
            f" QToolButton:hover {{ background: {theme.sunken}; }}"
            f" QToolButton:pressed {{ background: {theme.accent_soft}; }}"
        )


class Breadcrumb(QWidget):
    """File › namespace › node; each part can be clicked."""

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._label = QLabel(self)
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.linkActivated.connect(self.picked)
        self._label.setAccessibleName("Place in the graph")
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        row.addWidget(self._label)
        self._title = ""
        self._room = 0
        self._steps: list[tuple[str, str]] = []
        self._theme: Theme | None = None

    def show_path(self, title: str, steps: list[tuple[str, str]]) -> None:
        """Show the file and, for each step, what is written and the item it leads to."""
        if (title, steps) != (self._title, self._steps):
            self._title, self._steps = title, steps
            self._write()

    def fit_into(self, width: int) -> None:
        """Cut names, then leave steps out, so that the path is no wider than so many pixels."""
        if width != self._room:
            self._room = width
            self._write()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._label.setFont(small_font(theme, 12))
        paper = theme.color("canvas", 0.9)
        self._label.setStyleSheet(
            f"color: {theme.text}; border-radius: 4px; padding: 2px 6px;"
            f" background: rgba({paper.red()}, {paper.green()}, {paper.blue()}, 0.9);"
        )
        self._write()

    def _write(self) -> None:
        if self._theme is None:
            return
        cuts = list(self._cuts())
        # Each is narrower than the one before.
        found = bisect_left(cuts, True, key=self._fits)
        self._fits(cuts[min(found, len(cuts) - 1)])
        self._label.setToolTip(escape("/".join(full for full, _ in self._steps)))
        self.adjustSize()

    def _fits(self, cut: tuple[int, int]) -> bool:
        """Write the path cut so; return whether there is room for it."""
        if self._theme is not None:
            self._label.setText(self._written(self._theme, *cut))
        return self._label.sizeHint().width() <= self._room

    def _cuts(self) -> Iterator[tuple[int, int]]:
        """How many characters are written and how many steps left out, gentlest first."""
        for most in range(_PATH_CHARACTERS, 2 * _LEAST_STEP - 1, -_CUT):
            yield most, 0
        # Of all steps but the last, and then the title.
        for left_out in range(1, len(self._steps) + 1):
            yield 2 * _LEAST_STEP, left_out

    def _written(self, theme: Theme, most: int, left_out: int) -> str:
        title, last = _shortened(self._title, most), len(self._steps) - 1
        muted, text = theme.muted, theme.text
        title = "" if left_out > last >= 0 else title
        lead = [title, "…" if left_out else ""]
        written = [f"<span style='color:{muted}'>{escape(part)}</span>" for part in lead if part]
        most = max(_LEAST_STEP, most // max(len(self._steps), 1))
        for depth, (full, item) in enumerate(self._steps):
            part = _shortened(full, most)
            # Where one is stands last; the way there gives up its room first.
            if depth < min(left_out, last):
                continue
            if depth == last:
                written.append(f"<b style='color:{text}'>{escape(part)}</b>")
            else:
                written.append(
                    f"<a href='{escape(item)}' style='color:{muted};text-decoration:none'>"
                    f"{escape(part)}</a>"
                )
        return f" <span style='color:{muted}'>›</span> ".join(written)


def _shortened(text: str, most: int) -> str:
    """Return a name cut in its middle to so many characters: names differ at their ends."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"


class Progress(Corner):
    """How far a layout is, with Cancel."""

    cancelled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "progress")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(QLabel("Laying out", self))
        self._bar = QProgressBar(self)
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(180, 6)
        row.addWidget(self._bar)
        button = QPushButton("Cancel", self)
        button.clicked.connect(self.cancelled)
        row.addWidget(button)
        self.hide()

    def set_share(self, share: float) -> None:
        # A bar paints at once, and with it the graph below; with the next frame is soon enough.
        self._bar.setUpdatesEnabled(False)
        self._bar.setValue(round(share * 1000))
        self._bar.setUpdatesEnabled(True)
