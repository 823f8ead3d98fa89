"""Each figure means what its name says, also where values are tiny, NaN or infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surgeon_gui.compare.metrics import METRICS, measure
from surgeon_gui.graph.values import Array

FLOATS = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=3, max_side=5),
    elements=st.floats(-1e6, 1e6, width=32),
)


@given(FLOATS)
def test_equal_arrays_are_equal_by_every_metric(array: Array) -> None:
    found = measure(array, array.copy())
    assert found["max_abs"] == found["max_rel"] == found["rmse"] == 0
    assert found["cosine"] == pytest.approx(1)
    assert found.get("psnr", math.inf) == math.inf
    assert found.get("top1_agreement", 1) == found.get("top5_agreement", 1) == 1


@given(FLOATS, st.floats(0.5, 2.0))
def test_max_abs_equals_the_plain_formula(array: Array, factor: float) -> None:
    other = array * np.float32(factor)
    plain = np.max(np.abs(other.astype(np.float64) - array.astype(np.float64)))
    assert measure(other, array)["max_abs"] == plain


def test_figures_of_a_known_pair() -> None:
    found = measure(np.array([3.0, 4.0]), np.array([3.0, 5.0]))
    assert found["max_abs"] == 1
    assert found["max_rel"] == pytest.approx(0.2)
    assert found["rmse"] == pytest.approx(math.sqrt(0.5))
    assert found["cosine"] == pytest.approx((9 + 20) / (5 * math.sqrt(34)))
    assert found["psnr"] == pytest.approx(20 * math.log10(2 / math.sqrt(0.5)))


def test_a_nearly_zero_element_does_not_decide() -> None:
    reference = np.array([1.0, 1e-40, 0.0], np.float32)
    value = np.array([1.0, 3e-9, 2e-9], np.float32)
    assert measure(value, reference)["max_rel"] < 1e-6


def test_a_small_element_is_held_against_its_own_size_down_to_five_percent() -> None:
    for small, expected in ((0.06, 0.1), (0.05, 0.1), (0.01, 0.02)):
        value, reference = np.array([1.0, small * 1.1]), np.array([1.0, small])
        assert measure(value, reference)["max_rel"] == pytest.approx(expected)


def test_small_tensors_are_held_against_their_own_scale() -> None:
    reference = np.full(4, 1e-6)
    assert measure(reference * 1.5, reference)["max_rel"] == pytest.approx(0.5)


def test_zero_against_zero_and_against_something() -> None:
    zeros, ones = np.zeros(3), np.ones(3)
    assert measure(zeros, zeros)["cosine"] == 1
    assert measure(zeros, ones)["cosine"] == 0
    assert measure(ones, zeros)["cosine"] == 0
    assert measure(ones, zeros)["max_rel"] > 1e6


def test_huge_and_tiny_values_keep_their_angle() -> None:
    for scale in (1e30, 1e-9):
        array = np.array([1.0, 2.0, 3.0], np.float32) * np.float32(scale)
        assert measure(array, array)["cosine"] == pytest.approx(1)


def test_nan_in_the_same_place_counts_as_equal() -> None:
    array = np.array([np.nan, np.inf, -np.inf, 2.0])
    found = measure(array, array.copy())
    assert found["max_abs"] == found["max_rel"] == 0


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_nan_or_infinity_on_one_side_is_infinitely_far(strange: float) -> None:
    plain, other = np.array([1.0, 2.0]), np.array([1.0, strange])
    for pair in ((plain, other), (other, plain)):
        assert measure(*pair)["max_abs"] == measure(*pair)["max_rel"] == math.inf


def test_infinities_of_opposite_sign_differ() -> None:
    assert measure(np.array([np.inf]), np.array([-np.inf]))["max_abs"] == math.inf


def test_integers_and_bools_are_compared_as_numbers() -> None:
    assert measure(np.array([3, 250], np.uint8), np.array([4, 0], np.uint8))["max_abs"] == 250
    assert measure(np.array([True]), np.array([False]))["max_abs"] == 1


def test_complex_numbers_are_compared_as_such() -> None:
    found = measure(np.array([1 + 1j]), np.array([1 - 1j]))
    assert found["max_abs"] == 2
    assert "psnr" not in found


def test_empty_tensors_are_equal() -> None:
    found = measure(np.empty((0, 4)), np.empty((0, 4)))
    assert found["max_abs"] == 0
    assert found["cosine"] == 1


def test_top_k_agreement_counts_rows_and_members() -> None:
    reference = np.array([[0.0, 1, 2, 3, 4, 5, 6], [6.0, 5, 4, 3, 2, 1, 0]])
    value = reference.copy()
    value[1] = [0, 5, 4, 3, 2, 1, 6]
    found = measure(value, reference)
    assert found["top1_agreement"] == 0.5
    assert found["top5_agreement"] == pytest.approx((5 + 4) / 10)


def test_top_k_is_left_out_where_it_means_nothing() -> None:
    assert "top5_agreement" not in measure(np.ones(4), np.ones(4))
    assert "top1_agreement" not in measure(np.ones(()), np.ones(()))
    assert "top1_agreement" not in measure(np.ones((5000, 3)), np.ones((5000, 3)))


def test_every_metric_has_a_place_in_the_result() -> None:
    found = measure(np.arange(12.0).reshape(2, 6), np.arange(12.0).reshape(2, 6) + 1)
    assert list(found) == list(METRICS)
