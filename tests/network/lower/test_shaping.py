"""Ops that reshape, cut, join and gather equal TensorFlow's, in the layout the data lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.network.lower.harness import (
    Case,
    booleans,
    case,
    check,
    integers,
    numbers,
    op,
    parametrized,
    transposes,
)

pytestmark = pytest.mark.tensorflow

X = numbers(2, 6, 4, 8)
KERNEL = numbers(1, 1, 8, 8, seed=5)


def conv(x: Any) -> Any:
    """Something that leaves the data lying channels first."""
    return op.Conv2D(input=x, filter=KERNEL, strides=[1, 1, 1, 1], padding="SAME")


def strided(x: Any, begin: list[int], end: list[int], step: list[int], **masks: int) -> Any:
    return op.StridedSlice(input=x, begin=begin, end=end, strides=step, **masks)


def reduced(name: str, axis: Any, keep: bool = False) -> Any:
    return lambda x: getattr(op, name)(input=x, axis=axis, keep_dims=keep)


SHAPES: dict[str, Case] = {
    "Reshape": case(lambda x: op.Reshape(tensor=x, shape=[2, -1]), X),
    "Reshape merge": case(lambda x: op.Reshape(tensor=x, shape=[12, 4, 8]), X),
    "Reshape empty": case(lambda x: op.Reshape(tensor=x, shape=[-1, 3]), numbers(0, 3)),
    "Reshape to scalar": case(lambda x: op.Reshape(tensor=x, shape=[]), numbers(1, 1)),
    "Squeeze": case(lambda x: op.Squeeze(input=x), numbers(1, 3, 1, 2)),
    "Squeeze axis": case(lambda x: op.Squeeze(input=x, axis=[-2]), numbers(1, 3, 1, 2)),
    "ExpandDims": case(lambda x: op.ExpandDims(input=x, axis=-2), numbers(2, 3)),
    "ExpandDims scalar": case(lambda x: op.ExpandDims(input=x, axis=0), numbers()),
    "Transpose": case(lambda x: op.Transpose(x=x, perm=[2, 0, 3, 1]), X, layers=("Shuffle",)),
    "Transpose twice": case(
        lambda x: tf.transpose(tf.transpose(x, [0, 3, 1, 2]), [0, 2, 3, 1]),
        X,
        layers=("Identity",),
    ),
    "DepthToSpace": case(lambda x: op.DepthToSpace(input=x, block_size=2), X),
    "DepthToSpace NCHW": case(
        lambda x: tf.transpose(
            op.DepthToSpace(input=tf.transpose(x, [0, 3, 1, 2]), block_size=2), [0, 1, 2, 3]
        ),
        X,
    ),
    "SpaceToDepth": case(lambda x: op.SpaceToDepth(input=x, block_size=2), X),
    "SpaceToBatchND": case(
        lambda x: op.SpaceToBatchND(input=x, block_shape=[2, 3], paddings=[[0, 2], [1, 1]]), X
    ),
    "SpaceToBatchND 1-D block": case(
        lambda x: op.SpaceToBatchND(input=x, block_shape=[3], paddings=[[0, 0]]), X
    ),
    "BatchToSpaceND": case(
        lambda x: op.BatchToSpaceND(input=x, block_shape=[2, 3], crops=[[1, 0], [1, 2]]),
        numbers(12, 3, 4, 2),
    ),
    "SpaceToBatch": case(
        lambda x: op.SpaceToBatch(input=x, block_size=2, paddings=[[1, 1], [0, 0]]), X
    ),
    "BatchToSpace": case(
        lambda x: op.BatchToSpace(input=x, block_size=2, crops=[[0, 0], [0, 1]]),
        numbers(8, 3, 4, 2),
    ),
    "Slice": case(lambda x: op.Slice(input=x, begin=[0, 1, 0, 2], size=[1, 3, -1, 4]), X),
    "StridedSlice": case(lambda x: x[:, 1:5:2, ::-1, 3], X),
    "StridedSlice ellipsis": case(lambda x: x[..., 2:4], X),
    "StridedSlice new axis": case(lambda x: x[:, tf.newaxis, 2, ..., tf.newaxis], X),
    "StridedSlice negative": case(lambda x: x[-1, -3:-1], X),
    "StridedSlice beyond": case(lambda x: x[:, 2:99, -99:3], X),
    "StridedSlice empty": case(lambda x: x[:, 3:3], X),
    "StridedSlice masks": case(
        lambda x: strided(x, [0, 1], [1, 4], [1, 2], begin_mask=2, end_mask=1), X
    ),
    "StridedSlice down to the start": case(lambda x: x[:, 4::-2], X),
    "Split": case(lambda x: op.Split(axis=3, value=x, num_split=4), X),
    "SplitV": case(lambda x: op.SplitV(value=x, size_splits=[1, -1, 3], axis=-1, num_split=3), X),
    "Unpack": case(lambda x: op.Unpack(value=x, num=4, axis=2), X),
    "Pack": case(lambda x, y: op.Pack(values=[x, y], axis=-1), X, X + 1),
    "Pack scalars": case(lambda x, y: op.Pack(values=[x, y, 3.0]), numbers(), numbers(seed=1)),
    "ConcatV2": case(lambda x, y: op.ConcatV2(values=[x, y], axis=-1), X, numbers(2, 6, 4, 3)),
    "Concat": case(lambda x, y: op.Concat(concat_dim=1, values=[x, y]), X, numbers(2, 1, 4, 8)),
    "ConcatV2 with constant": case(
        lambda x: op.ConcatV2(values=[x, numbers(1, 6, 4, 8)], axis=0), X
    ),
    "ConcatV2 with empty": case(
        lambda x, y: op.ConcatV2(values=[x, y], axis=1), X, numbers(2, 0, 4, 8)
    ),
    "Pad": case(lambda x: op.Pad(input=x, paddings=[[0, 1], [2, 0], [0, 0], [1, 1]]), X),
    "PadV2": case(
        lambda x: op.PadV2(input=x, paddings=[[0, 0], [2, 1]], constant_values=-1.5), numbers(2, 3)
    ),
    "Pad int32": case(lambda x: op.Pad(input=x, paddings=[[1, 0], [0, 2]]), integers(2, 3)),
    "MirrorPad reflect": case(
        lambda x: op.MirrorPad(input=x, paddings=[[0, 0], [2, 3], [1, 0], [0, 0]], mode="REFLECT"),
        X,
    ),
    "MirrorPad symmetric": case(
        lambda x: op.MirrorPad(
            input=x, paddings=[[0, 0], [2, 3], [1, 0], [0, 0]], mode="SYMMETRIC"
        ),
        X,
    ),
    "Tile": case(lambda x: op.Tile(input=x, multiples=[2, 1, 3]), numbers(2, 3, 4)),
    "BroadcastTo": case(lambda x: op.BroadcastTo(input=x, shape=[2, 3, 4]), numbers(3, 1)),
    "Fill": case(lambda x: op.Fill(dims=[2, 3], value=x), numbers()),
    "ReverseV2": case(lambda x: op.ReverseV2(tensor=x, axis=[1, -1]), X),
    "Roll": case(lambda x: op.Roll(input=x, shift=[2, -1], axis=[1, 3]), X),
    "GatherV2": case(lambda x: op.GatherV2(params=x, indices=[2, 0, 2], axis=1), X),
    "GatherV2 matrix of indices": case(
        lambda x: op.GatherV2(params=x, indices=[[2, 0], [1, 1]], axis=2), X
    ),
    "GatherV2 scalar index": case(lambda x: op.GatherV2(params=x, indices=3, axis=1), X),
    "GatherV2 indices from data": case(
        lambda x, i: op.GatherV2(params=x, indices=i, axis=1), X, integers(3, low=0, high=6)
    ),
    "GatherV2 batch": case(
        lambda x, i: op.GatherV2(params=x, indices=i, axis=1, batch_dims=1),
        X,
        integers(2, 3, low=0, high=6),
    ),
    "Gather embedding": case(
        lambda i: op.Gather(params=numbers(7, 3), indices=i), integers(2, 4, low=0, high=7)
    ),
    "GatherNd": case(lambda x: op.GatherNd(params=x, indices=[[0, 1], [1, 5], [0, 0]]), X),
    "OneHot": case(
        lambda i: op.OneHot(indices=i, depth=4, on_value=2.0, off_value=-1.0, axis=-1),
        integers(2, 3, low=-2, high=6),
    ),
    "OneHot axis 0 int64": case(
        lambda i: op.OneHot(indices=i, depth=4, on_value=1, off_value=0, axis=0),
        integers(3, low=0, high=4, dtype=np.int64),
    ),
    "OneHot bool": case(
        lambda i: op.OneHot(indices=i, depth=4, on_value=True, off_value=False, axis=-1),
        integers(3, low=0, high=4),
    ),
    "ScatterNd": case(
        lambda x: op.ScatterNd(indices=[[1], [3]], updates=x, shape=[5, 3]), numbers(2, 3)
    ),
    "TensorScatterUpdate": case(
        lambda x, y: op.TensorScatterUpdate(tensor=x, indices=[[1], [3]], updates=y),
        numbers(5, 3),
        numbers(2, 3, seed=1),
    ),
    "ReverseSequence": case(
        lambda x, n: op.ReverseSequence(input=x, seq_lengths=n, seq_dim=1, batch_dim=0),
        numbers(3, 4, 2),
        np.array([4, 2, 3], np.int32),
    ),
    "Shape arithmetic folds": case(
        lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] * tf.shape(x)[2], 8]),
        X,
        layers=("Shuffle",),
    ),
    "Rank and Size": case(lambda x: x * tf.cast(tf.rank(x) + tf.size(x), tf.float32), X),
    "Range of a shape": case(
        lambda x: x[0] + tf.cast(tf.range(tf.shape(x)[-1]), tf.float32), numbers(2, 4)
    ),
    "ShapeN": case(lambda x, y: tf.reshape(y, op.ShapeN(input=[x, y])[0]), X, X[::-1].copy()),
    "IdentityN": case(lambda x, y: op.IdentityN(input=[x, y]), X, X + 1),
    "Cumsum": case(lambda x: op.Cumsum(x=x, axis=1), X),
    "Cumsum reverse exclusive": case(
        lambda x: op.Cumsum(x=x, axis=-1, reverse=True, exclusive=True), X
    ),
    "TopKV2": case(lambda x: op.TopKV2(input=x, k=3), numbers(4, 9)),
    "TopKV2 rank 1": case(lambda x: op.TopKV2(input=x, k=3), numbers(9)),
    "ArgMax": case(lambda x: op.ArgMax(input=x, dimension=1), X),
    "ArgMin int32": case(lambda x: op.ArgMin(input=x, dimension=-1, output_type=tf.int32), X),
    "ArgMax rank 1": case(lambda x: op.ArgMax(input=x, dimension=0), numbers(9)),
    "ResizeBilinear": case(lambda x: op.ResizeBilinear(images=x, size=[9, 11]), X),
    "ResizeBilinear smaller": case(lambda x: op.ResizeBilinear(images=x, size=[3, 3]), X),
    "ResizeBilinear aligned": case(
        lambda x: op.ResizeBilinear(images=x, size=[9, 7], align_corners=True), X
    ),
    "ResizeBilinear centred": case(
        lambda x: op.ResizeBilinear(images=x, size=[9, 7], half_pixel_centers=True), X
    ),
    "ResizeNearestNeighbor": case(lambda x: op.ResizeNearestNeighbor(images=x, size=[9, 7]), X),
    "ResizeNearestNeighbor aligned": case(
        lambda x: op.ResizeNearestNeighbor(images=x, size=[9, 7], align_corners=True), X
    ),
    "ResizeNearestNeighbor centred": case(
        lambda x: op.ResizeNearestNeighbor(images=x, size=[9, 3], half_pixel_centers=True), X
    ),
    **{name: case(reduced(name, [1, 2]), X) for name in ("Sum", "Mean", "Max", "Min", "Prod")},
    "Mean kept": case(reduced("Mean", [1, 2], keep=True), X),
    "Sum of all": case(reduced("Sum", [0, 1, 2, 3]), X),
    "Sum negative axis": case(reduced("Sum", -1), X),
    "Sum of nothing": case(reduced("Sum", np.zeros(0, np.int32)), X),
    "Sum int32": case(reduced("Sum", 0), integers(3, 4)),
    "All": case(reduced("All", 1), booleans(3, 4)),
    "Any kept": case(reduced("Any", 0, keep=True), booleans(3, 4)),
    "EuclideanNorm": case(reduced("EuclideanNorm", 1), numbers(3, 4)),
    "MatMul": case(lambda x, y: tf.matmul(x, y), numbers(3, 4), numbers(4, 5)),
    "MatMul transposed": case(
        lambda x, y: tf.matmul(x, y, transpose_a=True, transpose_b=True),
        numbers(4, 3),
        numbers(5, 4),
    ),
    "MatMul of a transpose": case(
        lambda x, y: tf.matmul(tf.transpose(x), y),
        numbers(4, 3),
        numbers(4, 5),
        layers=("MatrixMultiply",),
    ),
    "BatchMatMulV2 broadcast": case(
        lambda x, y: op.BatchMatMulV2(x=x, y=y, adj_y=True), numbers(2, 1, 3, 4), numbers(5, 6, 4)
    ),
    "MatMul of whole numbers": case(
        lambda x, y: tf.matmul(x, y, transpose_b=True), integers(3, 4), integers(5, 4, seed=1)
    ),
    "BatchMatMulV2 of whole numbers": case(
        lambda x, y: tf.matmul(x, y),
        integers(2, 1, 3, 4, dtype=np.int64),
        integers(5, 4, 2, seed=1, dtype=np.int64),
    ),
    "Einsum": case(
        lambda x, y: op.Einsum(inputs=[x, y], equation="abc,cd->abd"),
        numbers(2, 3, 4),
        numbers(4, 5),
    ),
    "Einsum ellipsis": case(
        lambda x, y: op.Einsum(inputs=[x, y], equation="...ij,...jk->...ik"),
        numbers(2, 3, 4),
        numbers(2, 4, 5),
    ),
    "Einsum attention": case(
        lambda x, y: op.Einsum(inputs=[x, y], equation="bqhd,bkhd->bhqk"),
        numbers(2, 3, 2, 4),
        numbers(2, 5, 2, 4),
    ),
    "Einsum with weights": case(
        lambda x: op.Einsum(inputs=[x, tf.constant(numbers(4, 2, 3))], equation="abc,cde->abde"),
        numbers(2, 3, 4),
        layers=("Constant", "MatrixMultiply", "Shuffle"),
    ),
    "Einsum over two dimensions with weights": case(
        lambda x: op.Einsum(inputs=[x, tf.constant(numbers(4, 2, 3))], equation="abcd,cde->abe"),
        numbers(2, 3, 4, 2),
        layers=("Shuffle", "Constant", "MatrixMultiply"),
    ),
    "Einsum with weights the other way": case(
        lambda x: op.Einsum(inputs=[x, tf.constant(numbers(3, 4))], equation="abc,dc->abd"),
        numbers(2, 3, 4),
    ),
    "Einsum in capitals": case(
        lambda x, y: op.Einsum(inputs=[x, y], equation="BTNH,BSNz->BTS"),
        numbers(2, 3, 2, 4),
        numbers(2, 5, 2, 3),
    ),
    **{
        f"ScaleAndTranslate {kernel} to {size}": case(
            lambda x, kernel=kernel, size=size: tf.image.resize(x, size, kernel, antialias=True),
            numbers(2, 13, 9, 3),
        )
        for kernel in ("lanczos3", "lanczos5", "gaussian", "bicubic", "mitchellcubic", "bilinear")
        for size in ((5, 4), (20, 9))
    },
    "ScaleAndTranslate moved": case(
        lambda x: op.ScaleAndTranslate(
            images=x,
            size=[5, 14],
            scale=[0.5, 0.7],
            translation=[0.5, 3.2],
            kernel_type="box",
            antialias=False,
        ),
        numbers(2, 13, 9, 3),
    ),
    "Bucketize": case(
        lambda x: op.Bucketize(input=x, boundaries=[-0.5, 0.0, 0.25]),
        np.array([[-0.5, 0.0], [0.2, 7.0], [-3.0, 0.25]], np.float32),
    ),
    "Bucketize integers": case(
        lambda x: op.Bucketize(input=x, boundaries=[-5.0, 0.5, 3.0]), integers(7)
    ),
    "LowerBound": case(
        lambda x: tf.searchsorted([[-0.5, 0.0, 0.5, 0.5], [0.0, 1.0, 2.0, 3.0]], x),
        np.array([[0.5, -1.0, 9.0], [3.0, 2.5, 0.0]], np.float32),
    ),
    "UpperBound": case(
        lambda x: tf.searchsorted([-2, 0, 0, 5], x, side="right", out_type=tf.int64), integers(9)
    ),
    "MaxPool": case(
        lambda x: op.MaxPool(input=x, ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="SAME"), X
    ),
    "MaxPool explicit": case(
        lambda x: op.MaxPool(
            input=x,
            ksize=[1, 3, 3, 1],
            strides=[1, 1, 2, 1],
            padding="EXPLICIT",
            explicit_paddings=[0, 0, 1, 0, 2, 1, 0, 0],
        ),
        X,
    ),
    "MaxPoolV2": case(
        lambda x: op.MaxPoolV2(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
        X,
    ),
    "AvgPool same leaves padding out": case(
        lambda x: op.AvgPool(value=x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME"), X
    ),
    "AvgPool3D": case(
        lambda x: op.AvgPool3D(
            input=x, ksize=[1, 2, 3, 3, 1], strides=[1, 2, 2, 2, 1], padding="SAME"
        ),
        numbers(1, 4, 5, 6, 2),
    ),
    "MaxPool3D": case(
        lambda x: op.MaxPool3D(
            input=x, ksize=[1, 2, 3, 3, 1], strides=[1, 2, 2, 2, 1], padding="VALID"
        ),
        numbers(1, 4, 5, 6, 2),
    ),
}


def vector(seed: int, low: float = 0.5) -> Any:
    return numbers(8, seed=seed, low=low)


NORMS: dict[str, Case] = {
    f"{name} {kind}": case(
        lambda x, name=name, options=options: getattr(op, name)(
            x=x, scale=vector(1), offset=vector(2), mean=vector(3), variance=vector(4), **options
        )[0],
        X,
    )
    for name in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    for kind, options in {
        "inference": {"is_training": False, "epsilon": 0.01},
        "default epsilon": {"is_training": False},
    }.items()
}
NORMS["training"] = case(
    lambda x: op.FusedBatchNormV3(
        x=x, scale=vector(1), offset=vector(2), mean=[], variance=[], is_training=True
    )[:3],
    X,
)
NORMS["with all parameters from data"] = case(
    lambda x, s, o, m, v: op.FusedBatchNormV3(
        x=x, scale=s, offset=o, mean=m, variance=v, is_training=False
    )[0],
    X,
    *(vector(seed) for seed in range(4)),
)
# The same op after a convolution, whose result lies channels first.
AFTER_CONVOLUTION: dict[str, Case] = {
    name: Case(
        (lambda build: lambda x, *rest: build(conv(x), *rest))(item.build),
        item.arrays,
        rtol=1e-3,
        atol=1e-4,
    )
    for name, item in {**SHAPES, **NORMS}.items()
    if item.arrays and item.arrays[0].shape == X.shape and item.arrays[0].dtype == np.float32
}


@parametrized({**SHAPES, **NORMS})
def test_shaping_op_equals_tensorflow(item: Case) -> None:
    check(item)


@parametrized(AFTER_CONVOLUTION)
def test_op_on_channels_first_data_equals_tensorflow(item: Case) -> None:
    check(item)


KEEPS_LAYOUT = [
    "Slice", "StridedSlice ellipsis", "Split", "ConcatV2 with constant", "Pad", "Tile", "ReverseV2",
    "MirrorPad reflect", "MirrorPad symmetric", "GatherV2", "Mean kept", "Cumsum", "MaxPool",
    "ResizeBilinear", "FusedBatchNormV3 inference", "training",
]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in KEEPS_LAYOUT if name in AFTER_CONVOLUTION])
def test_op_between_convolutions_adds_no_transpose(name: str) -> None:
    build = AFTER_CONVOLUTION[name].build

    def between(x: Any, *rest: Any) -> Any:
        made = build(x, *rest)
        first = made[0] if isinstance(made, list | tuple) else made
        channels = int(first.shape[-1])
        kernel = numbers(1, 1, channels, 2)
        return op.Conv2D(input=first, filter=kernel, strides=[1, 1, 1, 1], padding="SAME")

    network = check(case(between, X, rtol=1e-3, atol=1e-4))
    assert len(transposes(network)) <= 2, "one at the input, one at the output"
