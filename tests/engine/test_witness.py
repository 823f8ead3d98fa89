"""TensorRT's own ONNX parser, given our export, makes the layers that our emitter makes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.witness import disagreements, witnessed
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Network, NetworkBuilder, TensorSpec
from surgeon_gui.network.layers import (
    Conditional,
    CoordinateTransformation,
    ElementWiseOperation,
    Identity,
    Loop,
    NonZero,
    Plugin,
    ReduceOperation,
    RoundMode,
    Slice,
)
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.engine.builds import cnn
from tests.engine.rtx import new_builder, rtx
from tests.network.cases import CASES, Case
from tests.network.test_to_onnx import run

pytestmark = pytest.mark.tensorrt

BY_NAME = {case.name: case for case in CASES}

UNPARSED = {case.name for case in CASES if isinstance(case.kind, NonZero)}
"""Cases whose export the parser of TensorRT for RTX refuses: it makes plugins of them."""

PARSED = [case for case in CASES if case.name not in UNPARSED]

UNRUNNABLE = (
    *("slice_dynamic_batch", "nms", "topk_max_2_of_axis_2", "topk_min_3_of_axis_1"),
    *(case.name for case in CASES if isinstance(case.kind, Conditional | Loop)),
)
"""Cases whose witness cannot be exported again: a slice it computes from shapes, int64 indices,
a loop or a conditional taken apart."""


@pytest.fixture(scope="module")
def flavour() -> Flavour:
    return rtx()


@pytest.fixture(scope="module")
def builder(flavour: Flavour) -> Any:
    return new_builder(flavour)


@pytest.mark.parametrize("case", PARSED, ids=lambda case: case.name)
def test_the_witness_gives_a_layer_the_same_parameters(
    case: Case, flavour: Flavour, builder: Any
) -> None:
    network = case.network()
    assert disagreements(network, witnessed(network, flavour, builder)) == []


@pytest.mark.parametrize(
    "case", [case for case in PARSED if case.name not in UNRUNNABLE], ids=lambda case: case.name
)
def test_what_the_witness_made_computes_the_same(
    case: Case, flavour: Flavour, builder: Any
) -> None:
    witness = witnessed(case.network(), flavour, builder)
    results = run(onnx_from_network(witness), case.inputs())
    for actual, expected in zip(results, case.expected, strict=True):
        tolerance = max(case.tolerance, 1e-5)
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(UNPARSED))
def test_what_the_parser_has_no_layer_for_is_said(
    name: str, flavour: Flavour, builder: Any
) -> None:
    with pytest.raises(EngineError, match="NonZero plugin creator version 1 was not found"):
        witnessed(BY_NAME[name].network(), flavour, builder)


def test_a_whole_network_agrees_layer_by_layer(flavour: Flavour, builder: Any) -> None:
    network = cnn(blocks=3)
    assert disagreements(network, witnessed(network, flavour, builder)) == []


def change(name: str, **parameters: Any) -> Network:
    network = BY_NAME[name].network()
    *before, layer = network.layers
    kind = dataclasses.replace(layer.kind, **parameters)
    return dataclasses.replace(network, layers=(*before, dataclasses.replace(layer, kind=kind)))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("conv_asymmetric", {"pre_padding": (0, 1), "post_padding": (3, 0)}),
        ("conv_dilated", {"dilation": (3, 2)}),
        ("conv_same_upper", {"pre_padding": (1, 1), "padding_mode": None}),
        ("deconv_asymmetric", {"post_padding": (1, 2)}),
        ("average_pool_excluding", {"average_count_excludes_padding": False}),
        ("lrn_alexnet", {"alpha": 5e-4}),
        ("lrn_alexnet", {"k": 1.0}),
        ("activation_leaky_relu", {"alpha": 0.31}),
        ("activation_softplus", {"alpha": 1.0}),
        ("activation_hard_sigmoid", {"beta": 0.5}),
        ("elementwise_floor_div", {"op": ElementWiseOperation.DIV}),
        ("reduce_avg_12_keep", {"op": ReduceOperation.SUM}),
        ("reduce_avg_12_keep", {"axes": (0, 1)}),
        ("softmax_1", {"axis": 2}),
        ("topk_max_2_of_axis_2", {"k": 3}),
        ("cumulative", {"reverse": True}),
        ("resize_nearest_half_pixel_half_up_7x9", {"nearest_rounding": RoundMode.FLOOR}),
        (
            "resize_linear_half_pixel_7x9",
            {"coordinate_transformation": CoordinateTransformation.ALIGN_CORNERS},
        ),
        ("resize_cubic_half_pixel_7x9", {"cubic_coeff": -0.5}),
        ("slice_plain", {"start": (0, 0, 0)}),
        ("slice_fill", {"fill_value": 0.5}),
        ("slice_fill_by_stride", {"stride": (1, 2, 1)}),
        ("shuffle_three_steps", {"second_transpose": (1, 2, 0)}),
        ("scale_channels", {"scale": np.ones(3, np.float32)}),
        ("matmul_transposed", {"op0": None}),
        ("gather", {"axis": 0}),
        ("gather_nd_per_batch", {"num_elementwise_dims": 0}),
        ("one_hot_last", {"axis": 0}),
        ("quantize_per_axis", {"axis": 2}),
    ],
)
def test_a_wrong_parameter_would_be_noticed(
    name: str, parameters: dict[str, Any], flavour: Flavour, builder: Any
) -> None:
    """The witness reads the right layer, ours is bent."""
    defaults = {"padding_mode": "EXPLICIT_ROUND_DOWN", "op0": "NONE"}
    original = BY_NAME[name].kind
    bent = {
        key: type(getattr(original, key))[defaults[key]] if value is None else value
        for key, value in parameters.items()
    }
    witness = witnessed(BY_NAME[name].network(), flavour, builder)
    assert disagreements(change(name, **bent), witness) != []


def test_a_missing_layer_would_be_noticed(flavour: Flavour, builder: Any) -> None:
    network = BY_NAME["activation_relu"].network()
    witness = witnessed(BY_NAME["identity"].network(), flavour, builder)
    assert disagreements(network, witness) == ["layer: the parser makes no Activation of it."]


def test_a_plugin_the_parser_does_not_know_is_said(flavour: Flavour, builder: Any) -> None:
    network_builder = NetworkBuilder()
    x = network_builder.add_input("x", DType.FLOAT32, (1, 4))
    kind = Plugin(plugin_name="Unheard_TRT", declared=(TensorSpec(DType.FLOAT32, (1, 4)),))
    (y,) = network_builder.add(kind, [x], name="p")
    network_builder.mark_output(y)
    with pytest.raises(EngineError, match="refuses the export"):
        witnessed(network_builder.build(), flavour, builder)


def test_layers_whose_names_contain_each_other_are_told_apart(
    flavour: Flavour, builder: Any
) -> None:
    network_builder = NetworkBuilder()
    x = network_builder.add_input("x", DType.FLOAT32, (2, 3, 4))
    (a,) = network_builder.add(
        Slice(start=(0, 0, 0), size=(2, 2, 4), stride=(1, 1, 1)), [x], name="part"
    )
    (b,) = network_builder.add(
        Slice(start=(0, 1, 0), size=(2, 1, 4), stride=(1, 1, 1)), [a], name="part/part"
    )
    (y,) = network_builder.add(Identity(), [b], name="part_1")
    network_builder.mark_output(y)
    network = network_builder.build()
    assert disagreements(network, witnessed(network, flavour, builder)) == []
