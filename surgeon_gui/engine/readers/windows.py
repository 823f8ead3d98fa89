"""Convolution, Deconvolution, Pooling, LRN."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.readback import READERS, LayerReader
from surgeon_gui.network.layers import (
    LRN,
    Convolution,
    Deconvolution,
    PaddingMode,
    Pooling,
    PoolingType,
)


def _windows(layer: Any) -> dict[str, Any]:
    return {
        "num_output_maps": layer.num_output_maps,
        "kernel_size": tuple(layer.kernel_size_nd),
        "stride": tuple(layer.stride_nd),
        "pre_padding": tuple(layer.pre_padding),
        "post_padding": tuple(layer.post_padding),
        "dilation": tuple(layer.dilation_nd),
        "num_groups": layer.num_groups,
    }


@READERS.register("CONVOLUTION")
def convolution(layer: Any, reader: LayerReader) -> Convolution:
    shape = (layer.num_output_maps, -1, *layer.kernel_size_nd)
    return Convolution(
        **_windows(layer),
        padding_mode=reader.member(PaddingMode, layer.padding_mode),
        kernel=None if reader.has_input(1) else reader.weights(layer.kernel, shape),
        bias=reader.weights(layer.bias, (-1,)),
    )


@READERS.register("DECONVOLUTION")
def deconvolution(layer: Any, reader: LayerReader) -> Deconvolution:
    shape = (-1, layer.num_output_maps // layer.num_groups, *layer.kernel_size_nd)
    return Deconvolution(
        **_windows(layer),
        kernel=None if reader.has_input(1) else reader.weights(layer.kernel, shape),
        bias=reader.weights(layer.bias, (-1,)),
    )


@READERS.register("POOLING")
def pooling(layer: Any, reader: LayerReader) -> Pooling:
    return Pooling(
        type=reader.member(PoolingType, layer.type),
        window_size=tuple(layer.window_size_nd),
        stride=tuple(layer.stride_nd),
        pre_padding=tuple(layer.pre_padding),
        post_padding=tuple(layer.post_padding),
        padding_mode=reader.member(PaddingMode, layer.padding_mode),
        average_count_excludes_padding=layer.average_count_excludes_padding,
    )


@READERS.register("LRN")
def lrn(layer: Any, reader: LayerReader) -> LRN:
    return LRN(window_size=layer.window_size, alpha=layer.alpha, beta=layer.beta, k=layer.k)
