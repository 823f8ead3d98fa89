"""Reshapes on permuted tensors move elements only when they must, and never to the wrong place."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.layers import Shuffle
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.layout import free_axes, physical
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.value import Value, inverse


def held(shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Return numbers 0, 1, 2 … of `shape`, as they lie in memory with `axes`."""
    return np.arange(math.prod(shape)).reshape(shape).transpose(inverse(axes))


def test_flattening_channels_first_needs_a_transpose_unless_the_image_is_one_pixel() -> None:
    axes = (0, 2, 3, 1)
    assert free_axes((1, 4, 5, 3), axes, (1, 60)) is None
    assert free_axes((1, 1, 1, 3), axes, (1, 3)) == (0, 1)
    assert free_axes((1, 4, 5, 3), axes, (1, 20, 3)) == (0, 2, 1)


def test_squeezed_dimensions_keep_the_layout_of_the_rest() -> None:
    assert free_axes((2, 1, 5, 3), (0, 2, 3, 1), (2, 5, 3)) == (0, 2, 1)


@st.composite
def reshapes(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """A shape, a layout, and another shape of as many elements."""
    factors = draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=5))
    shape = tuple(draw(st.permutations(factors)))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(factors) - 1, 1)), max_size=4)))
    wanted, start = [], 0
    for cut in [*cuts, len(shape)]:
        wanted.append(math.prod(shape[start:cut]))
        start = cut
    if draw(st.booleans()):
        wanted.insert(draw(st.integers(0, len(wanted))), 1)
    axes = tuple(draw(st.permutations(range(len(shape)))))
    if draw(st.booleans()):
        return shape, axes, tuple(wanted)
    swapped = tuple(draw(st.permutations(range(len(wanted)))))
    return tuple(wanted), swapped, shape


@given(reshapes())
def test_free_reshape_moves_no_element(item: tuple[tuple[int, ...], ...]) -> None:
    shape, axes, wanted = item
    found = free_axes(shape, axes, wanted)
    if found is None:
        return
    memory = held(shape, axes).reshape(-1)
    np.testing.assert_array_equal(held(wanted, found).reshape(-1), memory)


@given(reshapes(), st.data())
def test_view_reads_every_element_at_its_place(
    item: tuple[tuple[int, ...], ...], data: st.DataObject
) -> None:
    shape, axes, wanted = item
    target = tuple(data.draw(st.permutations(range(len(wanted)))))
    lower = Lower(Scope(Graph()), {})
    tensor = lower.builder.add_input("x", DType.FLOAT32, physical(shape, axes))
    result = lower.view(Value.of(tensor, DType.FLOAT32, axes), wanted, target)
    array = held(shape, axes)
    for layer in lower.builder.build().layers:
        kind = layer.kind
        assert isinstance(kind, Shuffle)
        if kind.first_transpose is not None:
            array = array.transpose(kind.first_transpose)
        if kind.reshape_dims is not None:
            array = array.reshape(kind.reshape_dims)
        if kind.second_transpose is not None:
            array = array.transpose(kind.second_transpose)
    assert len(lower.builder) <= 1
    assert result.shape == wanted
    np.testing.assert_array_equal(array, held(wanted, target))
