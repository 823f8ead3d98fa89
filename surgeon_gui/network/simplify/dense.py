"""A pass that turns dense layers over images into convolutions, so that nothing is transposed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surgeon_gui.network.ir import Dims, Layer, Source, Tensor
from surgeon_gui.network.layers import Convolution, MatrixMultiply, MatrixOperation, Shuffle
from surgeon_gui.network.simplify.bench import Bench
from surgeon_gui.network.simplify.moving import Order, turned
from surgeon_gui.network.simplify.shuffles import joined


def products_to_convolutions(bench: Bench) -> None:
    """Multiply an image's channels by a matrix where they lie: a convolution with a window of 1.

    The transpose that is left after it moves past what works element by element, to where the next
    transpose undoes it.
    """
    for layer in bench.each():
        transpose = _convolution(bench, layer)
        while transpose is not None:
            transpose = _sink(bench, transpose)


def _convolution(bench: Bench, layer: Layer) -> Layer | None:
    """Replace a matrix product between two reshapes; return the transpose after it."""
    kind = layer.kind
    if not isinstance(kind, MatrixMultiply):
        return None
    before, constant = bench.producer(layer.inputs[0]), bench.constant(layer.inputs[1])
    after = bench.only_reader(layer.outputs[0].name)
    if before is None or constant is None or after is None:
        return None
    matrix = constant.weights_
    if matrix.ndim != 2 or matrix.dtype != np.float32:
        return None
    if kind.op1 is MatrixOperation.TRANSPOSE:
        matrix = matrix.T
    image = bench.tensors[before.inputs[0]].shape
    if not _is_pixels(before, kind.op0, image) or image[1] != matrix.shape[0]:
        return None
    back = after.kind
    if not isinstance(back, Shuffle) or len(after.inputs) != 1 or back.first_transpose is not None:
        return None
    maps, rank = matrix.shape[1], len(image)
    if back.reshape_dims != (image[0], *image[2:], maps):
        return None
    window = (1,) * (rank - 2)
    zeros = (0,) * (rank - 2)
    convolution = Convolution(
        num_output_maps=maps,
        kernel_size=window,
        stride=window,
        pre_padding=zeros,
        post_padding=zeros,
        dilation=window,
        kernel=matrix.T.reshape(maps, image[1], *window),
    )
    made = replace(layer.outputs[0], shape=(image[0], maps, *image[2:]))
    last: Order = (0, *range(2, rank), 1)
    order = tuple(last[axis] for axis in back.second_transpose or range(rank))
    bench.sources.pop(made.name, None)
    bench.replace(layer, convolution, before.inputs, merged=[before], outputs=(made,))
    return bench.replace(after, Shuffle(first_transpose=order))


def _is_pixels(before: Layer, op: MatrixOperation, image: Dims) -> bool:
    """Whether a Shuffle makes a matrix of an image's pixels, a row or a column each."""
    kind = before.kind
    if not isinstance(kind, Shuffle) or len(before.inputs) != 1 or len(image) not in (4, 5):
        return False
    pixels = image[0] * int(np.prod(image[2:]))
    if kind.second_transpose is not None:
        return False
    if op is MatrixOperation.TRANSPOSE:
        columns = image[0] == 1 and kind.reshape_dims == (image[1], pixels)
        return columns and kind.first_transpose is None
    rows = kind.reshape_dims == (pixels, image[1])
    return rows and kind.first_transpose == (0, *range(2, len(image)), 1)


def _sink(bench: Bench, transpose: Layer) -> Layer | None:
    """Swap a transpose with its only reader; return the transpose, to be moved further."""
    kind = transpose.kind
    assert isinstance(kind, Shuffle)
    assert kind.first_transpose is not None
    middle = transpose.outputs[0]
    reader = bench.only_reader(middle.name)
    if reader is None:
        return None
    if isinstance(reader.kind, Shuffle) and len(reader.inputs) == 1:
        merged = joined(kind, reader.kind, middle.shape)
        if merged is not None:
            bench.replace(reader, merged, transpose.inputs, merged=[transpose])
        return None
    order = kind.first_transpose
    moved = turned(bench, reader, tuple(int(axis) for axis in np.argsort(order)))
    if moved is None or moved[1] != middle.name:
        return None
    turned_kind, _, others = moved
    late = reader.outputs[0]
    source = bench.tensors[transpose.inputs[0]]
    early = Tensor(late.dtype, source.shape, middle.name)
    bench.sources.pop(middle.name, None)
    if late.name in bench.sources:
        known = bench.sources[late.name]
        axes = tuple(order[axis] for axis in known.axes)
        bench.sources[middle.name] = Source(known.ref, axes)
    bench.remove(transpose)
    bench.remove(reader)
    data = transpose.inputs[0]
    inputs = tuple(
        data if name == middle.name else others.get(name, name) for name in reader.inputs
    )
    bench.insert(replace(reader, kind=turned_kind, inputs=inputs, outputs=(early,)))
    sunk = replace(transpose, inputs=(middle.name,), outputs=(late,))
    bench.insert(sunk)
    return sunk
