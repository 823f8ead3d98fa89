"""How far two constants are apart, element by element."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from surgeon_gui.compare.numbers import compare_numbers
from surgeon_gui.graph.values import TensorValue


def value(*items: object, dtype: npt.DTypeLike = np.float32) -> TensorValue:
    return TensorValue.from_array(np.array(items, dtype=dtype))


def test_equal_numbers_are_not_different() -> None:
    found = compare_numbers(value(1, math.nan), value(1, math.nan))
    assert (found.different, found.most, found.words) == (0, None, "")


def test_the_largest_difference_and_how_many_there_are() -> None:
    found = compare_numbers(value(1, 2, 3), value(1, 2.5, -1))
    assert (found.different, found.most) == (2, 4.0)
    assert found.words == "2 of 3 numbers differ, by 4 at most"


def test_integers_too_large_for_a_float_still_differ() -> None:
    large = 1 << 60
    found = compare_numbers(value(large, dtype=np.int64), value(large + 1, dtype=np.int64))
    assert found.different == 1


def test_a_number_that_became_nan_is_told() -> None:
    found = compare_numbers(value(1, 2), value(math.nan, 2))
    assert found.different == 1
    assert found.most is not None
    assert math.isnan(found.most)


def test_words_and_truth_values_have_no_distance() -> None:
    words = compare_numbers(
        value(b"a", b"b", dtype=np.object_), value(b"a", b"c", dtype=np.object_)
    )
    assert (words.different, words.most) == (1, None)
    assert words.words == "1 of 2 values differs"
    truths = compare_numbers(value(True, False, dtype=bool), value(False, False, dtype=bool))
    assert (truths.different, truths.most) == (1, None)


def test_complex_numbers_differ_by_the_length_of_their_difference() -> None:
    found = compare_numbers(
        value(1 + 1j, 2, dtype=np.complex128), value(1 + 1j, 2 + 3j, dtype=np.complex128)
    )
    assert (found.different, found.most) == (1, 3.0)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float16, np.int32, np.float64])
def test_every_size_of_number_is_compared(dtype: npt.DTypeLike) -> None:
    found = compare_numbers(value(1, 2, 3, dtype=dtype), value(1, 2, 5, dtype=dtype))
    assert (found.different, found.most) == (1, 2.0)


def test_differences_far_apart_in_a_large_constant_are_all_seen() -> None:
    one = np.zeros(3_000_000, dtype=np.float32)
    other = one.copy()
    other[[0, 1_500_000, -1]] = 1, 2, 3
    found = compare_numbers(TensorValue.from_array(one), TensorValue.from_array(other))
    assert (found.different, found.most) == (3, 3.0)


def test_constants_of_two_kinds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different kinds"):
        compare_numbers(value(1), value(1, 2))
