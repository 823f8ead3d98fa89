"""Sizes at several tries become arithmetic on dimensions, the simplest that fits them all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.network.lower.open_terms import Dim, Term, find_term

HEIGHT = Dim("x", 1, (225, 192, 255, 298, 341, 319))
WIDTH = Dim("x", 2, (192, 255, 298, 341, 319, 225))
BATCH = Dim("x", 0, (5, 7, 11, 3, 13, 2))
ENDS = (BATCH, HEIGHT, WIDTH)


def value(term: Term, turn: int) -> int:
    product = 1
    for dim in term.factors:
        product *= dim.sizes[turn]
    return (product * term.times + term.plus) // term.over


def found(wanted: Sequence[int], near: Sequence[Dim] = ENDS) -> Term | None:
    return find_term(tuple(wanted), near, {}, ENDS)


@pytest.mark.parametrize(
    "formula",
    [
        lambda n, h, w: 7,
        lambda n, h, w: h,
        lambda n, h, w: 2 * w,
        lambda n, h, w: h - 2,
        lambda n, h, w: -w,
        lambda n, h, w: h * w,
        lambda n, h, w: n * h * w,
        lambda n, h, w: 3 * n * w,
        lambda n, h, w: (h + 1) // 2,
        lambda n, h, w: h // 2,
        lambda n, h, w: (w - 1) // 2 + 1,
        lambda n, h, w: 3 * h // 2,
        lambda n, h, w: (h + 3) // 4,
        lambda n, h, w: n,
    ],
)
def test_a_formula_is_found_again(formula: object) -> None:
    assert callable(formula)
    wanted = [formula(*sizes) for sizes in zip(*(dim.sizes for dim in ENDS), strict=True)]
    term = found(wanted)
    assert term is not None
    assert [value(term, turn) for turn in range(len(wanted))] == wanted


@given(st.lists(st.integers(1, 10_000), min_size=6, max_size=6, unique=True))
def test_what_is_found_holds_at_every_try(wanted: list[int]) -> None:
    term = found(wanted)
    assert term is None or [value(term, turn) for turn in range(6)] == wanted


@given(st.integers(-5, 5).filter(bool), st.integers(-50, 50), st.sampled_from(ENDS))
def test_every_multiple_and_offset_is_found(times: int, plus: int, dim: Dim) -> None:
    wanted = [size * times + plus for size in dim.sizes]
    term = found(wanted)
    assert term is not None
    assert [value(term, turn) for turn in range(6)] == wanted


def test_a_dimension_of_another_tensor_is_taken_when_it_is_the_size() -> None:
    skip = Dim("skip", 2, (57, 64, 81, 23, 99, 5))
    term = find_term(skip.sizes, (), {skip.sizes: skip}, ENDS)
    assert term == Term((skip,))


def test_parts_without_a_rest_are_found_at_multiples() -> None:
    grown = Dim("x", 1, tuple(32 * size for size in (6, 7, 9, 12, 10, 11)))
    wanted = tuple(size // 32 for size in grown.sizes)
    term = find_term(wanted, (grown,), {}, (grown,))
    assert term == Term((grown,), 1, 0, 32)


def test_two_tries_do_not_make_a_rounded_division() -> None:
    dim = Dim("x", 1, (23, 29))
    assert find_term((5, 9), (dim,), {}, (dim,)) is None


def test_numbers_that_follow_nothing_are_not_explained() -> None:
    wanted = list(itertools.accumulate((17, 5, 120, 3, 41, 8)))
    assert found(wanted) is None
