"""The test-run of an engine: feed it, time it, take its outputs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from surgeon_gui.compare.finite import non_finite
from surgeon_gui.compare.images import image_arrays
from surgeon_gui.compare.inputs import load_arrays, random_inputs, save_npz
from surgeon_gui.engine.cuda import Cuda, Event, open_cuda
from surgeon_gui.engine.devices import Device, find_devices
from surgeon_gui.engine.fits import gpu_obstacle
from surgeon_gui.engine.flavours import Flavour, load_flavour
from surgeon_gui.engine.lane import Lane, has_graph_strategy
from surgeon_gui.engine.load import Engine, load_engine
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.plan import read_plan_header
from surgeon_gui.engine.plugins import load_plugins
from surgeon_gui.engine.tensors import Dims, Interface, IoTensor, chosen_shape, interface_of
from surgeon_gui.errors import RunFailed, UsageError
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.jobs.engine_card import EngineCard, nodes_of, read_card
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.run_spec import Latency, LayerTime, RunResult, RunSpec

PROFILED_RUNS = 20
_REPORT_EVERY = 0.1


@dataclass(frozen=True)
class Executed:
    """A run and the tensors of it.

    Attributes:
        result: what was measured.
        feeds: the inputs, by name.
        outputs: the outputs, by name.
    """

    result: RunResult
    feeds: Mapping[str, Array]
    outputs: Mapping[str, Array]


def run(spec: RunSpec, report: Report) -> Executed:
    """Run the engine `spec` names on this machine's GPU.

    Raises:
        OpenError: a file cannot be read.
        UsageError: an input is missing or does not fit.
        RunFailed: the engine does not run here; the message says why.
        JobCancelled: the report was cancelled.
    """
    check(spec)
    header = read_plan_header(spec.engine)
    card = read_card(spec.engine)
    report.progress("Looking for the GPU")
    devices = find_devices()
    there = spec.device < len(devices.devices)
    if devices.devices and not there:
        raise UsageError(f"There is no GPU number {spec.device} here.", where="device")
    device = devices.devices[spec.device] if there else None
    built_for = card.gpus if card is not None else ()
    obstacle = gpu_obstacle(header.flavour, built_for, device, devices.problem)
    if obstacle is not None or device is None:
        reason = obstacle.reason if obstacle else "There is no GPU here."
        hint = obstacle.hint if obstacle else None
        raise RunFailed(reason, where=str(spec.engine), hint=hint)
    report.progress("Loading TensorRT")
    flavour = load_flavour(header.flavour)
    with open_cuda(spec.device) as cuda:
        load_plugins(flavour, spec.plugins)
        before = cuda.memory()[0]
        report.progress("Loading the engine")
        loaded = load_engine(spec.engine, flavour, device, built_for)
        return execute(loaded, cuda, spec, device, report, card=card, free_before=before)


def check(spec: RunSpec) -> None:
    """Find out before any work whether the options make sense.

    Raises:
        UsageError: one does not; `where` is the option.
    """
    lowest = {"iterations": 1, "warmup": 0, "streams": 1, "profile": 0, "batch": 1}
    for name, low in lowest.items():
        value = getattr(spec, name)
        if value is not None and value < low:
            raise UsageError(f"There must be at least {low}.", where=name)


def execute(
    loaded: Engine,
    cuda: Cuda,
    spec: RunSpec,
    device: Device,
    report: Report,
    *,
    card: EngineCard | None = None,
    free_before: int | None = None,
) -> Executed:
    """Run a loaded engine; `free_before` is the GPU's free memory before it was loaded."""
    interface = interface_of(loaded.engine, loaded.flavour)
    feeds = feeds_for(interface, spec, _given(interface, spec))
    warnings: list[str] = []
    with collected() as said:
        report.progress("Making room on the GPU")
        before = cuda.memory()[0] if free_before is None else free_before
        lanes = [
            Lane(loaded, interface, cuda, feeds, profile=spec.profile, cuda_graph=spec.cuda_graph)
            for _ in range(spec.streams)
        ]
        to_device = _timed(cuda, lanes[0], lanes[0].send)
        for lane in lanes[1:]:
            lane.send()
        used = max(0, before - cuda.memory()[0])
        try:
            _warm_up(lanes, spec, report)
            if spec.cuda_graph:
                warnings += _capture(lanes, loaded.flavour, cuda)
            latencies, seconds = _time(lanes, cuda, spec.iterations, report)
            hosts: dict[str, Any] = {}
            to_host = _timed(cuda, lanes[0], lambda: hosts.update(lanes[0].fetch()))
            outputs = {name: host.array.copy() for name, host in hosts.items()}
            layers = _profile(lanes[0], loaded.flavour, spec, report) if spec.layers else []
        except RunFailed as error:
            raise RunFailed(
                " ".join([error.message, *said.errors]), where=error.where, hint=error.hint
            ) from error
    if spec.save_outputs is not None:
        save_npz(spec.save_outputs, outputs)
    origins = card.layers if card is not None else {}
    total = sum(ms for _, ms in layers)
    result = RunResult(
        device=device.name,
        capability=device.capability,
        flavour=loaded.flavour.id,
        tensorrt=loaded.flavour.version,
        inputs=_described(interface.tensors, feeds, inputs=True),
        outputs=_described(interface.tensors, outputs, inputs=False),
        latency_ms=latency_of(latencies),
        latencies_ms=tuple(latencies),
        to_device_ms=to_device,
        to_host_ms=to_host,
        throughput=len(latencies) / seconds,
        layers=tuple(
            LayerTime(name, ms, ms / total if total else 0.0, nodes_of(name, origins))
            for name, ms in layers
        ),
        gpu_memory_bytes=used,
        non_finite=non_finite(outputs),
        saved=spec.save_outputs,
        precision=card.settings.precision if card is not None else None,
        warnings=(*warnings, *said.warnings),
    )
    return Executed(result, feeds, outputs)


