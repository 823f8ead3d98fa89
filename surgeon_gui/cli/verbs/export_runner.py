"""`surgeon export-runner`: code that runs one engine, to take along with it."""

from __future__ import annotations

from pathlib import Path

import click

from surgeon_gui.cli.app import FILE, VERBS, print_json, stdout
from surgeon_gui.cli.feeding import recipe_options
from surgeon_gui.cli.options import json_option
from surgeon_gui.compare.images import ImageRecipe
from surgeon_gui.errors import OpenError
from surgeon_gui.jobs.engine_card import card_path, read_card
from surgeon_gui.jobs.runner_files import write_runner


@VERBS.register("export-runner")
@click.command("export-runner")
@click.argument("engine", type=FILE, metavar="X.engine")
@click.option(
    "-o",
    "target",
    required=True,
    type=FILE,
    metavar="run.py|run.cpp",
    help="Where the code goes; keep it beside the engine. A .cpp gets a CMakeLists.txt.",
)
@recipe_options
@json_option
def export_runner_verb(
    engine: Path, target: Path, recipe: ImageRecipe | None, as_json: bool
) -> int:
    """Write code that loads an engine with its plugins, prepares an image and runs it.

    A .py is a Python script, a .cpp a C++ source. The preprocessing is what --resize, --channels,
    --layout, --mean and --std say, else what the model was fed with last.
    """
    card = read_card(engine)
    if card is None:
        raise OpenError(
            "This engine has no card that says what its inputs are.",
            where=str(card_path(engine)),
            hint="Build it with this program, which writes the card beside the engine.",
        )
    written = write_runner(engine, card, target, recipe)
    if as_json:
        sizes = {str(path): size for path, size in written.items()}
        print_json(
            {"model": str(engine), "path": str(target), "bytes": written[target], "files": sizes}
        )
        return 0
    for path, size in written.items():
        stdout.print(f"{path}: {size} bytes", markup=False)
    how = "cmake -B build && cmake --build build" if len(written) > 1 else f"python {target.name}"
    stdout.print(f"Run it with: {how}", markup=False)
    return 0
