"""The build: load the network, give it to TensorRT, check what it got, build, write the plan."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from surgeon_gui.engine.apart import taken_apart
from surgeon_gui.engine.config import check_options, configure, store_timing_cache, targets_of
from surgeon_gui.engine.devices import current_capability
from surgeon_gui.engine.emit import Emission, create_network, emit
from surgeon_gui.engine.flavours import Flavour, choose_flavour, runs_on
from surgeon_gui.engine.log import collected, logger_for
from surgeon_gui.engine.narrow import narrowed_for
from surgeon_gui.engine.onnx_route import parse_onnx
from surgeon_gui.engine.plugins import load_plugins
from surgeon_gui.engine.progress import Phases, progress_monitor
from surgeon_gui.engine.ranges import give_ranges
from surgeon_gui.engine.readback import read_interface, read_network, unreadable_as_zeros
from surgeon_gui.engine.uff_parser import parse_uff
from surgeon_gui.errors import BuildFailed, EngineError, JobCancelled, PlanMismatch, UsageError
from surgeon_gui.graph.graphdef import check_writable, write_atomically
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.engine_card import EngineCard, sha256_of, write_card
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, TensorInfo
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Network, Tensor
from surgeon_gui.network.layers import Plugin, Quantize
from surgeon_gui.network.precision import with_precision
from surgeon_gui.network.store import load_network

_LOG = logging.getLogger(__name__)

_SHOWN_DIFFERENCES = 5

Origins = Mapping[str, tuple[str, ...]]
"""GraphDef nodes by the layer and tensor names TensorRT may speak of."""

_MEMORY = "There is too little memory. Close other programs, or lower the workspace limit."
_HINTS = {
    "no tactics": "Raise the workspace limit.",
    "libnvinfer_lean": "Version-compatible engines need the lean runtime; leave that out.",
    "graph_jit.cpp": "This option needs a GPU while building; leave it out.",
    "no runners that implement it": "This TensorRT cannot build that layer.",
    "HW-specific datatypes": "One of the GPUs has no such dtype; choose newer ones or fp16.",
    "Cuda failure": "Building needs a working CUDA driver here.",
    "out of memory": _MEMORY,
    "bad_alloc": _MEMORY,
    "Resource temporarily unavailable": _MEMORY,
    "Cannot allocate memory": _MEMORY,
}
"""What to do, by a piece of TensorRT's message."""


@dataclass(frozen=True)
class Given:
    """What the builder was given.

    Attributes:
        definition: the INetworkDefinition.
        network: what it holds; inputs and outputs alone where a parser made it.
        origins: GraphDef nodes by the names TensorRT may speak of.
        lender: owns memory the definition reads until the build is over.
    """

    definition: Any
    network: Network
    origins: Origins
    lender: object


def build(spec: BuildSpec, report: Report) -> BuildResult:
    """Build the engine `spec` asks for; the plan replaces `spec.engine` only when all went well.

    Raises:
        UsageError: an option is wrong, or this TensorRT does not have it.
        EngineError: TensorRT is missing or refuses; `where` is the GraphDef node where known.
        JobCancelled: the report was cancelled.
        SaveError: the plan cannot be written.
    """
    _check_place(spec)
    here = current_capability()
    report.progress("Loading TensorRT")
    flavour = choose_flavour(spec.flavour, here)
    check_options(spec, flavour)
    if spec.ranges is not None:
        flavour = replace(flavour, chooses=True)
    targets = targets_of(spec, flavour)
    load_plugins(flavour, spec.plugins)
    with collected() as said:
        builder = _builder(flavour)
        if spec.route == "onnx":
            report.progress("Reading the ONNX file")
            definition, parser = parse_onnx(spec.network, builder, flavour)
            _check_typed(spec, definition, flavour)
            given = Given(definition, read_interface(definition), {}, parser)
        elif spec.route == "uff":
            report.progress("Reading the UFF file")
            definition, parser = parse_uff(spec.network, builder, flavour)
            given = Given(definition, read_interface(definition), {}, parser)
        else:
            given = _give(_load(spec, report), builder, flavour, report)
        unknown = give_ranges(spec, given.definition, flavour)
        report.progress("Building the engine")
        config = configure(builder, flavour, spec, targets, given.network)
        plan = _run(builder, given, config, flavour, report, said.errors)
        report.progress("Writing the engine")
        size = write_atomically(spec.engine, [memoryview(plan)])
        store_timing_cache(config, spec)
    warnings = [*unknown, *said.warnings]
    if not runs_on(flavour.id, here):
        warnings.insert(0, f"The GPU here ({here}) does not run plans of {flavour.title}.")
    result = BuildResult(
        path=spec.engine,
        bytes=size,
        layers=given.definition.num_layers,
        tensorrt=flavour.version,
        flavour=flavour.id,
        route=spec.route,
        gpu=targets,
        inputs=_described(given.network.inputs),
        outputs=_described(given.network.output_tensors),
        warnings=tuple(warnings),
    )
    _write_card(spec, result, given)
    return result