def _given(interface: Interface, spec: RunSpec) -> dict[str, Array]:
    """Return the arrays that are not drawn: of a file, of images."""
    given: dict[str, Array] = {}
    types = {}
    for tensor in interface.tensors:
        if tensor.is_input:
            wanted = _wanted(interface, tensor, spec)
            shape = chosen_shape(tensor, wanted, interface.corners(tensor.name, spec.profile))
            types[tensor.name] = TensorType(tensor.dtype, Shape(shape))
    if spec.inputs is not None:
        given |= load_arrays(spec.inputs, tuple(types))
    if spec.images is not None:
        given |= image_arrays(spec.images, types)
    return given


def _wanted(interface: Interface, tensor: IoTensor, spec: RunSpec) -> Dims | None:
    """Return the shape asked for an input, None where nothing is."""
    given = spec.shapes.get(tensor.name)
    corners = interface.corners(tensor.name, spec.profile)
    if given is not None or spec.batch is None or corners is None or tensor.shape[:1] != (-1,):
        return given
    return (spec.batch, *corners[1][1:])


def feeds_for(interface: Interface, spec: RunSpec, given: Mapping[str, Array]) -> dict[str, Array]:
    """Return an array per input: those given, else random ones.

    Raises:
        UsageError: a file was given and lacks an input, or an array or a shape does not fit.
    """
    inputs = {tensor.name: tensor for tensor in interface.tensors if tensor.is_input}
    for name in (*spec.shapes, *given):
        if name not in inputs:
            raise UsageError(
                "The engine has no such input.",
                where=name,
                hint=f"Its inputs are {', '.join(inputs) or 'none'}.",
            )
    feeds = {}
    for name, tensor in inputs.items():
        array = given.get(name)
        if array is None and spec.inputs is not None:
            raise UsageError(
                "The inputs file has no array for this input.",
                where=name,
                hint=f"It holds {', '.join(given) or 'nothing'}.",
            )
        wanted = _wanted(interface, tensor, spec)
        if array is not None:
            wanted = tuple(array.shape)
        shape = chosen_shape(tensor, wanted, interface.corners(name, spec.profile))
        feeds[name] = _random(tensor, shape, spec) if array is None else _cast(tensor, array)
    return feeds


def _random(tensor: IoTensor, shape: Dims, spec: RunSpec) -> Array:
    kind = TensorType(tensor.dtype, Shape(shape))
    return random_inputs({tensor.name: kind}, spec.seed, spec.distribution)[tensor.name]


