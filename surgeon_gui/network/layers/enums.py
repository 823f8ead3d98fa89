"""The enumerations of layer parameters, named as TensorRT names them."""

from __future__ import annotations

import enum


class PaddingMode(enum.Enum):
    """How a convolution or pool pads; with SAME_UPPER the extra row goes to the end."""

    EXPLICIT_ROUND_DOWN = "EXPLICIT_ROUND_DOWN"
    EXPLICIT_ROUND_UP = "EXPLICIT_ROUND_UP"
    SAME_UPPER = "SAME_UPPER"
    SAME_LOWER = "SAME_LOWER"


class PoolingType(enum.Enum):
    MAX = "MAX"
    AVERAGE = "AVERAGE"


class ActivationType(enum.Enum):
    """What alpha and beta mean depends on the function.

    - LEAKY_RELU: alpha is the slope below 0.
    - ELU: alpha * (exp(x) - 1) below 0.
    - SELU: beta * x above 0, beta * (alpha * exp(x) - alpha) below.
    - SOFTPLUS: alpha * log(exp(beta * x) + 1).
    - CLIP: alpha is the low, beta the high end.
    - HARD_SIGMOID: max(0, min(1, alpha * x + beta)).
    - SCALED_TANH: alpha * tanh(beta * x).
    - THRESHOLDED_RELU: x where x > alpha, else 0.

    The others take neither.
    """

    RELU = "RELU"
    SIGMOID = "SIGMOID"
    TANH = "TANH"
    LEAKY_RELU = "LEAKY_RELU"
    ELU = "ELU"
    SELU = "SELU"
    SOFTSIGN = "SOFTSIGN"
    SOFTPLUS = "SOFTPLUS"
    CLIP = "CLIP"
    HARD_SIGMOID = "HARD_SIGMOID"
    SCALED_TANH = "SCALED_TANH"
    THRESHOLDED_RELU = "THRESHOLDED_RELU"
    GELU_ERF = "GELU_ERF"
    GELU_TANH = "GELU_TANH"


class UnaryOperation(enum.Enum):
    EXP = "EXP"
    LOG = "LOG"
    SQRT = "SQRT"
    RECIP = "RECIP"
    ABS = "ABS"
    NEG = "NEG"
    SIN = "SIN"
    COS = "COS"
    TAN = "TAN"
    SINH = "SINH"
    COSH = "COSH"
    ASIN = "ASIN"
    ACOS = "ACOS"
    ATAN = "ATAN"
    ASINH = "ASINH"
    ACOSH = "ACOSH"
    ATANH = "ATANH"
    CEIL = "CEIL"
    FLOOR = "FLOOR"
    ERF = "ERF"
    NOT = "NOT"
    SIGN = "SIGN"
    ROUND = "ROUND"
    ISINF = "ISINF"
    ISNAN = "ISNAN"


class ElementWiseOperation(enum.Enum):
    SUM = "SUM"
    PROD = "PROD"
    MAX = "MAX"
    MIN = "MIN"
    SUB = "SUB"
    DIV = "DIV"
    POW = "POW"
    FLOOR_DIV = "FLOOR_DIV"
    AND = "AND"
    OR = "OR"
    XOR = "XOR"
    EQUAL = "EQUAL"
    GREATER = "GREATER"
    LESS = "LESS"


class ReduceOperation(enum.Enum):
    SUM = "SUM"
    PROD = "PROD"
    MAX = "MAX"
    MIN = "MIN"
    AVG = "AVG"


class MatrixOperation(enum.Enum):
    NONE = "NONE"
    TRANSPOSE = "TRANSPOSE"


class SampleMode(enum.Enum):
    """What a slice reads outside its input."""

    STRICT_BOUNDS = "STRICT_BOUNDS"
    FILL = "FILL"
    REFLECT = "REFLECT"
    CLAMP = "CLAMP"
    WRAP = "WRAP"


class InterpolationMode(enum.Enum):
    NEAREST = "NEAREST"
    LINEAR = "LINEAR"
    CUBIC = "CUBIC"


class CoordinateTransformation(enum.Enum):
    ALIGN_CORNERS = "ALIGN_CORNERS"
    ASYMMETRIC = "ASYMMETRIC"
    HALF_PIXEL = "HALF_PIXEL"


class RoundMode(enum.Enum):
    """How NEAREST picks a source coordinate (TensorRT ResizeRoundMode)."""

    HALF_UP = "HALF_UP"
    HALF_DOWN = "HALF_DOWN"
    FLOOR = "FLOOR"
    CEIL = "CEIL"


class GatherMode(enum.Enum):
    DEFAULT = "DEFAULT"
    ELEMENT = "ELEMENT"
    ND = "ND"


class TopKOperation(enum.Enum):
    MAX = "MAX"
    MIN = "MIN"


class ScatterMode(enum.Enum):
    ELEMENT = "ELEMENT"
    ND = "ND"


class CumulativeOperation(enum.Enum):
    SUM = "SUM"


class BoundingBoxFormat(enum.Enum):
    """CORNER_PAIRS: two opposite corners; CENTER_SIZES: centre and size."""

    CORNER_PAIRS = "CORNER_PAIRS"
    CENTER_SIZES = "CENTER_SIZES"
