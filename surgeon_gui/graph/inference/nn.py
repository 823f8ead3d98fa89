"""Convolutions, pools, normalisation, recurrent cells."""

from __future__ import annotations

from surgeon_gui.graph.attrs import dtype, shape, whole, wholes, word
from surgeon_gui.graph.inference.base import (
    SCALAR,
    UNKNOWN,
    Mismatch,
    Types,
    Values,
    dtype_of,
    infers,
    known,
    meet,
    ranked,
    scaled,
    shape_from_value,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.graph.windows import (
    channel_axis,
    explicit_padding,
    output_size,
    spatial,
    spatial_axes,
)


def _windowed(
    node: Node, dims: tuple[int, ...], window: tuple[int, ...], dilations: tuple[int, ...]
) -> list[int]:
    """Return `dims` with the spatial ones as a convolution or pool leaves them."""
    layout = word(node, "data_format", "NHWC")
    padding = word(node, "padding", "VALID")
    strides = spatial(wholes(node, "strides"), layout, len(dims))
    out = list(dims)
    for index, axis in enumerate(spatial_axes(layout, len(dims))):
        size = dims[axis]
        if padding == "EXPLICIT" and size >= 0:
            size += sum(explicit_padding(node, len(dims))[index])
        kind = "VALID" if padding == "EXPLICIT" else padding
        out[axis] = output_size(size, window[index], strides[index], dilations[index], kind)
    return out


@infers("Conv2D", "Conv3D", "_FusedConv2D")
def conv(node: Node, inputs: Types, values: Values) -> Types:
    rank = 5 if node.op == "Conv3D" else 4
    layout = word(node, "data_format", "NHWC")
    dims, kernel = ranked(inputs[0].shape, rank), ranked(inputs[1].shape, rank)
    dilations = spatial(wholes(node, "dilations", (1,) * rank), layout, rank)
    out = _windowed(node, dims, kernel[:-2], dilations)
    channels = dims[channel_axis(layout, rank)]
    if channels >= 0 and kernel[-2] > 0 and channels % kernel[-2]:
        raise Mismatch(f"{channels} channels do not fit a kernel for {kernel[-2]}")
    out[channel_axis(layout, rank)] = kernel[-1]
    return (TensorType(dtype_of(node, inputs), Shape(tuple(out))),)


@infers("DepthwiseConv2dNative")
def depthwise(node: Node, inputs: Types, values: Values) -> Types:
    layout = word(node, "data_format", "NHWC")
    dims, kernel = ranked(inputs[0].shape, 4), ranked(inputs[1].shape, 4)
    dilations = spatial(wholes(node, "dilations", (1,) * 4), layout, 4)
    out = _windowed(node, dims, kernel[:2], dilations)
    axis = channel_axis(layout, 4)
    channels = dims[axis] if dims[axis] >= 0 else kernel[2]
    out[axis] = -1 if channels < 0 or kernel[3] < 0 else channels * kernel[3]
    return (TensorType(dtype_of(node, inputs), Shape(tuple(out))),)


@infers("Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput", "Conv3DBackpropInputV2")
def conv_backprop_input(node: Node, inputs: Types, values: Values) -> Types:
    rank = 5 if node.op.startswith("Conv3D") else 4
    out = ranked(shape_from_value(inputs[0].shape, values[0]), rank)
    if node.op == "Conv2DBackpropInput":
        # The kernel and the input tell channels and batch where the given sizes do not.
        layout = word(node, "data_format", "NHWC")
        axis, kernel = channel_axis(layout, 4), ranked(inputs[1].shape, 4)
        batch = ranked(inputs[2].shape, 4)[0]
        out = tuple(
            size if size >= 0 else {0: batch, axis: kernel[2]}.get(index, -1)
            for index, size in enumerate(out)
        )
    return (TensorType(dtype_of(node, inputs, index=1), Shape(out)),)


@infers("Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "Conv3DBackpropFilterV2")
def conv_backprop_filter(node: Node, inputs: Types, values: Values) -> Types:
    rank = 5 if node.op.startswith("Conv3D") else 4
    out = ranked(shape_from_value(inputs[1].shape, values[1]), rank)
    return (TensorType(dtype_of(node, inputs), Shape(out)),)


@infers("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolV2")
def pool(node: Node, inputs: Types, values: Values) -> Types:
    rank = 5 if node.op.endswith("3D") else 4
    dims = ranked(inputs[0].shape, rank)
    layout = word(node, "data_format", "NHWC")
    target = dtype_of(node, inputs)
    if node.op == "MaxPoolV2":
        window, strides = known(values[1]), known(values[2])
        if window is None or strides is None:
            return (TensorType(target, Shape((dims[0], *(-1,) * (rank - 1)))),)
        attrs = {**node.attrs, "ksize": tuple(window), "strides": tuple(strides)}
        node = node.replace(attrs=attrs)
    return (TensorType(target, Shape(tuple(_pooled(node, dims, layout)))),)


def _pooled(node: Node, dims: tuple[int, ...], layout: str) -> list[int]:
    rank = len(dims)
    out = _windowed(node, dims, spatial(wholes(node, "ksize"), layout, rank), (1,) * (rank - 2))
    axis = channel_axis(layout, rank)
    ksize, strides = wholes(node, "ksize", (1,) * rank), wholes(node, "strides", (1,) * rank)
    padding = word(node, "padding", "VALID")
    for other in (0, axis):
        out[other] = output_size(dims[other], ksize[other], strides[other], 1, padding)
    return out


@infers("MaxPoolWithArgmax")
def pool_with_indices(node: Node, inputs: Types, values: Values) -> Types:
    out = Shape(tuple(_pooled(node, ranked(inputs[0].shape, 4), "NHWC")))
    indices = dtype(node, "Targmax", default=DType.INT64)
    return TensorType(dtype_of(node, inputs), out), TensorType(indices, out)


@infers("MaxPoolGrad", "AvgPoolGrad")
def pool_grad(node: Node, inputs: Types, values: Values) -> Types:
    if node.op == "MaxPoolGrad":
        return (TensorType(dtype_of(node, inputs), inputs[0].shape),)
    out = shape_from_value(inputs[0].shape, values[0])
    return (TensorType(dtype_of(node, inputs, index=1), out),)


@infers("BiasAdd", "BiasAddV1")
def bias_add(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    (bias,) = ranked(inputs[1].shape, 1)
    if dims is not None:
        axis = channel_axis(word(node, "data_format", "NHWC"), len(dims))
        meet(Shape((dims[axis],)), Shape((bias,)))
        dims = (*dims[:axis], max(dims[axis], bias), *dims[axis + 1 :])
    return (TensorType(dtype_of(node, inputs), Shape(dims)),)


@infers("BiasAddGrad")
def bias_add_grad(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    layout = word(node, "data_format", "NHWC")
    size = -1 if dims is None else dims[channel_axis(layout, len(dims))]
    return (TensorType(dtype_of(node, inputs), Shape((size,))),)


@infers("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def batch_norm(node: Node, inputs: Types, values: Values) -> Types:
    layout = word(node, "data_format", "NHWC")
    data = inputs[0].shape
    dims = data.dims if data.dims is not None else ranked(data, 4)
    axis = channel_axis(layout, len(dims))
    (channels,) = meet(
        Shape((dims[axis],)), *(Shape(ranked(tensor.shape, 1)) for tensor in inputs[1:3])
    ).dims or (-1,)
    out = Shape((*dims[:axis], channels, *dims[axis + 1 :])) if data.dims is not None else data
    if data.dims is None:
        out = Shape(tuple(channels if index == axis else -1 for index in range(4)))
    first = dtype_of(node, inputs)
    stats = TensorType(dtype(node, "U", "T", default=first), Shape((channels,)))
    found = [TensorType(first, out), stats, stats, stats, stats]
    if node.op == "FusedBatchNormV3":
        found.append(TensorType(stats.dtype, UNKNOWN))
    return found


@infers("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
def batch_norm_grad(node: Node, inputs: Types, values: Values) -> Types:
    data = TensorType(dtype_of(node, inputs), meet(inputs[0].shape, inputs[1].shape))
    channels = TensorType(dtype(node, "U", "T", default=data.dtype), inputs[2].shape)
    nothing = TensorType(channels.dtype, UNKNOWN)
    return data, channels, channels, nothing, nothing


@infers("BatchNormWithGlobalNormalization", "LRN")
def normalised(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), Shape(ranked(inputs[0].shape, 4))),)


@infers("LReLU_TRT", "Normalize_TRT", "InstanceNormalization_TRT", "Clip_TRT", "Clip")
def plugin_of_same_shape(node: Node, inputs: Types, values: Values) -> Types:
    found = dtype_of(node, inputs)
    return (TensorType(found, inputs[0].shape),)


@infers("Dequantize")
def dequantize(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype(node, "dtype", default=DType.FLOAT32), inputs[0].shape),)


@infers("QuantizeV2")
def quantize(node: Node, inputs: Types, values: Values) -> Types:
    bound = inputs[1].shape if whole(node, "axis", -1) != -1 else SCALAR
    limit = TensorType(DType.FLOAT32, bound)
    return TensorType(dtype(node, "T"), inputs[0].shape), limit, limit


@infers("LSTMBlockCell")
def lstm_cell(node: Node, inputs: Types, values: Values) -> Types:
    out = meet(Shape(ranked(inputs[1].shape, 2)), Shape(ranked(inputs[2].shape, 2)))
    return (TensorType(dtype_of(node, inputs), out),) * 7


@infers("BlockLSTM", "BlockLSTMV2")
def lstm_block(node: Node, inputs: Types, values: Values) -> Types:
    time, batch, _ = ranked(inputs[1].shape, 3)
    cells = scaled(ranked(inputs[4].shape, 2)[1], 1)
    width = -1 if cells < 0 else cells // 4
    return (TensorType(dtype_of(node, inputs, index=1), Shape((time, batch, width))),) * 7


@infers("Dilation2D")
def dilation(node: Node, inputs: Types, values: Values) -> Types:
    dims, kernel = ranked(inputs[0].shape, 4), ranked(inputs[1].shape, 3)
    rates = spatial(wholes(node, "rates", (1,) * 4), "NHWC", 4)
    out = _windowed(node, dims, kernel[:2], rates)
    return (TensorType(dtype_of(node, inputs), Shape(tuple(out))),)


@infers("ExtractImagePatches")
def patches(node: Node, inputs: Types, values: Values) -> Types:
    dims = ranked(inputs[0].shape, 4)
    window = spatial(wholes(node, "ksizes"), "NHWC", 4)
    out = _windowed(node, dims, window, spatial(wholes(node, "rates", (1,) * 4), "NHWC", 4))
    out[3] = scaled(dims[3], window[0] * window[1])
    return (TensorType(dtype_of(node, inputs), Shape(tuple(out))),)


@infers("EnsureShape")
def ensure_shape(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), meet(inputs[0].shape, shape(node, "shape"))),)


@infers("MatrixDiag", "MatrixDiagPart")
def diagonal(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    if dims is None:
        return (TensorType(dtype_of(node, inputs), UNKNOWN),)
    if node.op == "MatrixDiag":
        out = (*dims, dims[-1])
    else:
        small = min(dims[-2:]) if min(dims[-2:]) >= 0 else -1
        out = (*dims[:-2], small)
    return (TensorType(dtype_of(node, inputs), Shape(out)),)


@infers("CTCGreedyDecoder")
def ctc(node: Node, inputs: Types, values: Values) -> Types:
    batch = ranked(inputs[0].shape, 3)[1]
    return (
        TensorType(DType.INT64, Shape((-1, 2))),
        TensorType(DType.INT64, Shape((-1,))),
        TensorType(DType.INT64, Shape((2,))),
        TensorType(dtype_of(node, inputs), Shape((batch, 1))),
    )
