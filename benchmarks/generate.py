"""Frozen graphs of any size that look like real ones.

`python -m benchmarks.generate --nodes N --out X.pb`

The same size and seed give the same bytes. Stages of residual, inception, squeeze-excite and
depthwise units in nested scopes, each weight a constant with its `/read`, fused and unfused batch
norm, shape arithmetic before reshapes, skips from stage to stage, and a TF1 while loop. TensorFlow
imports and runs them.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef, Versions
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape, TensorValue

CHANNELS = 8
SIZE = 16
F32, I32 = DType.FLOAT32, DType.INT32
SMALLEST = 60
"""Below this many nodes there is no loop and only a chain of activations."""


class Builder:
    """Collects nodes; names are relative to the scopes entered, made unique as TensorFlow does."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self._names: set[str] = set()
        self._scope = ""

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        outer = self._scope
        self._scope = f"{self._unique(outer + name)}/"
        yield
        self._scope = outer

    def _unique(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._names:
            count += 1
            name = f"{wanted}_{count}"
        self._names.add(name)
        return name

    def add(
        self, name: str, op: str, inputs: Sequence[str | TensorRef] = (), **attrs: AttrValue
    ) -> str:
        full = self._unique(self._scope + name)
        refs = [ref if isinstance(ref, TensorRef) else TensorRef(ref) for ref in inputs]
        self.nodes.append(Node(full, op, refs, dict(sorted(attrs.items()))))
        return full

    def constant(self, name: str, values: Array) -> str:
        value = TensorValue.from_array(values)
        return self.add(name, "Const", dtype=value.dtype, value=value)

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, dtype=np.int32))

    def integer(self, name: str, value: int) -> str:
        return self.constant(name, np.array(value, dtype=np.int32))

    def weights(self, name: str, *shape: int, around: float = 0.0, spread: float = 0.2) -> str:
        """A frozen variable: the constant and its `/read`."""
        values = self.numbers.normal(around, spread, shape).astype(np.float32)
        return self.add(f"{name}/read", "Identity", [self.constant(name, values)], T=F32)


def _conv(b: Builder, x: str, name: str, *, kernel: int = 1, channels: int = CHANNELS) -> str:
    with b.scope(name):
        weights = b.weights("weights", kernel, kernel, channels, CHANNELS)
        x = b.add("Conv2D", "Conv2D", [x, weights], **_window(1))
        normalise = _batch_norm if b.random.random() < 0.7 else _unfused_batch_norm
        return b.add("Relu", "Relu", [normalise(b, x)], T=F32)


def _window(stride: int, *, padding: bytes = b"SAME") -> dict[str, AttrValue]:
    return {
        "T": F32,
        "strides": (1, stride, stride, 1),
        "dilations": (1, 1, 1, 1),
        "padding": padding,
        "data_format": b"NHWC",
    }


def _statistics(b: Builder) -> list[str]:
    return [
        b.weights("gamma", CHANNELS, around=1.0, spread=0.1),
        b.weights("beta", CHANNELS, spread=0.1),
        b.weights("moving_mean", CHANNELS, spread=0.1),
        b.weights("moving_variance", CHANNELS, around=1.0, spread=0.05),
    ]


def _batch_norm(b: Builder, x: str) -> str:
    with b.scope("BatchNorm"):
        statistics = _statistics(b)
        return b.add(
            "FusedBatchNormV3",
            "FusedBatchNormV3",
            [x, *statistics],
            T=F32,
            U=F32,
            epsilon=float(np.float32(1e-3)),
            is_training=False,
            data_format=b"NHWC",
        )


def _unfused_batch_norm(b: Builder, x: str) -> str:
    with b.scope("BatchNorm"):
        gamma, beta, mean, variance = _statistics(b)
        with b.scope("batchnorm"):
            epsilon = b.constant("add/y", np.array(1e-3, dtype=np.float32))
            root = b.add("Rsqrt", "Rsqrt", [b.add("add", "Add", [variance, epsilon], T=F32)], T=F32)
            scale = b.add("mul", "Mul", [root, gamma], T=F32)
            scaled = b.add("mul_1", "Mul", [x, scale], T=F32)
            shift = b.add("mul_2", "Mul", [mean, scale], T=F32)
            offset = b.add("sub", "Sub", [beta, shift], T=F32)
            return b.add("add_1", "Add", [scaled, offset], T=F32)


