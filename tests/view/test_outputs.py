"""Outputs are shown as what they are: scores, pictures, segments, or a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.values import Array
from surgeon_gui.view.outputs import (
    IMAGE,
    SEGMENTS,
    TABLE,
    TOP,
    as_classes,
    as_image,
    as_rows,
    best_classes,
    blended,
    class_colors,
    forms_of,
    read_labels,
    row_name,
)


@pytest.mark.parametrize(
    ("shape", "forms"),
    [
        ((1, 1001), (TOP, TABLE)),
        ((1, 32, 48, 3), (IMAGE, SEGMENTS, TABLE)),
        ((1, 3, 32, 48), (IMAGE, SEGMENTS, TABLE)),
        ((1, 32, 48, 21), (SEGMENTS, TABLE)),
        ((1, 32, 48, 1), (IMAGE, SEGMENTS, TABLE)),
        ((2, 32, 48), (IMAGE, SEGMENTS, TABLE)),
        ((), (TABLE,)),
        ((0, 4), (TABLE,)),
        ((1, 100, 4), (TOP, TABLE)),
    ],
)
def test_the_forms_follow_the_shape(shape: tuple[int, ...], forms: tuple[str, ...]) -> None:
    assert forms_of(np.zeros(shape, np.float32)) == forms


def test_the_best_classes_come_with_their_labels() -> None:
    scores = np.array([[0.1, np.nan, 0.7, 0.2]])
    best = best_classes(scores, count=2, labels=("a", "b", "c", "d"))
    assert [(item.index, item.label, item.value) for item in best] == [(2, "c", 0.7), (3, "d", 0.2)]
    shifted = best_classes(scores, count=1, labels=("a", "b", "c"))
    assert shifted[0].label == "b"


def test_labels_may_be_numbered(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("0: cat\n1: big dog\n\n")
    assert read_labels(path) == ("cat", "big dog")
    path.write_text("cat\nbig dog\n")
    assert read_labels(path) == ("cat", "big dog")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OpenError):
        read_labels(path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], [0, 255]),
        ([0.0, 255.0], [0, 255]),
        ([-2.0, 2.0], [0, 255]),
        ([0, 0.5], [0, 127]),
    ],
)
def test_pictures_keep_the_usual_ranges(values: list[float], expected: list[int]) -> None:
    array: Array = np.array(values).repeat(8).reshape(1, 4, 4, 1)
    assert [int(image) for image in np.unique(as_image(array))] == expected


def test_segments_are_the_largest_channel_or_what_is_above_half() -> None:
    scores = np.zeros((1, 4, 4, 5))
    scores[0, 0, :, 3] = 1
    assert as_classes(scores)[0].tolist() == [3] * 4
    wide = np.zeros((1, 2, 8, 8))
    wide[0, 1, 0] = 1
    assert as_classes(wide)[0].tolist() == [1] * 8
    mask = np.zeros((1, 4, 4, 1))
    mask[0, 1] = 0.9
    assert as_classes(mask)[1].tolist() == [1] * 4


def test_segments_lie_over_the_picture() -> None:
    classes = np.zeros((4, 4), np.int64)
    classes[0] = 1
    under = np.full((8, 8, 3), 200, np.uint8)
    mixed = blended(classes, under)
    assert mixed[3, 3].tolist() == [200] * 3
    assert mixed[0, 0, 0] > mixed[0, 0, 1]
    assert blended(classes, None)[0, 0].tolist() == class_colors(2)[1].tolist()
    assert len({tuple(color) for color in class_colors(21).tolist()}) == 21


def test_rows_are_named_by_the_other_dimensions() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    assert as_rows(array).shape == (6, 4)
    assert row_name(array, 4) == "1, 1"
    assert as_rows(np.array(3.0)).shape == (1, 1)
