"""A layer takes the dtypes that TensorRT takes there: ours refuse exactly what it cannot build."""

from __future__ import annotations

from typing import Any

import pytest

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import BuildFailed
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Kind, Layer, LayerError, Network, Tensor, TensorSpec
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Concatenation,
    CoordinateTransformation,
    Cumulative,
    CumulativeOperation,
    ElementWise,
    ElementWiseOperation,
    Identity,
    InterpolationMode,
    MatrixMultiply,
    Pooling,
    PoolingType,
    Reduce,
    ReduceOperation,
    Resize,
    SampleMode,
    Shuffle,
    Slice,
    Softmax,
    TopK,
    TopKOperation,
    Unary,
    UnaryOperation,
)
from tests.engine.rtx import new_builder, rtx

pytestmark = [pytest.mark.tensorrt, pytest.mark.slow]

DTYPES = (DType.FLOAT32, DType.FLOAT16, DType.INT32, DType.INT64, DType.BOOL)
"""What to try. int8 is left out: TensorRT wants it between quantize and dequantize layers, though
TensorRT for RTX also builds much of it alone."""

CUBE, IMAGE = (2, 3, 4), (1, 2, 4, 4)
NONE, TWO = (0, 0), (2, 2)

LAYERS: list[tuple[Kind, tuple[tuple[int, ...], ...]]] = [
    *((ElementWise(op=op), (CUBE, CUBE)) for op in ElementWiseOperation),
    *((Unary(op=op), (CUBE,)) for op in UnaryOperation),
    *((Reduce(op=op, axes=(1,), keep_dims=True), (CUBE,)) for op in ReduceOperation),
    *((Activation(type=kind, alpha=1.0, beta=2.0), (CUBE,)) for kind in ActivationType),
    (Softmax(axis=1), (CUBE,)),
    (TopK(op=TopKOperation.MAX, k=2, axis=2), (CUBE,)),
    (Cumulative(op=CumulativeOperation.SUM, axis=1), (CUBE,)),
    (MatrixMultiply(), ((3, 4), (4, 5))),
    (Shuffle(first_transpose=(0, 2, 1)), (CUBE,)),
    (Identity(), (CUBE,)),
    (Concatenation(axis=1), (CUBE, CUBE)),
    (Slice(start=(0, 0, 0), size=(1, 2, 2), stride=(1, 1, 1)), (CUBE,)),
    (
        Slice(start=(0, -1, 0), size=(1, 5, 2), stride=(1, 1, 1), mode=SampleMode.FILL),
        (CUBE,),
    ),
    *(
        (
            Pooling(type=kind, window_size=TWO, stride=TWO, pre_padding=NONE, post_padding=NONE),
            (IMAGE,),
        )
        for kind in PoolingType
    ),
    *(
        (
            Resize(
                shape=(1, 2, 8, 8),
                resize_mode=mode,
                coordinate_transformation=CoordinateTransformation.ASYMMETRIC,
            ),
            (IMAGE,),
        )
        for mode in (InterpolationMode.NEAREST, InterpolationMode.LINEAR)
    ),
]


@pytest.fixture(scope="module")
def flavour() -> Flavour:
    return rtx()


@pytest.fixture(scope="module")
def builder(flavour: Flavour) -> Any:
    return new_builder(flavour)


def name_of(item: tuple[Kind, object]) -> str:
    parameter = getattr(item[0], "op", None) or getattr(item[0], "type", None)
    return f"{item[0].type_name}_{parameter.name}" if parameter else item[0].type_name


def taken_by_us(kind: Kind, specs: list[TensorSpec]) -> bool:
    try:
        kind.check(specs)
    except LayerError:
        return False
    return True


def taken_by_tensorrt(kind: Kind, specs: list[TensorSpec], flavour: Flavour, builder: Any) -> bool:
    """Emit the layer whatever our own check says, and build it."""
    inputs = tuple(Tensor(s.dtype, s.shape, f"in{i}") for i, s in enumerate(specs))
    outputs = tuple(Tensor(s.dtype, s.shape, f"out{i}") for i, s in enumerate(kind.infer(specs)))
    layer = Layer("layer", kind, tuple(t.name for t in inputs), outputs)
    network = Network(inputs, (layer,), tuple(t.name for t in outputs))
    definition = create_network(builder, flavour)
    try:
        emission = emit(network, flavour, definition)
    except BuildFailed:
        return False
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(flavour.module.ComputeCapability.SM86, 0)
    plan = builder.build_serialized_network(definition, config)
    assert emission.tensors
    return plan is not None


@pytest.mark.parametrize("item", LAYERS, ids=name_of)
def test_we_take_what_tensorrt_takes(
    item: tuple[Kind, tuple[tuple[int, ...], ...]], flavour: Flavour, builder: Any
) -> None:
    kind, shapes = item
    ours, theirs = set(), set()
    for dtype in DTYPES:
        specs = [TensorSpec(dtype, shape) for shape in shapes]
        if taken_by_us(kind, specs):
            ours.add(dtype.text)
        if taken_by_tensorrt(kind, specs, flavour, builder):
            theirs.add(dtype.text)
    assert ours == theirs
