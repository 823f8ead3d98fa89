"""Commands for the edits whose dialogs are made from their fields."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from surgeon_gui.edits.base import EDITS, Edit, edit_fields, summary
from surgeon_gui.ui.actions import Command
from surgeon_gui.ui.dialogs.any_edit import edit_title

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

_OWN_COMMAND = frozenset(
    {
        *("rename", "rename-namespace", "replace", "collapse", "set-attribute"),
        *("set-input", "set-outputs", "strip", "rules", "patch", "grappler"),
    }
)
"""Edits that have commands of their own, or are made by other commands."""


def other_edits() -> list[tuple[str, type[Edit]]]:
    """Return the edits whose dialogs are made from their fields, in the order of their titles."""
    found = [(word, kind) for word, kind in EDITS.items() if word not in _OWN_COMMAND]
    return sorted(found, key=lambda item: edit_title(item[1]))


def other_edit_commands(window: MainWindow) -> list[Command]:
    """Return a command for each of them."""
    session, surgery = window.session, window.surgery
    return [
        Command(
            f"edit.any.{word}",
            edit_title(kind) + ("…" if edit_fields(kind) else ""),
            partial(surgery.ask, word),
            None,
            "",
            lambda: session.graph is not None,
            tip=summary(kind).rstrip("."),
        )
        for word, kind in other_edits()
    ]
