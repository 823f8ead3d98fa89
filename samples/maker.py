"""Writes graphs node by node, in the way TensorFlow 1 and Keras 2 export them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
        return self.untyped(name, op, *inputs, attrs={"T": dtype, **(attrs or {})})

    def untyped(self, name: str, op: str, *inputs: str, attrs: dict[str, AttrValue]) -> str:
        """Add a node that has no attribute `T`."""
        refs = [TensorRef.parse(text) for text in inputs]
        self.nodes.append(Node(name, op, refs, attrs))
        return name

    def cast(self, name: str, data: str, source: DType) -> str:
        """Return data as float32."""
        attrs: dict[str, AttrValue] = {"SrcT": source, "DstT": FLOAT, "Truncate": False}
        return self.untyped(name, "Cast", data, attrs=attrs)

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

    def convolve(
        self,
        name: str,
        data: str,
        channels: int,
        filters: int,
        size: int = 3,
        stride: int = 1,
        padding: bytes = b"SAME",
    ) -> str:
        """Return a convolution without bias, its kernel drawn as He et al. do."""
        scale = float(np.sqrt(2.0 / (size * size * channels)))
        kernel = self.variable(f"{name}/kernel", (size, size, channels, filters), scale)
        attrs: dict[str, AttrValue] = {
            "strides": (1, stride, stride, 1),
            "dilations": (1, 1, 1, 1),
            "padding": padding,
            "data_format": b"NHWC",
            "explicit_paddings": (),
            "use_cudnn_on_gpu": True,
        }
        return self.op(f"{name}/Conv2D", "Conv2D", data, kernel, attrs=attrs)

    def bias(self, name: str, data: str, width: int) -> str:
        bias = self.variable(f"{name}/bias", (width,), 0.05)
        return self.op(f"{name}/BiasAdd", "BiasAdd", data, bias, attrs={"data_format": b"NHWC"})

    def conv(
        self, name: str, data: str, channels: int, filters: int, size: int = 3, stride: int = 1
    ) -> str:
        """Return a convolution with bias and Relu."""
        out = self.convolve(name, data, channels, filters, size, stride)
        return self.op(f"{name}/Relu", "Relu", self.bias(name, out, filters))

    def batch_norm(self, name: str, data: str, channels: int) -> str:
        """Return the inference form of a batch normalization, with statistics near 0 and 1."""
        values = {
            "gamma": self.random.uniform(0.8, 1.2, channels),
            "beta": self.random.normal(0.0, 0.1, channels),
            "moving_mean": self.random.normal(0.0, 0.1, channels),
            "moving_variance": self.random.uniform(0.8, 1.2, channels),
        }
        reads = [
            self.op(f"{name}/{key}/read", "Identity", self.const(f"{name}/{key}", value))
            for key, value in values.items()
        ]
        attrs: dict[str, AttrValue] = {
            "U": FLOAT,
            "epsilon": float32(1.001e-5),
            "exponential_avg_factor": float32(1.0),
            "data_format": b"NHWC",
            "is_training": False,
        }
        return self.op(f"{name}/FusedBatchNormV3", "FusedBatchNormV3", data, *reads, attrs=attrs)

    def max_pool(
        self, name: str, data: str, size: int = 2, stride: int = 2, padding: bytes = b"VALID"
    ) -> str:
        attrs: dict[str, AttrValue] = {
            "ksize": (1, size, size, 1),
            "strides": (1, stride, stride, 1),
            "padding": padding,
            "data_format": b"NHWC",
            "explicit_paddings": (),
        }
        return self.op(f"{name}/MaxPool", "MaxPool", data, attrs=attrs)

    def concat(self, name: str, *parts: str, axis: int) -> str:
        where = self.const(f"{name}/axis", axis, INT)
        attrs: dict[str, AttrValue] = {"N": len(parts), "Tidx": INT}
        return self.op(name, "ConcatV2", *parts, where, attrs=attrs)

    def mean(self, name: str, data: str, *axes: int) -> str:
        where = self.const(f"{name}/reduction_indices", axes, INT)
        return self.op(name, "Mean", data, where, attrs={"keep_dims": False, "Tidx": INT})

    def dense(self, name: str, data: str, width: int, units: int) -> str:
        kernel = self.variable(f"{name}/kernel", (width, units), float(np.sqrt(2.0 / width)))
        product = self.op(
            f"{name}/MatMul",
            "MatMul",
            data,
            kernel,
            attrs={"transpose_a": False, "transpose_b": False},
        )
        return self.bias(name, product, units)

    def dimension(self, name: str, data: str, axis: int = 0) -> str:
        """Return one dimension as a scalar, cut out of the shape as Keras 2 does it."""
        shape = self.op(f"{name}/Shape", "Shape", data, attrs={"out_type": INT})
        ends = [
            self.const(f"{name}/strided_slice/stack{suffix}", [value], INT)
            for suffix, value in (("", axis), ("_1", axis + 1), ("_2", 1))
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

    def pack(self, name: str, *parts: str) -> str:
        """Return whole numbers stacked along a new first dimension."""
        attrs: dict[str, AttrValue] = {"N": len(parts), "axis": 0}
        return self.op(name, "Pack", *parts, attrs=attrs, dtype=INT)

    def reshape(self, name: str, data: str, *dims: int) -> str:
        """Return `data` reshaped to (batch, *dims); a -1 is left for the runtime to infer."""
        batch = self.dimension(name, data)
        rest = [
            self.const(f"{name}/Reshape/shape/{position}", dim, INT)
            for position, dim in enumerate(dims, start=1)
        ]
        shape = self.pack(f"{name}/Reshape/shape", batch, *rest)
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
