"""`surgeon gui`: open the window."""

from __future__ import annotations

import click

from surgeon_gui.cli.app import VERBS


@VERBS.register("gui")
@click.command("gui", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[MODEL] [--shot FILE.png]")
def gui_verb(arguments: tuple[str, ...]) -> int:
    """Open the window, on MODEL if one is named."""
    from surgeon_gui.ui.application import run

    return run(list(arguments))
