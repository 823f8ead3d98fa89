"""What is counted along an open dimension: positions, masks, grids, made by layers at any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.network.layers import Cumulative
from tests.network.lower.harness import numbers
from tests.network.lower.test_open_sizes import (
    IMAGE,
    OPEN,
    WORDS,
    Build,
    at,
    build_problem,
    compare,
    opened,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt]

TABLE = numbers(64, 8, seed=1)
COLUMN = (OPEN, 4)


def scores(x: Any) -> Any:
    return tf.matmul(x, x, transpose_b=True)


def learned_positions(x: Any) -> Any:
    """As BERT reads its table of positions: the first rows of it."""
    return x + tf.slice(TABLE, [0, 0], [tf.shape(x)[1], -1])


def gathered_positions(x: Any) -> Any:
    return x + tf.gather(TABLE, tf.range(tf.shape(x)[1]))


def waves(x: Any) -> Any:
    place = tf.cast(tf.range(tf.shape(x)[1]), tf.float32)[:, None]
    angles = place * np.float32(1e-2) ** np.arange(4, dtype=np.float32)
    return x + tf.concat([tf.sin(angles), tf.cos(angles)], -1)


def causal_by_band(x: Any) -> Any:
    size = tf.shape(x)[1]
    seen = tf.linalg.band_part(tf.ones([size, size]), -1, 0)
    return tf.nn.softmax(scores(x) + (1 - seen) * -1e9)


def causal_by_comparison(x: Any) -> Any:
    size = tf.shape(x)[1]
    seen = tf.range(size)[:, None] >= tf.range(size)
    return tf.nn.softmax(tf.where(seen, scores(x), -1e9))


def boolean_band(x: Any) -> Any:
    size = tf.shape(x)[1]
    near = tf.linalg.band_part(tf.ones([size, size], tf.bool), 2, 1)
    return tf.where(near, scores(x), 0.0)


def relative(x: Any) -> Any:
    place = tf.range(tf.shape(x)[1])
    return scores(x) + tf.gather(numbers(9), tf.clip_by_value(place - place[:, None], -4, 4) + 4)


def identity_added(x: Any) -> Any:
    return scores(x) + tf.eye(tf.shape(x)[1])


def others_than_itself(x: Any) -> Any:
    same = tf.eye(tf.shape(x)[0], dtype=tf.bool)
    products = scores(x)
    return tf.where(same, -1e9 * tf.ones_like(products), products)


def last_first(x: Any) -> Any:
    count = tf.shape(x)[1]
    return tf.gather(x, tf.range(count - 1, -1, -1), axis=1)


def own_row(x: Any) -> Any:
    rows = tf.range(tf.shape(x)[0])
    return tf.gather_nd(x, tf.stack([rows, tf.zeros_like(rows) + 2], 1))


def coordinates(x: Any) -> Any:
    size = tf.shape(x)
    lines = [tf.linspace(-1.0, 1.0, size[axis]) for axis in (1, 2)]
    grid = tf.stack(tf.meshgrid(*lines, indexing="ij"), -1)[None]
    return tf.concat([x, grid], -1)


def one_line(x: Any) -> Any:
    line = tf.raw_ops.LinSpace(start=-1.0, stop=3.0, num=tf.shape(x)[1])
    return x * line[:, None, None]


def cells(x: Any) -> Any:
    """As YOLO decodes: where a cell lies is added to what it says."""
    size = tf.shape(x)
    grid = tf.meshgrid(tf.range(size[1]), tf.range(size[2]), indexing="ij")
    place = tf.cast(tf.stack([*grid, grid[0]], -1), tf.float32)[None]
    return tf.reshape((tf.sigmoid(x) + place) * 8.0, [1, -1, 3])


CASES: dict[str, tuple[Build, Sequence[int | None], Sequence[Sequence[int]]]] = {
    **{
        build.__name__.replace("_", " "): (build, WORDS, ((1, 5), (3, 9), (2, 20)))
        for build in (
            learned_positions,
            gathered_positions,
            waves,
            causal_by_band,
            causal_by_comparison,
            boolean_band,
            relative,
            identity_added,
            last_first,
        )
    },
    "others than itself": (others_than_itself, COLUMN, ((2,), (7,))),
    "own row": (own_row, COLUMN, ((2,), (7,))),
    "coordinates": (coordinates, IMAGE, ((8, 9), (7, 6), (21, 40))),
    "one line": (one_line, IMAGE, ((8, 9), (1, 6))),
    "cells": (cells, IMAGE, ((8, 9), (7, 6))),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_counted_follows_the_size(name: str) -> None:
    build, declared, sizes = CASES[name]
    message, lowering = opened(build, declared)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    compare(lowering.network, message, [{"x0": at(declared, *item)} for item in sizes])
    corners = [tuple(size if dim is None else dim for dim in declared) for size in (8, 16, 32)]
    assert build_problem(lowering.network, {"x0": corners}) is None


def test_a_mask_follows_the_lengths_that_are_fed() -> None:
    def mean(x: Any, lengths: Any) -> Any:
        seen = tf.sequence_mask(tf.cast(lengths, tf.int32), tf.shape(x)[1], dtype=tf.float32)
        return tf.reduce_sum(x * seen[..., None], 1)

    message, lowering = opened(mean, WORDS, (OPEN,))
    assert lowering.network is not None, lowering.problems
    compare(lowering.network, message, [{"x0": (3, 6, 8), "x1": (3,)}])


def test_a_known_size_is_counted_beforehand() -> None:
    _, lowering = opened(waves, (2, 5, 8))
    assert lowering.network is not None
    assert not any(isinstance(layer.kind, Cumulative) for layer in lowering.network.layers)
