"""The head of the comparing page: what is compared, how it is shown, and the way through it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.ui.comparing.sources import Source
from surgeon_gui.ui.icons import icon
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel, SpinBox, button, label

SIDES, MERGED = "sides", "merged"
CHOOSE_FILE = "Choose a file…"
_TIP = Qt.ItemDataRole.ToolTipRole


class CompareBar(QWidget):
    """Two rows of controls.

    Signals:
        sources_changed(): another graph was chosen on one side, or the sides were swapped.
        file_requested(int): a file is to be chosen for the first (0) or second (1) side.
        mode_changed(str): `SIDES` or `MERGED`.
        linked_changed(bool): whether the sides move together.
        part_changed(): other parts of the merged graph are wanted.
        stepped(int): to the next (1) or previous (-1) change.
    """

    sources_changed = Signal()
    file_requested = Signal(int)
    mode_changed = Signal(str)
    linked_changed = Signal(bool)
    part_changed = Signal()
    stepped = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._sources: list[Source] = []
        self._chosen: list[int] = [0, 0]
        self.combos = tuple(_combo(name) for name in ("Before", "After"))
        for side, combo in enumerate(self.combos):
            combo.activated.connect(lambda at, side=side: self._pick(side, at))
        self.swap = _tool("Swap the two sides", self._swap)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(label("Before", "muted"))
        first.addWidget(self.combos[0], 1)
        first.addWidget(self.swap)
        first.addWidget(label("After", "muted"))
        first.addWidget(self.combos[1], 1)
        self.modes = {
            SIDES: button("Side by side", tip="Show both graphs, one beside the other"),
            MERGED: button("Merged", tip="Show both graphs as one, with what is different marked"),
        }
        self._group = QButtonGroup(self)
        for mode, choice in self.modes.items():
            choice.setCheckable(True)
            choice.clicked.connect(lambda _on, mode=mode: self.set_mode(mode))
            self._group.addButton(choice)
        self.linked = _switch("Linked", "Move and zoom both graphs together")
        self.linked.setChecked(True)
        self.linked.toggled.connect(self.linked_changed)
        self.only = _switch(
            "Only changes", "Show what is different and its neighbours, without the rest"
        )
        self.only.toggled.connect(self._narrow)
        self.neighbours = SpinBox()
        self.neighbours.setAccessibleName("Neighbours shown")
        self.neighbours.setToolTip("How many edges away from a change nodes are shown")
        self.neighbours.setRange(0, 9)
        self.neighbours.setValue(1)
        self.neighbours.setPrefix("± ")
        self.neighbours.valueChanged.connect(lambda _value: self.part_changed.emit())
        self.words = ElidedLabel(role="muted")
        self.previous = _tool("Previous change  (Shift+F7)", lambda: self.stepped.emit(-1))
        self.next = _tool("Next change  (F7)", lambda: self.stepped.emit(1))
        second = QHBoxLayout()
        second.setSpacing(8)
        pair = QHBoxLayout()
        pair.setSpacing(4)
        for choice in self.modes.values():
            pair.addWidget(choice)
        second.addLayout(pair)
        for widget in (self.linked, self.only, self.neighbours):
            second.addWidget(widget)
        second.addWidget(self.words, 1)
        second.addWidget(self.previous)
        second.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addLayout(second)
        self.mode = SIDES
        self._show_mode()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.swap.setIcon(icon("swap", theme))
        self.previous.setIcon(icon("caret-up", theme))
        self.next.setIcon(icon("caret-down", theme))

    # What is compared

    def set_sources(self, sources: Sequence[Source], before: Source, after: Source) -> None:
        """Offer these, with the two chosen; one that is no longer there becomes the first."""
        self._sources = list(sources)
        for side, source in enumerate((before, after)):
            at = self._sources.index(source) if source in self._sources else 0
            self._chosen[side] = at
            combo = self.combos[side]
            combo.clear()
            for choice in self._sources:
                combo.addItem(choice.title)
                tip = str(choice.path) if choice.path is not None else choice.title
                combo.setItemData(combo.count() - 1, tip, _TIP)
            combo.insertSeparator(combo.count())
            combo.addItem(CHOOSE_FILE)
            combo.setCurrentIndex(at)
            combo.setToolTip(combo.itemData(at, _TIP) if self._sources else "")

    def chosen(self) -> tuple[Source, Source]:
        """The two sides."""
        before, after = (self._sources[at] for at in self._chosen)
        return before, after

    def _pick(self, side: int, at: int) -> None:
        if at >= len(self._sources):
            self.combos[side].setCurrentIndex(self._chosen[side])
            self.file_requested.emit(side)
        elif at != self._chosen[side]:
            self._chosen[side] = at
            self.sources_changed.emit()

    def _swap(self) -> None:
        self._chosen.reverse()
        for combo, at in zip(self.combos, self._chosen, strict=True):
            combo.setCurrentIndex(at)
        self.sources_changed.emit()

    # How it is shown

    def set_mode(self, mode: str) -> None:
        """Show the two side by side or as one."""
        changed = mode != self.mode
        self.mode = mode
        self._show_mode()
        if changed:
            self.mode_changed.emit(mode)

    def _show_mode(self) -> None:
        self.modes[self.mode].setChecked(True)
        is_merged = self.mode == MERGED
        self.linked.setVisible(not is_merged)
        self.only.setVisible(is_merged)
        self.neighbours.setVisible(is_merged and self.only.isChecked())

    def reach(self) -> int | None:
        """How far from a change the merged graph is shown; None for all of it."""
        return self.neighbours.value() if self.only.isChecked() else None

    def _narrow(self) -> None:
        self._show_mode()
        self.part_changed.emit()

    def set_ready(self, count: int) -> None:
        """Enable what needs changes."""
        for widget in (self.previous, self.next):
            widget.setEnabled(count > 0)


def _combo(name: str) -> ComboBox:
    made = ComboBox(name)
    made.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(10)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made


def _tool(tip: str, run: object) -> QToolButton:
    made = QToolButton()
    made.setToolTip(tip)
    made.setAccessibleName(tip.partition("  ")[0])
    made.setIconSize(QSize(16, 16))
    made.clicked.connect(run)
    return made


def _switch(text: str, tip: str) -> QPushButton:
    made = button(text, tip=tip)
    made.setCheckable(True)
    return made
