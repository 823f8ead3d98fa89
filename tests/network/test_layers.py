"""Layers refuse what TensorRT has no layer for, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Kind, LayerError, NetworkBuilder, TensorSpec
from surgeon_gui.network.layers import (
    Activation,
    ActivationType,
    Cast,
    Concatenation,
    ElementWise,
    ElementWiseOperation,
    Gather,
    GatherMode,
    Identity,
    MatrixMultiply,
    Reduce,
    ReduceOperation,
    Resize,
    Select,
    Shuffle,
    Slice,
    Softmax,
    TopK,
    TopKOperation,
)
from tests.network.cases import CASES

KINDS = {case.name: case.kind for case in CASES}
F32, F16, I32, BOOL = DType.FLOAT32, DType.FLOAT16, DType.INT32, DType.BOOL


def spec(*shape: int, dtype: DType = F32) -> TensorSpec:
    return TensorSpec(dtype, shape)


def changed(name: str, **parameters: Any) -> Kind:
    return dataclasses.replace(KINDS[name], **parameters)


PRODUCT = ElementWise(op=ElementWiseOperation.PROD)
SCALE = KINDS["scale_channels"]
RESIZE = KINDS["resize_linear_half_pixel_7x9"]
assert isinstance(RESIZE, Resize)


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (KINDS["conv"], [spec(2, 3, 7)], "2-D convolution got rank 3"),
        (KINDS["conv"], [spec(2, 4, 7, 6)], "takes 3 channels, the input has 4"),
        (KINDS["conv"], [spec(2, 3, 7, 6, dtype=I32)], "Convolution does not take int32"),
        (changed("conv", kernel=np.zeros((4, 3, 2, 2), np.float32)), [spec(2, 3, 7, 6)], "kernel"),
        (changed("conv", kernel_size=(3,)), [spec(2, 3, 7)], "2 or 3 dimensions, not 1"),
        (KINDS["deconv"], [spec(1, 3, 4)], "2-D deconvolution got rank 3"),
        (KINDS["max_pool"], [spec(1, 3, 4)], "2-D pool got rank 3"),
        (changed("lrn_strong", window_size=4), [spec(1, 4, 3, 3)], "must be odd"),
        (changed("lrn_strong", window_size=17), [spec(1, 4, 3, 3)], "15 at most"),
        (SCALE, [spec(2, 3)], "rank 3 or more"),
        (SCALE, [spec(2, 5, 4, 3)], "for 5 channels"),
        (PRODUCT, [spec(2, 3), spec(3)], "Ranks 2 and 1 differ"),
        (PRODUCT, [spec(2, 3), spec(2, 4)], "do not broadcast"),
        (PRODUCT, [spec(2), spec(2, dtype=F16)], "float32 and float16 differ"),
        (PRODUCT, [spec(2)], "cannot take 1 inputs"),
        (PRODUCT, [spec(2, dtype=BOOL)] * 2, "does not take bool"),
        (PRODUCT, [spec(2, dtype=DType.FLOAT64)] * 2, "does not take float64"),
        (PRODUCT, [spec(2, dtype=DType.UINT8)] * 2, "does not take uint8"),
        (ElementWise(op=ElementWiseOperation.AND), [spec(2)] * 2, "does not take float32"),
        (MatrixMultiply(), [spec(3), spec(3)], "rank 2 or more"),
        (MatrixMultiply(), [spec(2, 3), spec(4, 5)], "inner dimensions 3 and 4 differ"),
        (Reduce(op=ReduceOperation.SUM, axes=(), keep_dims=True), [spec(2)], "over no axis"),
        (Reduce(op=ReduceOperation.SUM, axes=(2,), keep_dims=True), [spec(2)], "Axis 2"),
        (Softmax(axis=0), [spec(3)], "rank 2 or more"),
        (TopK(op=TopKOperation.MAX, k=5000, axis=0), [spec(9000)], "1 to 3840"),
        (Shuffle(first_transpose=(0, 0)), [spec(2, 3)], "no permutation"),
        (Shuffle(reshape_dims=(-1, -1)), [spec(2, 3)], "more than one -1"),
        (Shuffle(reshape_dims=(4, 2)), [spec(2, 3)], "cannot be reshaped"),
        (Shuffle(reshape_dims=(5, -1)), [spec(2, 3)], "cannot be reshaped"),
        (
            Shuffle(reshape_dims=(6, 1, 0), zero_is_placeholder=True),
            [spec(2, 3)],
            "cannot be reshaped",
        ),
        (Shuffle(reshape_dims=(1,) * 9), [spec(1)], "8 dimensions at most, not 9"),
        (Slice(start=(1,), size=(3,), stride=(1,)), [spec(3)], "leaves a dimension of 3"),
        (Slice(start=(0,), size=(-1,), stride=(1,)), [spec(3)], "cannot read"),
        (Slice(start=(0, 0), size=(1,), stride=(1,)), [spec(3)], "must have 1 items"),
        (Concatenation(axis=0), [spec(2, 3), spec(2, 4)], "differ in dimension 1"),
        (Concatenation(axis=0), [spec(2), spec(2, dtype=I32)], "differ in rank or dtype"),
        (RESIZE, [spec(2, 2, 4, 5, 6)], "rank 4 of rank 5"),
        (RESIZE, [spec(3, 2, 4, 5)], "Only the last 3 dimensions"),
        (dataclasses.replace(RESIZE, shape=(1, 2, -1, 9)), [spec(1, 2, 4, 5)], "shape tensor"),
        (Gather(axis=3), [spec(2, 3), spec(1, dtype=I32)], "Axis 3"),
        (Gather(mode=GatherMode.ND), [spec(2), spec(1, -1, dtype=I32)], "known number"),
        (Select(), [spec(2), spec(2), spec(2)], "bool condition"),
        (Activation(type=ActivationType.SOFTPLUS), [spec(2)], "factor of 0"),
    ],
)
def test_what_cannot_be_is_refused(kind: Kind, inputs: list[TensorSpec], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        kind.check(inputs)


@pytest.mark.parametrize(
    ("kind", "inputs", "shape"),
    [
        (PRODUCT, [spec(-1, 3), spec(1, 3)], (-1, 3)),
        (PRODUCT, [spec(-1, 3), spec(4, 1)], (4, 3)),
        (Shuffle(reshape_dims=(0, -1), zero_is_placeholder=True), [spec(-1, 3, 4)], (-1, 12)),
        (Shuffle(reshape_dims=(-1, 12)), [spec(-1, 3, 4)], (-1, 12)),
        (Concatenation(axis=0), [spec(-1, 3), spec(2, 3)], (-1, 3)),
        (Concatenation(axis=1), [spec(-1, 3), spec(2, 3)], (2, 6)),
        (KINDS["conv"], [spec(-1, 3, -1, 6)], (-1, 4, -1, 6)),
        (KINDS["max_pool"], [spec(1, 3, -1, 8)], (1, 3, -1, 4)),
        (Slice(start=(0, 1), size=(2, 2), stride=(1, 1)), [spec(-1, 3)], (2, 2)),
    ],
)
def test_unknown_dimensions_stay_unknown_until_something_tells(
    kind: Kind, inputs: list[TensorSpec], shape: tuple[int, ...]
) -> None:
    assert [item.shape for item in kind.check(inputs)] == [shape]


def test_uint8_stands_before_a_cast_only() -> None:
    image = spec(1, 4, dtype=DType.UINT8)
    assert Cast(to_type=F32).check([image]) == [spec(1, 4)]
    with pytest.raises(LayerError, match="uint8"):
        Identity().check([image])


def test_the_builder_names_the_layer_that_does_not_fit() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", F32, (2, 3))
    with pytest.raises(LayerError) as caught:
        builder.add(Softmax(axis=5), [x], name="scope/softmax")
    assert caught.value.where == "scope/softmax"


def test_the_builder_makes_names_unique() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", F32, (2, 3))
    names = [builder.add(Identity(), [x], name="same")[0].name for _ in range(3)]
    assert names == ["same", "same__1", "same__2"]
    with pytest.raises(LayerError, match="Two network inputs"):
        builder.add_input("x", F32, (1,))


def test_the_builder_refuses_tensors_of_another_network() -> None:
    stranger = NetworkBuilder().add_input("x", F32, (1,))
    with pytest.raises(LayerError, match="no layer makes"):
        NetworkBuilder().add(Identity(), [stranger], name="y")


def test_weights_shared_by_layers_count_once() -> None:
    builder = NetworkBuilder()
    x = builder.add_input("x", F32, (2, 3, 7, 6))
    kind = KINDS["conv"]
    for name in ("a", "b"):
        builder.add(kind, [x], name=name)
    assert builder.build().weight_bytes == sum(a.nbytes for a in kind.weights().values())
