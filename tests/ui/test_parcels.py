"""What a process answers comes whole, its large arrays beside the pickles."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import Array
from surgeon_gui.ui.parcels import ParcelError, packed_result, read_result, write_bytes

GRAPH = Graph(())


def stream_of(result: object) -> io.BytesIO:
    stream = io.BytesIO()
    for parcel in packed_result(result, GRAPH):
        write_bytes(stream, parcel)
    stream.seek(0)
    return stream


def returned(result: object) -> Any:
    return read_result(stream_of(result), GRAPH, lambda: None)


def random(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    "array",
    [
        random(300, 200),
        random(300, 200).T,
        np.asfortranarray(random(30, 20, 90)),
        random(400, 300)[::2, ::3],
        random(3),
        np.zeros((0, 5), np.int64),
        np.arange(40_000) > 7,
        np.array(2.5),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_arrays_come_as_they_were(array: Array) -> None:
    got = returned({"here": [array]})["here"][0]
    assert got.dtype == array.dtype
    assert got.shape == array.shape
    np.testing.assert_array_equal(got, array)


def test_an_array_that_may_not_be_changed_may_not_be_afterwards() -> None:
    array = random(300, 200)
    array.flags.writeable = False
    assert not returned([array])[0].flags.writeable


def test_arrays_of_many_slices_stay_with_theirs() -> None:
    arrays = {f"n{place}": random(170, 100) + place for place in range(900)}
    result = {"first": arrays, "then": tuple(arrays.values()), "graph": GRAPH}
    got = returned(result)
    assert got["graph"] is GRAPH
    assert list(got["first"]) == list(arrays)
    for place, array in enumerate(arrays.values()):
        np.testing.assert_array_equal(got["first"][f"n{place}"], array)
        np.testing.assert_array_equal(got["then"][place], array)


def test_large_arrays_are_no_part_of_a_pickle() -> None:
    """Unpickling them would copy them under Python's lock, and the window would stand still."""
    array = random(2000, 1000)
    *_, pickled = packed_result([array, array[:2000]], GRAPH)
    assert len(pickled) < 1000
    assert len(pickle.dumps(array)) > array.nbytes


def test_a_stream_cut_in_an_array_is_told() -> None:
    data = stream_of([random(300, 200)]).getvalue()
    for size in (len(data) // 2, len(data) - 1):
        with pytest.raises(ParcelError):
            read_result(io.BytesIO(data[:size]), GRAPH, lambda: None)
