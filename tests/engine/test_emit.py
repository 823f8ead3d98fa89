"""Every layer kind, given to the real TensorRT, reads back as it was and builds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.flat import flattened
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.readback import read_network, unreadable_as_zeros
from surgeon_gui.errors import BuildFailed, EngineError
from surgeon_gui.graph.values import DType
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Layer, Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import (
    LRN,
    Activation,
    ActivationType,
    Constant,
    ElementWise,
    ElementWiseOperation,
    Identity,
    Unary,
    UnaryOperation,
)
from surgeon_gui.network.precision import with_precision
from tests.engine.rtx import new_builder, rtx
from tests.network.cases import CASES, Case

pytestmark = pytest.mark.tensorrt

UNBUILDABLE = dict.fromkeys(
    ("nms", "non_zero", "non_zero_bool"), "layer has no runners that implement it"
)
"""Cases TensorRT for RTX 1.7 takes but cannot build without a GPU, and what it says."""

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def flavour() -> Flavour:
    return rtx()


@pytest.fixture(scope="module")
def builder(flavour: Flavour) -> Any:
    return new_builder(flavour)


def emitted(network: Network, flavour: Flavour, builder: Any) -> Any:
    definition = create_network(builder, flavour)
    emit(network, flavour, definition)
    return definition


def plan_of(case: Case, definition: Any, flavour: Flavour, builder: Any) -> Any:
    """Build for one GPU, with a profile of the very shapes where a dimension is dynamic."""
    trt = flavour.module
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM86, 0)
    profile = builder.create_optimization_profile()
    for name, array in case.inputs().items():
        profile.set_shape(name, array.shape, array.shape, array.shape)
    config.add_optimization_profile(profile)
    return builder.build_serialized_network(definition, config)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_layer_reads_back_as_it_was_given(case: Case, flavour: Flavour, builder: Any) -> None:
    network = flattened(case.network())
    read = read_network(emitted(network, flavour, builder), flavour)
    assert same_network(network, read) == []
    assert [layer.name for layer in read.layers] == [layer.name for layer in network.layers]
    assert [layer.origin for layer in read.layers] == [layer.origin for layer in network.layers]
    assert read.outputs == network.outputs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tensorrt_infers_the_same_shapes(case: Case, flavour: Flavour, builder: Any) -> None:
    definition = emitted(case.network(), flavour, builder)
    for index, expected in enumerate(case.expected):
        shape = tuple(definition.get_output(index).shape)
        assert len(shape) == expected.ndim
        assert all(
            known in (-1, actual) for known, actual in zip(shape, expected.shape, strict=True)
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_layer_builds(case: Case, flavour: Flavour, builder: Any) -> None:
    definition = emitted(case.network(), flavour, builder)
    with collected() as said:
        plan = plan_of(case, definition, flavour, builder)
    if case.name in UNBUILDABLE:
        assert plan is None
        assert UNBUILDABLE[case.name] in " ".join(said.errors)
    else:
        assert plan is not None, said.errors


FLOAT_CASES = [
    case
    for case in CASES
    if case.name not in UNBUILDABLE and any(a.dtype == np.float32 for a in case.inputs().values())
]


@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.BFLOAT16], ids=lambda dtype: dtype.text)
@pytest.mark.parametrize("case", FLOAT_CASES, ids=lambda case: case.name)
def test_a_layer_in_half_precision_reads_back_and_builds(
    case: Case, dtype: DType, flavour: Flavour, builder: Any
) -> None:
    network = flattened(with_precision(case.network(), dtype))
    definition = emitted(network, flavour, builder)
    read = read_network(definition, flavour)
    assert same_network(unreadable_as_zeros(network), read) == []
    with collected() as said:
        assert plan_of(case, definition, flavour, builder) is not None, said.errors


def change(case: str, **parameters: Any) -> Network:
    """Return a case's network with changed parameters of its layer, unchecked by our own types."""
    network = BY_NAME[case].network()
    *before, layer = network.layers
    kind = dataclasses.replace(layer.kind, **parameters)
    return dataclasses.replace(network, layers=(*before, dataclasses.replace(layer, kind=kind)))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (change("conv", stride=(0, 1)), "Convolution"),
        (change("conv", num_groups=2), "Convolution"),
        (change("concatenation", axis=7), "Concatenation"),
        (change("shuffle_reshape", reshape_dims=(5, 5)), "Shuffle"),
        (change("topk_max_2_of_axis_2", k=5000), "TopK"),
    ],
)
def test_a_refused_layer_names_the_node_and_tensorrts_reason(
    network: Network, message: str, flavour: Flavour, builder: Any
) -> None:
    with pytest.raises(BuildFailed, match=message) as caught:
        emitted(network, flavour, builder)
    assert caught.value.where == "scope/Node"
    assert "catchCudaError" not in caught.value.message
    assert "does not say why" not in caught.value.message


