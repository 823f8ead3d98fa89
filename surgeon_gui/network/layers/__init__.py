"""The layer kinds of a Network, with TensorRT's parameter names and meanings.

Dynamic dimensions are -1 and stay -1 wherever a result depends on them.

Source: TensorRT 10 operator reference, TensorRT for RTX 1.7 Python API; what builds was tried on
TensorRT for RTX 1.7.1.
"""

from __future__ import annotations

from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers.algebra import (
    Cumulative,
    Einsum,
    MatrixMultiply,
    Reduce,
    Softmax,
    TopK,
)
from surgeon_gui.network.layers.control import Conditional, Loop
from surgeon_gui.network.layers.convolution import LRN, Convolution, Deconvolution, Pooling
from surgeon_gui.network.layers.dims import broadcast_dims, permutation_is_identity
from surgeon_gui.network.layers.enums import (
    ActivationType,
    BoundingBoxFormat,
    CoordinateTransformation,
    CumulativeOperation,
    ElementWiseOperation,
    GatherMode,
    InterpolationMode,
    MatrixOperation,
    PaddingMode,
    PoolingType,
    ReduceOperation,
    RoundMode,
    SampleMode,
    ScatterMode,
    TopKOperation,
    UnaryOperation,
)
from surgeon_gui.network.layers.indexing import (
    NMS,
    Gather,
    NonZero,
    OneHot,
    ReverseSequence,
    Scatter,
)
from surgeon_gui.network.layers.normalization import Normalization
from surgeon_gui.network.layers.pointwise import (
    Activation,
    Cast,
    Dequantize,
    ElementWise,
    Identity,
    ParametricReLU,
    Quantize,
    Scale,
    Select,
    Unary,
)
from surgeon_gui.network.layers.reshaping import Concatenation, Resize, Shape, Shuffle, Slice
from surgeon_gui.network.layers.sources import Constant, Plugin, as_float32

__all__ = [
    "LRN",
    "NMS",
    "Activation",
    "ActivationType",
    "Array",
    "BoundingBoxFormat",
    "Cast",
    "Concatenation",
    "Conditional",
    "Constant",
    "Convolution",
    "CoordinateTransformation",
    "Cumulative",
    "CumulativeOperation",
    "Deconvolution",
    "Dequantize",
    "Einsum",
    "ElementWise",
    "ElementWiseOperation",
    "Gather",
    "GatherMode",
    "Identity",
    "InterpolationMode",
    "Loop",
    "MatrixMultiply",
    "MatrixOperation",
    "NonZero",
    "Normalization",
    "OneHot",
    "PaddingMode",
    "ParametricReLU",
    "Plugin",
    "Pooling",
    "PoolingType",
    "Quantize",
    "Reduce",
    "ReduceOperation",
    "Resize",
    "ReverseSequence",
    "RoundMode",
    "SampleMode",
    "Scale",
    "Scatter",
    "ScatterMode",
    "Select",
    "Shape",
    "Shuffle",
    "Slice",
    "Softmax",
    "TopK",
    "TopKOperation",
    "Unary",
    "UnaryOperation",
    "as_float32",
    "broadcast_dims",
    "permutation_is_identity",
]
