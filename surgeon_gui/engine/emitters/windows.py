"""Convolution, Deconvolution, Pooling, LRN."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.network.layers import LRN, Convolution, Deconvolution, Pooling


def _set_windows(made: Any, kind: Convolution | Deconvolution) -> None:
    made.stride_nd = kind.stride
    made.pre_padding = kind.pre_padding
    made.post_padding = kind.post_padding
    made.dilation_nd = kind.dilation
    made.num_groups = kind.num_groups


@EMITTERS.register("Convolution")
def convolution(kind: Convolution, out: LayerEmitter) -> Any:
    made = out.net.add_convolution_nd(
        out.inputs[0],
        kind.num_output_maps,
        kind.kernel_size,
        out.weights(kind.kernel),
        out.weights(kind.bias, like=kind.kernel),
    )
    if made is not None:
        _set_windows(made, kind)
        made.padding_mode = out.member(kind.padding_mode)
        if kind.kernel is None:
            made.set_input(1, out.inputs[1])
    return made


@EMITTERS.register("Deconvolution")
def deconvolution(kind: Deconvolution, out: LayerEmitter) -> Any:
    made = out.net.add_deconvolution_nd(
        out.inputs[0],
        kind.num_output_maps,
        kind.kernel_size,
        out.weights(kind.kernel),
        out.weights(kind.bias, like=kind.kernel),
    )
    if made is not None:
        _set_windows(made, kind)
        if kind.kernel is None:
            made.set_input(1, out.inputs[1])
    return made


@EMITTERS.register("Pooling")
def pooling(kind: Pooling, out: LayerEmitter) -> Any:
    made = out.net.add_pooling_nd(out.inputs[0], out.member(kind.type), kind.window_size)
    if made is not None:
        made.stride_nd = kind.stride
        made.pre_padding = kind.pre_padding
        made.post_padding = kind.post_padding
        made.padding_mode = out.member(kind.padding_mode)
        made.average_count_excludes_padding = kind.average_count_excludes_padding
    return made


@EMITTERS.register("LRN")
def lrn(kind: LRN, out: LayerEmitter) -> Any:
    return out.net.add_lrn(out.inputs[0], kind.window_size, kind.alpha, kind.beta, kind.k)
