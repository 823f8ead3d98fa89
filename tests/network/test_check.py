"""Two networks are the same exactly when nothing that matters differs."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from surgeon_gui.graph.values import DType
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers import Activation, ActivationType, Shuffle
from tests.network.cases import CASES, Case

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_network_is_the_same_as_its_twin(case: Case) -> None:
    assert same_network(case.network(), case.network()) == []


def change_kind(case: Case, **changes: Any) -> Network:
    network = case.network()
    *before, layer = network.layers
    kind = dataclasses.replace(layer.kind, **changes)
    return dataclasses.replace(network, layers=(*before, dataclasses.replace(layer, kind=kind)))


def test_one_bit_of_a_weight_is_a_difference() -> None:
    case = BY_NAME["conv"]
    kernel = case.kind.weights()["kernel"].copy()
    kernel.view(np.uint32)[1, 2, 0, 1] ^= 1
    (difference,) = same_network(case.network(), change_kind(case, kernel=kernel))
    assert difference.startswith("layer: kernel float32[4, 3, 3, 3]")


def test_every_differing_parameter_is_named() -> None:
    changed = change_kind(BY_NAME["conv"], stride=(2, 1), num_groups=3)
    assert same_network(BY_NAME["conv"].network(), changed) == [
        "layer: stride (1, 1) became (2, 1).",
        "layer: num_groups 1 became 3.",
    ]


def test_another_enumeration_member_is_a_difference() -> None:
    changed = change_kind(BY_NAME["activation_relu"], type=ActivationType.TANH)
    assert same_network(BY_NAME["activation_relu"].network(), changed) == [
        "layer: type RELU became TANH."
    ]


def test_floats_are_compared_as_tensorrt_keeps_them() -> None:
    case = BY_NAME["activation_leaky_relu"]
    kept = change_kind(case, alpha=float(np.float32(0.3)))
    assert same_network(case.network(), kept) == []
    other = change_kind(case, alpha=0.30001)
    assert same_network(case.network(), other) == ["layer: alpha 0.3 became 0.30001."]


def test_a_layer_of_another_kind_is_a_difference() -> None:
    network = BY_NAME["activation_relu"].network()
    (layer,) = network.layers
    shuffled = dataclasses.replace(layer, kind=Shuffle())
    other = dataclasses.replace(network, layers=(shuffled,))
    assert same_network(network, other) == ["layer: Activation became Shuffle."]


def test_a_transpose_that_moves_nothing_is_none() -> None:
    explicit = change_kind(BY_NAME["shuffle_reshape"], first_transpose=(0, 1, 2))
    assert same_network(BY_NAME["shuffle_reshape"].network(), explicit) == []


def two_relus(reads: str = "a", output: str = "b", shape: tuple[int, ...] = (1, 2)) -> Network:
    """Two layers `a` and `b`; b reads `reads`, the output is `output`, a makes `shape`."""
    relu = Activation(type=ActivationType.RELU)
    made = {name: Tensor(DType.FLOAT32, shape, name) for name in ("x", "a", "b")}
    layers = (
        Layer("a", relu, ("x",), (made["a"],)),
        Layer("b", relu, (reads,), (made["b"],)),
    )
    return Network((Tensor(DType.FLOAT32, (1, 2), "x"),), layers, (output,))


def test_other_wiring_is_a_difference() -> None:
    assert same_network(two_relus(), two_relus(reads="x")) == ["b: It reads x instead of a."]
    assert same_network(two_relus(), two_relus(output="a")) == ["The outputs b became a."]


def test_another_shape_is_a_difference_unless_it_is_unknown() -> None:
    assert same_network(two_relus(), two_relus(shape=(-1, 2))) == []
    assert same_network(two_relus(), two_relus(shape=(1, 3))) == [
        "a: It makes a float32 [1,3] instead of a float32 [1,2].",
        "b: It makes b float32 [1,3] instead of b float32 [1,2].",
    ]


def test_a_missing_layer_is_a_difference() -> None:
    short = dataclasses.replace(two_relus(), layers=two_relus().layers[:1])
    assert "2 layers became 1." in same_network(two_relus(), short)


def test_names_of_inner_tensors_do_not_matter_but_inputs_do() -> None:
    network = two_relus()
    first, second = network.layers
    renamed = Network(
        network.inputs,
        (
            dataclasses.replace(first, outputs=(Tensor(DType.FLOAT32, (1, 2), "other"),)),
            dataclasses.replace(second, inputs=("other",)),
        ),
        network.outputs,
    )
    assert same_network(network, renamed) == []
    moved = dataclasses.replace(network, inputs=(Tensor(DType.FLOAT32, (1, 2), "y"),))
    assert any(text.startswith("The inputs") for text in same_network(network, moved))
