"""Simplified networks compute the same with fewer layers, and their sources stay true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Network, NetworkBuilder, Source, Tensor
from surgeon_gui.network.layers import ActivationType, PoolingType, SampleMode
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.simplify import settle, simplify
from surgeon_gui.network.to_onnx import onnx_from_network

SHAPE = (1, 4, 6, 5)
Make = Callable[["Maker", Tensor], Tensor]


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(np.float32)


class Maker:
    """A builder that names layers l0, l1 and so on."""

    def __init__(self) -> None:
        self.builder = NetworkBuilder()
        self.count = 0

    def add(self, kind: Any, *inputs: Tensor) -> Tensor:
        name = f"l{self.count}"
        self.count += 1
        (tensor,) = self.builder.add(kind, inputs, name=name)
        self.builder.set_source(tensor, Source(TensorRef(name), tuple(range(tensor.rank))))
        return tensor

    def constant(self, array: Any) -> Tensor:
        return self.add(layers.Constant(weights_=np.asarray(array, np.float32)))

    def conv(self, data: Tensor, maps: int = 3, bias: bool = False, pads: int = 0) -> Tensor:
        kernel = numbers(maps, data.shape[1], 3, 3)
        return self.add(
            layers.Convolution(
                num_output_maps=maps,
                kernel_size=(3, 3),
                stride=(1, 1),
                pre_padding=(pads, pads),
                post_padding=(pads, pads),
                dilation=(1, 1),
                kernel=kernel,
                bias=numbers(maps, seed=1) if bias else None,
            ),
            data,
        )

    def deconv(self, data: Tensor, groups: int = 1) -> Tensor:
        kernel = numbers(data.shape[1], 2, 3, 3)
        return self.add(
            layers.Deconvolution(
                num_output_maps=2 * groups,
                kernel_size=(3, 3),
                stride=(2, 2),
                pre_padding=(0, 0),
                post_padding=(0, 0),
                dilation=(1, 1),
                num_groups=groups,
                kernel=kernel,
            ),
            data,
        )

    def pool(self, data: Tensor, kind: PoolingType) -> Tensor:
        return self.add(
            layers.Pooling(
                type=kind,
                window_size=(3, 3),
                stride=(2, 2),
                pre_padding=(0, 0),
                post_padding=(0, 0),
            ),
            data,
        )

    def mix(self, op: Op, left: Tensor, right: Tensor) -> Tensor:
        return self.add(layers.ElementWise(op=op), left, right)

    def channels(self, op: Op, data: Tensor, seed: int = 2) -> Tensor:
        return self.mix(op, data, self.constant(numbers(1, data.shape[1], 1, 1, seed=seed)))

    def number(self, op: Op, data: Tensor, value: float) -> Tensor:
        return self.mix(op, data, self.constant(np.full((1,) * data.rank, value)))

    def act(self, data: Tensor, kind: ActivationType, alpha: float = 0, beta: float = 0) -> Tensor:
        return self.add(layers.Activation(type=kind, alpha=alpha, beta=beta), data)

    def shuffle(self, data: Tensor, **parts: Any) -> Tensor:
        return self.add(layers.Shuffle(**parts), data)

    def pad(self, data: Tensor, fill: float = 0.0, channels: int = 0) -> Tensor:
        size = (data.shape[0], data.shape[1] + channels, data.shape[2] + 3, data.shape[3] + 1)
        kind = layers.Slice(
            start=(0, 0, -1, -1), size=size, stride=(1,) * 4, mode=SampleMode.FILL, fill_value=fill
        )
        return self.add(kind, data)


def run(network: Network, data: Array) -> list[Array]:
    model = onnx_from_network(network).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    results: list[Array] = session.run(list(network.outputs), {"x": data})
    return results


def simplified(make: Make, shape: tuple[int, ...] = SHAPE) -> Network:
    """Simplify a network and check that it computes the same and keeps its sources true."""
    maker = Maker()
    data = maker.builder.add_input("x", DType.FLOAT32, shape)
    maker.builder.mark_output(make(maker, data))
    before = maker.builder.build()
    after = simplify(before)
    fed = numbers(*shape, seed=9)
    for got, want in zip(run(after, fed), run(before, fed), strict=True):
        np.testing.assert_allclose(got, want, 1e-4, 1e-4)
    assert after.outputs == before.outputs
    assert set(after.sources) <= set(after.tensors)
    made: set[str] = {"x"}
    for layer in after.layers:
        assert made >= set(layer.inputs), "layers are in execution order"
        made |= {tensor.name for tensor in layer.outputs}
    return after


def kinds(network: Network) -> list[str]:
    return [layer.kind.type_name for layer in network.layers]


FOLDED: dict[str, Make] = {
    "bias": lambda m, x: m.channels(Op.SUM, m.conv(x)),
    "bias on the left": lambda m, x: m.mix(Op.SUM, m.constant(numbers(1, 3, 1, 1)), m.conv(x)),
    "scale": lambda m, x: m.channels(Op.PROD, m.conv(x)),
    "subtraction": lambda m, x: m.channels(Op.SUB, m.conv(x)),
    "subtraction from": lambda m, x: m.mix(Op.SUB, m.constant(numbers(1, 3, 1, 1)), m.conv(x)),
    "division": lambda m, x: m.channels(Op.DIV, m.conv(x)),
    "single number": lambda m, x: m.number(Op.PROD, m.conv(x), 0.5),
    "into an existing bias": lambda m, x: m.channels(Op.PROD, m.conv(x, bias=True)),
    "scale, then shift": lambda m, x: m.channels(Op.SUM, m.channels(Op.PROD, m.conv(x))),
    "shift, then scale": lambda m, x: m.channels(Op.PROD, m.channels(Op.SUM, m.conv(x))),
    "scale layer": lambda m, x: m.add(
        layers.Scale(scale=numbers(3), shift=numbers(3, seed=1)), m.conv(x)
    ),
    "padding": lambda m, x: m.conv(m.pad(x)),
    "padding and own padding": lambda m, x: m.conv(m.pad(x), pads=1),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folds_into_the_convolution(name: str) -> None:
    assert kinds(simplified(FOLDED[name])) == ["Convolution"]


@pytest.mark.parametrize("groups", [1, 2])
def test_scale_and_shift_fold_into_the_deconvolution(groups: int) -> None:
    network = simplified(lambda m, x: m.channels(Op.SUM, m.channels(Op.PROD, m.deconv(x, groups))))
    assert kinds(network) == ["Deconvolution"]


STAYS: dict[str, tuple[Make, int]] = {
    "a bias whose sum two layers read": (
        lambda m, x: (lambda c: m.mix(Op.SUM, m.channels(Op.SUM, c), c))(m.conv(x)),
        4,
    ),
    "constants that vary over the image": (
        lambda m, x: m.mix(Op.SUM, m.conv(x), m.constant(numbers(1, 1, 4, 3))),
        3,
    ),
    "a constant that broadcasts the image": (
        lambda m, x: m.mix(Op.SUM, m.conv(x), m.constant(numbers(5, 3, 1, 1))),
        3,
    ),
    "padding with another number": (lambda m, x: m.conv(m.pad(x, fill=1.0)), 2),
    "padding of channels": (lambda m, x: m.conv(m.pad(x, channels=2)), 2),
    "a max pool over padded signed data": (
        lambda m, x: m.pool(m.pad(x), PoolingType.MAX),
        2,
    ),
    "a maximum with a larger multiple": (
        lambda m, x: m.mix(Op.MAX, x, m.number(Op.PROD, x, 2.0)),
        3,
    ),
    "a clip whose limits cross": (
        lambda m, x: m.number(Op.MIN, m.number(Op.MAX, x, 1.0), -1.0),
        4,
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_would_change_the_numbers_stays(name: str) -> None:
    make, count = STAYS[name]
    assert len(simplified(make).layers) == count


def test_padding_folds_into_a_max_pool_over_what_is_never_negative() -> None:
    network = simplified(lambda m, x: m.pool(m.pad(m.act(x, ActivationType.RELU)), PoolingType.MAX))
    assert kinds(network) == ["Activation", "Pooling"]


def test_padding_folds_into_an_average_that_counts_it() -> None:
    network = simplified(lambda m, x: m.pool(m.pad(x), PoolingType.AVERAGE))
    (layer,) = network.layers
    assert isinstance(layer.kind, layers.Pooling)
    assert not layer.kind.average_count_excludes_padding


ACTIVATIONS: dict[str, tuple[Make, layers.Activation]] = {
    "max(x, a * x)": (
        lambda m, x: m.mix(Op.MAX, x, m.number(Op.PROD, x, 0.25)),
        layers.Activation(type=ActivationType.LEAKY_RELU, alpha=0.25),
    ),
    "max(a * x, x)": (
        lambda m, x: m.mix(Op.MAX, m.number(Op.PROD, x, 0.25), x),
        layers.Activation(type=ActivationType.LEAKY_RELU, alpha=0.25),
    ),
    "max(x, 0)": (
        lambda m, x: m.number(Op.MAX, x, 0.0),
        layers.Activation(type=ActivationType.RELU),
    ),
    "min(max(x, -1), 2)": (
        lambda m, x: m.number(Op.MIN, m.number(Op.MAX, x, -1.0), 2.0),
        layers.Activation(type=ActivationType.CLIP, alpha=-1.0, beta=2.0),
    ),
    "max(min(x, 2), -1)": (
        lambda m, x: m.number(Op.MAX, m.number(Op.MIN, x, 2.0), -1.0),
        layers.Activation(type=ActivationType.CLIP, alpha=-1.0, beta=2.0),
    ),
    "min(relu(x), 6)": (
        lambda m, x: m.number(Op.MIN, m.act(x, ActivationType.RELU), 6.0),
        layers.Activation(type=ActivationType.CLIP, alpha=0.0, beta=6.0),
    ),
    "min(max(x, 0), 6)": (
        lambda m, x: m.number(Op.MIN, m.number(Op.MAX, x, 0.0), 6.0),
        layers.Activation(type=ActivationType.CLIP, alpha=0.0, beta=6.0),
    ),
    "relu6(x + 3) / 6": (
        lambda m, x: m.number(
            Op.DIV, m.act(m.number(Op.SUM, x, 3.0), ActivationType.CLIP, 0.0, 6.0), 6.0
        ),
        layers.Activation(type=ActivationType.HARD_SIGMOID, alpha=1 / 6, beta=0.5),
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_written_as_arithmetic_is_recognised(name: str) -> None:
    make, wanted = ACTIVATIONS[name]
    (layer,) = simplified(make).layers
    assert isinstance(layer.kind, layers.Activation)
    assert layer.kind.type is wanted.type
    assert layer.kind.alpha == pytest.approx(wanted.alpha)
    assert layer.kind.beta == pytest.approx(wanted.beta)


SHUFFLES: dict[str, tuple[Make, list[str]]] = {
    "there and back": (
        lambda m, x: m.act(
            m.shuffle(m.shuffle(x, first_transpose=(0, 2, 3, 1)), first_transpose=(0, 3, 1, 2)),
            ActivationType.TANH,
        ),
        ["Activation"],
    ),
    "two transposes": (
        lambda m, x: m.shuffle(
            m.shuffle(x, first_transpose=(0, 2, 3, 1)), first_transpose=(0, 2, 1, 3)
        ),
        ["Shuffle"],
    ),
    "two reshapes": (
        lambda m, x: m.shuffle(m.shuffle(x, reshape_dims=(4, 30)), reshape_dims=(2, 60)),
        ["Shuffle"],
    ),
    "transpose, then reshape": (
        lambda m, x: m.shuffle(m.shuffle(x, first_transpose=(0, 2, 3, 1)), reshape_dims=(1, 120)),
        ["Shuffle"],
    ),
    "reshape, then transpose": (
        lambda m, x: m.shuffle(m.shuffle(x, reshape_dims=(4, 30)), first_transpose=(1, 0)),
        ["Shuffle"],
    ),
    "transpose between reshapes": (
        lambda m, x: m.shuffle(
            m.shuffle(m.shuffle(x, reshape_dims=(4, 30)), first_transpose=(1, 0)),
            reshape_dims=(60, 2),
        ),
        ["Shuffle", "Shuffle"],
    ),
    "two that need two": (
        lambda m, x: m.shuffle(
            m.shuffle(x, first_transpose=(0, 2, 3, 1), reshape_dims=(8, 15)),
            first_transpose=(1, 0),
            reshape_dims=(4, 30),
        ),
        ["Shuffle", "Shuffle"],
    ),
    "transpose of dimensions of 1": (
        lambda m, x: m.act(
            m.shuffle(
                m.add(layers.Reduce(op=layers.ReduceOperation.MAX, axes=(2, 3), keep_dims=True), x),
                first_transpose=(0, 2, 3, 1),
            ),
            ActivationType.TANH,
        ),
        ["Reduce", "Shuffle", "Activation"],
    ),
    "features transposed before a matrix product": (
        lambda m, x: m.add(
            layers.MatrixMultiply(),
            m.shuffle(x, first_transpose=(0, 2, 3, 1), reshape_dims=(1, 120)),
            m.constant(numbers(120, 3)),
        ),
        ["Constant", "Shuffle", "MatrixMultiply"],
    ),
    "features before a transposed matrix": (
        lambda m, x: m.add(
            layers.MatrixMultiply(op1=layers.MatrixOperation.TRANSPOSE),
            m.shuffle(x, first_transpose=(0, 2, 3, 1), reshape_dims=(1, 120)),
            m.constant(numbers(3, 120)),
        ),
        ["Constant", "Shuffle", "MatrixMultiply"],
    ),
    "reduced dimensions put back": (
        lambda m, x: m.act(
            m.shuffle(
                m.add(
                    layers.Reduce(op=layers.ReduceOperation.AVG, axes=(2, 3), keep_dims=False), x
                ),
                reshape_dims=(1, 4, 1, 1),
            ),
            ActivationType.TANH,
        ),
        ["Reduce", "Activation"],
    ),
    "product with 1 and sum with 0": (
        lambda m, x: m.act(m.number(Op.SUM, m.number(Op.PROD, x, 1.0), 0.0), ActivationType.TANH),
        ["Activation"],
    ),
    "scales in a row": (
        lambda m, x: m.channels(Op.SUM, m.channels(Op.PROD, m.number(Op.SUB, x, 0.5))),
        ["Scale"],
    ),
}


@pytest.mark.parametrize("name", SHUFFLES)
def test_layers_that_only_move_data_merge(name: str) -> None:
    make, wanted = SHUFFLES[name]
    assert sorted(kinds(simplified(make))) == sorted(wanted)


def test_transposed_features_become_a_plain_reshape() -> None:
    network = simplified(SHUFFLES["features transposed before a matrix product"][0])
    (shuffle,) = (layer.kind for layer in network.layers if isinstance(layer.kind, layers.Shuffle))
    assert shuffle.first_transpose is None


@pytest.mark.parametrize(
    "between",
    [
        lambda m, x: m.act(x, ActivationType.TANH),
        lambda m, x: m.add(layers.Unary(op=layers.UnaryOperation.EXP), x),
        lambda m, x: m.mix(Op.SUM, x, m.constant(numbers(1, 1, 1, 5))),
        lambda m, x: m.number(Op.PROD, x, 0.5),
        lambda m, x: m.add(
            layers.Scale(scale=numbers(5), shift=numbers(5, seed=1), channel_axis=3), x
        ),
        lambda m, x: m.pad(x),
    ],
)
def test_transpose_moves_to_the_input_past_what_works_element_by_element(between: Make) -> None:
    network = simplified(
        lambda m, x: m.conv(m.shuffle(between(m, x), first_transpose=(0, 3, 1, 2)))
    )
    first = next(layer for layer in network.layers if layer.inputs == ("x",))
    assert isinstance(first.kind, layers.Shuffle)
    for name, source in network.sources.items():
        assert len(source.axes) == len(network.tensors[name].shape)


def test_cast_through_a_wider_dtype_is_one_cast() -> None:
    maker = Maker()
    data = maker.builder.add_input("x", DType.UINT8, (2, 3))
    wide = maker.add(layers.Cast(to_type=DType.INT32), data)
    maker.builder.mark_output(maker.add(layers.Cast(to_type=DType.FLOAT32), wide))
    (layer,) = simplify(maker.builder.build()).layers
    assert layer.inputs == ("x",)


def test_merged_layers_keep_all_origins() -> None:
    network = simplified(FOLDED["scale, then shift"])
    assert set(network.layers[0].origin) >= {"l0", "l2", "l4"}


def test_outputs_keep_their_tensors_when_an_identity_is_dropped() -> None:
    network = simplified(lambda m, x: m.add(layers.Identity(), m.act(x, ActivationType.TANH)))
    assert kinds(network) == ["Activation"]
    assert network.outputs == ("l1",)


def test_shared_weights_stay_shared_and_become_contiguous() -> None:
    maker = Maker()
    data = maker.builder.add_input("x", DType.FLOAT32, SHAPE)
    view = numbers(3, 3, 4, 4).transpose(3, 2, 0, 1)
    kind = layers.Convolution(
        num_output_maps=4,
        kernel_size=(3, 3),
        stride=(1, 1),
        pre_padding=(1, 1),
        post_padding=(1, 1),
        dilation=(1, 1),
        kernel=view,
    )
    maker.builder.mark_output(maker.add(kind, maker.add(kind, data)))
    network = settle(maker.builder.build())
    first, second = (layer.kind.weights()["kernel"] for layer in network.layers)
    assert first is second
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first, view)
