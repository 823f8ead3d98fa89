"""A network rewritten to half precision computes nearly the same, between float32 ends."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from surgeon_gui.errors import ConvertError, UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Network, NetworkBuilder
from surgeon_gui.network.layers import (
    LRN,
    Activation,
    ActivationType,
    Cast,
    Constant,
    Convolution,
    ElementWise,
    ElementWiseOperation,
    Reduce,
    ReduceOperation,
    Softmax,
)
from surgeon_gui.network.precision import with_precision
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.network.cases import CASES, Case
from tests.network.cases.case import random
from tests.network.test_to_onnx import run

HALF, BRAIN = DType.FLOAT16, DType.BFLOAT16
SENSITIVE = ("nms", "unary_round", "unary_ceil", "elementwise_floor_div", "quantize", "topk")
"""Cases whose answers jump: a rounded input gives another integer."""
STEADY = [
    case
    for case in CASES
    if any(array.dtype == np.float32 for array in case.inputs().values())
    and not case.name.startswith(SENSITIVE)
]


@pytest.mark.parametrize("case", STEADY, ids=lambda case: case.name)
def test_half_precision_computes_nearly_the_same(case: Case) -> None:
    network = with_precision(case.network(), HALF)
    results = run(onnx_from_network(network), case.inputs())
    for actual, expected in zip(results, case.expected, strict=True):
        assert actual.dtype == expected.dtype
        scale = max(1.0, float(np.abs(np.nan_to_num(expected, posinf=1, neginf=1)).max(initial=0)))
        np.testing.assert_allclose(actual, expected, rtol=2e-2, atol=1e-2 * scale)


@pytest.mark.parametrize("dtype", [HALF, BRAIN], ids=lambda dtype: dtype.text)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inputs_and_outputs_keep_name_and_dtype(case: Case, dtype: DType) -> None:
    network, half = case.network(), with_precision(case.network(), dtype)
    assert half.inputs == network.inputs
    assert half.output_tensors == network.output_tensors
    names = [layer.name for layer in half.layers]
    assert len(set(names)) == len(names)
    assert {layer.name for layer in network.layers} <= set(names)


def small() -> Network:
    """Conv -> relu -> out, and the relu's input is an output too."""
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 3, 6, 6))
    kind = Convolution(
        num_output_maps=4,
        kernel_size=(3, 3),
        stride=(1, 1),
        pre_padding=(1, 1),
        post_padding=(1, 1),
        dilation=(1, 1),
        kernel=random(4, 3, 3, 3),
        bias=random(4),
    )
    (conv,) = builder.add(kind, [x], name="conv", origin=["scope/Conv2D", "scope/w"])
    (relu,) = builder.add(Activation(type=ActivationType.RELU), [conv], name="relu")
    builder.mark_output(conv)
    builder.mark_output(relu)
    return builder.build()


def test_everything_between_the_casts_is_half() -> None:
    network = with_precision(small(), HALF)
    tensors = network.tensors
    for layer in network.layers:
        if not isinstance(layer.kind, Cast):
            assert {tensors[name].dtype for name in layer.inputs} == {HALF}
            assert {tensor.dtype for tensor in layer.outputs} == {HALF}
            assert {array.dtype for array in layer.kind.weights().values()} <= {
                np.dtype(np.float16)
            }
    casts = [layer for layer in network.layers if isinstance(layer.kind, Cast)]
    assert len(casts) == 3
    assert all(layer.origin for layer in casts)


def test_an_output_that_is_read_inside_is_cast_once_for_the_outside() -> None:
    x = random(1, 3, 6, 6)
    plain, half = (
        run(onnx_from_network(network), {"x": x})
        for network in (small(), with_precision(small(), HALF))
    )
    for expected, actual in zip(plain, half, strict=True):
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, rtol=1e-2, atol=2e-2)


def test_shared_weights_stay_shared() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 3, 6, 6))
    kind = small().layers[0].kind
    for name in ("a", "b"):
        (y,) = builder.add(kind, [x], name=name)
        builder.mark_output(y)
    kernels = [
        layer.kind.kernel
        for layer in with_precision(builder.build(), HALF).layers
        if isinstance(layer.kind, Convolution)
    ]
    assert kernels[0] is kernels[1]


