"""The legend: what colours and signs mean, and the button that chooses what colours are by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from surgeon_gui.ui.canvas.corner import Corner
from surgeon_gui.ui.canvas.key import paint_scale, short, tint_entries, tint_notes
from surgeon_gui.ui.canvas.swatch import Swatch
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import laid_out_once
from surgeon_gui.view.coloring import KindTints, NumberTints, Scale, Tints, amount
from surgeon_gui.view.labels import KINDS, LIKE, kind_of
from surgeon_gui.view.overlays import PLAIN_TITLE
from surgeon_gui.view.tree import Tree

if TYPE_CHECKING:
    from surgeon_gui.ui.canvas.board import GraphBoard

_STATUS_WORDS = {
    "cured": "a rule cures it",
    "refuses": "target refuses",
    "caveat": "taken, with a caveat",
    "unknown": "not known",
    "added": "added",
    "removed": "removed",
    "changed": "changed",
}
_COLUMNS = 4
_WIDEST = 240
"""A longer note goes on in the next line: a wide legend is left out of small canvases."""


class Legend(Corner):
    """What colours and signs mean, of those that are in the picture.

    Signals:
        choosing(QPoint): the user wants to choose what nodes are coloured by; a global position
            for the menu.
    """

    choosing = Signal(QPoint)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "legend")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 6, 12, 8)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._key: tuple[object, ...] = ()
        self._known: tuple[Tree, tuple[str, ...]] | None = None
        self._rows = 0
        self._theme: Theme | None = None
        self.offers = False
        self.button = QToolButton(self)
        self.button.setAccessibleName("Colour by")
        self.button.setToolTip("Choose what nodes are coloured by")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._choose)

    def _choose(self) -> None:
        self.choosing.emit(self.button.mapToGlobal(QPoint(0, 0)))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        super().set_theme(theme)
        self.button.setFont(self.font())
        self.button.setStyleSheet(
            f"QToolButton {{ border: none; padding: 1px 0; color: {theme.text};"
            " font-weight: 600; }"
            f" QToolButton:hover {{ color: {theme.accent}; }}"
            f" QToolButton:focus {{ color: {theme.accent}; }}"
        )

    def show_plan(self, board: GraphBoard) -> None:
        """List what colours and signs of this canvas mean."""
        plan, theme, marks = board.plan(), board.theme(), board.marks()
        if plan is None or marks is None:
            self.hide()
            return
        statuses = board.overlay().statuses
        signs = tuple(name for name in _STATUS_WORDS if name in statuses)
        tints = marks.tints
        categories: tuple[str, ...] = ()
        if tints is None:
            if self._known is None or self._known[0] is not plan.tree:
                self._known = plan.tree, _kinds(plan.tree)
            categories = self._known[1]
        elif isinstance(tints, KindTints) and tints.coloring.are_verdicts:
            signs = ()
        key = (theme.name, categories, signs, tints, self.offers)
        if key != self._key:
            self._key = key
            self._clear()
            with laid_out_once(self._grid):
                self._fill(theme, categories, signs, tints)
            self._grid.activate()
            self.adjustSize()
        self.show()

    def _clear(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget is not self.button:
                widget.hide()
                widget.deleteLater()

    def _fill(
        self,
        theme: Theme,
        categories: tuple[str, ...],
        signs: tuple[str, ...],
        tints: Tints | None,
    ) -> None:
        self._rows = 0
        entries: list[tuple[QWidget, str]] = [
            (Swatch(theme, category=name), KINDS[name]) for name in categories
        ]
        self._add_title(tints)
        if isinstance(tints, NumberTints):
            scale = ScaleBar(theme, tints.scale)
            scale.setFont(self.font())
            self._add(scale)
        if tints is not None:
            for note in tint_notes(tints):
                self._add(self._label(note, is_muted=True))
            entries += [
                (Swatch(theme, color=color), words) for color, words in tint_entries(theme, tints)
            ]
        entries += [(Swatch(theme, status=name), _STATUS_WORDS[name]) for name in signs]
        top = self._rows
        rows = -(-len(entries) // 2)
        for at, (swatch, words) in enumerate(entries):
            column = 0 if at < rows else 2
            self._grid.addWidget(swatch, top + at % rows, column)
            self._grid.addWidget(self._label(words), top + at % rows, column + 1)
            # Not shown yet it would count for nothing in the size.
            swatch.show()

    def _add_title(self, tints: Tints | None) -> None:
        title = tints.coloring.title if tints is not None else PLAIN_TITLE
        self.button.setVisible(self.offers)
        if self.offers:
            self.button.setText(f"{short(title)} ▾")
            self._add(self.button)
        elif tints is not None:
            self._add(self._label(short(title)))

    def _add(self, widget: QWidget) -> None:
        """Put a widget in a row of its own."""
        self._grid.addWidget(widget, self._rows, 0, 1, _COLUMNS)
        self._rows += 1
        widget.show()

    def _label(self, words: str, *, is_muted: bool = False) -> QLabel:
        label = QLabel(words, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(self.font())
        if is_muted and self._theme is not None:
            label.setStyleSheet(f"color: {self._theme.muted};")
        if label.sizeHint().width() > _WIDEST:
            label.setWordWrap(True)
            label.setFixedSize(_WIDEST, label.heightForWidth(_WIDEST))
        label.show()
        return label


class ScaleBar(QWidget):
    """The colours of a scale from left to right, with the numbers at its ends."""

    def __init__(self, theme: Theme, scale: Scale) -> None:
        super().__init__()
        self._theme, self._scale = theme, scale
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self.setMinimumWidth(190)
        low, high = amount(scale.low, scale.unit), amount(scale.high, scale.unit)
        self.setAccessibleName(f"Scale from {low} to {high}")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        paint_scale(painter, self._theme, self._scale, QRectF(self.rect()))
        painter.end()


def _kinds(tree: Tree) -> tuple[str, ...]:
    """The kinds of op a tree has, as the legend names them."""
    nodes = tree.graph.nodes
    ops = {nodes[position].op for position in tree.nodes}
    found = {LIKE.get(kind, kind) for kind in map(kind_of, ops)}
    return tuple(name for name in KINDS if name in found)
