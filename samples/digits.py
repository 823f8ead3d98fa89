"""Digits drawn with noise, and a small network trained to read them: a real accuracy to lose.

`python -m samples.digits FOLDER` trains with TensorFlow, in seconds, and writes `digits.pb`,
`digits-train.npz` and `digits-test.npz` (`image` f32[n,16,16,1], `labels` i64[n]) there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape, TensorValue

SIZE = 16
_GLYPHS = (
    "01110100011001110101110011000101110 00100011000010000100001000010001110",
    "01110100010000100010001000100011111 11111000100010000010000011000101110",
    "00010001100101010010111110001000010 11111100001111000001000011000101110",
    "00110010001000011110100011000101110 11111000010001000100010000100001000",
    "01110100011000101110100011000101110 01110100011000101111000010001001100",
)
_BITMAPS = [
    np.array(list(text), np.float32).reshape(7, 5) for row in _GLYPHS for text in row.split()
]


def draw(count: int, seed: int) -> tuple[Array, Array]:
    """Return images of digits at random places, brightness and noise, and their labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    images = random.normal(0, 0.12, (count, SIZE, SIZE, 1)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        top, left = random.integers(0, SIZE - 7 + 1), random.integers(0, SIZE - 5 + 1)
        image[top : top + 7, left : left + 5, 0] += _BITMAPS[label] * random.uniform(0.6, 1.6)
    return images, labels


def train(folder: Path) -> None:
    """Train, and write network and data.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    import tensorflow as tf

    tf.random.set_seed(0)
    images, labels = draw(8000, 1)
    shapes = {"w1": (3, 3, 1, 16), "w2": (3, 3, 16, 32), "w3": (3, 3, 32, 32), "w4": (512, 10)}
    random = np.random.default_rng(0)
    weights: dict[str, Any] = {}
    for name, shape in shapes.items():
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        weights[name] = tf.Variable(random.normal(0, scale, shape).astype(np.float32))
        weights["b" + name[1:]] = tf.Variable(np.zeros(shape[-1], np.float32))

    def logits(x: Any) -> Any:
        for number in "123":
            stride = 1 if number == "1" else 2
            x = tf.nn.conv2d(x, weights["w" + number], stride, "SAME") + weights["b" + number]
            x = tf.nn.relu(x)
        return tf.reshape(x, (-1, 512)) @ weights["w4"] + weights["b4"]

    variables = list(weights.values())
    moments: list[tuple[Any, Any]] = [
        (tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables
    ]

    def step(x: Any, y: Any, rate: Any) -> None:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits(x))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, variables)
        for variable, gradient, (one, two) in zip(variables, gradients, moments, strict=True):
            one.assign(0.9 * one + 0.1 * gradient)
            two.assign(0.99 * two + 0.01 * gradient**2)
            variable.assign_sub(rate * one / (tf.sqrt(two) + 1e-6))

    run = tf.function(step)

    for epoch in range(8):
        order = random.permutation(len(images))
        for start in range(0, len(images), 100):
            chosen = order[start : start + 100]
            rate = np.float32(4e-3 * 0.6**epoch)
            run(images[chosen], labels[chosen], rate)
    graph = _graph({name: value.numpy() for name, value in weights.items()})
    folder.mkdir(parents=True, exist_ok=True)
    save_graphdef(graph, folder / "digits.pb")
    for name, count, seed in (("train", 300, 2), ("test", 500, 3)):
        held, classes = draw(count, seed)
        # To 1/64, so that the file packs well; the noise is four times that.
        arrays: dict[str, Any] = {"image": np.round(held * 64) / 64, "labels": classes}
        np.savez_compressed(folder / f"digits-{name}.npz", **arrays)


def _graph(weights: dict[str, Array]) -> Graph:
    float_: dict[str, AttrValue] = {"T": DType.FLOAT32}
    shape = Shape((-1, SIZE, SIZE, 1))
    nodes = [Node("image", "Placeholder", (), {"dtype": DType.FLOAT32, "shape": shape})]

    def const(name: str, array: Array) -> TensorRef:
        value = TensorValue.from_array(array)
        nodes.append(Node(name, "Const", (), {"dtype": value.dtype, "value": value}))
        return TensorRef(name)

    x = TensorRef("image")
    for number in "123":
        stride = 1 if number == "1" else 2
        attrs: dict[str, AttrValue] = {
            **float_,
            "strides": (1, stride, stride, 1),
            "padding": b"SAME",
            "data_format": b"NHWC",
        }
        scope = f"conv{number}/"
        kernel = const(f"{scope}kernel", weights["w" + number])
        bias = const(f"{scope}bias", weights["b" + number])
        nodes.append(Node(f"{scope}Conv2D", "Conv2D", [x, kernel], attrs))
        nodes.append(
            Node(f"{scope}BiasAdd", "BiasAdd", [TensorRef(f"{scope}Conv2D"), bias], float_)
        )
        nodes.append(Node(f"{scope}Relu", "Relu", [TensorRef(f"{scope}BiasAdd")], float_))
        x = TensorRef(f"{scope}Relu")
    flat = const("flat/shape", np.array([-1, 512], np.int32))
    nodes.append(Node("flat", "Reshape", [x, flat], {**float_, "Tshape": DType.INT32}))
    nodes.append(
        Node(
            "dense/MatMul",
            "MatMul",
            [TensorRef("flat"), const("dense/kernel", weights["w4"])],
            float_,
        )
    )
    bias = const("dense/bias", weights["b4"])
    nodes.append(Node("logits", "BiasAdd", [TensorRef("dense/MatMul"), bias], float_))
    return Graph(tuple(nodes))


if __name__ == "__main__":
    train(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
