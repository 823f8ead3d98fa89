"""Counts, bits, segments, colours, cross entropies equal TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import (
    Build,
    Case,
    case,
    check,
    integers,
    numbers,
    op,
    parametrized,
    refused,
    run_network,
)

pytestmark = pytest.mark.tensorflow

IMAGE = numbers(2, 4, 5, 3, low=0, high=1)
GREYS = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 0], [0.2, 0.7, 0.7]], np.float32)[None, None]
ROWS = numbers(5, 2, 3)
WHOLE = integers(5, 2)


def segment(name: str, ids: Any, **attrs: Any) -> Build:
    return lambda x: getattr(op, name)(data=x, segment_ids=ids, **attrs)


def sparse(name: str, **attrs: Any) -> Build:
    return lambda x, i: getattr(op, name)(data=x, indices=i, segment_ids=[0, 0, 2], **attrs)


def bins(size: int, dtype: Any, **attrs: Any) -> Build:
    return lambda x, w: op.DenseBincount(input=x, size=size, weights=tf.cast(w, dtype), **attrs)


NONE = np.zeros(0, np.float32)
LABELS = np.array([[0.2, 0.3, 0.5], [1, 0, 0]], np.float32)
SPARSE = ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN")
SORTED = ("SegmentMax", "SegmentMin", "SegmentProd")

CASES: dict[str, Case] = {
    **{name: case(segment(name, [0, 0, 1, 3, 3]), ROWS) for name in SORTED},
    **{f"{name} int32": case(segment(name, [0, 1, 1, 1, 2]), WHOLE) for name in SORTED},
    **{
        f"Unsorted{name}": case(segment(f"Unsorted{name}", [2, 0, 2, -1, 1], num_segments=3), ROWS)
        for name in SORTED
    },
    **{
        f"Unsorted{name} with empty int32": case(
            segment(f"Unsorted{name}", [2, 0, 2, 0, 1], num_segments=4), WHOLE
        )
        for name in SORTED
    },
    **{name: case(sparse(name), ROWS, np.array([3, 0, 1], np.int32)) for name in SPARSE},
    **{
        f"{name}WithNumSegments": case(
            sparse(f"{name}WithNumSegments", num_segments=4), ROWS, np.array([3, 0, 1], np.int32)
        )
        for name in SPARSE
    },
    "SparseToDense": case(
        lambda v: op.SparseToDense(
            sparse_indices=[[0, 1], [2, 0]],
            output_shape=[3, 2],
            sparse_values=v,
            default_value=-1.0,
        ),
        numbers(2),
    ),
    "SparseToDense one value": case(
        lambda v: op.SparseToDense(
            sparse_indices=[1, 3], output_shape=[5], sparse_values=v, default_value=7
        ),
        np.int32(4),
    ),
    "Bincount": case(
        lambda x: op.Bincount(arr=x, size=4, weights=NONE), integers(3, 4, low=0, high=6)
    ),
    "Bincount weighted": case(
        lambda x, w: op.Bincount(arr=x, size=4, weights=w),
        integers(3, 4, low=0, high=6),
        numbers(3, 4),
    ),
    "DenseBincount rows": case(bins(4, tf.int32), integers(3, 5, low=0, high=5), NONE),
    "DenseBincount weighted": case(
        bins(4, tf.float32), integers(3, 5, low=0, high=5), numbers(3, 5)
    ),
    "DenseBincount binary": case(
        bins(4, tf.float32, binary_output=True), integers(3, 5, low=0, high=5), NONE
    ),
    "InvertPermutation": case(
        lambda x: op.InvertPermutation(x=x), np.array([3, 0, 2, 1, 4], np.int32)
    ),
    "Invert": case(lambda x: op.Invert(x=x), integers(3, 4)),
    "Invert uint8": case(lambda x: op.Invert(x=x), integers(3, 4, low=0, high=255, dtype=np.uint8)),
    "LeftShift": case(lambda x: op.LeftShift(x=x, y=3), integers(3, 4)),
    "LeftShift each": case(
        lambda x: op.LeftShift(x=x, y=np.array([0, 1, 2, 9], np.int64)),
        integers(3, 4, dtype=np.int64),
    ),
    "RightShift": case(lambda x: op.RightShift(x=x, y=2), integers(3, 4, low=-99, high=99)),
    "SoftmaxCrossEntropyWithLogits": case(
        lambda x, y: list(op.SoftmaxCrossEntropyWithLogits(features=x, labels=y)),
        numbers(2, 3),
        LABELS,
    ),
    "SparseSoftmaxCrossEntropyWithLogits": case(
        lambda x, y: list(op.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=y)),
        numbers(3, 4),
        np.array([3, 0, 1], np.int64),
    ),
    "MaxPoolWithArgmax": case(
        lambda x: op.MaxPoolWithArgmax(
            input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"
        )[0],
        IMAGE,
        layers=("Shuffle", "Pooling", "Shuffle"),
    ),
    "RGBToHSV": case(lambda x: op.RGBToHSV(images=x), IMAGE),
    "RGBToHSV greys": case(lambda x: op.RGBToHSV(images=x), GREYS),
    "HSVToRGB": case(lambda x: op.HSVToRGB(images=x), IMAGE),
    "AdjustHue": case(lambda x: op.AdjustHue(images=x, delta=0.3), IMAGE),
    "AdjustHue backwards": case(lambda x: op.AdjustHue(images=x, delta=-0.4), GREYS),
    "AdjustSaturation": case(lambda x: op.AdjustSaturation(images=x, scale=0.4), IMAGE),
    "AdjustSaturation beyond": case(lambda x: op.AdjustSaturation(images=x, scale=9.0), IMAGE),
    "AdjustSaturation greys": case(lambda x: op.AdjustSaturation(images=x, scale=2.0), GREYS),
}


@parametrized(CASES)
def test_op_equals_tensorflow(item: Case) -> None:
    check(item)


@pytest.mark.parametrize(
    ("build", "arrays"),
    [
        (lambda x: op.LeftShift(x=x, y=np.int8(1)), [integers(3, dtype=np.int8)]),
        (lambda x: op.RightShift(x=x, y=40), [integers(3)]),
        (lambda x, y: op.LeftShift(x=x, y=y), [integers(3), integers(3)]),
        (
            lambda x: list(
                op.MaxPoolWithArgmax(
                    input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"
                )
            ),
            [IMAGE],
        ),
        (
            lambda x, i: op.SegmentMax(data=x, segment_ids=i),
            [ROWS, np.array([0, 0, 1, 1, 1], np.int32)],
        ),
        (segment("SegmentSum", [0, 0, 1, 1, 1]), [WHOLE]),
    ],
)
def test_what_needs_other_numbers_is_refused_with_a_reason(build: Build, arrays: list[Any]) -> None:
    problems = refused(build, *arrays).problems
    assert problems
    assert all(problem.reason.endswith(".") for problem in problems)


@pytest.mark.parametrize(("layout", "filters"), [("NHWC", "HWIO"), ("NCHW", "OIHW")])
def test_fused_conv_bias_activation_is_its_parts(layout: str, filters: str) -> None:
    """No TensorFlow that can be installed runs this op of TensorFlow 1 for GPUs."""
    x, kernel = numbers(1, 5, 5, 2), numbers(3, 3, 2, 4, seed=1)
    bias, side = numbers(4, seed=2), numbers(1, 5, 5, 4, seed=3)
    want = np.maximum(0.5 * tf.nn.conv2d(x, kernel, 1, "SAME").numpy() + 2.0 * side + bias, 0)
    first = layout == "NCHW"
    stored = kernel.transpose(3, 2, 0, 1) if filters == "OIHW" else kernel

    def laid(array: Any) -> Any:
        return array.transpose(0, 3, 1, 2) if first else array

    def text(array: Any) -> str:
        return f"f32{list(array.shape)}{{{', '.join(repr(float(v)) for v in array.flat)}}}"

    graph = parse_text(
        f"""
        x = Placeholder() {{shape={list(laid(x).shape)}, dtype=f32}}
        s = Placeholder() {{shape={list(laid(side).shape)}, dtype=f32}}
        k = Const() {{value={text(stored)}}}
        b = Const() {{value={text(bias)}}}
        one = Const() {{value=f32[]{{0.5}}}}
        two = Const() {{value=f32[]{{2.0}}}}
        y = FusedConv2DBiasActivation(x, k, b, s, one, two) {{data_format="{layout}",\
 filter_format="{filters}", strides=[1, 1, 1, 1], padding="SAME", activation_mode="Relu", T=f32}}
        outputs(y)
        """
    )
    lowering = network_from_graph(graph)
    assert lowering.network is not None, lowering.problems
    (got,) = run_network(lowering.network, {"x": laid(x), "s": laid(side)})
    np.testing.assert_allclose(got, laid(want), 1e-4, 1e-4)
