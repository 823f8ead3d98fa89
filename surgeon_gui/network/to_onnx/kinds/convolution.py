"""Convolution, Deconvolution, Pooling, LRN."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network.ir import Dims
from surgeon_gui.network.layers import (
    LRN,
    Convolution,
    Deconvolution,
    PaddingMode,
    Pooling,
    PoolingType,
)
from surgeon_gui.network.layers.dims import window_padding
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter


def _pads(
    kind: Convolution | Pooling, dilation: Dims, out: LayerWriter
) -> tuple[list[int] | None, str | None]:
    """Return ONNX's `pads` and `auto_pad`, one of them None.

    `auto_pad` is used only where the padding depends on a dimension that is not known yet.
    """
    sizes = out.inputs[0].shape[2:]
    window = kind.kernel_size if isinstance(kind, Convolution) else kind.window_size
    if kind.padding_mode is PaddingMode.EXPLICIT_ROUND_DOWN:
        return [*kind.pre_padding, *kind.post_padding], None
    if min(sizes) < 0:
        if kind.padding_mode is PaddingMode.EXPLICIT_ROUND_UP:
            raise out.cannot("Rounding up needs known spatial dimensions in ONNX.")
        return None, kind.padding_mode.value
    pairs = [
        window_padding(
            size,
            window[axis],
            kind.stride[axis],
            dilation[axis],
            kind.pre_padding[axis],
            kind.post_padding[axis],
            kind.padding_mode,
        )
        for axis, size in enumerate(sizes)
    ]
    return [pre for pre, _ in pairs] + [post for _, post in pairs], None


def _kernel(kind: Convolution | Deconvolution, out: LayerWriter) -> list[str]:
    """Return the inputs: data, kernel and, where there is one, bias."""
    names = out.names
    if kind.kernel is not None:
        names.append(out.weights(kind.kernel, "kernel"))
    if kind.bias is not None:
        names.append(out.weights(kind.bias, "bias"))
    return names


@LAYERS.register("Convolution")
def convolution(kind: Convolution, out: LayerWriter) -> None:
    pads, auto_pad = _pads(kind, kind.dilation, out)
    out.result(
        "Conv",
        _kernel(kind, out),
        kernel_shape=kind.kernel_size,
        strides=kind.stride,
        dilations=kind.dilation,
        group=kind.num_groups,
        pads=pads,
        auto_pad=auto_pad,
    )


@LAYERS.register("Deconvolution")
def deconvolution(kind: Deconvolution, out: LayerWriter) -> None:
    out.result(
        "ConvTranspose",
        _kernel(kind, out),
        kernel_shape=kind.kernel_size,
        strides=kind.stride,
        dilations=kind.dilation,
        group=kind.num_groups,
        pads=[*kind.pre_padding, *kind.post_padding],
    )


@LAYERS.register("Pooling")
def pooling(kind: Pooling, out: LayerWriter) -> None:
    ones = (1,) * len(kind.window_size)
    pads, auto_pad = _pads(kind, ones, out)
    data = out.names[0]
    counts = not kind.average_count_excludes_padding
    if pads is not None and _too_wide(pads, kind.window_size):
        # ONNX wants less padding than window; a Pad in front may add any amount.
        if kind.type is PoolingType.AVERAGE and not counts:
            raise out.cannot("An average pool in ONNX must pad by less than its window.")
        data = _padded(kind, pads, data, out)
        pads = [0] * len(pads)
    if kind.type is PoolingType.MAX:
        out.result(
            "MaxPool",
            [data],
            kernel_shape=kind.window_size,
            strides=kind.stride,
            pads=pads,
            auto_pad=auto_pad,
        )
    else:
        out.result(
            "AveragePool",
            [data],
            kernel_shape=kind.window_size,
            strides=kind.stride,
            pads=pads,
            auto_pad=auto_pad,
            count_include_pad=int(counts),
        )


def _too_wide(pads: list[int], window: Dims) -> bool:
    return any(pad >= size for pad, size in zip(pads, window * 2, strict=True))


def _padded(kind: Pooling, pads: list[int], data: str, out: LayerWriter) -> str:
    rank = len(kind.window_size)
    amounts = [0, 0, *pads[:rank], 0, 0, *pads[rank:]]
    # Not 0, which ONNX Runtime would make padding of the pool again.
    value = -0.0
    if kind.type is PoolingType.MAX:
        dtype = out.inputs[0].dtype
        value = -np.inf if dtype.is_floating else float(np.iinfo(dtype.numpy or np.int8).min)
    return out.node(
        "Pad", [data, out.ints(amounts, "pads"), out.scalar(value, "pad_value")], mode="constant"
    )


@LAYERS.register("LRN")
def lrn(kind: LRN, out: LayerWriter) -> None:
    out.result(
        "LRN", out.names, size=kind.window_size, alpha=kind.alpha, beta=kind.beta, bias=kind.k
    )
