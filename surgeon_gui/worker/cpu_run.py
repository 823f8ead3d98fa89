"""The test-run without a GPU: a network in ONNX Runtime or a graph in TensorFlow, on the CPU."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import closing

from surgeon_gui.compare.finite import non_finite
from surgeon_gui.compare.images import image_arrays
from surgeon_gui.compare.inputs import load_arrays, random_inputs, save_npz
from surgeon_gui.engine.run import Executed, check, latency_of
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.jobs.message import TensorInfo
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.run_spec import RunResult, RunSpec
from surgeon_gui.worker.sides import Side, open_side
from surgeon_gui.worker.timing import Stopwatch


def run(spec: RunSpec, report: Report) -> Executed:
    """Run what is no engine on this machine's CPU, as `engine.run.run` runs engines on its GPU.

    Raises:
        OpenError: a file cannot be read.
        UsageError: an input is missing or does not fit, or an option is the GPU's.
        JobFailed: the runtime stopped.
        JobCancelled: the report was cancelled.
    """
    check(spec)
    for option, is_given in (
        ("streams", spec.streams > 1),
        ("cuda_graph", spec.cuda_graph),
        ("layers", spec.layers),
        ("profile", spec.profile > 0),
    ):
        if is_given:
            raise UsageError(
                "Streams, CUDA graphs, times of layers and profiles belong to engines on a GPU.",
                where=option,
                hint="Run on the CPU without them.",
            )
    report.progress("Opening the network")
    with closing(open_side(spec.engine, report, shapes=spec.shapes)) as side:
        feeds = _feeds(side, spec)
        watch = Stopwatch(
            spec.iterations,
            spec.warmup,
            seconds=None,
            ran=lambda count: report.progress("Running", count, spec.iterations),
        )
        report.progress("Running", 0, spec.iterations)
        outputs = side.run(feeds, (), watch)
    if spec.save_outputs is not None:
        save_npz(spec.save_outputs, outputs)
    result = RunResult(
        device=f"CPU ({platform.processor() or platform.machine()})",
        capability="",
        flavour="",
        tensorrt="",
        inputs=_described(feeds),
        outputs=_described(outputs),
        latency_ms=latency_of(watch.times),
        latencies_ms=tuple(watch.times),
        to_device_ms=0.0,
        to_host_ms=0.0,
        throughput=1e3 * len(watch.times) / sum(watch.times),
        layers=(),
        gpu_memory_bytes=0,
        non_finite=non_finite(outputs),
        saved=spec.save_outputs,
        precision=side.title,
    )
    return Executed(result, feeds, outputs)


def _feeds(side: Side, spec: RunSpec) -> dict[str, Array]:
    types = dict(side.inputs())
    for name, shape in spec.shapes.items():
        if name not in types:
            raise UsageError(
                "There is no such input.", where=name, hint=f"There is {', '.join(types)}."
            )
        types[name] = TensorType(types[name].dtype, Shape(tuple(shape)))
    for name, kind in types.items():
        dims = kind.shape.dims
        if spec.batch is not None and dims and dims[0] < 0:
            types[name] = TensorType(kind.dtype, Shape((spec.batch, *dims[1:])))
    given: dict[str, Array] = {}
    if spec.inputs is not None:
        given |= load_arrays(spec.inputs, tuple(types))
    if spec.images is not None:
        given |= image_arrays(spec.images, types)
    missing = {name: kind for name, kind in types.items() if name not in given}
    return {**given, **random_inputs(missing, spec.seed, spec.distribution)}


def _described(arrays: Mapping[str, Array]) -> tuple[TensorInfo, ...]:
    return tuple(
        TensorInfo(name, DType.from_numpy(array.dtype).text, tuple(array.shape))
        for name, array in arrays.items()
    )