def test_layers_whose_sums_overflow_keep_float32() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 4, 2, 2))
    (a,) = builder.add(Activation(type=ActivationType.RELU), [x], name="a")
    (y,) = builder.add(LRN(window_size=3, alpha=1.0, beta=0.5, k=1.0), [a], name="lrn")
    builder.mark_output(y)
    network = with_precision(builder.build(), HALF)
    (lrn,) = (layer for layer in network.layers if isinstance(layer.kind, LRN))
    assert network.tensors[lrn.inputs[0]].dtype is DType.FLOAT32
    (result,) = run(onnx_from_network(network), {"x": np.full((1, 4, 2, 2), 300, np.float32)})
    assert np.isfinite(result).all()
    assert result.min() > 0


def test_a_weight_beyond_the_range_is_an_error() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 1, 2, 2))
    kind = Convolution(
        num_output_maps=1,
        kernel_size=(1, 1),
        stride=(1, 1),
        pre_padding=(0, 0),
        post_padding=(0, 0),
        dilation=(1, 1),
        kernel=np.full((1, 1, 1, 1), 1e6, np.float32),
    )
    (y,) = builder.add(kind, [x], name="conv", origin=["scope/Conv2D"])
    builder.mark_output(y)
    with pytest.raises(ConvertError, match=r"1e\+06 is too large for float16") as caught:
        with_precision(builder.build(), HALF)
    assert caught.value.where == "scope/Conv2D"
    assert with_precision(builder.build(), BRAIN).layers


def test_a_limit_beyond_the_range_becomes_the_largest_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 2))
    limits = np.array([[-1e9, np.inf]], np.float32)
    (c,) = builder.add(Constant(weights_=limits), name="c", origin=["mask"])
    (y,) = builder.add(ElementWise(op=ElementWiseOperation.MAX), [x, c], name="y")
    builder.mark_output(y)
    with caplog.at_level(logging.WARNING, logger="surgeon_gui"):
        network = with_precision(builder.build(), HALF)
    assert "mask: 1e+09 became 65504" in caplog.text
    (constant,) = (layer.kind for layer in network.layers if isinstance(layer.kind, Constant))
    np.testing.assert_array_equal(constant.weights_, np.array([[-65504, np.inf]], np.float16))


def chain() -> Network:
    """A convolution, a softmax, and a sum over 4,096 elements."""
    builder = NetworkBuilder()
    x = builder.add_input("x", DType.FLOAT32, (1, 2, 64, 64))
    kernel = np.full((2, 2, 1, 1), 0.5, np.float32)
    (conv,) = builder.add(
        Convolution(
            num_output_maps=2,
            kernel_size=(1, 1),
            stride=(1, 1),
            pre_padding=(0, 0),
            post_padding=(0, 0),
            dilation=(1, 1),
            kernel=kernel,
        ),
        [x],
        name="conv",
        origin=("scope/Conv2D",),
    )
    (soft,) = builder.add(Softmax(axis=1), [conv], name="soft")
    (total,) = builder.add(
        Reduce(op=ReduceOperation.SUM, axes=(2, 3), keep_dims=False), [soft], name="total"
    )
    builder.mark_output(total)
    return builder.build()


def dtype_of(network: Network, layer: str) -> DType:
    (found,) = [item for item in network.layers if item.name == layer]
    return found.outputs[0].dtype


def test_softmax_and_large_sums_keep_float32() -> None:
    half = with_precision(chain(), HALF)
    assert dtype_of(half, "conv") is HALF
    assert dtype_of(half, "soft") is DType.FLOAT32
    assert dtype_of(half, "total") is DType.FLOAT32


@pytest.mark.parametrize("name", ["conv", "scope/Conv2D"])
def test_a_layer_or_node_can_be_kept(name: str) -> None:
    assert dtype_of(with_precision(chain(), HALF, [name]), "conv") is DType.FLOAT32


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(UsageError, match="No layer") as caught:
        with_precision(chain(), HALF, ["absent"])
    assert caught.value.where == "absent"


def test_inputs_and_outputs_can_be_half_too() -> None:
    half = with_precision(chain(), HALF, ["soft", "total"], half_ends=True)
    assert [tensor.dtype for tensor in half.inputs] == [HALF]
    assert [tensor.dtype for tensor in half.output_tensors] == [HALF]
    assert [tensor.name for tensor in half.output_tensors] == ["total"]
    whole = with_precision(chain(), BRAIN, half_ends=True)
    assert whole.inputs[0].dtype is BRAIN
