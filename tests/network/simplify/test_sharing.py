"""What is computed twice is computed once; arithmetic before a convolution folds into it."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Tensor
from surgeon_gui.network.layers import ActivationType, Convolution, PoolingType, UnaryOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.simplify import simplify
from tests.network.simplify.test_simplify import SHAPE, Make, Maker, kinds, numbers, simplified


def grouped(m: Maker, x: Tensor, groups: int, pads: int = 0) -> Tensor:
    return m.add(
        Convolution(
            num_output_maps=2 * groups,
            kernel_size=(3, 3),
            stride=(1, 1),
            pre_padding=(pads, pads),
            post_padding=(pads, pads),
            dilation=(1, 1),
            num_groups=groups,
            kernel=numbers(2 * groups, x.shape[1] // groups, 3, 3),
        ),
        x,
    )


BEFORE: dict[str, Make] = {
    "factor": lambda m, x: m.conv(m.channels(Op.PROD, x), pads=1),
    "one factor for all": lambda m, x: m.conv(m.number(Op.PROD, x, 1 / 255), pads=1),
    "offset": lambda m, x: m.conv(m.channels(Op.SUM, x)),
    "mean": lambda m, x: m.conv(m.channels(Op.SUB, x), bias=True),
    "factor and offset": lambda m, x: m.conv(m.channels(Op.SUM, m.channels(Op.PROD, x))),
    "factor before a padding": lambda m, x: m.conv(m.pad(m.channels(Op.PROD, x))),
    "factor before groups": lambda m, x: grouped(m, m.channels(Op.PROD, x), 2),
    "all before every channel apart": lambda m, x: grouped(
        m, m.channels(Op.SUM, m.channels(Op.PROD, x)), 4
    ),
}


@pytest.mark.parametrize("name", BEFORE)
def test_arithmetic_before_a_convolution_folds_into_it(name: str) -> None:
    network = simplified(BEFORE[name])
    last = [kind for kind in kinds(network) if kind != "Slice"]
    assert last == ["Convolution"]


def test_an_offset_stays_before_a_padded_convolution() -> None:
    assert len(simplified(lambda m, x: m.conv(m.channels(Op.SUM, x), pads=1)).layers) == 3


def test_a_scaled_tensor_that_others_read_stays() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        scaled = m.channels(Op.PROD, x)
        return m.mix(Op.SUM, m.conv(scaled, maps=4, pads=1), scaled)

    assert kinds(simplified(make)).count("ElementWise") == 2


def test_equal_layers_become_one() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        one, other = (m.act(x, ActivationType.RELU) for _ in range(2))
        left = m.add(layers.Unary(op=UnaryOperation.EXP), one)
        right = m.add(layers.Unary(op=UnaryOperation.EXP), other)
        return m.mix(Op.SUM, left, right)

    network = simplified(make)
    assert kinds(network) == ["Activation", "Unary", "ElementWise"]
    assert network.layers[0].origin == ("l0", "l1")


def test_equal_constants_become_one() -> None:
    network = simplified(
        lambda m, x: m.number(
            Op.MAX, m.add(layers.Unary(op=UnaryOperation.ABS), m.number(Op.MAX, x, 0.25)), 0.25
        )
    )
    assert kinds(network).count("Constant") == 1


def test_layers_that_differ_in_a_parameter_stay_two() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        return m.mix(
            Op.SUM,
            m.act(x, ActivationType.ELU, alpha=1.0),
            m.act(x, ActivationType.ELU, alpha=2.0),
        )

    assert kinds(simplified(make)).count("Activation") == 2


def test_equal_outputs_stay_two() -> None:
    maker = Maker()
    data = maker.builder.add_input("x", DType.FLOAT32, SHAPE)
    for _ in range(2):
        maker.builder.mark_output(maker.act(data, ActivationType.RELU))
    network = simplify(maker.builder.build())
    assert network.outputs == ("l0", "l1")
    assert len(network.layers) == 2


def test_constants_of_other_signs_and_dtypes_stay_two() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        zero, minus = (m.constant(np.full((1, 1, 1, 1), number)) for number in (0.0, -0.0))
        # Divided by zeros of either sign, 1 becomes either infinity.
        one = m.constant(np.ones((1, 1, 1, 1)))
        sides = [m.mix(Op.DIV, one, number) for number in (zero, minus)]
        low, high = (m.mix(Op.MIN, x, side) for side in sides)
        return m.mix(Op.MAX, low, m.mix(Op.MAX, high, m.number(Op.MAX, x, -1.0)))

    assert kinds(simplified(make)).count("Constant") >= 3


def test_equal_pools_of_equal_activations_become_one() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        pools = [m.pool(m.act(x, ActivationType.RELU), PoolingType.MAX) for _ in range(3)]
        return m.mix(Op.SUM, pools[0], m.mix(Op.SUM, pools[1], pools[2]))

    assert kinds(simplified(make)) == ["Activation", "Pooling", "ElementWise", "ElementWise"]
