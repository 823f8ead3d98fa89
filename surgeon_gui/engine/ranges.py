"""Dynamic ranges: TensorRT 8.6 and 10 are told how far tensors reach and round where they like.

This is how those versions did int8 before networks could hold Quantize layers, and it is all that
deep learning accelerators take. What a calibrator gave them came to the same: a range a tensor.

Source: Python API of TensorRT 8.6.1 and 10.16 (ITensor.set_dynamic_range, ILayer.precision).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surgeon_gui.engine.dtypes import data_type
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import BuildFailed, UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.quantize.ranges import load_ranges

# TensorRT refuses a range without width; so narrow a one rounds zeros to zeros.
_NARROWEST = 1e-6
_NAMED = 3


def give_ranges(spec: BuildSpec, definition: Any, flavour: Flavour) -> tuple[str, ...]:
    """Give the tensors of an INetworkDefinition the ranges of `spec`, and layers their float32.

    Returns:
        What is worth a warning: tensors whose range is not known.

    Raises:
        UsageError: none of the ranges, or one of the layers to keep, is of this network.
        OpenError: the file of ranges cannot be read.
        BuildFailed: TensorRT refuses a range.
    """
    if spec.ranges is None:
        return ()
    reach = load_ranges(spec.ranges).reach
    float32 = data_type(flavour, DType.FLOAT32)
    unknown, known = [], 0
    for tensor in _tensors(definition):
        if tensor.dtype != float32:
            continue
        if tensor.name not in reach:
            unknown.append(tensor.name)
            continue
        known += 1
        width = max(reach[tensor.name], _NARROWEST)
        if not tensor.set_dynamic_range(-width, width):
            raise BuildFailed(f"TensorRT refuses the range {width:g}.", where=tensor.name)
    if not known:
        raise UsageError(
            "None of the ranges is of a tensor of this network.",
            where=str(spec.ranges),
            hint="Calibrate again: surgeon quantize MODEL --data SAMPLES -o RANGES.cache",
        )
    _keep(spec.kept, definition, float32)
    if not unknown:
        return ()
    names = ", ".join(unknown[:_NAMED]) + (" …" if len(unknown) > _NAMED else "")
    return (
        f"{len(unknown)} of {known + len(unknown)} tensors have no range ({names}); "
        "TensorRT may compute in float32 there.",
    )


def _tensors(definition: Any) -> Iterator[Any]:
    for index in range(definition.num_inputs):
        yield definition.get_input(index)
    for layer in _layers(definition):
        for port in range(layer.num_outputs):
            yield layer.get_output(port)


def _layers(definition: Any) -> Iterator[Any]:
    for index in range(definition.num_layers):
        yield definition.get_layer(index)


def _keep(kept: tuple[str, ...], definition: Any, float32: Any) -> None:
    """Ask for float32 at layers of these names, or of GraphDef nodes of these names."""
    waiting = set(kept)
    for layer in _layers(definition):
        found = {layer.name, *layer.metadata.split()}.intersection(kept)
        if not found:
            continue
        waiting -= found
        layer.precision = float32
        for port in range(layer.num_outputs):
            tensor = layer.get_output(port)
            if tensor.dtype == float32:
                layer.set_output_type(port, float32)
    if waiting:
        raise UsageError(
            "No layer is called so, or comes from such a node.",
            where=min(waiting),
            hint="Take a name from the graph, or from the list of layers.",
        )