def _cast(tensor: IoTensor, array: Array) -> Array:
    wanted = np.dtype(tensor.dtype.numpy)
    if array.dtype == wanted:
        return array
    # bfloat16 and float8 are no numpy kinds; they come as float32.
    if wanted.kind != "V" and not np.can_cast(array.dtype, wanted, "same_kind"):
        raise UsageError(
            f"The array is {array.dtype}, the engine's input is {tensor.dtype.text}.",
            where=tensor.name,
        )
    return array.astype(wanted)


def _timed(cuda: Cuda, lane: Lane, work: Any) -> float:
    """Return the milliseconds the GPU takes for what `work` queues."""
    start, end = cuda.event(), cuda.event()
    start.record(lane.stream)
    work()
    end.record(lane.stream)
    end.wait()
    spent = end.since(start)
    start.close()
    end.close()
    return spent


def _warm_up(lanes: Sequence[Lane], spec: RunSpec, report: Report) -> None:
    report.progress("Warming up")
    # A context's first run makes its tactics ready; a graph cannot be captured before it.
    for _ in range(max(spec.warmup, 1)):
        for lane in lanes:
            lane.enqueue()
    for lane in lanes:
        lane.stream.synchronize()


def _capture(lanes: Sequence[Lane], flavour: Flavour, cuda: Cuda) -> list[str]:
    """Make each lane's run a CUDA graph; return why not, where it cannot be."""
    if has_graph_strategy(flavour):
        return []
    if not cuda.binding.has_graphs:
        return [f"Runs without CUDA graphs: {cuda.binding.name} has none."]
    try:
        for lane in lanes:
            lane.capture()
            lane.enqueue()
            lane.stream.synchronize()
    except RunFailed as error:
        return [f"Runs without CUDA graphs: {error.message}"]
    return []


def _time(
    lanes: Sequence[Lane], cuda: Cuda, iterations: int, report: Report
) -> tuple[list[float], float]:
    """Return each run's milliseconds on the GPU, in order, and the seconds of all together."""
    spare = [(cuda.event(), cuda.event()) for _ in range(2 * len(lanes))]
    events = list(spare)
    pending: deque[tuple[Event, Event]] = deque()
    latencies: list[float] = []

    def finish() -> None:
        start, end = pending.popleft()
        end.wait()
        latencies.append(end.since(start))
        spare.append((start, end))

    began = said = time.perf_counter()
    for index in range(iterations):
        if not spare:
            # One run waits in each stream while another is under way: the GPU never idles.
            finish()
        lane = lanes[index % len(lanes)]
        start, end = spare.pop()
        start.record(lane.stream)
        lane.enqueue()
        end.record(lane.stream)
        pending.append((start, end))
        if time.perf_counter() - said > _REPORT_EVERY:
            said = time.perf_counter()
            report.progress("Running", index, iterations)
    while pending:
        finish()
    seconds = time.perf_counter() - began
    for pair in events:
        for event in pair:
            event.close()
    return latencies, seconds


def latency_of(latencies: Sequence[float]) -> Latency:
    """Return the distribution of some times; percentiles lie between two of them."""
    times = np.asarray(latencies)
    median, p95, p99 = (float(value) for value in np.percentile(times, (50, 95, 99)))
    return Latency(
        min=float(times.min()),
        mean=float(times.mean()),
        median=median,
        p95=p95,
        p99=p99,
        max=float(times.max()),
    )


def _profile(
    lane: Lane, flavour: Flavour, spec: RunSpec, report: Report
) -> list[tuple[str, float]]:
    """Return each layer's mean milliseconds, in the order they run."""
    sums: dict[str, float] = {}

    def told(_self: Any, name: str, ms: float) -> None:
        sums[name] = sums.get(name, 0.0) + ms

    runs = min(spec.iterations, PROFILED_RUNS)
    lane.drop_graph()
    # Made without a class statement: what it derives from is only known here.
    made: Any = type("Profiler", (flavour.get("IProfiler"),), {"report_layer_time": told})
    lane.context.profiler = made()
    for done in range(runs):
        report.progress("Timing the layers", done, runs)
        lane.enqueue()
        lane.stream.synchronize()
    return [(name, ms / runs) for name, ms in sums.items()]


def _described(
    tensors: Sequence[IoTensor], arrays: Mapping[str, Array], *, inputs: bool
) -> tuple[TensorInfo, ...]:
    return tuple(
        TensorInfo(tensor.name, tensor.dtype.text, tuple(arrays[tensor.name].shape))
        for tensor in tensors
        if tensor.is_input == inputs
    )
