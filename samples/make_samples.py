"""Make the bundled samples: `python -m samples.make_samples [FOLDER]`.

Every sample is deterministic, so making it again gives the same bytes. TensorFlow is not needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef, Versions
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue, float32

FLOAT = DType.FLOAT32
INT = DType.INT32


class Maker:
    """Writes nodes in the way TensorFlow 1 and Keras 2 export them; returns tensor names."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[Node] = []

    def graph(self) -> Graph:
        return Graph(tuple(self.nodes), Versions(producer=175))

    def op(
        self,
        name: str,
        op: str,
        *inputs: str,
        attrs: dict[str, AttrValue] | None = None,
        dtype: DType = FLOAT,
    ) -> str:
        refs = [TensorRef.parse(text) for text in inputs if not text.startswith("^")]
        controls = [text[1:] for text in inputs if text.startswith("^")]
        self.nodes.append(Node(name, op, refs, {"T": dtype, **(attrs or {})}, controls=controls))
        return name

    def const(self, name: str, value: npt.ArrayLike, dtype: DType = FLOAT) -> str:
        tensor = TensorValue.from_array(np.asarray(value, dtype=dtype.numpy), dtype)
        self.nodes.append(Node(name, "Const", (), {"dtype": dtype, "value": tensor}))
        return name

    def variable(self, name: str, shape: tuple[int, ...], scale: float) -> str:
        """Return a frozen variable: the constant and its `/read` Identity."""
        value = self.random.normal(0.0, scale, shape).astype(np.float32)
        return self.op(f"{name}/read", "Identity", self.const(name, value))

    def placeholder(self, name: str, *dims: int, dtype: DType = FLOAT) -> str:
        self.nodes.append(Node(name, "Placeholder", (), {"dtype": dtype, "shape": Shape(dims)}))
        return name

    def conv(self, name: str, data: str, channels: int, filters: int) -> str:
        scale = float(np.sqrt(2.0 / (9 * channels)))
        kernel = self.variable(f"{name}/kernel", (3, 3, channels, filters), scale)
        attrs: dict[str, AttrValue] = {
            "strides": (1, 1, 1, 1),
            "dilations": (1, 1, 1, 1),
            "padding": b"SAME",
            "data_format": b"NHWC",
            "explicit_paddings": (),
            "use_cudnn_on_gpu": True,
        }
        out = self.op(f"{name}/Conv2D", "Conv2D", data, kernel, attrs=attrs)
        bias = self.variable(f"{name}/bias", (filters,), 0.05)
        out = self.op(f"{name}/BiasAdd", "BiasAdd", out, bias, attrs={"data_format": b"NHWC"})
        return self.op(f"{name}/Relu", "Relu", out)

    def max_pool(self, name: str, data: str) -> str:
        attrs: dict[str, AttrValue] = {
            "ksize": (1, 2, 2, 1),
            "strides": (1, 2, 2, 1),
            "padding": b"VALID",
            "data_format": b"NHWC",
            "explicit_paddings": (),
        }
        return self.op(f"{name}/MaxPool", "MaxPool", data, attrs=attrs)

    def dense(self, name: str, data: str, width: int, units: int) -> str:
        kernel = self.variable(f"{name}/kernel", (width, units), float(np.sqrt(2.0 / width)))
        product = self.op(
            f"{name}/MatMul",
            "MatMul",
            data,
            kernel,
            attrs={"transpose_a": False, "transpose_b": False},
        )
        bias = self.variable(f"{name}/bias", (units,), 0.05)
        return self.op(f"{name}/BiasAdd", "BiasAdd", product, bias, attrs={"data_format": b"NHWC"})

    def batch_size(self, name: str, data: str) -> str:
        """Return the scalar batch size, cut out of the shape as Keras 2 does it."""
        shape = self.op(f"{name}/Shape", "Shape", data, attrs={"out_type": INT})
        ends = [
            self.const(f"{name}/strided_slice/stack{suffix}", [value], INT)
            for suffix, value in (("", 0), ("_1", 1), ("_2", 1))
        ]
        attrs: dict[str, AttrValue] = {
            "Index": INT,
            "begin_mask": 0,
            "end_mask": 0,
            "ellipsis_mask": 0,
            "new_axis_mask": 0,
            "shrink_axis_mask": 1,
        }
        return self.op(
            f"{name}/strided_slice", "StridedSlice", shape, *ends, attrs=attrs, dtype=INT
        )

    def reshape(self, name: str, data: str, *dims: int) -> str:
        """Return `data` reshaped to (batch, *dims); a -1 is left for the runtime to infer."""
        batch = self.batch_size(name, data)
        rest = [
            self.const(f"{name}/Reshape/shape/{position}", dim, INT)
            for position, dim in enumerate(dims, start=1)
        ]
        shape = self.op(
            f"{name}/Reshape/shape",
            "Pack",
            batch,
            *rest,
            attrs={"N": len(dims) + 1, "axis": 0},
            dtype=INT,
        )
        return self.op(f"{name}/Reshape", "Reshape", data, shape, attrs={"Tshape": INT})

    def leaky_relu(self, name: str, data: str) -> str:
        return self.op(f"{name}/LeakyRelu", "LeakyRelu", data, attrs={"alpha": float32(0.1)})

    def leaky_relu_by_hand(self, name: str, data: str) -> str:
        """Return max(0.1 x, x), as it was written before TensorFlow had the op."""
        scaled = self.op(f"{name}/mul", "Mul", self.const(f"{name}/alpha", 0.1), data)
        return self.op(f"{name}/Maximum", "Maximum", scaled, data)

    def l2_normalize(self, name: str, data: str, axis: int) -> str:
        square = self.op(f"{name}/Square", "Square", data)
        axes = self.const(f"{name}/Sum/reduction_indices", [axis], INT)
        total = self.op(f"{name}/Sum", "Sum", square, axes, attrs={"keep_dims": True, "Tidx": INT})
        floor = self.op(f"{name}/Maximum", "Maximum", total, self.const(f"{name}/Maximum/y", 1e-12))
        return self.op(name, "Mul", data, self.op(f"{name}/Rsqrt", "Rsqrt", floor))

    def dropout_leftover(self, name: str, data: str) -> str:
        """Return what a dropout layer with keep_prob 1 leaves behind in a frozen graph."""
        keep = self.const(f"{name}/keep_prob", 1.0)
        shape = self.op(f"{name}/Shape", "Shape", data, attrs={"out_type": INT})
        attrs: dict[str, AttrValue] = {"dtype": FLOAT, "seed": 0, "seed2": 0}
        noise = self.op(
            f"{name}/random_uniform/RandomUniform", "RandomUniform", shape, attrs=attrs, dtype=INT
        )
        mask = self.op(f"{name}/Floor", "Floor", self.op(f"{name}/add", "Add", keep, noise))
        scaled = self.op(f"{name}/div", "RealDiv", data, keep)
        return self.op(f"{name}/mul", "Mul", scaled, mask)


