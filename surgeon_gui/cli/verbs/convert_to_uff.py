"""`surgeon convert-to-uff`: NVIDIA's converter, by its own flags."""

from __future__ import annotations

import click

from surgeon_gui.cli.app import VERBS


@VERBS.register("convert-to-uff")
@click.command(
    "convert-to-uff", context_settings={"ignore_unknown_options": True}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="INPUT.pb [OPTIONS]")
def convert_to_uff_verb(arguments: tuple[str, ...]) -> int:
    """Convert as NVIDIA's convert-to-uff does (-h lists its flags)."""
    from surgeon_gui.compat.convert_to_uff import convert_to_uff

    return convert_to_uff(arguments)
