"""The options that say what a run is fed: a file, images, or random values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from surgeon_gui.cli.options import parse_shape
from surgeon_gui.compare.images import CHANNELS, LAYOUTS, RANGES, RESIZES, ImageFeed, ImageRecipe
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
        names = ("inputs", "images", "image_input", "resize", "channels", "layout", "mean", "std")
        chosen = {name: kwargs.pop(name) for name in (*names, "seed", "distribution")}
        return function(*args, feeding=_feeding(**chosen), **kwargs)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__dict__.update(function.__dict__)
    options = (
        click.option(
            "--inputs",
            type=click.Path(path_type=Path),
            metavar="X.npz|X.npy",
            help="Input arrays keyed by node name; default: random.",
        ),
        click.option(
            "--image",
            "images",
            multiple=True,
            type=click.Path(path_type=Path),
            metavar="FILE|FOLDER",
            help="An image, or a folder of them, as input; repeat for more.",
        ),
        click.option(
            "--image-input", default="", metavar="NAME", help="Which input takes the images."
        ),
        click.option(
            "--resize",
            type=click.Choice(tuple(RESIZES)),
            default="stretch",
            show_default=True,
            help="How an image of another size is brought to the input's.",
        ),
        click.option(
            "--channels",
            type=click.Choice(CHANNELS, case_sensitive=False),
            default="RGB",
            show_default=True,
            help="The order of the colours.",
        ),
        click.option(
            "--layout",
            type=click.Choice(LAYOUTS, case_sensitive=False),
            default="auto",
            show_default=True,
            help="Where the channels stand.",
        ),
        click.option(
            "--mean",
            default="0",
            show_default=True,
            metavar="M|R,G,B",
            help="Subtracted from pixels of 0 to 255.",
        ),
        click.option(
            "--std",
            default="255",
            show_default=True,
            metavar="S|R,G,B",
            help=f"Divided by afterwards. Known recipes: {', '.join(RANGES)}.",
        ),
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
    result: Any = wrapped
    for decorate in reversed(options):
        result = decorate(result)
    decorated: F = result
    return decorated


def _feeding(
    inputs: Path | None,
    images: tuple[Path, ...],
    image_input: str,
    resize: str,
    channels: str,
    layout: str,
    mean: str,
    std: str,
    seed: int,
    distribution: str,
) -> Feeding:
    feed = None
    if images:
        recipe = ImageRecipe(
            resize, channels, layout, numbers(mean, "--mean"), numbers(std, "--std")
        )
        recipe.check()
        feed = ImageFeed(tuple(path.absolute() for path in images), recipe, image_input)
    return Feeding(None if inputs is None else inputs.absolute(), feed, seed, distribution)


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
