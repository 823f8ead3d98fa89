"""3D boxes from a crop of a picture: a VGG-style backbone and three heads."""

from __future__ import annotations

from samples.maker import Maker
from surgeon_gui.graph.model import Graph


def boxes3d(
    seed: int = 7,
    *,
    size: int = 64,
    widths: tuple[int, ...] = (8, 16, 32, 32),
    depths: tuple[int, ...] = (2, 2, 2, 2),
) -> Graph:
    """Return a 3D-box estimator: a VGG-style backbone and three heads.

    Input `input_1` f32[?, size, size, 3]. Outputs `dimension/l2_normalize` f32[?, 3],
    `orientation/l2_normalize` f32[?, 2, 2] and `confidence/Softmax` f32[?, 2]. It holds what such
    networks bring along: LeakyReLU in both spellings, a Flatten and a Reshape that leave -1 open,
    l2_normalize as loose ops, the remains of a dropout and of an assertion.
    VGG16's own backbone is size 224, widths 64 to 512 and depths 2, 2, 3, 3, 3.
    """
    make = Maker(seed)
    data = make.placeholder("input_1", -1, size, size, 3)
    channels = 3
    for block, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        for layer in range(1, depth + 1):
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
