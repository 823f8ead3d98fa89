"""Windows, slices and broadcasts of any parameters export to what they are defined to compute."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Kind, Network, NetworkBuilder
from surgeon_gui.network.layers import (
    Convolution,
    ElementWise,
    ElementWiseOperation,
    Gather,
    PaddingMode,
    Pooling,
    PoolingType,
    SampleMode,
    Shuffle,
    Slice,
)
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.network import references
from tests.network.cases.case import random
from tests.network.test_to_onnx import run

quick = settings(
    max_examples=60, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
Pair = st.tuples(st.integers(0, 2), st.integers(0, 2))


def computed(kind: Kind, *arrays: Any) -> Any:
    builder = NetworkBuilder()
    inputs = [
        builder.add_input(f"in{index}", DType.from_numpy(array.dtype), array.shape)
        for index, array in enumerate(arrays)
    ]
    (y,) = builder.add(kind, inputs, name="layer")
    builder.mark_output(y)
    network: Network = builder.build()
    feeds = {f"in{index}": array for index, array in enumerate(arrays)}
    (result,) = run(onnx_from_network(network), feeds)
    assert result.shape == network.output_tensors[0].shape
    return result


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """Sizes, window, stride, padding and mode that fit together, and what the padding comes to."""
    sizes = draw(st.tuples(st.integers(3, 9), st.integers(3, 9)))
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    mode = draw(st.sampled_from(list(PaddingMode)))
    pads = [draw(Pair), draw(Pair)]
    for (pre, post), size, width in zip(pads, sizes, window, strict=True):
        assume(size + pre + post >= width)
        assume(max(pre, post) < width)
    actual = []
    for pad, size, width, step in zip(pads, sizes, window, stride, strict=True):
        pre, post = pad
        if mode in (PaddingMode.SAME_UPPER, PaddingMode.SAME_LOWER):
            lower = mode is PaddingMode.SAME_LOWER
            actual.append(references.same_padding(size, width, step, lower=lower))
        elif mode is PaddingMode.EXPLICIT_ROUND_UP:
            left_over = (size + pre + post - width) % step
            actual.append((pre, post + (step - left_over) % step))
        else:
            actual.append(pad)
    parameters = {
        "stride": stride,
        "padding_mode": mode,
        "pre_padding": tuple(pre for pre, _ in pads),
        "post_padding": tuple(post for _, post in pads),
    }
    return {"sizes": sizes, "window": window, "actual": actual, "parameters": parameters}


@quick
@given(windows())
def test_any_convolution(setting: dict[str, Any]) -> None:
    x, kernel = random(1, 2, *setting["sizes"]), random(3, 2, *setting["window"], seed=1)
    kind = Convolution(
        num_output_maps=3,
        kernel_size=setting["window"],
        dilation=(1, 1),
        kernel=kernel,
        **setting["parameters"],
    )
    stride = setting["parameters"]["stride"]
    expected = references.convolution(
        x, kernel, None, stride=stride, pads=setting["actual"], dilation=(1, 1)
    )
    np.testing.assert_allclose(computed(kind, x), expected, rtol=1e-4, atol=1e-4)


@quick
@given(windows(), st.sampled_from(list(PoolingType)), st.booleans())
def test_any_pool(setting: dict[str, Any], type_: PoolingType, exclude: bool) -> None:
    window, actual = setting["window"], setting["actual"]
    stride = setting["parameters"]["stride"]
    if type_ is PoolingType.MAX or exclude:
        # A window wholly in the padding has neither a largest element nor an average.
        assume(all(max(pads) < width for pads, width in zip(actual, window, strict=True)))
    x = random(1, 2, *setting["sizes"])
    kind = Pooling(
        type=type_,
        window_size=window,
        average_count_excludes_padding=exclude,
        **setting["parameters"],
    )
    if type_ is PoolingType.MAX:
        expected = references.max_pool(x, window, stride, actual)
    else:
        expected = references.average_pool(x, window, stride, actual, exclude=exclude)
    np.testing.assert_allclose(computed(kind, x), expected, rtol=1e-5, atol=1e-5)


@st.composite
def slices(draw: st.DrawFn) -> tuple[tuple[int, ...], Slice]:
    mode = draw(st.sampled_from(list(SampleMode)))
    columns: list[list[int]] = [[], [], [], []]
    for _ in range(draw(st.integers(1, 3))):
        dim = draw(st.integers(2, 6))
        count = draw(st.integers(1, 5))
        step = draw(st.sampled_from([1, 1, 2, -1, -2]))
        inside = mode is SampleMode.STRICT_BOUNDS
        first = draw(st.integers(0, dim - 1) if inside else st.integers(-dim + 1, 2 * dim - 2))
        last = first + (count - 1) * step
        if inside:
            assume(0 <= last < dim)
        else:
            assume(-dim < last < 2 * dim - 1)
        for values, value in zip(columns, (dim, first, count, step), strict=True):
            values.append(value)
    shape, start, size, stride = map(tuple, columns)
    return shape, Slice(start=start, size=size, stride=stride, mode=mode, fill_value=0.5)


@quick
@given(slices())
def test_any_slice(setting: tuple[tuple[int, ...], Slice]) -> None:
    shape, kind = setting
    x = random(*shape)
    expected = references.sampled_slice(x, kind.start, kind.size, kind.stride, kind.mode.value, 0.5)
    np.testing.assert_array_equal(computed(kind, x), expected)


@quick
@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()), max_size=4))
def test_any_broadcast(dims: list[tuple[int, bool, bool]]) -> None:
    left = random(*(size if kept else 1 for size, kept, _ in dims))
    right = random(*(size if kept else 1 for size, _, kept in dims), seed=1)
    kind = ElementWise(op=ElementWiseOperation.SUB)
    np.testing.assert_array_equal(
        computed(kind, np.asarray(left, np.float32), np.asarray(right, np.float32)),
        np.asarray(left - right, np.float32),
    )


@quick
@given(st.permutations([0, 1, 2]), st.permutations([0, 1, 2]))
def test_any_shuffle(first: list[int], second: list[int]) -> None:
    x = random(2, 3, 4)
    kind = Shuffle(
        first_transpose=tuple(first), reshape_dims=(4, -1, 3), second_transpose=tuple(second)
    )
    expected = x.transpose(first).reshape(4, -1, 3).transpose(second)
    np.testing.assert_array_equal(computed(kind, x), expected)


@quick
@given(st.integers(2, 4), st.integers(1, 3), st.data())
def test_any_gather_along_a_batch(rank: int, picks: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(1, rank - 1))
    x = random(2, *range(3, 2 + rank))
    indices = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(0, x.shape[axis] - 1), min_size=picks, max_size=picks),
                min_size=2,
                max_size=2,
            )
        ),
        np.int32,
    )
    expected = np.stack(
        [np.take(part, row, axis=axis - 1) for part, row in zip(x, indices, strict=True)]
    )
    kind = Gather(axis=axis, num_elementwise_dims=1)
    np.testing.assert_array_equal(computed(kind, x, indices), expected)
