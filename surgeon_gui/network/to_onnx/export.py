"""The walk over a network's layers that makes an ONNX model, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from surgeon_gui.errors import ConvertError, UsageError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers import Constant
from surgeon_gui.network.to_onnx.file import model_chunks, moved_out
from surgeon_gui.network.to_onnx.writer import (
    LAYERS,
    OPSET,
    OPSETS,
    LayerWriter,
    ModelWriter,
    NeedsOpset,
    declare,
    pooled_tensors,
)

PROTOBUF_LIMIT = 2**31 - 1
"""The largest message protobuf reads back, in bytes."""

_HEADROOM = 64 * 2**20


def onnx_from_network(
    network: Network, *, outputs: Sequence[str] | None = None, opset: int | None = None
) -> onnx.ModelProto:
    """Return the ONNX model that computes what `network` computes.

    Tensor names are kept; the first node of a layer has the layer's name and every node lists the
    GraphDef nodes it came from in its doc string. Plugins become nodes of the domain
    `surgeon.plugins`.

    Args:
        network: the network.
        outputs: names of the tensors to mark as outputs, any of the network's; None: its own.
        opset: the ONNX operator set to write, one of `OPSETS`; None: `OPSET`, or the earliest after
            it that has all the layers.

    Raises:
        ConvertError: a layer has no ONNX form, or none in this operator set, or an output does not
            exist.
        UsageError: the operator set cannot be written.
    """
    writer = _export(network, outputs, opset)
    for tensor, array in writer.initializers:
        tensor.raw_data = array.tobytes()
        writer.model.graph.initializer.append(tensor)
    return writer.model


def save_onnx(
    network: Network,
    path: str | Path,
    *,
    outputs: Sequence[str] | None = None,
    opset: int | None = None,
    inline_limit: int = PROTOBUF_LIMIT - _HEADROOM,
) -> int:
    """Write the ONNX model of `network`; return the bytes written.

    Weights of more than `inline_limit` bytes in sum go to `<file name>.data` beside the model: an
    ONNX file itself ends at 2 GiB. Both are written under temporary names, then renamed. Weights
    are written from where they are, never copied.

    Outputs and operator set are as for `onnx_from_network`.

    Raises:
        ConvertError: a layer has no ONNX form, or an output does not exist.
        UsageError: the operator set cannot be written.
        SaveError: writing failed; an older file is as it was.
    """
    target = Path(path)
    writer = _export(network, outputs, opset)
    written = 0
    if network.weight_bytes > inline_limit:
        written = write_atomically(
            target.with_name(f"{target.name}.data"), moved_out(writer, f"{target.name}.data")
        )
    return written + write_atomically(target, model_chunks(writer), limit=PROTOBUF_LIMIT)


def _export(network: Network, outputs: Sequence[str] | None, opset: int | None) -> ModelWriter:
    if opset is not None and opset not in OPSETS:
        raise UsageError(
            f"ONNX opset {opset} cannot be written.",
            where="opset",
            hint=f"Choose one from {min(OPSETS)} to {max(OPSETS)}; {OPSET} suits most readers.",
        )
    wanted = tuple(network.outputs if outputs is None else outputs)
    tensors = network.tensors
    _check_outputs(network, wanted, tensors)
    chosen = OPSET if opset is None else opset
    while True:
        writer = ModelWriter(tensors, chosen, pooled_tensors(network))
        found = _write(network, wanted, writer)
        if found is None:
            return writer
        layer, needed = found
        if opset is not None:
            raise ConvertError(
                f"This {layer.kind.type_name} layer needs ONNX opset {needed}.",
                where=layer.origin[0] if layer.origin else layer.name,
                hint=f"Export with opset {needed} or later, or leave the choice to the program.",
            )
        chosen = needed


def _write(
    network: Network, wanted: tuple[str, ...], writer: ModelWriter
) -> tuple[Layer, int] | None:
    """Fill the writer's model; return the layer that needs a later operator set, and which."""
    tensors = writer.tensors
    graph = writer.model.graph
    graph.name = "network"
    for tensor in network.inputs:
        declare(graph.input.add(), tensor)
    for layer in network.layers:
        out = LayerWriter(
            writer, layer, tuple(tensors[name] for name in layer.inputs), layer.outputs
        )
        if isinstance(layer.kind, Constant) and layer.outputs[0].name not in wanted:
            writer.store(layer.kind.weights_, layer.outputs[0].name)
            continue
        try:
            LAYERS[layer.kind.type_name](layer.kind, out)
        except NeedsOpset as need:
            return layer, need.opset
        for tensor in layer.outputs:
            if tensor.name not in wanted:
                declare(graph.value_info.add(), tensor)
    for name in wanted:
        declare(graph.output.add(), tensors[name])
    return None


def _check_outputs(network: Network, wanted: tuple[str, ...], tensors: dict[str, Tensor]) -> None:
    inputs = {tensor.name for tensor in network.inputs}
    for name in wanted:
        if name not in tensors:
            raise ConvertError("The network has no such tensor.", where=name)
        if name in inputs:
            raise ConvertError(
                "This output is an input of the network; a network must compute something.",
                where=name,
            )
    if len(set(wanted)) != len(wanted):
        raise ConvertError("A tensor is asked for twice.", where=", ".join(wanted))