def _residual(b: Builder, x: str) -> str:
    with b.scope("residual"):
        with b.scope("bottleneck"):
            y = _conv(b, x, "conv1")
            y = _conv(b, y, "conv2", kernel=3)
            y = _conv(b, y, "conv3")
        return b.add("add", "AddV2", [x, y], T=F32)


def _inception(b: Builder, x: str) -> str:
    with b.scope("inception"):
        branches = []
        for index in range(b.random.randint(2, 4)):
            with b.scope(f"Branch_{index}"):
                y = x
                if index == 0:
                    y = b.add(
                        "MaxPool",
                        "MaxPool",
                        [x],
                        T=F32,
                        ksize=(1, 3, 3, 1),
                        strides=(1, 1, 1, 1),
                        padding=b"SAME",
                        data_format=b"NHWC",
                    )
                for depth in range(max(index, 1)):
                    y = _conv(b, y, f"Conv2d_{depth}", kernel=3 if depth else 1)
                branches.append(y)
        axis = b.integer("concat/axis", 3)
        joined = b.add("concat", "ConcatV2", [*branches, axis], N=len(branches), T=F32, Tidx=I32)
        return _conv(b, joined, "project", channels=CHANNELS * len(branches))


def _squeeze_excite(b: Builder, x: str) -> str:
    with b.scope("squeeze_excite"):
        axes = b.integers("Mean/reduction_indices", 1, 2)
        y = b.add("Mean", "Mean", [x, axes], T=F32, Tidx=I32, keep_dims=False)
        with b.scope("fully_connected"):
            weights = b.weights("weights", CHANNELS, CHANNELS)
            y = b.add("MatMul", "MatMul", [y, weights], T=F32, transpose_a=False, transpose_b=False)
            biases = b.weights("biases", CHANNELS)
            y = b.add("BiasAdd", "BiasAdd", [y, biases], T=F32, data_format=b"NHWC")
            y = b.add("Sigmoid", "Sigmoid", [y], T=F32)
        shape = b.add("Shape", "Shape", [x], T=F32, out_type=I32)
        first, second = b.integers("strided_slice/stack", 0), b.integers("strided_slice/stack_1", 1)
        step = b.integers("strided_slice/stack_2", 1)
        batch = b.add(
            "strided_slice",
            "StridedSlice",
            [shape, first, second, step],
            T=I32,
            Index=I32,
            begin_mask=0,
            end_mask=0,
            ellipsis_mask=0,
            new_axis_mask=0,
            shrink_axis_mask=1,
        )
        ones = [b.integer(f"Reshape/shape/{index}", 1) for index in (1, 2)]
        depth = b.integer("Reshape/shape/3", CHANNELS)
        sizes = b.add("Reshape/shape", "Pack", [batch, *ones, depth], N=4, T=I32, axis=0)
        gate = b.add("Reshape", "Reshape", [y, sizes], T=F32, Tshape=I32)
        return b.add("mul", "Mul", [x, gate], T=F32)


def _depthwise(b: Builder, x: str) -> str:
    with b.scope("separable"):
        weights = b.weights("depthwise_weights", 3, 3, CHANNELS, 1)
        y = b.add("depthwise", "DepthwiseConv2dNative", [x, weights], **_window(1))
        y = b.add("Relu6", "Relu6", [_batch_norm(b, y)], T=F32)
        return _conv(b, y, "pointwise")


