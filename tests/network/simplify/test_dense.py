"""Dense layers over the channels of an image become convolutions, their transposes vanish."""

from __future__ import annotations

import pytest

from surgeon_gui.network import layers
from surgeon_gui.network.ir import Tensor
from surgeon_gui.network.layers import ActivationType, MatrixOperation
from surgeon_gui.network.layers import ElementWiseOperation as Op
from tests.network.simplify.test_simplify import Make, Maker, kinds, numbers, simplified

_TO_LAST = (0, 2, 3, 1)
_TO_FIRST = (0, 3, 1, 2)


def dense(m: Maker, image: Tensor, maps: int, *, turned: bool = False) -> Tensor:
    """Multiply the last dimension of a rank-4 tensor by a matrix, as Keras does."""
    channels = image.shape[-1]
    rows = m.shuffle(
        image, reshape_dims=(image.shape[0] * image.shape[1] * image.shape[2], channels)
    )
    matrix = numbers(maps, channels) if turned else numbers(channels, maps)
    kind = layers.MatrixMultiply(
        op0=MatrixOperation.NONE,
        op1=MatrixOperation.TRANSPOSE if turned else MatrixOperation.NONE,
    )
    product = m.add(kind, rows, m.constant(matrix))
    return m.shuffle(product, reshape_dims=(*image.shape[:3], maps))


def bias(m: Maker, image: Tensor, seed: int = 3) -> Tensor:
    return m.mix(Op.SUM, image, m.constant(numbers(1, 1, 1, image.shape[-1], seed=seed)))


def block(m: Maker, x: Tensor) -> Tensor:
    """What ConvNeXt does between its depthwise convolutions."""
    image = bias(m, dense(m, m.shuffle(x, first_transpose=_TO_LAST), 8))
    image = bias(m, dense(m, m.act(image, ActivationType.GELU_ERF), 4, turned=True))
    image = m.mix(Op.PROD, image, m.constant(numbers(1, 1, 1, 4, seed=5)))
    return m.mix(Op.SUM, x, m.shuffle(image, first_transpose=_TO_FIRST))


def two_blocks_of_one_factor(m: Maker, x: Tensor) -> Tensor:
    return block(m, block(m, x))


TAKEN: dict[str, tuple[Make, list[str]]] = {
    "one": (
        lambda m, x: m.shuffle(
            dense(m, m.shuffle(x, first_transpose=_TO_LAST), 7), first_transpose=_TO_FIRST
        ),
        ["Convolution"],
    ),
    "bias and activation": (
        lambda m, x: m.shuffle(
            m.act(
                bias(m, dense(m, m.shuffle(x, first_transpose=_TO_LAST), 7)), ActivationType.RELU
            ),
            first_transpose=_TO_FIRST,
        ),
        ["Convolution", "Activation"],
    ),
    "a block": (block, ["Convolution", "Activation", "Convolution", "ElementWise"]),
    "two blocks": (
        two_blocks_of_one_factor,
        ["Convolution", "Activation", "Convolution", "ElementWise"] * 2,
    ),
    "channels last at the end": (
        lambda m, x: bias(m, dense(m, m.shuffle(x, first_transpose=_TO_LAST), 7)),
        ["Convolution", "Shuffle"],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("batch", [1, 3])
def test_dense_layers_over_images_become_convolutions(name: str, batch: int) -> None:
    make, wanted = TAKEN[name]
    assert kinds(simplified(make, (batch, 4, 6, 5))) == wanted


def test_a_matrix_of_columns_is_a_convolution_too() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        columns = m.shuffle(x, reshape_dims=(4, 30))
        kind = layers.MatrixMultiply(op0=MatrixOperation.TRANSPOSE, op1=MatrixOperation.NONE)
        product = m.add(kind, columns, m.constant(numbers(4, 7)))
        return m.shuffle(m.shuffle(product, reshape_dims=(1, 6, 5, 7)), first_transpose=_TO_FIRST)

    assert kinds(simplified(make)) == ["Convolution"]


def test_a_dense_layer_over_something_else_stays_a_product() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        rows = m.shuffle(x, reshape_dims=(24, 5))
        kind = layers.MatrixMultiply(op0=MatrixOperation.NONE, op1=MatrixOperation.NONE)
        return m.shuffle(m.add(kind, rows, m.constant(numbers(5, 7))), reshape_dims=(1, 4, 6, 7))

    assert "MatrixMultiply" in kinds(simplified(make))


def test_a_product_two_layers_read_stays() -> None:
    def make(m: Maker, x: Tensor) -> Tensor:
        rows = m.shuffle(x, first_transpose=_TO_LAST, reshape_dims=(30, 4))
        kind = layers.MatrixMultiply(op0=MatrixOperation.NONE, op1=MatrixOperation.NONE)
        product = m.add(kind, rows, m.constant(numbers(4, 7)))
        image = m.shuffle(product, reshape_dims=(1, 6, 5, 7))
        return m.mix(
            Op.SUM, image, m.shuffle(m.act(product, ActivationType.RELU), reshape_dims=(1, 6, 5, 7))
        )

    assert "MatrixMultiply" in kinds(simplified(make))
