"""`Where` finds the places TensorFlow finds, however many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.readback import read_network
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape
from surgeon_gui.network.check import same_network
from surgeon_gui.network.layers import NonZero
from surgeon_gui.network.lower import network_from_graph
from tests.engine.rtx import new_builder, rtx
from tests.network.lower.harness import (
    Made,
    booleans,
    integers,
    lowered,
    make,
    numbers,
    op,
    refused,
    run_network,
)

pytestmark = pytest.mark.tensorflow


def found(x: Any) -> Any:
    return op.Where(condition=x)


CASES: dict[str, tuple[Any, tuple[Array, ...]]] = {
    "a vector": (found, (booleans(9),)),
    "a cube": (found, (booleans(2, 3, 4),)),
    "nothing": (found, (np.zeros((3, 2), np.bool_),)),
    "everything": (found, (np.ones((3, 2), np.bool_),)),
    "an empty tensor": (found, (np.zeros((3, 0), np.bool_),)),
    "float32": (found, (np.array([[0, -0.0, np.nan], [1e-30, np.inf, -2]], np.float32),)),
    "int32": (found, (integers(4, 5, low=-1, high=2),)),
    "int64": (found, (integers(4, 5, low=-1, high=2, dtype=np.int64),)),
    "uint8": (found, (integers(4, 5, low=0, high=2, dtype=np.uint8),)),
    "rows gathered": (
        lambda x, c: tf.gather_nd(x, tf.where(c)),
        (numbers(3, 4, 2), booleans(3, 4)),
    ),
    "a mask": (lambda x, c: tf.boolean_mask(x, c), (numbers(6, 4), booleans(6))),
    "a mask of two dimensions": (
        lambda x, c: tf.boolean_mask(x, c),
        (numbers(3, 4, 2), booleans(3, 4)),
    ),
    "a vector of places": (
        lambda x: tf.gather(x, tf.reshape(tf.where(x[:, 0] > 0), [-1])),
        (numbers(8, 3),),
    ),
    "rows reshaped": (
        lambda x, c: tf.reshape(tf.boolean_mask(x, c), [-1, 2, 2]),
        (numbers(6, 4), booleans(6)),
    ),
    "what is found by a comparison": (
        lambda x: tf.sigmoid(-tf.gather(x, tf.squeeze(tf.where(x[:, 0] > 0), 1))),
        (numbers(8, 3),),
    ),
    "places after a convolution": (
        lambda x: tf.where(
            tf.nn.relu(tf.nn.conv2d(x, np.ones((2, 2, 3, 4), np.float32), 1, "SAME"))
        ),
        (numbers(1, 5, 6, 3),),
    ),
}


def compare(made: Made, network: Any) -> None:
    results = run_network(network, made.feeds)
    for tensor, got, want in zip(network.output_tensors, results, made.expected, strict=True):
        assert got.dtype == want.dtype
        assert all(dim in (-1, size) for dim, size in zip(tensor.shape, want.shape, strict=True))
        np.testing.assert_allclose(got, want, 1e-5, 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_places_are_those_tensorflow_finds(name: str) -> None:
    build, arrays = CASES[name]
    made = make(build, arrays)
    for simplify in (False, True):
        network = lowered(made, simplify=simplify)
        assert any(isinstance(layer.kind, NonZero) for layer in network.layers)
        compare(made, network)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_batch_may_stay_open(batch: int) -> None:
    made = make(lambda x: tf.gather_nd(x, tf.where(x[:, 0] > 0)), (numbers(batch, 3),))
    lowering = network_from_graph(made.graph, outputs=made.refs, shapes={"in0": Shape((-1, 3))})
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    compare(made, lowering.network)


@pytest.mark.tensorrt
@pytest.mark.parametrize("name", CASES)
def test_tensorrt_is_given_the_layers(name: str) -> None:
    """TensorRT for RTX builds no NonZero; which layers it was given can be checked."""
    build, arrays = CASES[name]
    network = lowered(make(build, arrays))
    flavour = rtx()
    definition = create_network(new_builder(flavour), flavour)
    with collected() as said:
        emit(network, flavour, definition)
        assert same_network(network, read_network(definition, flavour)) == []
    assert said.errors == []


def test_what_must_know_how_many_there_are_is_refused_in_words() -> None:
    (problem,) = refused(
        lambda x: tf.reduce_sum(tf.gather_nd(x, tf.where(x > 0))), numbers(3, 4)
    ).problems
    assert problem.node == "Sum"
    assert "depends on data" in problem.reason
    assert "an output" in str(problem.remedy)


def test_rows_that_would_be_cut_are_refused_in_words() -> None:
    (problem,) = refused(
        lambda x, c: tf.reshape(tf.boolean_mask(x, c), [-1, 3]), numbers(6, 4), booleans(6)
    ).problems
    assert problem.node == "Reshape"
    assert "depends on data" in problem.reason


def test_a_single_number_is_refused_in_words() -> None:
    """TensorFlow makes such a graph and refuses to run it."""
    kind: dict[str, AttrValue] = {"dtype": DType.BOOL, "shape": Shape(())}
    where_node = Node("w", "Where", inputs=(TensorRef("x"),), attrs={"T": DType.BOOL})
    graph = Graph((Node("x", "Placeholder", attrs=kind), where_node))
    (problem,) = network_from_graph(graph).problems
    assert "single number" in problem.reason
