"""Image files to input arrays: the preprocessing a network was trained with, spelt out.

The steps are always these: read as RGB (or grey), resize, reorder the channels, subtract the mean,
divide by the deviation, put into the layout and dtype of the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.graph.values import Array, TensorType

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
RESIZES = {
    "stretch": "Stretch to the input's size",
    "fit": "Fit inside, the rest black",
    "crop": "Fill, cut off what juts out",
}
"""What to do with an image of another size, by name."""

LAYOUTS = ("auto", "NHWC", "NCHW")
CHANNELS = ("RGB", "BGR")

_MOST_IMAGES = 1024


@dataclass(frozen=True)
class ImageRecipe:
    """How an image becomes numbers.

    Args:
        resize: one of `RESIZES`.
        channels: `RGB` or `BGR`.
        layout: `NHWC`, `NCHW`, or `auto` to see it from the input's shape.
        mean: subtracted, in steps of 0 to 255; one number, or one per channel in their order.
        std: divided by afterwards, likewise.
        size: height and width, where the input does not say them.
    """

    resize: str = "stretch"
    channels: str = "RGB"
    layout: str = "auto"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (255.0,)
    size: tuple[int, int] | None = None

    def suited(self, dtype: str) -> ImageRecipe:
        """Return the recipe for an input of a dtype: integers take pixels as they are by default.

        Args:
            dtype: TensorFlow's or numpy's name of it.
        """
        is_default = self.mean == ImageRecipe.mean and self.std == ImageRecipe.std
        return replace(self, std=(1.0,)) if is_default and "int" in dtype else self

    def check(self) -> None:
        """Raise UsageError where a step cannot be done."""
        for value, name, known in (
            (self.resize, "resize", tuple(RESIZES)),
            (self.channels, "channels", CHANNELS),
            (self.layout, "layout", LAYOUTS),
        ):
            if value not in known:
                raise UsageError(
                    f"There is no {name} {value!r}.",
                    where=name,
                    hint=f"Choose {', '.join(known)}.",
                )
        if not self.mean or not self.std:
            raise UsageError("Mean and deviation need a number at least.", where="mean")
        if any(value == 0 for value in self.std):
            raise UsageError("The deviation cannot be 0.", where="std")
        if self.size is not None and min(self.size) < 1:
            raise UsageError("An image has at least one pixel.", where="size")


RANGES: dict[str, ImageRecipe] = {
    "0 to 1": ImageRecipe(),
    "-1 to 1": ImageRecipe(mean=(127.5,), std=(127.5,)),
    "0 to 255": ImageRecipe(std=(1.0,)),
    "ImageNet mean and deviation": ImageRecipe(
        mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)
    ),
    "Caffe, BGR minus mean": ImageRecipe(
        channels="BGR", mean=(103.939, 116.779, 123.68), std=(1.0,)
    ),
}
"""Recipes that many networks were trained with, by name."""


@dataclass(frozen=True)
class ImageFeed:
    """Image files for one input.

    Args:
        paths: files, and folders whose images are taken in the order of their names.
        recipe: the preprocessing.
        input: which input takes them; empty for the only one with four dimensions.
    """

    paths: tuple[Path, ...]
    recipe: ImageRecipe = field(default_factory=ImageRecipe)
    input: str = ""


@dataclass(frozen=True)
class Frame:
    """What an input wants of an image: sizes of -1 are free, `channels` 1 or 3."""

    layout: str
    batch: int
    height: int
    width: int
    channels: int


def image_arrays(feed: ImageFeed, types: Mapping[str, TensorType]) -> dict[str, Array]:
    """Return the images of `feed` as the array of its input.

    A fixed batch takes as many images as it has room for, beginning anew where there are fewer.

    Args:
        feed: the files and what to do with them.
        types: dtype and shape of every input.

    Raises:
        OpenError: a file is no image, or there is none.
        UsageError: no input takes images, or the recipe does not fit it.
    """
    feed.recipe.check()
    name = feed.input or _only_image_input(types)
    kind = types.get(name)
    if kind is None:
        raise UsageError(
            "There is no such input.", where=name, hint=f"There is {', '.join(types)}."
        )
    recipe = feed.recipe.suited(kind.dtype.text)
    frame = frame_of(name, kind, recipe)
    files = image_files(feed.paths)
    count = len(files) if frame.batch < 0 else frame.batch
    wanted = [files[index % len(files)] for index in range(count)]
    read = {path: _prepared(path, frame, recipe) for path in dict.fromkeys(wanted)}
    sizes = {array.shape for array in read.values()}
    if len(sizes) > 1:
        raise UsageError(
            "The images have different sizes, and the input leaves its own open.",
            where=name,
            hint="Give the size to bring them to.",
        )
    batch = np.stack([read[path] for path in wanted])
    if frame.layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    dtype = kind.dtype.numpy
    if dtype is None:
        raise UsageError(f"An input of {kind.dtype.text} takes no images.", where=name)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        batch = np.clip(np.rint(batch), limits.min, limits.max)
    return {name: np.ascontiguousarray(batch.astype(dtype))}


def image_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files, folders replaced by the images in them.

    Raises:
        OpenError: there is none, or a path does not exist.
        UsageError: there are more than fit in memory.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (item for item in path.iterdir() if item.suffix.lower() in ENDINGS)
            found.extend(sorted(inside))
        elif path.is_file():
            found.append(path)
        else:
            raise OpenError("There is no such file.", where=str(path))
    if not found:
        where = ", ".join(map(str, paths)) or None
        raise OpenError("There are no images here.", where=where, hint=f"Such as *{ENDINGS[0]}.")
    if len(found) > _MOST_IMAGES:
        raise UsageError(f"There are {len(found)} images; {_MOST_IMAGES} at most make one batch.")
    return found


def _only_image_input(types: Mapping[str, TensorType]) -> str:
    found = [name for name, kind in types.items() if len(kind.shape.dims or ()) == 4]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        "No input has the four dimensions of images."
        if not found
        else "Several inputs could take images.",
        hint=f"Name one of {', '.join(found or types)}.",
    )


def frame_of(name: str, kind: TensorType, recipe: ImageRecipe) -> Frame:
    """Return what an input wants of its images.

    Raises:
        UsageError: it has no four dimensions, or no axis of one or three channels.
    """
    dims: Sequence[int] = kind.shape.dims or ()
    if len(dims) != 4:
        raise UsageError(f"This input is no batch of images: {kind.shape}.", where=name)
    layout = recipe.layout
    if layout == "auto":
        # A last axis of 1 or 3 is TensorFlow's own layout, also where the second is 1 or 3 too.
        layout = "NCHW" if dims[1] in (1, 3) and dims[3] not in (1, 3) else "NHWC"
    batch, height, width, channels = (
        (dims[0], dims[1], dims[2], dims[3])
        if layout == "NHWC"
        else (dims[0], dims[2], dims[3], dims[1])
    )
    channels = 3 if channels < 0 else channels
    if channels not in (1, 3):
        raise UsageError(
            f"This input has {channels} channels, an image has 1 or 3.",
            where=name,
            hint="Choose the other layout, or give an .npz file.",
        )
    if recipe.size is not None:
        for have, want in ((height, recipe.size[0]), (width, recipe.size[1])):
            if have not in (-1, want):
                raise UsageError(
                    f"The input is {height}x{width}, not {recipe.size[0]}x{recipe.size[1]}.",
                    where=name,
                )
        height, width = recipe.size
    for numbers, what in ((recipe.mean, "mean"), (recipe.std, "std")):
        if len(numbers) not in (1, channels):
            takes = "1 number" if channels == 1 else f"1 or {channels} numbers"
            raise UsageError(
                f"{what} takes {takes}, not {len(numbers)}, for {channels} channels.".replace(
                    " 1 channels", " 1 channel"
                ),
                where=what,
            )
    return Frame(layout, batch, height, width, channels)


def _prepared(path: Path, frame: Frame, recipe: ImageRecipe) -> Array:
    """Return one image, height x width x channels, float32."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            # Two steps, since a palette or an alpha channel has no direct way to grey.
            image = _eight_bits(opened).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OpenError(f"This is no image that can be read: {error}.", where=str(path)) from error
    if frame.channels == 1:
        image = image.convert("L")
    height = image.height if frame.height < 0 else frame.height
    width = image.width if frame.width < 0 else frame.width
    image = resized(image, width, height, recipe.resize)
    pixels = np.asarray(image, np.float32).reshape(height, width, frame.channels)
    if recipe.channels == "BGR":
        pixels = pixels[:, :, ::-1]
    mean, std = np.asarray(recipe.mean, np.float32), np.asarray(recipe.std, np.float32)
    return np.asarray((pixels - mean) / std)


def _eight_bits(image: Image) -> Image:
    """Return an image of 16 bits with 8, which Pillow would cut at 255 instead."""
    from PIL import Image

    if not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image)
    deep = image.mode != "I" or pixels.max(initial=0) > np.iinfo(np.uint8).max
    return Image.fromarray((pixels >> 8 if deep else pixels).clip(0, 255).astype(np.uint8))


def resized(image: Image, width: int, height: int, how: str) -> Image:
    """Return an image brought to a size in the way of one of `RESIZES`, bilinear."""
    from PIL import Image, ImageOps

    if image.size == (width, height):
        return image
    filter_ = Image.Resampling.BILINEAR
    if how == "fit":
        return ImageOps.pad(image, (width, height), filter_, color=0)
    if how == "crop":
        return ImageOps.fit(image, (width, height), filter_)
    return image.resize((width, height), filter_)
