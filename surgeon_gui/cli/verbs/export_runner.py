"""`surgeon export-runner`: a script that runs one engine, to take along with it."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.options import json_option
from surgeon_gui.errors import OpenError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.engine_card import card_path, read_card
from surgeon_gui.jobs.runner import python_runner


@VERBS.register("export-runner")
@click.command("export-runner")
@click.argument("engine", type=click.Path(path_type=Path), metavar="X.engine")
@click.option(
    "-o",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="run.py",
    help="Where the script goes; keep it beside the engine.",
)
@json_option
def export_runner_verb(engine: Path, target: Path, as_json: bool) -> int:
    """Write a Python script that loads an engine with its plugins and runs it."""
    card = read_card(engine)
    if card is None:
        raise OpenError(
            "This engine has no card that says what its inputs are.",
            where=str(card_path(engine)),
            hint="Build it with this program, which writes the card beside the engine.",
        )
    text = python_runner(engine, card, target.name)
    size = write_atomically(target, [memoryview(text.encode())])
    if as_json:
        print_json({"model": str(engine), "path": str(target), "bytes": size})
    else:
        stdout.print(f"{target}: {size} bytes. Run it with: python {target.name}", markup=False)
    return 0
