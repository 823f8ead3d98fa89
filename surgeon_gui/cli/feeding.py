"""The options that say what a run is fed: a file, images, or random values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from surgeon_gui.cli.app import FILE
from surgeon_gui.cli.options import parse_shape
from surgeon_gui.compare.images import CHANNELS, LAYOUTS, RESIZES, ImageFeed, ImageRecipe
from surgeon_gui.compare.inputs import DISTRIBUTIONS
from surgeon_gui.errors import UsageError
from surgeon_gui.jobs.feeding import Feeding

F = TypeVar("F", bound=Callable[..., Any])


def given_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the shapes that `--shape` options give."""
    return {name: shape.dims or () for name, shape in map(parse_shape, texts)}


def feeding_options(function: F) -> F:
    """Add the options; the verb gets them as `feeding`."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        names = ("inputs", "images", "image_input", "seed", "distribution", "recipe")
        chosen = {name: kwargs.pop(name) for name in names}
        return function(*args, feeding=_feeding(**chosen), **kwargs)

    options = (
        click.option(
            "--inputs",
            type=FILE,
            metavar="X.npz|X.npy",
            help="Input arrays keyed by node name; default: random.",
        ),
        click.option(
            "--image",
            "images",
            multiple=True,
            type=FILE,
            metavar="FILE|FOLDER",
            help="An image, or a folder of them, as input; repeat for more.",
        ),
        click.option(
            "--image-input", default="", metavar="NAME", help="Which input takes the images."
        ),
        recipe_options,
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the random inputs.",
        ),
        click.option(
            "--distribution",
            type=click.Choice(tuple(DISTRIBUTIONS)),
            default="uniform",
            show_default=True,
            help="Of the random inputs.",
        ),
    )
    return _decorated(function, wrapped, options)


def recipe_options(function: F) -> F:
    """Add how images are prepared; the verb gets it as `recipe`, None where nothing is said."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        names = ("resize", "channels", "layout", "mean", "std")
        given = {name: kwargs.pop(name) for name in names}
        return function(*args, recipe=_recipe(given), **kwargs)

    plain = ImageRecipe()
    options = (
        click.option(
            "--resize",
            type=click.Choice(tuple(RESIZES)),
            help=f"How an image of another size is brought to the input's [{plain.resize}].",
        ),
        click.option(
            "--channels",
            type=click.Choice(CHANNELS, case_sensitive=False),
            help=f"The order of the colours [{plain.channels}].",
        ),
        click.option(
            "--layout",
            type=click.Choice(LAYOUTS, case_sensitive=False),
            help=f"Where the channels stand [{plain.layout}].",
        ),
        click.option("--mean", metavar="M|R,G,B", help="Subtracted from pixels of 0 to 255 [0]."),
        click.option("--std", metavar="S|R,G,B", help="Divided by afterwards [255, integers 1]."),
    )
    return _decorated(function, wrapped, options)


def _decorated(function: F, wrapped: Any, options: Sequence[Callable[[Any], Any]]) -> F:
    """Return `wrapped` in the place of `function`, with the options in this order."""
    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__dict__.update(function.__dict__)
    for decorate in reversed(options):
        wrapped = decorate(wrapped)
    result: F = wrapped
    return result


def _feeding(
    inputs: Path | None,
    images: tuple[Path, ...],
    image_input: str,
    seed: int,
    distribution: str,
    recipe: ImageRecipe | None,
) -> Feeding:
    feed = None
    if images:
        paths = tuple(path.absolute() for path in images)
        feed = ImageFeed(paths, recipe or ImageRecipe(), image_input)
    return Feeding(None if inputs is None else inputs.absolute(), feed, seed, distribution)


def _recipe(given: dict[str, str | None]) -> ImageRecipe | None:
    known: dict[str, Any] = {name: text for name, text in given.items() if text is not None}
    for name in ("mean", "std"):
        if name in known:
            known[name] = numbers(known[name], f"--{name}")
    if not known:
        return None
    recipe = ImageRecipe(**known)
    recipe.check()
    return recipe


def numbers(text: str, where: str) -> tuple[float, ...]:
    """Read `1` or `1,2,3`.

    Raises:
        UsageError: it is no list of numbers.
    """
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no list of numbers.", where=where, hint="Such as 127.5 or 104,117,123."
        ) from error
