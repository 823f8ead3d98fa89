"""Ranges: the same as ONNX Runtime's tool finds, and sensible where that is."""

from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnxruntime.quantization.calibrate import HistogramCollector

from surgeon_gui.graph.values import Array
from surgeon_gui.network.quantize.histogram import (
    COLLECTORS,
    Histogram,
    entropy,
    mean_square,
    minmax,
    percentile,
)

RANDOM = np.random.default_rng(7)
SPREADS = {
    "normal": [RANDOM.normal(size=4000).astype(np.float32) * scale for scale in (1, 2, 0.5)],
    "relu": [np.maximum(RANDOM.normal(size=4000), 0).astype(np.float32) for _ in range(2)],
    "laplace": [RANDOM.laplace(size=4000).astype(np.float32) for _ in range(3)],
    "growing": [RANDOM.uniform(-reach, reach, 2000).astype(np.float32) for reach in (1, 3, 9)],
}


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("bins", "levels"), [(256, 128), (512, 255)])
def test_entropy_finds_what_onnx_runtime_finds(spread: str, bins: int, levels: int) -> None:
    mine = Histogram(bins)
    theirs = HistogramCollector("entropy", False, bins, levels, 99.9, "same")
    with contextlib.redirect_stdout(io.StringIO()):
        for batch in SPREADS[spread]:
            mine.add(batch)
            theirs.collect({"x": batch})
        low, high, *_ = theirs.compute_entropy()["x"]
    expected = max(-float(low), float(high))
    width = 2 * mine.reach / len(mine.counts)
    assert entropy(mine, levels, like_onnxruntime=True) == pytest.approx(expected, abs=1.01 * width)


@pytest.mark.parametrize("spread", SPREADS)
def test_minmax_keeps_the_largest_magnitude(spread: str) -> None:
    histogram = Histogram()
    for batch in SPREADS[spread]:
        histogram.add(batch)
    largest = max(float(np.abs(batch).max()) for batch in SPREADS[spread])
    assert minmax(histogram) == pytest.approx(largest)


def test_percentile_leaves_out_the_rare() -> None:
    histogram = Histogram()
    histogram.add(np.concatenate([np.linspace(-1, 1, 99_999), [100]]).astype(np.float32))
    assert percentile(histogram, 99.9) < 1.2
    assert percentile(histogram, 100.0) == pytest.approx(100.0)


def test_the_mean_square_weighs_clipping_against_rounding() -> None:
    values = np.concatenate([RANDOM.normal(size=100_000), [40.0]]).astype(np.float32)
    histogram = Histogram()
    histogram.add(values)

    def error(reach: float) -> float:
        scale = reach / 127
        rounded = np.clip(np.rint(values / scale), -127, 127) * scale
        return float(np.mean((values - rounded) ** 2))

    found = mean_square(histogram)
    assert error(found) <= error(40.0)
    assert error(found) <= min(error(share * 40.0) for share in np.linspace(0.05, 1, 20)) * 1.1


def test_zeros_do_not_drown_the_entropy_search() -> None:
    kept = RANDOM.uniform(0, 1, 3000).astype(np.float32)
    histogram = Histogram()
    histogram.add(np.concatenate([np.zeros(60_000, np.float32), kept]))
    assert entropy(histogram) > 0.9


def test_the_few_values_of_an_image_are_kept_by_entropy() -> None:
    # Mostly dark background, multiples of 1/64: five of six bins hold nothing.
    dark = np.rint(RANDOM.normal(0, 0.15, 70_000) * 64) / 64
    bright = np.rint(RANDOM.uniform(0.5, 1.875, 5_000) * 64) / 64
    histogram = Histogram()
    histogram.add(np.concatenate([dark, bright]).astype(np.float32))
    assert entropy(histogram) > 0.95 * histogram.largest
    assert entropy(histogram, like_onnxruntime=True) < 0.5 * histogram.largest


def test_entropy_does_not_clip_where_relu6_does() -> None:
    histogram = Histogram()
    histogram.add(np.clip(RANDOM.normal(0, 3, 100_000), 0, 6).astype(np.float32))
    assert entropy(histogram) == pytest.approx(6.0, abs=0.02)
    assert entropy(histogram, like_onnxruntime=True) < 5.5


@given(
    arrays.arrays(np.float32, st.integers(1, 60), elements=st.floats(-1e3, 1e3, width=32)),
    st.sampled_from(sorted(COLLECTORS)),
)
def test_a_reach_is_never_beyond_what_was_seen(values: Array, collector: str) -> None:
    histogram = Histogram(256)
    histogram.add(values)
    reach = COLLECTORS[collector](histogram)
    assert 0 <= reach <= float(np.abs(values).max()) * (1 + 1e-6)
    assert math.isfinite(reach)


@given(
    st.lists(
        arrays.arrays(np.float32, st.integers(1, 30), elements=st.floats(-50, 50, width=32)),
        min_size=1,
        max_size=4,
    )
)
def test_every_value_is_counted_however_the_histogram_grows(batches: list[Array]) -> None:
    histogram = Histogram(64)
    for batch in batches:
        histogram.add(batch)
    assert histogram.counts.sum() == sum(batch.size for batch in batches) == histogram.samples


def test_a_far_value_widens_the_bins_instead_of_adding_to_them() -> None:
    histogram = Histogram(64)
    histogram.add(np.array([1e-20, -1e-20], np.float32))
    histogram.add(np.array([-3.0, 2.9, 0.1], np.float32))
    histogram.add(np.array([3e38], np.float32))
    assert len(histogram.counts) == 64
    assert histogram.counts.sum() == 6
    assert percentile(histogram, 100) == pytest.approx(3e38)


@pytest.mark.parametrize("collector", sorted(COLLECTORS))
def test_zeros_and_nothing_have_no_reach(collector: str) -> None:
    empty, zeros = Histogram(), Histogram()
    zeros.add(np.zeros(10, np.float32))
    strange = Histogram()
    strange.add(np.array([np.nan, np.inf], np.float32))
    for histogram in (empty, zeros, strange):
        assert COLLECTORS[collector](histogram) == 0.0
