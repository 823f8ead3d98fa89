"""The walk over a network's layers that makes an ONNX model, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from surgeon_gui.errors import ConvertError
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.network.ir import Network, Tensor
from surgeon_gui.network.layers import Constant
from surgeon_gui.network.to_onnx.file import model_chunks, moved_out
from surgeon_gui.network.to_onnx.writer import LAYERS, LayerWriter, ModelWriter, onnx_dtype

PROTOBUF_LIMIT = 2**31 - 1
"""The largest message protobuf reads back, in bytes."""

_HEADROOM = 64 * 2**20


def onnx_from_network(network: Network, *, outputs: Sequence[str] | None = None) -> onnx.ModelProto:
    """Return the ONNX model that computes what `network` computes.

    Tensor names are kept; the first node of a layer has the layer's name and every node lists the
    GraphDef nodes it came from in its doc string. Plugins become nodes of the domain
    `surgeon.plugins`.

    Args:
        network: the network.
        outputs: names of the tensors to mark as outputs, any of the network's; None: its own.

    Raises:
        ConvertError: a layer has no ONNX form, or an output does not exist.
    """
    writer = _export(network, outputs)
    for tensor, array in writer.initializers:
        tensor.raw_data = array.tobytes()
        writer.model.graph.initializer.append(tensor)
    return writer.model


def save_onnx(
    network: Network,
    path: str | Path,
    *,
    outputs: Sequence[str] | None = None,
    inline_limit: int = PROTOBUF_LIMIT - _HEADROOM,
) -> int:
    """Write the ONNX model of `network`; return the bytes written.

    Weights of more than `inline_limit` bytes in sum go to `<file name>.data` beside the model: an
    ONNX file itself ends at 2 GiB. Both are written under temporary names, then renamed. Weights
    are written from where they are, never copied.

    Raises:
        ConvertError: a layer has no ONNX form, or an output does not exist.
        SaveError: writing failed; an older file is as it was.
    """
    target = Path(path)
    writer = _export(network, outputs)
    written = 0
    if network.weight_bytes > inline_limit:
        written = write_atomically(
            target.with_name(f"{target.name}.data"), moved_out(writer, f"{target.name}.data")
        )
    return written + write_atomically(target, model_chunks(writer), limit=PROTOBUF_LIMIT)


def _export(network: Network, outputs: Sequence[str] | None) -> ModelWriter:
    tensors = network.tensors
    wanted = tuple(network.outputs if outputs is None else outputs)
    _check_outputs(network, wanted, tensors)
    writer = ModelWriter(tensors)
    graph = writer.model.graph
    graph.name = "network"
    for tensor in network.inputs:
        _declare(graph.input.add(), tensor)
    for layer in network.layers:
        out = LayerWriter(
            writer, layer, tuple(tensors[name] for name in layer.inputs), layer.outputs
        )
        if isinstance(layer.kind, Constant) and layer.outputs[0].name not in wanted:
            writer.store(layer.kind.weights_, layer.outputs[0].name)
            continue
        LAYERS[layer.kind.type_name](layer.kind, out)
        for tensor in layer.outputs:
            if tensor.name not in wanted:
                _declare(graph.value_info.add(), tensor)
    for name in wanted:
        _declare(graph.output.add(), tensors[name])
    return writer


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


def _declare(info: onnx.ValueInfoProto, tensor: Tensor) -> None:
    """Fill in name, dtype and dimensions; an unknown dimension gets a name of its own."""
    info.name = tensor.name
    kind = info.type.tensor_type
    kind.elem_type = onnx_dtype(tensor.dtype)
    kind.shape.SetInParent()
    for axis, size in enumerate(tensor.shape):
        dim = kind.shape.dim.add()
        if size >= 0:
            dim.dim_value = size
        else:
            dim.dim_param = f"{tensor.name}.{axis}"
