"""Writing code to go: which language a file's ending names, and what it is made from."""

from __future__ import annotations

import re
from pathlib import Path

from surgeon_gui.compare.images import ImageRecipe
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.engine_card import EngineCard
from surgeon_gui.jobs.feeding import load_preset
from surgeon_gui.jobs.runner import python_runner
from surgeon_gui.jobs.runner_cpp import cmake_lists, cpp_runner

_CPP = (".cpp", ".cc", ".cxx")


def write_runner(
    engine: Path, card: EngineCard, target: Path, recipe: ImageRecipe | None = None
) -> dict[Path, int]:
    """Write the code `target` names by its ending; return the files with their sizes.

    Args:
        engine: the plan.
        card: its card.
        target: a `.py`, or a `.cpp` that gets a `CMakeLists.txt` beside it.
        recipe: how images are prepared; None takes what the model was fed with last.

    Raises:
        UsageError: the ending is no language's, or the engine is too old.
        SaveError: a file cannot be written.
    """
    ending = target.suffix.lower()
    recipe = recipe or _last_recipe(card)
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


def _last_recipe(card: EngineCard) -> ImageRecipe:
    preset = load_preset(Path(card.provenance.model)) if card.provenance is not None else None
    if preset is not None and preset.images is not None:
        return preset.images.recipe
    return ImageRecipe()
