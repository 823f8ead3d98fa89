"""Ops that TensorRT has no layer for and that several layers make up equal TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.model import TensorRef
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

X = numbers(2, 6, 5, 4, low=-4, high=4)
SQUARE = numbers(2, 4, 4)


def floats(items: Any) -> Any:
    return np.array(items, np.float32)


def fake(low: float, high: float, **attrs: Any) -> Build:
    return lambda x: op.FakeQuantWithMinMaxArgs(inputs=x, min=low, max=high, **attrs)


def fake_vars(low: Any, high: Any, **attrs: Any) -> Build:
    raw = op.FakeQuantWithMinMaxVars if np.ndim(low) == 0 else op.FakeQuantWithMinMaxVarsPerChannel
    return lambda x: raw(inputs=x, min=low, max=high, **attrs)


def rounded(
    version: str = "V2", bits: Any = 8, low: Any = -2.0, high: Any = 3.0, **a: Any
) -> Build:
    options = {"signed_input": True, "range_given": True, **a}
    raw = getattr(op, f"QuantizeAndDequantize{version}")
    return lambda x: raw(input=x, input_min=low, input_max=high, num_bits=bits, **options)


def bicubic(size: tuple[int, int], **attrs: Any) -> Build:
    return lambda x: op.ResizeBicubic(images=x, size=list(size), **attrs)


def lstm_cell(peephole: bool, clip: float) -> Build:
    def build(x: Any, cs: Any, h: Any) -> Any:
        return list(
            op.LSTMBlockCell(
                x=x,
                cs_prev=cs,
                h_prev=h,
                w=numbers(7, 12, seed=3),
                wci=numbers(3, seed=4),
                wcf=numbers(3, seed=5),
                wco=numbers(3, seed=6),
                b=numbers(12, seed=7),
                use_peephole=peephole,
                cell_clip=clip,
                forget_bias=0.5,
            )
        )

    return build


def block_lstm(name: str, length: int) -> Build:
    def build(x: Any, cs: Any, h: Any) -> Any:
        options: dict[str, Any] = {"forget_bias": 1.0} if name == "BlockLSTM" else {}
        return list(
            getattr(op, name)(
                seq_len_max=np.int64(length),
                x=x,
                cs_prev=cs,
                h_prev=h,
                w=numbers(7, 12, seed=3),
                wci=np.zeros(3, np.float32),
                wcf=np.zeros(3, np.float32),
                wco=np.zeros(3, np.float32),
                b=numbers(12, seed=7),
                use_peephole=False,
                cell_clip=0.0,
                **options,
            )
        )[1::5]

    return build


def gru_cell(x: Any, h: Any) -> Any:
    return list(
        op.GRUBlockCell(
            x=x,
            h_prev=h,
            w_ru=numbers(7, 6, seed=3),
            w_c=numbers(7, 3, seed=4),
            b_ru=numbers(6, seed=5),
            b_c=numbers(3, seed=6),
        )
    )


CASES: dict[str, Case] = {
    "FakeQuant": case(fake(-3.1, 2.7), X),
    "FakeQuant narrow": case(fake(-3.1, 2.7, narrow_range=True), X),
    "FakeQuant 4 bits": case(fake(0.0, 6.0, num_bits=4), X),
    "FakeQuant above zero": case(fake(0.5, 3.0), X),
    "FakeQuant below zero": case(fake(-3.0, -0.5), X),
    "FakeQuantWithMinMaxVars": case(fake_vars(np.float32(-2), np.float32(2.5)), X),
    "FakeQuant per channel": case(fake_vars(floats([-1, -2, -3, -4]), floats([1, 2.5, 3, 1])), X),
    "QuantizeAndDequantizeV2": case(rounded(), X, layers=("Quantize", "Dequantize")),
    "QuantizeAndDequantizeV2 unsigned": case(rounded(signed_input=False, low=0.0), X),
    "QuantizeAndDequantizeV2 half up": case(rounded(round_mode="HALF_UP"), X),
    "QuantizeAndDequantizeV2 narrow": case(rounded(narrow_range=True), X),
    "QuantizeAndDequantizeV3": case(rounded("V3", bits=np.int32(8)), X),
    "QuantizeAndDequantizeV3 per channel": case(
        rounded(
            "V3", bits=np.int32(8), low=floats([-1, -2, -3, -4]), high=floats([1, 3, 2, 5]), axis=3
        ),
        X,
    ),
    "ResizeBicubic": case(bicubic((9, 11)), X, rtol=1e-3, atol=1e-4),
    "ResizeBicubic smaller": case(bicubic((3, 4)), X, rtol=1e-3, atol=1e-4),
    "ResizeBicubic aligned": case(bicubic((9, 7), align_corners=True), X, rtol=1e-3, atol=1e-4),
    "ResizeBicubic centred": case(
        bicubic((9, 7), half_pixel_centers=True), X, rtol=1e-3, atol=1e-4
    ),
    "ResizeArea": case(lambda x: op.ResizeArea(images=x, size=[3, 4]), X),
    "ResizeArea larger": case(lambda x: op.ResizeArea(images=x, size=[9, 8]), X),
    "LSTMBlockCell": case(lstm_cell(False, 3.0), numbers(2, 4), numbers(2, 3), numbers(2, 3)),
    "LSTMBlockCell peephole": case(
        lstm_cell(True, 0.3), numbers(2, 4), numbers(2, 3), numbers(2, 3)
    ),
    "BlockLSTM": case(block_lstm("BlockLSTM", 3), numbers(3, 2, 4), numbers(2, 3), numbers(2, 3)),
    "BlockLSTM shorter": case(
        block_lstm("BlockLSTM", 2), numbers(4, 2, 4), numbers(2, 3), numbers(2, 3)
    ),
    "BlockLSTMV2": case(
        block_lstm("BlockLSTMV2", 3), numbers(3, 2, 4), numbers(2, 3), numbers(2, 3)
    ),
    "GRUBlockCell": case(gru_cell, numbers(2, 4), numbers(2, 3)),
    "MatrixBandPart": case(lambda x: op.MatrixBandPart(input=x, num_lower=1, num_upper=0), SQUARE),
    "MatrixBandPart all below": case(
        lambda x: op.MatrixBandPart(input=x, num_lower=-1, num_upper=1), numbers(3, 5)
    ),
    "MatrixDiag": case(lambda x: op.MatrixDiag(diagonal=x), numbers(2, 3)),
    "MatrixDiagV3": case(
        lambda x: op.MatrixDiagV3(
            diagonal=x, k=0, num_rows=-1, num_cols=-1, padding_value=np.float32(0)
        ),
        numbers(2, 3),
    ),
    "MatrixDiagPart": case(lambda x: op.MatrixDiagPart(input=x), numbers(2, 3, 5)),
    "MatrixDiagPartV3": case(
        lambda x: op.MatrixDiagPartV3(input=x, k=0, padding_value=np.float32(0)), SQUARE
    ),
    "MatrixSetDiag": case(
        lambda x, d: op.MatrixSetDiag(input=x, diagonal=d), numbers(2, 3, 5), numbers(2, 3)
    ),
    "MatrixSetDiagV3 tall": case(
        lambda x, d: op.MatrixSetDiagV3(input=x, diagonal=d, k=0), numbers(5, 3), numbers(3)
    ),
    "ExtractImagePatches": case(
        lambda x: op.ExtractImagePatches(
            images=x, ksizes=[1, 3, 2, 1], strides=[1, 2, 1, 1], rates=[1, 1, 2, 1], padding="SAME"
        ),
        X,
    ),
    "DynamicPartition": case(
        lambda x: op.DynamicPartition(data=x, partitions=[1, 0, 1, 2, 0], num_partitions=3),
        numbers(5, 2),
    ),
    "DynamicStitch": case(
        lambda x, y: op.DynamicStitch(indices=[[0, 3], [2, 1]], data=[x, y]),
        numbers(2, 3),
        numbers(2, 3, seed=1),
    ),
    "SegmentSum": case(
        lambda x: op.SegmentSum(data=x, segment_ids=[0, 0, 1, 3, 3]), numbers(5, 2, 3)
    ),
    "SegmentMean": case(
        lambda x: op.SegmentMean(data=x, segment_ids=[0, 0, 1, 1, 1]), numbers(5, 2)
    ),
    "UnsortedSegmentSum": case(
        lambda x: op.UnsortedSegmentSum(data=x, segment_ids=[2, 0, 2, -1, 1], num_segments=4),
        numbers(5, 2),
    ),
    **{
        name: case(
            lambda x, y, name=name: getattr(op, name)(tensor=x, indices=[[1], [3]], updates=y),
            numbers(5, 3),
            numbers(2, 3, seed=1),
        )
        for name in ("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin")
    },
    "DataFormatVecPermute": case(lambda x: op.DataFormatVecPermute(x=x), integers(4)),
    "DataFormatDimMap": case(lambda x: op.DataFormatDimMap(x=x), np.array([0, 1, -1], np.int32)),
    "AdjustContrastv2": case(lambda x: op.AdjustContrastv2(images=x, contrast_factor=1.7), X),
    "conditional on data": case(
        lambda x: tf.compat.v1.cond(
            tf.reduce_sum(x) > 0, lambda: tf.square(x), lambda: tf.negative(x)
        ),
        numbers(3),
    ),
    "conditional with constants": case(
        lambda x: x + tf.compat.v1.cond(tf.reduce_sum(x) > 0, lambda: 1.0, lambda: -1.0),
        numbers(3),
    ),
    "nested conditionals": case(
        lambda x: tf.compat.v1.cond(
            tf.reduce_sum(x) > 0,
            lambda: tf.compat.v1.cond(x[0] > 0, lambda: x * 2, lambda: x * 3),
            lambda: x - 1,
        ),
        numbers(3),
    ),
    "layer norm": case(
        lambda x: tf.nn.batch_normalization(
            x, *tf.nn.moments(x, [-1], keepdims=True), np.float32(0.5), np.float32(2), 1e-3
        ),
        numbers(2, 5, 8),
    ),
    "gelu": case(tf.nn.gelu, X, layers=("Activation",)),
    "gelu approximate": case(lambda x: tf.nn.gelu(x, approximate=True), X, layers=("Activation",)),
    "gelu in another order": case(
        lambda x: (1.0 + tf.math.erf(x * 2**-0.5)) * (x * 0.5), X, layers=("Activation",)
    ),
    "nearly gelu": case(lambda x: 0.5 * x * (1.0 + tf.math.erf(x / 1.5)), X),
    "gelu of another tensor": case(lambda x: 0.5 * tf.sin(x) * (1.0 + tf.math.erf(x / 2**0.5)), X),
    "swish": case(tf.nn.silu, X),
    "l2_normalize": case(lambda x: tf.nn.l2_normalize(x, -1), X),
    "attention": case(
        lambda q, k, v: tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 2.0), v),
        *(numbers(2, 2, 5, 4, seed=seed) for seed in range(3)),
    ),
}


@pytest.mark.usefixtures("switch_and_merge")
@parametrized(CASES)
def test_composed_op_equals_tensorflow(item: Case) -> None:
    check(item)


def run_text(text: str, **feeds: Any) -> Any:
    lowering = network_from_graph(parse_text(text))
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    return run_network(lowering.network, feeds)[0]


def test_optimised_convolution_applies_its_steps_in_order() -> None:
    x = numbers(1, 5, 5, 3)
    got = run_text(
        """
        x = Placeholder() {shape=[1, 5, 5, 3], dtype=f32}
        k = Const() {value=f32[3, 3, 3, 2]{0.1}}
        b = Const() {value=f32[2]{0.5, -9}}
        y = _FusedConv2D(x, k, b) {strides=[1, 1, 1, 1], padding="SAME", num_args=1,
            fused_ops=["BiasAdd", "Relu"], T=f32}
        """.replace(",\n            ", ", "),
        x=x,
    )
    kernel = np.full((3, 3, 3, 2), 0.1, np.float32)
    plain = tf.nn.conv2d(x, kernel, 1, "SAME") + floats([0.5, -9])
    np.testing.assert_allclose(got, np.maximum(plain, 0), 1e-5, 1e-5)


def test_optimised_product_adds_its_bias() -> None:
    x = numbers(2, 3)
    got = run_text(
        """
        x = Placeholder() {shape=[2, 3], dtype=f32}
        w = Const() {value=f32[3, 2]{1, 2, 3, 4, 5, 6}}
        b = Const() {value=f32[2]{10, 20}}
        y = _FusedMatMul(x, w, b) {num_args=1, fused_ops=["BiasAdd"], T=f32}
        """,
        x=x,
    )
    want = x @ floats([[1, 2], [3, 4], [5, 6]]) + floats([10, 20])
    np.testing.assert_allclose(got, want, 1e-5, 1e-5)


def test_batch_norm_with_global_normalization() -> None:
    """TensorFlow itself no longer runs this op."""
    x = numbers(1, 2, 2, 3)
    got = run_text(
        """
        x = Placeholder() {shape=[1, 2, 2, 3], dtype=f32}
        m = Const() {value=f32[3]{1, 2, 3}}
        v = Const() {value=f32[3]{4, 5, 6}}
        b = Const() {value=f32[3]{7, 8, 9}}
        g = Const() {value=f32[3]{1, -1, 2}}
        y = BatchNormWithGlobalNormalization(x, m, v, b, g) {variance_epsilon=0.5,\
 scale_after_normalization=true, T=f32}
        """,
        x=x,
    )
    mean, variance = floats([1, 2, 3]), floats([4, 5, 6])
    want = (x - mean) / np.sqrt(variance + 0.5) * [1, -1, 2] + [7, 8, 9]
    np.testing.assert_allclose(got, want, 1e-5, 1e-5)


def test_plugins_with_native_layers_need_no_plugin() -> None:
    x = numbers(1, 3, 4, 2)
    got = run_text(
        """
        x = Placeholder() {shape=[1, 3, 4, 2], dtype=f32}
        a = LReLU_TRT(x) {negSlope_u_float=0.25, T=f32}
        b = Normalize_TRT(a) {weights_u_flist=[2.0, 3.0], acrossSpatial_u_int=0,\
 channelShared_u_int=0, nbWeights_u_int=1, eps_u_float=0.001, T=f32}
        c = Clip_TRT(b) {clipMin=-1.0, clipMax=1.5, T=f32}
        outputs(c)
        """,
        x=x,
    )
    leaky = np.where(x > 0, x, 0.25 * x)
    unit = leaky / np.sqrt((leaky**2).sum(-1, keepdims=True) + 0.001) * floats([2, 3])
    np.testing.assert_allclose(got, np.clip(unit, -1, 1.5), 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("build", "arrays"),
    [
        (lambda x: op.TopKV2(input=x, k=4000), [numbers(5000)]),
        (lambda x: op.Bitcast(input=x, type=tf.int32), [X]),
        (lambda x: op.MatrixDiagPartV3(input=x, k=1, padding_value=0.0), [SQUARE]),
        (lambda x: op.QuantizeAndDequantizeV2(input=x, input_min=0.0, input_max=0.0), [X]),
        (
            lambda x, i: op.ScatterNd(indices=i, updates=x, shape=[5]),
            [numbers(2), np.array([[0], [1]], np.int32)],
        ),
        (lambda x: op.ScatterNd(indices=[[1], [1]], updates=x, shape=[5]), [numbers(2)]),
        (lambda x, k: tf.fill([k, 2], 1.0) + x, [numbers(), np.int32(3)]),
        (lambda x: tf.cast(x, tf.complex64), [X]),
        (lambda x: op.Mean(input=x, axis=0), [integers(3, 4)]),
    ],
)
def test_what_layers_cannot_do_is_refused_with_a_reason(build: Build, arrays: list[Any]) -> None:
    lowering = refused(build, *(np.asarray(array) for array in arrays))
    assert lowering.problems
    for problem in lowering.problems:
        assert problem.reason.endswith(".")
        assert TensorRef(problem.node) in lowering.types
