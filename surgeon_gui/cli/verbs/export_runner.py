"""`surgeon export-runner`: code that runs one engine, to take along with it."""

from __future__ import annotations

import re
from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS, print_json, stdout
from surgeon_gui.cli.feeding import recipe_options
from surgeon_gui.cli.options import json_option
from surgeon_gui.compare.images import ImageRecipe
from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.engine_card import EngineCard, card_path, read_card
from surgeon_gui.jobs.feeding import load_preset
from surgeon_gui.jobs.runner import python_runner
from surgeon_gui.jobs.runner_cpp import cmake_lists, cpp_runner

_CPP = (".cpp", ".cc", ".cxx")


@VERBS.register("export-runner")
@click.command("export-runner")
@click.argument("engine", type=click.Path(path_type=Path), metavar="X.engine")
@click.option(
    "-o",
    "target",
    required=True,
    type=click.Path(path_type=Path),
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
    written = write_runner(engine, card, target, recipe or _recipe(card))
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


def write_runner(
    engine: Path, card: EngineCard, target: Path, recipe: ImageRecipe
) -> dict[Path, int]:
    """Write the code `target` names by its ending; return the files with their sizes.

    Raises:
        UsageError: the ending is no language's, or the engine is too old.
        SaveError: a file cannot be written.
    """
    ending = target.suffix.lower()
    if ending == ".py":
        texts = {target: python_runner(engine, card, target.name, recipe=recipe)}
    elif ending in _CPP:
        program = re.sub(r"\W", "_", target.stem)
        texts = {
            target: cpp_runner(engine, card, program, recipe=recipe),
            target.with_name("CMakeLists.txt"): cmake_lists(card, program, target.name),
        }
    else:
        raise UsageError(
            f"There is no runner in {ending or 'a file without ending'}.",
            where=str(target),
            hint="Name it run.py or run.cpp.",
        )
    return {path: write_atomically(path, [text.encode()]) for path, text in texts.items()}


def _recipe(card: EngineCard) -> ImageRecipe:
    """Return what the model's inputs were made with last."""
    preset = load_preset(Path(card.provenance.model)) if card.provenance is not None else None
    if preset is not None and preset.images is not None:
        return preset.images.recipe
    return ImageRecipe()