def _check_place(spec: BuildSpec) -> None:
    """Make sure that the plan can be written, and over nothing it is made from.

    Raises:
        UsageError: the engine's file is the model's.
        SaveError: the folder cannot be written.
    """
    sources = [spec.network]
    if spec.provenance is not None:
        sources.append(Path(spec.provenance.model))
    for source in sources:
        if source.is_file() and spec.engine.is_file() and source.samefile(spec.engine):
            raise UsageError(
                "The engine would overwrite the file it is made from.",
                where=str(spec.engine),
                hint=f"Name another file, such as {source.with_suffix('.engine').name}.",
            )
    check_writable(spec.engine)


def _write_card(spec: BuildSpec, result: BuildResult, given: Given) -> None:
    card = EngineCard(
        sha256=sha256_of(spec.engine),
        bytes=result.bytes,
        flavour=result.flavour,
        tensorrt=result.tensorrt,
        gpus=result.gpu,
        inputs=result.inputs,
        outputs=result.outputs,
        settings=spec,
        network_sha256=sha256_of(spec.network),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        layers={name: nodes for name, nodes in given.origins.items() if nodes},
        provenance=spec.provenance,
    )
    write_card(spec.engine, card)


def _described(tensors: Iterable[Tensor]) -> tuple[TensorInfo, ...]:
    return tuple(TensorInfo(item.name, item.dtype.text, item.shape) for item in tensors)


def _load(spec: BuildSpec, report: Report) -> Network:
    if spec.route != "direct":
        raise UsageError(
            f"An engine cannot be built by the route {spec.route!r} here.",
            where="route",
            hint="Choose `direct`, `onnx` for an .onnx file, or `uff` for a .uff file.",
        )
    report.progress("Loading the network")
    network = load_network(spec.network)
    if spec.precision == "fp32":
        return network
    if spec.precision in ("fp16", "bf16"):
        report.progress(f"Converting to {spec.precision}")
        half = DType.FLOAT16 if spec.precision == "fp16" else DType.BFLOAT16
        return with_precision(network, half, spec.kept, half_ends=spec.half_ends)
    is_rounded = any(isinstance(layer.kind, Quantize) for layer in network.layers)
    if spec.ranges is not None and is_rounded:
        raise UsageError(
            "This network is rounded already, so TensorRT takes no ranges beside it.",
            where="ranges",
            hint="Give the float32 network, or leave the ranges out.",
        )
    if spec.precision == "int8" and (is_rounded or spec.ranges is not None):
        return network
    raise UsageError(
        f"This network cannot be built in {spec.precision}: it has no quantization scales."
        if spec.precision == "int8"
        else f"There is no precision {spec.precision!r}.",
        where="precision",
        hint="Quantize it first: surgeon quantize MODEL --data SAMPLES -o OUT.network"
        if spec.precision == "int8"
        else "Choose fp32, fp16, bf16 or int8.",
    )


