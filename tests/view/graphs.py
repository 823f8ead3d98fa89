"""Small graphs for the view's tests."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorValue


def node(name: str, op: str, *inputs: str, controls: Iterable[str] = ()) -> Node:
    return Node(name, op, map(TensorRef.parse, inputs), controls=controls)


def placeholder(name: str, *dims: int) -> Node:
    return Node(name, "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape(dims)})


def const(name: str, *values: float) -> Node:
    value = TensorValue.from_array(np.array(values, dtype=np.float32))
    return Node(name, "Const", attrs={"dtype": DType.FLOAT32, "value": value})


def weights(name: str, *shape: int) -> Node:
    value = TensorValue.from_array(np.zeros(shape, dtype=np.float32))
    return Node(name, "Const", attrs={"dtype": DType.FLOAT32, "value": value})


def network() -> Graph:
    """An input, two blocks of convolution, bias and activation, a softmax."""
    nodes = [placeholder("input", 1, 8, 8, 3)]
    last = "input"
    for block in ("net/block_1", "net/block_2"):
        nodes += [
            weights(f"{block}/kernel", 3, 3, 3, 3),
            node(f"{block}/kernel/read", "Identity", f"{block}/kernel"),
            node(f"{block}/Conv2D", "Conv2D", last, f"{block}/kernel/read"),
            weights(f"{block}/bias", 3),
            node(f"{block}/BiasAdd", "BiasAdd", f"{block}/Conv2D", f"{block}/bias"),
            node(f"{block}/Relu", "Relu", f"{block}/BiasAdd"),
        ]
        last = f"{block}/Relu"
    return Graph((*nodes, node("probabilities", "Softmax", last)))


def loop() -> Graph:
    """A TensorFlow 1 while loop in a namespace."""
    return Graph(
        (
            placeholder("x", 1),
            node("while/Enter", "Enter", "x"),
            node("while/Merge", "Merge", "while/Enter", "while/NextIteration"),
            const("while/limit", 10.0),
            node("while/Less", "Less", "while/Merge", "while/limit"),
            node("while/LoopCond", "LoopCond", "while/Less"),
            node("while/Switch", "Switch", "while/Merge", "while/LoopCond"),
            node("while/body/Square", "Square", "while/Switch:1"),
            node("while/body/Neg", "Neg", "while/body/Square"),
            node("while/NextIteration", "NextIteration", "while/body/Neg"),
            node("while/Exit", "Exit", "while/Switch"),
        )
    )


def crowd(inputs: int = 300) -> Graph:
    """One op with very many inputs."""
    sources = [placeholder(f"in_{at}", 1) for at in range(inputs)]
    return Graph((*sources, node("sum", "AddN", *(source.name for source in sources))))


def odd_names() -> Graph:
    """Names no exporter writes but a file may hold."""
    return Graph(
        (
            placeholder("größe\nzwei/入力", 1),
            node("größe\nzwei/\u202etrebuchet", "Relu", "größe\nzwei/入力"),
            node("/leading//double", "Relu", "größe\nzwei/\u202etrebuchet"),
            node("a" * 300, "Some.Custom.Op" * 20, "/leading//double"),
            node("weights", "Relu", "a" * 300),
            node("weights/read", "Relu", "weights"),
            node("weights/again", "Relu", "weights/read"),
        )
    )