def boxes3d(seed: int = 7, *, size: int = 64, widths: tuple[int, ...] = (8, 16, 32, 32)) -> Graph:
    """Return a 3D-box estimator: a VGG-style backbone and three heads.

    Input `input_1` f32[?, size, size, 3]. Outputs `dimension/l2_normalize` f32[?, 3],
    `orientation/l2_normalize` f32[?, 2, 2] and `confidence/Softmax` f32[?, 2]. It holds what such
    networks bring along: LeakyReLU in both spellings, a Flatten and a Reshape that leave -1 open,
    l2_normalize as loose ops, the remains of a dropout and of an assertion.
    """
    make = Maker(seed)
    data = make.placeholder("input_1", -1, size, size, 3)
    channels = 3
    for block, width in enumerate(widths, start=1):
        for layer in (1, 2):
            data = make.conv(f"vgg/block{block}_conv{layer}", data, channels, width)
            channels = width
        data = make.max_pool(f"vgg/block{block}_pool", data)
    side = size // 2 ** len(widths)
    features = side * side * channels
    flat = make.reshape("flatten", data, -1)

    head = make.dense("dimension/dense", flat, features, 64)
    head = make.leaky_relu("dimension/leaky_re_lu", head)
    head = make.dropout_leftover("dimension/dropout", head)
    head = make.dense("dimension/dense_1", head, 64, 3)
    make.l2_normalize("dimension/l2_normalize", head, 1)

    head = make.dense("orientation/dense_2", flat, features, 64)
    head = make.leaky_relu("orientation/leaky_re_lu_1", head)
    head = make.dense("orientation/dense_3", head, 64, 4)
    head = make.reshape("orientation/reshape", head, 2, -1)
    make.l2_normalize("orientation/l2_normalize", head, 2)

    head = make.dense("confidence/dense_4", flat, features, 64)
    head = make.leaky_relu_by_hand("confidence/leaky_re_lu_2", head)
    head = make.op(
        "confidence/CheckNumerics",
        "CheckNumerics",
        head,
        attrs={"message": b"confidence is not finite"},
    )
    head = make.dense("confidence/dense_5", head, 64, 2)
    head = make.l2_normalize("confidence/l2_normalize", head, 1)
    make.op("confidence/Softmax", "Softmax", head)
    return make.graph()


SAMPLES: dict[str, Callable[[], Graph]] = {"boxes3d": boxes3d}


def main(argv: list[str] | None = None) -> int:
    arguments: list[Any] = sys.argv[1:] if argv is None else argv
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        path = folder / f"{name}.pb"
        size = save_graphdef(make(), path)
        print(f"{path}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
