"""What is written over the picture: the overlay's marks and the colouring, worked out in steps."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from surgeon_gui.ui.canvas.marks import Marks, marks_steps
from surgeon_gui.ui.canvas.steps import Steps
from surgeon_gui.ui.farewell import let_go
from surgeon_gui.view.coloring import Coloring, Tints, tints_steps
from surgeon_gui.view.overlay import Overlay
from surgeon_gui.view.pace import Pace
from surgeon_gui.view.tree import Tree

# Marks come with much else to be done in the same event.
_SHARE = 0.4
# Nodes that are marked in the event that brings the marks.
_AT_ONCE = 1000


class Marking(QObject):
    """Keeps the marks of the tree on show in line with overlay and colouring.

    Attributes:
        overlay: the marks wanted.
        coloring: the colours wanted; None colours nodes by their kind of op.
        marks: what is drawn now, None without a tree.

    Signals:
        changed(): other marks are to be drawn.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.overlay = Overlay()
        self.coloring: Coloring | None = None
        self.marks: Marks | None = None
        self._tints: Tints | None = None
        self._made: Marks | None = None
        self._steps = Steps(self, share=_SHARE)

    @property
    def is_running(self) -> bool:
        """Whether marks are being made for the tree on show."""
        return self._steps.is_running

    def finish(self) -> None:
        """Make now what is being made."""
        self._steps.finish()

    def set_overlay(self, overlay: Overlay) -> None:
        """Mark the nodes as this says."""
        self.overlay = overlay
        self._make()

    def set_coloring(self, coloring: Coloring | None, tints: Tints | None) -> None:
        """Colour the nodes by this; `tints` is what it says of the tree, if that is known."""
        self.coloring, self._tints = coloring, tints
        self._make()

    def steps(self, tree: Tree) -> Pace[Marks]:
        """Make the marks of a tree."""
        coloring, overlay, tints = self.coloring, self.overlay, self._tints
        if coloring is None:
            tints = None
        elif tints is None or tints.tree is not tree or tints.coloring is not coloring:
            tints = yield from tints_steps(tree, coloring)
        return (yield from marks_steps(tree, overlay, tints))

    def take(self, marks: Marks | None) -> None:
        """Draw these, which were made for another tree; None where there is nothing to draw."""
        self._steps.cancel()
        self.marks = marks
        if marks is None:
            return
        self._tints = marks.tints
        coloring = marks.tints.coloring if marks.tints is not None else None
        if marks.overlay is not self.overlay or coloring is not self.coloring:
            self._make()

    def _make(self) -> None:
        if self.marks is None:
            self.changed.emit()
            return
        tree = self.marks.tree

        def work() -> Pace[None]:
            self._made = yield from self.steps(tree)

        def done() -> None:
            let_go(self.marks)
            self.marks, self._made = self._made, None
            self._tints = self.marks.tints if self.marks is not None else None
            self.changed.emit()

        self._steps.run(work(), done, is_long=len(tree.nodes) > _AT_ONCE)
