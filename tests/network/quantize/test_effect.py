"""What rounding changes is counted: bytes of weights and multiplications."""

from __future__ import annotations

import pytest

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize.effect import effect_of
from surgeon_gui.network.quantize.place import kept_layers, placement_of
from surgeon_gui.pipeline import network_of


@pytest.fixture
def network() -> Network:
    return network_of(
        parse_text(
            """
x = Placeholder() {dtype=f32, shape=[1, 8, 8, 3]}
w = Const() {value=f32[3,3,3,4]{0.1}}
a = Conv2D(x, w) {strides=[1,1,1,1], padding="SAME"}
flat = Const() {value=i32[2]{1,256}}
r = Reshape(a, flat)
v = Const() {value=f32[256,10]{0.1}}
y = MatMul(r, v)
"""
        )
    )


def test_all_of_a_network_is_counted(network: Network) -> None:
    layers = placement_of(network).layers
    assert len(layers) == 2
    found = effect_of(network, frozenset(layers))
    weights = 3 * 3 * 3 * 4 + 256 * 10
    assert found.float_bytes >= 4 * weights
    assert found.float_bytes - found.rounded_bytes == 3 * weights
    assert found.share == 1.0


def test_a_part_of_a_network_is_counted(network: Network) -> None:
    first = placement_of(network).layers[0]
    found = effect_of(network, frozenset({first}))
    convolution, product = 8 * 8 * 4 * 27, 10 * 256
    assert found.share == pytest.approx(convolution / (convolution + product))
    assert found.float_bytes - found.rounded_bytes == 3 * 3 * 3 * 3 * 4
    none = effect_of(network, frozenset())
    assert none.share == 0.0
    assert none.float_bytes == none.rounded_bytes


def test_layers_to_keep_are_named_by_layer_or_node(network: Network) -> None:
    (layer,) = kept_layers(network, ["y"])
    assert kept_layers(network, [layer]) == {layer}
    with pytest.raises(UsageError, match="No layer"):
        kept_layers(network, ["x"])


def test_products_of_an_einsum_are_counted() -> None:
    attention = network_of(
        parse_text(
            """
x = Placeholder() {dtype=f32, shape=[1, 8, 2, 4]}
w = Const() {value=f32[2,4,5]{0.1}}
scores = Einsum(x, x) {equation="BTNH,BSNH->BNTS"}
mixed = Einsum(scores, x) {equation="BNTS,BSNH->BTNH"}
y = Einsum(mixed, w) {equation="abcd,cde->abe"}
"""
        )
    )
    layers = placement_of(attention).layers
    assert len(layers) == 1
    dense, each = 8 * 2 * 4 * 5, 8 * 8 * 2 * 4
    assert effect_of(attention, frozenset(layers)).share == pytest.approx(
        dense / (dense + 2 * each)
    )
