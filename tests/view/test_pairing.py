"""Two pictures in step: a place of one leads to the same thing in the other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.view.diff import renamed_namespaces
from surgeon_gui.view.pairing import Pairing

coordinates = st.floats(-1e5, 1e5)
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=20)


def test_without_pairs_a_place_is_the_same_place() -> None:
    assert Pairing((), ()).counterpart(3.0, 4.0) == (3.0, 4.0)


@given(points, coordinates, coordinates, coordinates, coordinates)
def test_what_moved_as_a_whole_is_found_where_it_moved(
    here: list[tuple[float, float]], dx: float, dy: float, x: float, y: float
) -> None:
    pairing = Pairing(here, [(a + dx, b + dy) for a, b in here])
    found = pairing.counterpart(x, y)
    assert found == pytest.approx((x + dx, y + dy), rel=1e-6, abs=1e-3)


def test_near_a_thing_only_it_counts_and_between_two_it_goes_smoothly() -> None:
    pairing = Pairing([(0.0, 0.0), (0.0, 2000.0)], [(0.0, 0.0), (0.0, 2500.0)])
    assert pairing.counterpart(0.0, 0.0)[1] == pytest.approx(0.0, abs=1.0)
    assert pairing.counterpart(0.0, 2000.0)[1] == pytest.approx(2500.0, abs=1.0)
    steps = [pairing.counterpart(0.0, float(y))[1] - y for y in range(0, 2001, 10)]
    assert steps == sorted(steps)
    assert max(b - a for a, b in pairwise(steps)) < 10.0


def test_a_namespace_is_followed_where_all_in_it_moved_alike() -> None:
    renamed = {"a/b/x": "c/b/x", "a/b/y": "c/b/y", "a/z": "c/z", "one": "other"}
    assert renamed_namespaces(renamed) == {"a/b/": "c/b/", "a/": "c/"}
    assert renamed_namespaces({**renamed, "a/q": "d/q"}) == {"a/b/": "c/b/"}
