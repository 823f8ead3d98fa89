"""What an output array looks like: as a table, as the best classes, as a picture. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.values import Array

TABLE, TOP, IMAGE, SEGMENTS = "table", "top", "image", "segments"

TITLES = {
    TABLE: "Table",
    TOP: "Best classes",
    IMAGE: "Picture",
    SEGMENTS: "Segmentation",
}
"""The forms an output can be shown in, by key."""

_MOST_CLASSES = 256
_LEAST_PIXELS = 8


@dataclass(frozen=True)
class Best:
    """One of the largest elements of a row: its index, its label and its value."""

    index: int
    label: str
    value: float


def forms_of(array: Array) -> tuple[str, ...]:
    """Return the forms that make sense for an array, the likeliest first."""
    if array.dtype.kind not in "fiub" or not array.size:
        return (TABLE,)
    found = []
    planes = _planes(array)
    if planes is not None:
        channels = planes[2]
        if channels in (1, 3):
            found.append(IMAGE)
        if channels <= _MOST_CLASSES:
            found.append(SEGMENTS)
    row = array.shape[-1] if array.ndim else 0
    if planes is None and row >= 2:
        found.append(TOP)
    return (*found, TABLE)


def items_of(array: Array) -> int:
    """Return how many of a batch an array holds: its first dimension where it has several."""
    return int(array.shape[0]) if array.ndim >= 2 else 1


def as_rows(array: Array) -> Array:
    """Return an array as rows of its last dimension."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def row_name(array: Array, row: int) -> str:
    """Return where a row of `as_rows` stands: its indices in the other dimensions."""
    if array.ndim < 2:
        return ""
    return ", ".join(str(int(index)) for index in np.unravel_index(row, array.shape[:-1]))


def best_classes(
    array: Array, item: int = 0, count: int = 10, labels: tuple[str, ...] = ()
) -> tuple[Best, ...]:
    """Return the largest elements of one of the batch, the largest first.

    Args:
        array: scores, the classes in the last dimension.
        item: which of the batch; the first row of it is taken.
        count: how many.
        labels: by index. Where there is one more class than labels, class 0 is the background.
    """
    rows = array.reshape(items_of(array), -1, array.shape[-1])
    scores = np.asarray(rows[item, 0], np.float64)
    known = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-known, kind="stable")[:count]
    shift = 1 if len(scores) == len(labels) + 1 else 0

    def label(index: int) -> str:
        place = index - shift
        if shift and not index:
            return "background"
        return labels[place] if 0 <= place < len(labels) else ""

    return tuple(Best(int(at), label(int(at)), float(scores[at])) for at in order)


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the lines of a label file, an index in front of them left out.

    Raises:
        OpenError: it cannot be read as text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OpenError(
            f"The labels cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise OpenError("This is no text file of labels.", where=str(path)) from error
    while lines and not lines[-1].strip():
        lines.pop()
    words = [line.strip() for line in lines]
    numbered = [word.replace(":", " ").split(maxsplit=1) for word in words]
    if all(len(parts) == 2 and parts[0] == str(at) for at, parts in enumerate(numbered)):
        return tuple(parts[1] for parts in numbered)
    return tuple(words)


def as_image(array: Array, item: int = 0) -> Array:
    """Return one of a batch as height x width x 3 bytes, its numbers spread over 0 to 255."""
    planes = _plane_of(array, item)
    values = np.asarray(planes, np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # What lies in 0 to 1 or 0 to 255 is shown as it is, so that two pictures can be compared.
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    spread = (np.nan_to_num(values, nan=low) - low) / ((high - low) or 1.0)
    pixels = np.clip(spread * 255, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def as_classes(array: Array, item: int = 0) -> Array:
    """Return the class of each pixel of one of a batch, as whole numbers.

    Several channels hold a score per class; one holds classes where its numbers are whole, else the
    score of class 1, which is taken from half its range on.
    """
    planes = np.asarray(_plane_of(array, item))
    if planes.shape[2] > 1:
        return np.asarray(np.argmax(planes, axis=2), np.int64)
    only = planes[:, :, 0]
    if only.dtype.kind in "iub":
        return np.asarray(only, np.int64)
    limit = 0.5 if float(np.nanmin(only)) >= 0 else 0.0
    return np.asarray(only > limit, np.int64)


def class_colors(count: int) -> Array:
    """Return a colour per class, black for class 0; neighbours differ most."""
    # Bits of the index, spread over the channels from the highest on: PASCAL VOC's colours.
    colors = np.zeros((max(count, 1), 3), np.uint8)
    for index in range(count):
        bits = index
        for shift in range(7, -1, -1):
            for channel in range(3):
                colors[index, channel] |= (bits >> channel & 1) << shift
            bits >>= 3
    return colors


def blended(classes: Array, under: Array | None, strength: float = 0.55) -> Array:
    """Return the classes as colours, over a picture of any size where there is one.

    Args:
        classes: height x width.
        under: height x width x 3 bytes; None shows the colours alone.
        strength: of the colours, 0 to 1; class 0 lets the picture through.
    """
    colors = class_colors(int(classes.max(initial=0)) + 1)[classes]
    if under is None:
        return np.ascontiguousarray(colors)
    rows = np.arange(classes.shape[0]) * under.shape[0] // classes.shape[0]
    columns = np.arange(classes.shape[1]) * under.shape[1] // classes.shape[1]
    picture = under[rows][:, columns].astype(np.float64)
    mixed = picture * (1 - strength) + colors * strength
    shown = np.where((classes == 0)[:, :, None], picture, mixed)
    return np.ascontiguousarray(np.clip(shown, 0, 255).astype(np.uint8))


def _planes(array: Array) -> tuple[int, int, int] | None:
    """Return height, width and channels of an array that may be a picture, None for others."""
    if array.ndim == 3:
        # Height x width x channels, or a batch of planes without channels.
        dims = array.shape if array.shape[2] in (1, 3) else (*array.shape[1:], 1)
    elif array.ndim == 4:
        dims = array.shape[1:]
    else:
        return None
    one, two, three = (int(dim) for dim in dims)
    first = one < min(two, three)
    height, width, channels = (two, three, one) if first else (one, two, three)
    return None if min(height, width) < _LEAST_PIXELS else (height, width, channels)


def _plane_of(array: Array, item: int) -> Array:
    """Return one of a batch as height x width x channels."""
    if array.ndim == 3:
        return array if array.shape[2] in (1, 3) else array[item][:, :, None]
    one: Array = array[item]
    return one.transpose(1, 2, 0) if one.shape[0] < min(one.shape[1:]) else one
