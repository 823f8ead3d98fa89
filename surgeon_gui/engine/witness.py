"""The second witness: what TensorRT's own ONNX parser makes of our ONNX export.

What a TensorRT layer computes is NVIDIA's to say, and without a GPU we cannot watch it. But NVIDIA
wrote an ONNX parser, and what ONNX means is written down: where the parser gives a layer other
parameters than our emitter does, one of our two readings of that layer is wrong. Benign
differences are those that `benign.py` takes out, each with its reason.
"""

from __future__ import annotations

import re
from typing import Any

from surgeon_gui.engine.benign import exported, meaning
from surgeon_gui.engine.emit import create_network
from surgeon_gui.engine.flat import (
    BOUNDARIES,
    LOOP_BOUNDARIES,
    LoopOutput,
    Recurrence,
    TripLimit,
    flattened,
)
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import logger_for
from surgeon_gui.engine.readback import read_network
from surgeon_gui.errors import EngineError
from surgeon_gui.network.check import compare_kinds
from surgeon_gui.network.ir import Kind, Layer, Network
from surgeon_gui.network.layers import (
    Cast,
    Constant,
    Identity,
    Shuffle,
)
from surgeon_gui.network.to_onnx import OPSETS, onnx_from_network


def witnessed(network: Network, flavour: Flavour, builder: Any) -> Network:
    """Return what TensorRT's ONNX parser makes of the ONNX export of `network`.

    Raises:
        EngineError: the parser refuses it, or makes layers that no kind stands for.
    """
    definition = create_network(builder, flavour)
    parser = flavour.module.OnnxParser(definition, logger_for(flavour.module))
    # The latest operator set says most in single operators, which leaves most to compare.
    model = onnx_from_network(network, opset=max(OPSETS))
    if not parser.parse(model.SerializeToString()):
        reasons = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise EngineError(f"TensorRT's ONNX parser refuses the export: {'; '.join(reasons)}.")
    return read_network(definition, flavour, fold=True)


def disagreements(network: Network, witness: Network) -> list[str]:
    """Return where the witness gives a layer of `network` other parameters, a sentence each."""
    flat = flattened(network)
    ours, theirs = flat.tensors, witness.tensors
    groups = _grouped(flat, witness)
    twice = _conditions(flat)
    found = _loop_disagreements(flat, witness)
    for layer in flat.layers:
        wanted = [] if isinstance(layer.kind, BOUNDARIES) else exported(layer, ours)
        if wanted:
            seen = [meaning(other, theirs) for other in groups[layer.name]]
            again = 2 if layer.name in twice else 1
            found += [f"{layer.name}: {text}" for text in _compare(wanted * again, seen)]
    return found


def _conditions(network: Network) -> set[str]:
    """Return the layers that decide whether a loop goes on: ONNX has them before it and in it."""
    makers = {tensor.name: layer for layer in network.layers for tensor in layer.outputs}
    pending = [layer for layer in network.layers if isinstance(layer.kind, TripLimit)]
    found: set[str] = set()
    while pending:
        for name in pending.pop().inputs:
            maker = makers.get(name)
            if maker is not None and _follows(maker, makers) and maker.name not in found:
                found.add(maker.name)
                pending.append(maker)
    return found


def _follows(layer: Layer, makers: dict[str, Layer]) -> bool:
    """Whether a layer stands in a loop: it reads a recurrence, if by others."""
    pending, seen = [layer], set()
    while pending:
        for name in pending.pop().inputs:
            maker = makers.get(name)
            if maker is None or maker.name in seen:
                continue
            if isinstance(maker.kind, Recurrence):
                return not isinstance(layer.kind, BOUNDARIES)
            seen.add(maker.name)
            pending.append(maker)
    return False


def _loop_disagreements(network: Network, witness: Network) -> list[str]:
    """Return where the parser stands other layers around a loop.

    It keeps the condition in a recurrence of its own, computed at the end of the turn before.
    """
    found = []
    for loop in dict.fromkeys(boundary.loop for boundary in _boundaries(network)):
        ours, theirs = (
            sorted(_told(item) for item in _boundaries(made) if item.loop == loop)
            for made in (network, witness)
        )
        expected = sorted([*ours, "Recurrence"])
        if theirs != expected:
            found.append(f"{loop}: the parser makes {theirs} of it instead of {expected}.")
    return found


def _boundaries(network: Network) -> list[Recurrence | TripLimit | LoopOutput]:
    return [layer.kind for layer in network.layers if isinstance(layer.kind, LOOP_BOUNDARIES)]


def _told(kind: Recurrence | TripLimit | LoopOutput) -> str:
    return "Recurrence" if isinstance(kind, Recurrence) else f"{kind.type_name} {kind.kind}"


def _grouped(network: Network, witness: Network) -> dict[str, list[Layer]]:
    """Return the witness's layers by the layer of ours whose ONNX nodes they came from.

    The parser names its layers after the ONNX nodes, which the export names after our layers; it
    numbers them when there are several.
    """
    groups: dict[str, list[Layer]] = {layer.name: [] for layer in network.layers}
    for other in witness.layers:
        name = re.sub(r"_\d+$", "", other.name)
        for candidate in (other.name, name):
            owner = candidate
            while owner and owner not in groups:
                owner = owner.rpartition("/")[0]
            if owner:
                groups[owner].append(other)
                break
    return groups


def _compare(wanted: list[Kind], seen: list[Kind]) -> list[str]:
    """Return what of `wanted` is not in `seen`, in order, and what else `seen` computes."""
    differences = []
    extra: list[Kind] = []
    for kind in wanted:
        place = next((i for i, other in enumerate(seen) if not compare_kinds(kind, other)), None)
        if place is not None:
            extra += seen[:place]
            seen = seen[place + 1 :]
            continue
        alike = next((other for other in seen if type(other) is type(kind)), None)
        if alike is None:
            differences.append(f"the parser makes no {kind.type_name} of it.")
        else:
            differences += compare_kinds(kind, alike)
    if not differences:
        differences = [
            f"the parser adds a layer {kind.type_name}."
            for kind in [*extra, *seen]
            if not _moves_nothing(kind)
        ]
    return differences


def _moves_nothing(kind: Kind) -> bool:
    """Whether a layer only changes a dtype, a rank or a name, as the parser often adds."""
    if isinstance(kind, Shuffle):
        return kind.first_transpose is None and kind.second_transpose is None
    return isinstance(kind, Cast | Identity | Constant)