def _check_typed(spec: BuildSpec, definition: Any, flavour: Flavour) -> None:
    """Make sure that a file is in the precision asked for, where TensorRT does not change it.

    Raises:
        UsageError: it is not.
    """
    named = {"fp16": "HALF", "bf16": "BF16", "int8": "INT8"}.get(spec.precision)
    if named is None or not flavour.strongly_typed:
        return
    layers = (definition.get_layer(place) for place in range(definition.num_layers))
    made = (layer.get_output(port) for layer in layers for port in range(layer.num_outputs))
    if not any(tensor.dtype.name == named for tensor in made):
        raise UsageError(
            f"Nothing in this file is {spec.precision}, and {flavour.title} keeps its precision.",
            where="precision",
            hint="Build from the graph, which is converted, or write the file in that precision.",
        )


def _builder(flavour: Flavour) -> Any:
    try:
        builder = flavour.module.Builder(logger_for(flavour.module))
    except (TypeError, RuntimeError) as error:
        raise EngineError(
            f"{flavour.title} cannot start a builder: {str(error).strip()}.",
            hint="It needs an NVIDIA GPU and driver; TensorRT for RTX builds without.",
        ) from error
    return builder


def _give(network: Network, builder: Any, flavour: Flavour, report: Report) -> Given:
    """Emit `network`, read it back and compare."""
    report.progress("Adding the layers")
    expected = narrowed_for(taken_apart(network, flavour), flavour)
    definition = create_network(builder, flavour)
    emission = emit(expected, flavour, definition)
    report.progress("Checking the layers")
    if any(isinstance(layer.kind, Plugin) for layer in expected.layers):
        _LOG.warning("Plugins cannot be read back; the other layers are checked by TensorRT alone.")
    else:
        differences = same_network(unreadable_as_zeros(expected), read_network(definition, flavour))
        if differences:
            raise PlanMismatch(
                "TensorRT holds another network than it was given: "
                + " ".join(differences[:_SHOWN_DIFFERENCES]),
                hint="Please report this; nothing was built.",
            )
    return Given(definition, expected, _names(emission, expected), emission)


def _names(emission: Emission, network: Network) -> Origins:
    """Return the GraphDef nodes by every layer and tensor name TensorRT may speak of."""
    origins = dict(emission.origins)
    for layer in network.layers:
        for tensor in layer.outputs:
            origins.setdefault(tensor.name, layer.origin)
    return origins


def _run(
    builder: Any,
    given: Given,
    config: Any,
    flavour: Flavour,
    report: Report,
    errors: list[str],
) -> Any:
    """Return the serialized plan."""
    phases = Phases(report)
    monitor = progress_monitor(flavour, phases)
    if monitor is not None:
        config.progress_monitor = monitor
    plan = builder.build_serialized_network(given.definition, config)
    if phases.cancelled or report.is_cancelled:
        raise JobCancelled("The build was cancelled.")
    if plan is None:
        raise build_error(errors, given.origins)
    return plan


def _speaks_of(name: str, text: str) -> bool:
    """Whether `name` stands in `text` as a whole, not as part of another name."""
    return re.search(rf"(?<![\w/.]){re.escape(name)}(?![\w/])", text) is not None


def build_error(errors: list[str], origins: Origins) -> BuildFailed:
    """Return the error for TensorRT's messages, with the node they speak of where they name one."""
    text = " ".join(errors) or "TensorRT gives no reason."
    named = [name for name in origins if name in text and _speaks_of(name, text)]
    where = None
    if named:
        longest = max(named, key=len)
        where = origins[longest][0] if origins[longest] else longest
    known = (hint for piece, hint in _HINTS.items() if piece in text)
    hint = next(known, "All that TensorRT said is in the build's log.")
    return BuildFailed(f"TensorRT cannot build this network. {text}", where=where, hint=hint)
