"""What is lit on the canvas, by item and by edge of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF

from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.tree import ROOT, Tree


@dataclass
class Lights:
    """Items and edges to be lit.

    Attributes:
        selected: outlined with a glow.
        in_edges, out_edges: edges into and out of the selection, by place in the picture.
        row: a constant's row that is selected.
        hover: the item under the mouse.
        hits: ringed items → hits inside, for groups.
        preview: items an edit would touch.
        hover_edge, chosen_edges: edges by place in the picture.
    """

    selected: list[int] = field(default_factory=list)
    in_edges: list[int] = field(default_factory=list)
    out_edges: list[int] = field(default_factory=list)
    row: QRectF | None = None
    hover: int | None = None
    hits: dict[int, int] = field(default_factory=dict)
    preview: list[int] = field(default_factory=list)
    hover_edge: int | None = None
    chosen_edges: list[int] = field(default_factory=list)


def shown_for(tree: Tree, plan: Plan, item: int) -> int | None:
    """The item in view that stands for `item`: itself or the outermost closed group around it."""
    for outer in reversed(tree.ancestors(item)):
        at = plan.index.get(outer)
        if at is not None and not plan.is_open[at]:
            return outer
    return item if item in plan.index else None


def gathered(tree: Tree, plan: Plan, items: Iterable[int]) -> dict[int, int]:
    """Items in view that stand for `items` → how many of them."""
    found: dict[int, int] = {}
    # Group → the closed one in view that hides what is in it; None where it is open to see.
    hidden_by: dict[int, int | None] = {}
    for item in items:
        if item == ROOT:
            continue
        home = tree.parent(item)
        if home not in hidden_by:
            around = shown_for(tree, plan, home) if home != ROOT else None
            is_closed = around is not None and not plan.is_open[plan.index[around]]
            hidden_by[home] = around if is_closed else None
        shown = hidden_by[home]
        if shown is None and item in plan.index:
            shown = item
        if shown is not None:
            found[shown] = found.get(shown, 0) + 1
    return found
