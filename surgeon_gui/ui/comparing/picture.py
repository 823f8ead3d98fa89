"""The difference of two graphs as a picture, without a window."""

from __future__ import annotations

from pathlib import Path

from surgeon_gui.errors import UsageError
from surgeon_gui.ui.canvas.board import GraphBoard
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.comparing.work import Compared, draw_merged
from surgeon_gui.ui.picture import Picture, drawing_application, save_plan
from surgeon_gui.ui.theme import LIGHT, Theme, apply_theme


def save_diff_picture(
    compared: Compared, path: Path, *, neighbours: int | None = None, theme: Theme = LIGHT
) -> Picture:
    """Draw two graphs as one into a file, what is different marked and its namespaces open.

    Args:
        compared: the two.
        path: ends in .svg, .png or .pdf.
        neighbours: how far from a change a node may be to be drawn; None draws all.
        theme: the colours.

    Raises:
        UsageError: the ending is no picture's, or there is nothing to draw.
        SaveError: the file cannot be written.
    """
    apply_theme(drawing_application(), theme)
    drawing = draw_merged(compared, neighbours)
    board = GraphBoard(theme=theme)
    try:
        tree, opened = drawing.tree, drawing.opened
        board.set_graph(tree.graph, tree=tree, expanded=opened, overlay=drawing.overlay)
        board.finish_layout()
        plan, marks = board.plan(), board.marks()
        if plan is None or marks is None or not drawing.tree.nodes:
            raise UsageError(
                "There is nothing to draw.", where=str(path), hint="The models are equal."
            )
        return save_plan(plan, marks, Ink(theme), path)
    finally:
        board.close()
        board.deleteLater()
