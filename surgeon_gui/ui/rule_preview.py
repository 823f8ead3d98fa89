"""What a rule would do: outlined in the graph, with a note that offers the next steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.rewrite.library import bundled_sets
from surgeon_gui.ui.comparing.commands import preview_edit, preview_set
from surgeon_gui.ui.selection import Walk

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow


def preview_rule(window: MainWindow, rule_id: str) -> None:
    """Outline on the canvas what a rule would touch; of a rule set, show the outcome."""
    if rule_id in bundled_sets():
        preview_set(window, rule_id)
        return
    canvas, message = window.canvas, window.message

    def apply() -> None:
        message.hide()
        window.surgery.apply_rule(rule_id, "")

    def shown(places: tuple[tuple[str, ...], ...]) -> None:
        names = tuple(dict.fromkeys(name for place in places for name in place))
        canvas.set_preview(names)
        if not names:
            message.show_note(f"{rule_id} fits nowhere in this graph.")
            return
        window.center.pages.show_page("graph")
        walk = Walk([place[0] for place in places], canvas.reveal)
        message.show_note(
            f"{rule_id} would change {len(names)} nodes, outlined in the graph.",
            choices=[
                *(walk.choices() if len(places) > 1 else ()),
                ("Difference", lambda: preview_edit(window, ApplyRules((rule_id,)))),
                ("Apply", apply),
            ],
        )

    window.surgery.matches(rule_id, shown)
