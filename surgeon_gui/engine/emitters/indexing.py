"""Layers that read or write where other tensors say."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.network.layers import (
    NMS,
    Gather,
    GatherMode,
    NonZero,
    OneHot,
    ReverseSequence,
    Scatter,
)


@EMITTERS.register("Gather")
def gather(kind: Gather, out: LayerEmitter) -> Any:
    made = out.net.add_gather_v2(*out.inputs, out.member(kind.mode))
    if made is not None:
        if kind.mode is not GatherMode.ND:
            made.axis = kind.axis
        made.num_elementwise_dims = kind.num_elementwise_dims
    return made


@EMITTERS.register("Scatter")
def scatter(kind: Scatter, out: LayerEmitter) -> Any:
    made = out.net.add_scatter(*out.inputs, out.member(kind.mode))
    if made is not None:
        made.axis = kind.axis
    return made


@EMITTERS.register("OneHot")
def one_hot(kind: OneHot, out: LayerEmitter) -> Any:
    return out.net.add_one_hot(*out.inputs, kind.axis)


@EMITTERS.register("ReverseSequence")
def reverse_sequence(kind: ReverseSequence, out: LayerEmitter) -> Any:
    made = out.net.add_reverse_sequence(*out.inputs)
    if made is not None:
        made.batch_axis = kind.batch_axis
        made.sequence_axis = kind.sequence_axis
    return made


@EMITTERS.register("NMS")
def nms(kind: NMS, out: LayerEmitter) -> Any:
    boxes, scores, most, *thresholds = out.inputs
    made = out.net.add_nms(boxes, scores, most)
    if made is None:
        return None
    made.topk_box_limit = kind.topk_box_limit
    made.bounding_box_format = out.member(kind.bounding_box_format)
    for index, tensor in enumerate(thresholds, 3):
        made.set_input(index, tensor)
    return made


@EMITTERS.register("NonZero")
def non_zero(kind: NonZero, out: LayerEmitter) -> Any:
    return out.net.add_non_zero(*out.inputs)
