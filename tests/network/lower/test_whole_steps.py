"""Quantized tensors of TensorFlow 1 hold the numbers TensorFlow holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.values import Array
from tests.network.lower.harness import (
    Case,
    case,
    check,
    lowered,
    make,
    numbers,
    op,
    parametrized,
    refused,
    run_network,
)

pytestmark = pytest.mark.tensorflow

MODES = ("MIN_COMBINED", "MIN_FIRST", "SCALED")
DTYPES = {"qint8": tf.qint8, "quint8": tf.quint8, "qint16": tf.qint16, "quint16": tf.quint16}
X = np.concatenate([numbers(3, 7, low=-3, high=4), [[0, -1, 5.5, -9, 9, 0.5, 3.25]]]).astype(
    np.float32
)


ONEDNN_STEPS = 1
"""How far oneDNN is off TensorFlow's own kernels (which the reference runs use) where it rounds the
range's beginning together with the number, which it does for MIN_FIRST and quint8."""


def there(mode: str, dtype: Any, low: float = -1.5, high: float = 3.25, **options: Any) -> Any:
    """Quantize; the whole numbers, as int32, and the range they stand for."""

    def build(x: Any) -> Any:
        made = op.QuantizeV2(input=x, min_range=low, max_range=high, T=dtype, mode=mode, **options)
        return tf.cast(made.output, tf.int32), made.output_min, made.output_max

    return build


def and_back(
    mode: str,
    dtype: Any,
    low: Any = -1.5,
    high: Any = 3.25,
    target: Any = tf.float32,
    axis: int = -1,
) -> Any:
    def build(x: Any) -> Any:
        made = op.QuantizeV2(input=x, min_range=low, max_range=high, T=dtype, mode=mode, axis=axis)
        return op.Dequantize(
            input=made.output, min_range=low, max_range=high, mode=mode, dtype=target, axis=axis
        )

    return build


def steps_apart(build: Any, x: Array) -> list[int]:
    """Return how many whole numbers each output is off TensorFlow's, at most."""
    made = make(build, (x,))
    results = run_network(lowered(made), made.feeds)
    assert [got.shape for got in results] == [np.shape(want) for want in made.expected]
    for got, want in zip(results[1:], made.expected[1:], strict=True):
        np.testing.assert_allclose(got, want, 1e-6)
    apart = np.abs(results[0].astype(np.int64) - made.expected[0])
    return sorted({int(step) for step in apart.reshape(-1)})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
def test_the_whole_numbers_are_those_of_tensorflow(mode: str, dtype: str) -> None:
    own = 0 if (mode, dtype) != ("MIN_FIRST", "quint8") else ONEDNN_STEPS
    assert max(steps_apart(there(mode, DTYPES[dtype]), X)) <= own


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (-2.0, 0.0), (1.0, 3.0), (-0.001, 0.001)])
def test_ranges_are_widened_as_tensorflow_does(mode: str, low: float, high: float) -> None:
    for dtype in (tf.qint8, tf.quint8):
        own = 0 if (mode, dtype) != ("MIN_FIRST", tf.quint8) else ONEDNN_STEPS
        assert max(steps_apart(there(mode, dtype, low, high), X)) <= own


@pytest.mark.parametrize("options", [{"narrow_range": True}, {"ensure_minimum_range": 0.5}])
def test_options_change_what_they_change_in_tensorflow(options: dict[str, Any]) -> None:
    assert steps_apart(there("SCALED", tf.qint8, **options), X) == [0]


def test_halves_are_rounded_as_asked() -> None:
    """Held against numpy: with a step of 1, oneDNN rounds by a range of its own."""
    halves = np.arange(-6, 7, dtype=np.float32) / 2
    away = np.sign(halves) * np.floor(np.abs(halves) + 0.5)
    for how, want in (("HALF_TO_EVEN", np.rint(halves)), ("HALF_AWAY_FROM_ZERO", away)):
        build = there("SCALED", tf.qint8, -127.0, 127.0, round_mode=how)
        made = make(build, (halves,))
        steps = run_network(lowered(made), made.feeds)[0]
        np.testing.assert_array_equal(steps, want)


BACK: dict[str, Case] = {
    f"{mode}, {name}": case(and_back(mode, dtype), X, rtol=1e-5, atol=1e-5)
    for mode in MODES
    for name, dtype in DTYPES.items()
    if (mode, name) != ("MIN_FIRST", "quint8")
}
BACK["MIN_FIRST, quint8"] = case(and_back("MIN_FIRST", tf.quint8), X, atol=0.0187)
BACK["a range for each channel"] = case(
    and_back("SCALED", tf.qint8, [-1.0, -2.0, -0.5], [1.5, 2.5, 0.25], axis=1), numbers(2, 3, 5)
)
BACK["an empty range"] = case(and_back("MIN_FIRST", tf.quint8, 0.0, 0.0), X)
BACK["to bfloat16"] = case(
    lambda x: tf.cast(and_back("MIN_COMBINED", tf.qint8, target=tf.bfloat16)(x), tf.float32),
    X,
    rtol=1e-2,
    atol=1e-2,
)


@parametrized(BACK)
def test_there_and_back_is_what_tensorflow_makes_of_it(item: Case) -> None:
    check(item)


def test_whole_numbers_too_large_for_float32_are_refused_in_words() -> None:
    (problem,) = refused(there("SCALED", tf.qint32), X).problems
    assert problem.node == "QuantizeV2"
    assert "qint32" in problem.reason


def test_a_range_that_depends_on_data_is_refused_in_words() -> None:
    def build(x: Any) -> Any:
        made = op.QuantizeV2(
            input=x, min_range=tf.reduce_min(x), max_range=tf.reduce_max(x), T=tf.quint8
        )
        return tf.cast(made.output, tf.int32)

    (problem,) = refused(build, X).problems
    assert problem.node == "QuantizeV2"
    assert "the minimum" in problem.reason
