"""Verdicts on pairs of tensors."""

from __future__ import annotations

import json

import ml_dtypes
import numpy as np
import pytest

from surgeon_gui.compare.report import (
    ComparisonReport,
    Tolerance,
    compare_tensor,
    compare_tensors,
)
from surgeon_gui.graph.values import Array


def test_tensors_within_the_tolerance_are_ok() -> None:
    reference = np.linspace(-1, 1, 100, dtype=np.float32).reshape(4, 25)
    row = compare_tensor("y", reference * np.float32(1.0001), reference)
    assert row.ok
    assert row.problem is None
    assert row.shape == (4, 25)


@pytest.mark.parametrize(
    ("value", "reference", "words"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), "The shapes differ: [2,3], expected [3,2]."),
        (np.full(4, 1.1), np.ones(4), "The relative difference is 0.1, over 0.001."),
        (np.array([1, np.nan]), np.ones(2), "1 elements are NaN or infinite only in the candidate"),
        (np.ones(2), np.array([1, np.inf]), "1 elements are NaN or infinite only in the reference"),
        (np.array([np.inf]), np.array([np.inf]), "infinite everywhere, so nothing is proven"),
        (np.array([1, np.inf]), np.array([1, -np.inf]), "Some elements are NaN or infinite"),
        (np.array([b"a"]), np.array(["b"], dtype=object), "The strings differ."),
    ],
)
def test_a_difference_is_said_in_words(value: Array, reference: Array, words: str) -> None:
    row = compare_tensor("y", value, reference)
    assert not row.ok
    assert row.problem is not None
    assert words in row.problem


def test_the_angle_alone_can_fail() -> None:
    reference = np.array([1.0, 0.0])
    row = compare_tensor("y", np.array([1.0, 0.5]), reference, Tolerance(max_rel=100))
    assert row.problem == "The cosine is 0.894427, under 0.99999."


def test_equal_strings_and_bfloat16_are_ok() -> None:
    assert compare_tensor("s", np.array([b"a"]), np.array(["a"], dtype=object)).ok
    halves = np.array([1.5, -2], ml_dtypes.bfloat16)
    assert compare_tensor("b", halves, halves.astype(np.float32)).ok


def test_the_first_divergence_follows_the_order_given() -> None:
    one, two = np.ones(1), np.full(1, 2.0)
    report = compare_tensors(
        {"a": one, "b": two, "c": two}, {"c": one, "b": one, "a": one}, ["a", "b", "c"]
    )
    assert not report.ok
    assert report.first_divergence is not None
    assert report.first_divergence.name == "b"
    assert report.as_dict()["first_divergence"] == "b"
    assert report.as_dict()["rows"][0]["max_abs"] == 0


def test_missing_tensors_are_rows_too() -> None:
    report = compare_tensors({"a": np.ones(1)}, {"b": np.ones(2)}, ["a", "b"])
    assert [row.problem for row in report.rows] == [
        "The reference has no such tensor.",
        "The candidate has no such tensor.",
    ]
    assert report.rows[1].shape == (2,)


def test_nothing_compared_is_not_ok() -> None:
    assert not ComparisonReport(()).ok
    assert ComparisonReport(()).first_divergence is None
    assert compare_tensors({"a": np.ones(1)}, {"a": np.ones(1)}).ok


def test_a_row_is_strict_json_even_where_figures_are_infinite() -> None:
    equal = compare_tensor("y", np.ones((2, 2)), np.ones((2, 2))).as_dict()
    assert equal["psnr"] is None
    assert equal["max_abs"] == 0
    assert equal["shape"] == [2, 2]
    strange = compare_tensor("y", np.array([1, np.nan]), np.ones(2)).as_dict()
    assert strange["max_abs"] is None
    assert json.loads(json.dumps(strange, allow_nan=False)) == strange
