"""What NVIDIA's converter does to every graph before converting it."""

from __future__ import annotations

from collections.abc import Iterable

from surgeon_gui.uff.wiring import N, Wiring, clean_name, last_component

_DILATED = ("SpaceToBatchND", "Conv2D", "BatchToSpaceND")
_DILATED_DEPTHWISE = ("SpaceToBatchND", "DepthwiseConv2dNative", "BatchToSpaceND")
_SOFTMAX = ("Sub", "Pack", "Slice", "ConcatV2", "Reshape", "Softmax", "Reshape")


def remove_asserts(wiring: Wiring[N]) -> None:
    """Delete all Assert nodes with what only they use."""
    asserts = wiring.find_by_op("Assert")
    if asserts:
        wiring.remove([node.name for node in asserts], exclusive=True)


def process_dilated_conv(wiring: Wiring[N], *, depthwise: bool = False) -> None:
    """Fold SpaceToBatchND → Conv2D → BatchToSpaceND into the convolution.

    The convolution's inputs become data, block shape, paddings, crops, weights. The crops are the
    input of BatchToSpaceND named so, else its third.

    Args:
        wiring: changed in place.
        depthwise: do the same for depthwise convolutions, which NVIDIA's pass leaves alone.
    """
    kinds = (_DILATED, _DILATED_DEPTHWISE) if depthwise else (_DILATED,)
    for ops in kinds:
        for chain in wiring.chains_by_op(ops):
            first, convolution, last = chain[0], chain[-2], chain[-1]
            if last.name not in wiring.node_map:
                continue
            crops = [text for text in last.input if last_component(text) == "crops"]
            if not crops and len(last.input) < 3:
                continue
            text = crops[0] if crops else last.input[2]
            if text not in first.input:
                wiring.rewire(first, [*first.input, text])
            others = [
                clean_name(other)
                for other in last.input
                if other != text and clean_name(other) != convolution.name
            ]
            kept = [other for other in last.input if clean_name(other) == convolution.name]
            wiring.rewire(last, kept)
            _remove_unused(wiring, others, exclusive=True)
            wiring.forward_inputs([first.name, last.name])


def process_softmax(wiring: Wiring[N]) -> None:
    """Unwrap a Softmax that old TensorFlow flattened to two dimensions.

    Its inputs become the data and the axis of the ConcatV2 that computed the flat shape, which the
    converter reads as axis 0.
    """
    for chain in wiring.chains_by_op(_SOFTMAX):
        sub, pack, cut, concat, flatten, _, restore = chain[:1] + chain[-6:]
        if any(node.name not in wiring.node_map for node in (cut, concat, flatten, restore)):
            continue
        dropped = {sub.name, pack.name, cut.name}
        for node, pattern in ((cut, "Shape.*"), (concat, "values.*"), (restore, "Shape.*")):
            dropped.update(producer.name for producer in wiring.inputs_named(node, pattern))
        for node in (concat, restore):
            wiring.rewire(node, [text for text in node.input if clean_name(text) not in dropped])
        _remove_unused(wiring, dropped)
        wiring.forward_inputs([concat.name, flatten.name, restore.name])


def _remove_unused(wiring: Wiring[N], names: Iterable[str], *, exclusive: bool = False) -> None:
    """Delete those of the nodes that no node outside of them uses."""
    gone = set(names)
    while used := {
        name for name in gone if any(node.name not in gone for node in wiring.consumers[name])
    }:
        gone -= used
    wiring.remove(gone, exclusive=exclusive)
