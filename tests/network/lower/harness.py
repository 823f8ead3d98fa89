"""Builds a small TensorFlow graph, lowers it, runs it in ONNX Runtime, compares the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import Array
from surgeon_gui.network.ir import Network
from surgeon_gui.network.layers import Shuffle
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.network.to_onnx import onnx_from_network

op = tf.raw_ops
Build = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A graph to compare.

    Attributes:
        build: makes the graph from one placeholder per array, returns its output or outputs.
        arrays: what is fed.
        rtol: relative tolerance.
        atol: absolute tolerance.
        layers: kinds of the network's layers, in order, when they are part of the claim.
    """

    build: Build
    arrays: tuple[Array, ...]
    rtol: float = 1e-4
    atol: float = 1e-5
    layers: tuple[str, ...] | None = None


def case(build: Build, *arrays: npt.ArrayLike, **options: Any) -> Case:
    return Case(build, tuple(np.asarray(array) for array in arrays), **options)


def parametrized(cases: dict[str, Case]) -> pytest.MarkDecorator:
    """Parametrize a test by the cases, named by their keys."""
    return pytest.mark.parametrize("item", cases.values(), ids=cases.keys())


def numbers(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Array:
    """Return reproducible float32 numbers."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def integers(
    *shape: int, seed: int = 0, low: int = -9, high: int = 9, dtype: Any = np.int32
) -> Array:
    """Return reproducible whole numbers from low to high - 1."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def booleans(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.bool_)


@dataclass(frozen=True)
class Made:
    """A graph with its outputs, what it is fed and what TensorFlow makes of that."""

    graph: Graph
    refs: tuple[TensorRef, ...]
    feeds: dict[str, Array]
    expected: list[Array]


def make(build: Build, arrays: Sequence[Array]) -> Made:
    """Build a graph and run it in TensorFlow."""
    with tf.Graph().as_default() as graph:
        inputs = [
            tf.compat.v1.placeholder(array.dtype, array.shape, name=f"in{place}")
            for place, array in enumerate(arrays)
        ]
        made = build(*inputs)
        outputs = list(made) if isinstance(made, list | tuple) else [made]
        feeds = dict(zip((tensor.op.name for tensor in inputs), arrays, strict=True))
        with tf.compat.v1.Session(graph=graph) as session:
            expected = session.run(outputs, {f"{name}:0": array for name, array in feeds.items()})
        message = graph.as_graph_def().SerializeToString()
    refs = tuple(TensorRef.parse(tensor.name) for tensor in outputs)
    return Made(graph_from_graphdef(message), refs, feeds, expected)


def run_network(network: Network, feeds: dict[str, Array]) -> list[Array]:
    """Run a network's ONNX form on the CPU; inputs are cast to the dtypes it declares."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    model = onnx_from_network(network).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    cast = {
        tensor.name: np.asarray(feeds[tensor.name], tensor.dtype.numpy) for tensor in network.inputs
    }
    results: list[Array] = session.run(list(network.outputs), cast)
    return results


def lowered(made: Made, **options: Any) -> Network:
    """Lower a graph that must have no problems."""
    lowering = network_from_graph(made.graph, outputs=made.refs, **options)
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    return lowering.network


def refused(build: Build, *arrays: Array) -> Lowering:
    """Lower a graph that must have problems."""
    lowering = network_from_graph((made := make(build, arrays)).graph, outputs=made.refs)
    assert lowering.network is None
    return lowering


def check(item: Case) -> Network:
    """Compare a case with TensorFlow, with and without simplification; return the simplified."""
    made = make(item.build, item.arrays)
    raw = lowered(made, simplify=False)
    network = lowered(made)
    for candidate in (raw, network):
        results = run_network(candidate, made.feeds)
        for tensor, got, want in zip(candidate.output_tensors, results, made.expected, strict=True):
            assert got.shape == np.shape(want) == tensor.shape
            np.testing.assert_allclose(
                got.astype(np.float64), np.asarray(want).astype(np.float64), item.rtol, item.atol
            )
    if item.layers is not None:
        assert tuple(layer.kind.type_name for layer in network.layers) == item.layers
    return network


def transposes(network: Network) -> list[str]:
    """Return the names of the layers that move elements around."""
    return [
        layer.name
        for layer in network.layers
        if isinstance(layer.kind, Shuffle)
        and (layer.kind.first_transpose or layer.kind.second_transpose)
    ]