def _loop(b: Builder, x: str) -> str:
    """A while loop that scales the picture a few times, as preprocessors do with tf.map_fn."""
    with b.scope("preprocess"):
        start, limit = b.integer("Const", 0), b.integer("limit", 3)
        with b.scope("while"):
            frame: dict[str, AttrValue] = {
                "frame_name": b"preprocess/while/while_context",
                "parallel_iterations": 10,
            }
            count = b.add("Enter", "Enter", [start], T=I32, is_constant=False, **frame)
            data = b.add("Enter_1", "Enter", [x], T=F32, is_constant=False, **frame)
            fixed = b.add("Less/Enter", "Enter", [limit], T=I32, is_constant=True, **frame)
            scope = count.rpartition("/")[0]
            merged = b.add("Merge", "Merge", [count, f"{scope}/NextIteration"], N=2, T=I32)
            image = b.add("Merge_1", "Merge", [data, f"{scope}/NextIteration_1"], N=2, T=F32)
            less = b.add("Less", "Less", [merged, fixed], T=I32)
            condition = b.add("LoopCond", "LoopCond", [less])
            turn = b.add("Switch", "Switch", [merged, condition], T=I32)
            shown = b.add("Switch_1", "Switch", [image, condition], T=F32)
            here = b.add("Identity", "Identity", [TensorRef(turn, 1)], T=I32)
            now = b.add("Identity_1", "Identity", [TensorRef(shown, 1)], T=F32)
            one = Node(
                f"{scope}/add/y",
                "Const",
                attrs={"dtype": I32, "value": TensorValue.from_array(np.int32(1))},
                controls=[here],
            )
            b.nodes.append(one)
            following = b.add("add", "Add", [here, one.name], T=I32)
            half = Node(
                f"{scope}/mul/y",
                "Const",
                attrs={"dtype": F32, "value": TensorValue.from_array(np.float32(0.5))},
                controls=[here],
            )
            b.nodes.append(half)
            scaled = b.add("mul", "Mul", [now, half.name], T=F32)
            b.add("NextIteration", "NextIteration", [following], T=I32)
            b.add("NextIteration_1", "NextIteration", [scaled], T=F32)
            return b.add("Exit_1", "Exit", [TensorRef(shown, 0)], T=F32)


UNITS: tuple[tuple[Callable[[Builder, str], str], int], ...] = (
    (_residual, 5),
    (_inception, 3),
    (_squeeze_excite, 1),
    (_depthwise, 3),
)


def _head(b: Builder, x: str) -> str:
    with b.scope("Logits"):
        axes = b.integers("pool/reduction_indices", 1, 2)
        x = b.add("pool", "Mean", [x, axes], T=F32, Tidx=I32, keep_dims=False)
        weights = b.weights("weights", CHANNELS, 10)
        x = b.add("MatMul", "MatMul", [x, weights], T=F32, transpose_a=False, transpose_b=False)
        x = b.add("BiasAdd", "BiasAdd", [x, b.weights("biases", 10)], T=F32, data_format=b"NHWC")
    return b.add("Predictions", "Softmax", [x], T=F32)


HEAD = 9
LARGEST_UNIT = 170
"""More than any unit has nodes; what is left over becomes a chain of activations."""


def generate_graph(nodes: int, seed: int = 1, *, loop: bool = True) -> Graph:
    """Return a graph of exactly `nodes` nodes, the same for the same arguments.

    Args:
        nodes: how many, at least 2.
        seed: of names, weights and structure.
        loop: whether it starts with a TF1 while loop (graphs of 60 nodes and more).
    """
    if nodes < 2:
        raise ValueError("A graph needs two nodes.")
    b = Builder(seed)
    shape = Shape.of(1, SIZE, SIZE, CHANNELS)
    x = b.add("input", "Placeholder", dtype=F32, shape=shape)
    if nodes >= SMALLEST:
        x = _loop(b, x) if loop else x
        x = _body(b, x, nodes - HEAD)
        x = _pad(b, x, nodes - HEAD)
        _head(b, x)
    else:
        _pad(b, x, nodes)
    return Graph(tuple(b.nodes), Versions(producer=27, min_consumer=12))


def _body(b: Builder, x: str, limit: int) -> str:
    """Add stages of units while one more surely fits."""
    skips: list[str] = []
    stage = 0
    functions = [function for function, _ in UNITS]
    shares = [share for _, share in UNITS]
    with b.scope("network"):
        while len(b.nodes) + LARGEST_UNIT <= limit:
            stage += 1
            with b.scope(f"stage_{stage}"):
                for _ in range(b.random.randint(2, 6)):
                    if len(b.nodes) + LARGEST_UNIT > limit:
                        break
                    (function,) = b.random.choices(functions, shares)
                    with b.scope(f"block_{b.random.randint(1, 3)}"):
                        x = function(b, x)
                if len(skips) > 2:
                    far = b.random.choice(skips[:-2])
                    x = b.add("skip", "AddV2", [x, far], T=F32)
                skips.append(x)
    return x


def _pad(b: Builder, x: str, limit: int) -> str:
    with b.scope("tail"):
        while len(b.nodes) < limit:
            x = b.add("Relu", "Relu", [x], T=F32)
    return x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-loop", action="store_true")
    arguments = parser.parse_args()
    graph = generate_graph(arguments.nodes, arguments.seed, loop=not arguments.no_loop)
    size = save_graphdef(graph, arguments.out)
    print(f"{arguments.out}: {len(graph)} nodes, {size} bytes")


if __name__ == "__main__":
    main()
