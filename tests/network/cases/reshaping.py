"""Cases of layers that move elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from surgeon_gui.network.layers import (
    Concatenation,
    CoordinateTransformation,
    InterpolationMode,
    Resize,
    RoundMode,
    SampleMode,
    Shape,
    Shuffle,
    Slice,
)
from tests.network import references
from tests.network.cases.case import Case, Feed, case, random

X = random(2, 3, 4)


def _slice(
    name: str,
    start: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1, 1),
    mode: SampleMode = SampleMode.STRICT_BOUNDS,
    fill: float = 0.0,
    *,
    tensors: bool = False,
    dims: tuple[int, ...] | None = None,
) -> Case:
    """With `tensors`, start and size come as constant int tensors instead of parameters."""
    expected = references.sampled_slice(X, start, size, stride, mode.value, fill)
    feeds = [Feed(X, dims)]
    if tensors:
        feeds += [Feed(np.array(vector, np.int32), fixed=True) for vector in (start, size)]
    kind = Slice(
        start=() if tensors else start, size=size, stride=stride, mode=mode, fill_value=fill
    )
    return case(f"slice_{name}", kind, feeds, expected)


def _resize(
    mode: InterpolationMode,
    coordinates: CoordinateTransformation,
    shape: tuple[int, ...],
    rounding: RoundMode = RoundMode.FLOOR,
    *,
    tensor: bool = False,
) -> Case:
    x = random(1, 2, 4, 5)
    kind = Resize(
        shape=shape,
        resize_mode=mode,
        coordinate_transformation=coordinates,
        nearest_rounding=rounding,
    )
    expected = references.resize(x, shape, mode.value, coordinates.value, rounding.value)
    parts = [mode.name, coordinates.name, rounding.name if mode.name == "NEAREST" else ""]
    parts += ["x".join(map(str, shape[2:])), "tensor" if tensor else ""]
    name = "_".join(part.lower() for part in ["resize", *parts] if part)
    feeds: list[Any] = [x]
    if tensor:
        feeds.append(Feed(np.array(shape, np.int32), fixed=True))
    return case(name, kind, feeds, expected, tolerance=1e-4)


FILL, REFLECT, CLAMP, WRAP = (
    SampleMode.FILL,
    SampleMode.REFLECT,
    SampleMode.CLAMP,
    SampleMode.WRAP,
)
NEAREST, LINEAR, CUBIC = InterpolationMode
ALIGN_CORNERS, ASYMMETRIC, HALF_PIXEL = CoordinateTransformation
UP, DOWN = (1, 2, 7, 9), (1, 2, 3, 2)

CASES: tuple[Case, ...] = (
    case("shuffle_nothing", Shuffle(), [X], X),
    case(
        "shuffle_transpose",
        Shuffle(first_transpose=(2, 0, 1)),
        [X],
        np.ascontiguousarray(X.transpose(2, 0, 1)),
    ),
    case("shuffle_reshape", Shuffle(reshape_dims=(4, -1)), [X], X.reshape(4, 6)),
    case(
        "shuffle_copy_dimension",
        Shuffle(reshape_dims=(0, -1), zero_is_placeholder=True),
        [Feed(X, (-1, 3, 4))],
        X.reshape(2, 12),
    ),
    case(
        "shuffle_three_steps",
        Shuffle(first_transpose=(0, 2, 1), reshape_dims=(2, 2, 6), second_transpose=(2, 1, 0)),
        [X],
        np.ascontiguousarray(X.transpose(0, 2, 1).reshape(2, 2, 6).transpose(2, 1, 0)),
    ),
    case("shuffle_to_scalar", Shuffle(reshape_dims=()), [random(1, 1)], random(1, 1).reshape(())),
    case(
        "shuffle_by_tensor",
        Shuffle(reshape_dims=(6, 4)),
        [X, Feed(np.array([6, 4], np.int64), fixed=True)],
        X.reshape(6, 4),
    ),
    _slice("plain", (0, 1, 0), (2, 2, 2), (1, 1, 2)),
    _slice("whole", (0, 0, 0), (2, 3, 4)),
    _slice("backwards", (0, 2, 3), (2, 3, 2), (1, -1, -2)),
    _slice("backwards_one_short", (0, 2, 3), (2, 2, 3), (1, -1, -1)),
    _slice("empty", (0, 0, 0), (2, 0, 4)),
    _slice("fill", (0, -1, -2), (2, 5, 7), mode=FILL, fill=1.5),
    _slice("fill_by_stride", (0, -2, 1), (2, 4, 3), (1, 2, 2), mode=FILL),
    _slice("crop_and_fill", (1, 1, -1), (1, 3, 3), mode=FILL),
    _slice("reflect", (0, -2, -1), (2, 6, 6), mode=REFLECT),
    _slice("clamp", (0, -1, 2), (2, 5, 4), mode=CLAMP),
    _slice("wrap", (0, -1, 2), (2, 5, 4), mode=WRAP),
    _slice("tensors", (0, 1, 0), (2, 2, 2), (1, 1, 2), tensors=True),
    _slice("tensors_backwards", (0, 2, 0), (2, 3, 4), (1, -1, 1), tensors=True),
    _slice("tensors_fill", (0, -1, -2), (2, 5, 7), mode=FILL, fill=1.5, tensors=True),
    _slice("dynamic_batch", (0, 1, 0), (2, 2, 4), dims=(-1, 3, 4)),
    case(
        "concatenation",
        Concatenation(axis=1),
        [X, random(2, 1, 4, seed=1), random(2, 2, 4, seed=2)],
        np.concatenate([X, random(2, 1, 4, seed=1), random(2, 2, 4, seed=2)], axis=1),
    ),
    case(
        "concatenation_dynamic",
        Concatenation(axis=2),
        [Feed(X, (-1, 3, 4)), Feed(X, (-1, 3, 4))],
        np.concatenate([X, X], axis=2),
    ),
    case("shape", Shape(), [Feed(X, (-1, 3, 4))], np.array([2, 3, 4], np.int64)),
    *(
        _resize(NEAREST, coordinates, shape, rounding)
        for coordinates, shape, rounding in (
            (ASYMMETRIC, UP, RoundMode.FLOOR),
            (ASYMMETRIC, DOWN, RoundMode.CEIL),
            (ALIGN_CORNERS, UP, RoundMode.HALF_UP),
            (ALIGN_CORNERS, DOWN, RoundMode.HALF_DOWN),
            (HALF_PIXEL, UP, RoundMode.HALF_UP),
            (HALF_PIXEL, (1, 2, 8, 10), RoundMode.HALF_DOWN),
            (HALF_PIXEL, DOWN, RoundMode.FLOOR),
        )
    ),
    *(
        _resize(LINEAR, coordinates, shape)
        for coordinates in CoordinateTransformation
        for shape in (UP, DOWN)
    ),
    _resize(LINEAR, HALF_PIXEL, UP, tensor=True),
    _resize(CUBIC, HALF_PIXEL, UP),
    _resize(CUBIC, ALIGN_CORNERS, UP),
    _resize(CUBIC, ASYMMETRIC, DOWN),
)