def test_an_even_lrn_window_is_refused_by_tensorrt_too(flavour: Flavour, builder: Any) -> None:
    kind = LRN(window_size=4, alpha=1.0, beta=0.5, k=1.0)
    x = Tensor(DType.FLOAT32, (1, 3, 4, 4), "x")
    y = Tensor(DType.FLOAT32, (1, 3, 4, 4), "y")
    network = Network((x,), (Layer("lrn", kind, ("x",), (y,), ("norm1",)),), ("y",))
    with pytest.raises(BuildFailed) as caught:
        emitted(network, flavour, builder)
    assert caught.value.where == "norm1"


def test_doubles_are_refused_in_words(flavour: Flavour, builder: Any) -> None:
    network_builder = NetworkBuilder()
    (c,) = network_builder.add(Constant(weights_=np.zeros(2)), name="c", origin=["scope/c"])
    network_builder.mark_output(c)
    with pytest.raises(BuildFailed, match="no float64") as caught:
        emitted(network_builder.build(), flavour, builder)
    assert caught.value.where == "scope/c"


def test_arrays_that_are_not_contiguous_are_given_as_they_read(
    flavour: Flavour, builder: Any
) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4).T
    network_builder = NetworkBuilder()
    (c,) = network_builder.add(Constant(weights_=values), name="c")
    (y,) = network_builder.add(Identity(), [c], name="y")
    network_builder.mark_output(y)
    network = network_builder.build()
    read = read_network(emitted(network, flavour, builder), flavour)
    assert same_network(network, read) == []


def test_a_changed_parameter_is_seen_in_what_reads_back(flavour: Flavour, builder: Any) -> None:
    network = BY_NAME["conv"].network()
    definition = emitted(network, flavour, builder)
    layer = definition.get_layer(0)
    layer.__class__ = flavour.module.IConvolutionLayer
    layer.stride_nd = (2, 2)
    differences = same_network(network, read_network(definition, flavour))
    assert "layer: stride (1, 1) became (2, 2)." in differences


def test_a_helper_constant_does_not_take_a_name_of_the_network(
    flavour: Flavour, builder: Any
) -> None:
    case = BY_NAME["quantize"]
    network_builder = NetworkBuilder()
    x = network_builder.add_input("in0", DType.FLOAT32, case.inputs()["in0"].shape)
    (same,) = network_builder.add(Identity(), [x], name="layer/scale")
    (y,) = network_builder.add(case.kind, [same], name="layer")
    network_builder.mark_output(y)
    network = network_builder.build()
    with collected() as said:
        read = read_network(emitted(network, flavour, builder), flavour)
    assert said.errors == []
    assert same_network(network, read) == []


def test_a_layer_without_counterpart_is_an_error(flavour: Flavour, builder: Any) -> None:
    definition = create_network(builder, flavour)
    x = definition.add_input("x", flavour.module.float32, (1, 2, 4, 4))
    made = definition.add_padding_nd(x, (1, 1), (1, 1))
    made.name = "pad"
    with pytest.raises(EngineError, match="PADDING") as caught:
        read_network(definition, flavour)
    assert caught.value.where == "pad"


def test_ten_thousand_layers_are_emitted_and_read_back_quickly(
    flavour: Flavour, builder: Any
) -> None:
    network_builder = NetworkBuilder()
    x = network_builder.add_input("x", DType.FLOAT32, (1, 8))
    for index in range(5000):
        (y,) = network_builder.add(Unary(op=UnaryOperation.ABS), [x], name=f"abs{index}")
        (x,) = network_builder.add(
            ElementWise(op=ElementWiseOperation.SUM), [x, y], name=f"sum{index}"
        )
    network_builder.mark_output(x)
    network = network_builder.build()
    read = read_network(emitted(network, flavour, builder), flavour)
    assert same_network(network, read) == []


def test_activation_parameters_reach_tensorrt(flavour: Flavour, builder: Any) -> None:
    network_builder = NetworkBuilder()
    x = network_builder.add_input("x", DType.FLOAT32, (1, 8))
    kind = Activation(type=ActivationType.CLIP, alpha=-1.5, beta=6.25)
    (y,) = network_builder.add(kind, [x], name="clip", origin=["Relu6"])
    network_builder.mark_output(y)
    layer = emitted(network_builder.build(), flavour, builder).get_layer(0)
    assert layer.metadata == "Relu6"
    layer.__class__ = flavour.module.IActivationLayer
    assert (layer.alpha, layer.beta) == (-1.5, 6.25)
