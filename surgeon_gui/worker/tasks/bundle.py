"""Build the engines of a hybrid bundle, and hold the bundle against the original graph."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from surgeon_gui.compare.inputs import load_npz, random_inputs
from surgeon_gui.compare.report import TensorComparison, Tolerance, compare_tensor
from surgeon_gui.errors import EngineError, OpenError, UsageError
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph, write_atomically
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.hybrid.bundle import (
    ROUNDED,
    Bundle,
    BundleSegment,
    read_bundle,
    segment_path,
    write_manifest,
)
from surgeon_gui.hybrid.calibrate import rounded_segments
from surgeon_gui.hybrid.runner import HybridRunner
from surgeon_gui.jobs.engine_card import read_card, sha256_of
from surgeon_gui.jobs.hybrid_spec import (
    BundleBuildResult,
    BundleBuildSpec,
    BundleVerifyResult,
    BundleVerifySpec,
    SegmentBuilt,
    SegmentVerified,
    TfTrtResult,
    TfTrtSpec,
)
from surgeon_gui.jobs.quantize_spec import QuantizeSpec
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, ShapeRange
from surgeon_gui.network.layers import Quantize
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.targets.segments import ENGINE_OP
from surgeon_gui.worker.registry import task
from surgeon_gui.worker.samples import LABELS, Samples
from surgeon_gui.worker.tasks.quantize import quantize

logger = logging.getLogger(__name__)

_AT_RUN_TIME = "Its shapes are known only at run time; it is built when they are met."


@task("bundle-build")
def build_bundle(spec: BundleBuildSpec, report: Report) -> BundleBuildResult:
    """Build what has no fitting plan yet; the manifest notes each plan as soon as it is there."""
    bundle = read_bundle(spec.bundle)
    if spec.precision == "int8":
        _round(spec, bundle, report)
    done: list[SegmentBuilt] = []
    last: BuildResult | None = None
    for index, segment in enumerate(bundle.segments):
        report.progress(f"Building {segment.name}", index, len(bundle.segments))
        if not segment.has_network:
            done.append(SegmentBuilt(segment.name, 0, 0, 0.0, problem=_AT_RUN_TIME))
            continue
        key = _key(spec, bundle, segment)
        kept = _still_fits(spec.bundle, segment, key)
        if kept is not None:
            done.append(kept)
            continue
        started = time.monotonic()
        try:
            last = _build(spec, bundle, segment, report)
        except EngineError as error:
            done.append(SegmentBuilt(segment.name, 0, 0, 0.0, problem=str(error)))
            continue
        built = replace(segment, engine_key=key, layers=last.layers)
        bundle = bundle.with_segment(built)
        write_manifest(bundle, spec.bundle)
        done.append(SegmentBuilt(segment.name, last.layers, last.bytes, time.monotonic() - started))
    if last is None:
        return BundleBuildResult(spec.bundle, tuple(done))
    return BundleBuildResult(spec.bundle, tuple(done), last.tensorrt, last.gpu)


def _round(spec: BundleBuildSpec, bundle: Bundle, report: Report) -> None:
    """Put a rounded network beside that of every segment that can compute in eight bits."""
    if not (spec.data or spec.random):
        if not any(_source(spec, item)[1] == "int8" for item in bundle.segments):
            raise UsageError(
                "INT8 engines need ranges, and there are no samples to find them with.",
                where="data",
                hint="Give samples of whole runs: --data X.npz, or --random 16 to try.",
            )
        return
    report.progress("Running the samples")
    with HybridRunner(spec.bundle, ("tensorflow",)) as hybrid:
        types = {
            name: replace(kind, shape=_with_batch(kind.shape, bundle.max_batch_size))
            for name, kind in hybrid.inputs().items()
        }
    asked = QuantizeSpec(Path(), Path(), data=spec.data, random=spec.random, seed=spec.seed)
    with tempfile.TemporaryDirectory(prefix="surgeon-calibrate-") as name:
        found = rounded_segments(
            spec.bundle,
            (
                {key: array for key, array in batch.items() if key != LABELS}
                for batch in Samples(asked, types)
            ),
            Path(name),
            lambda wanted: quantize(wanted, report),
        )
    for segment, network in found.items():
        save_network(network, segment_path(spec.bundle, segment, ROUNDED))


def _with_batch(shape: Shape, batch: int) -> Shape:
    dims = shape.dims
    return Shape((batch, *dims[1:])) if dims and dims[0] < 0 else shape


def _source(spec: BundleBuildSpec, segment: BundleSegment) -> tuple[Path, str]:
    """Return the network a segment's engine is built from, and in which precision."""
    plain = segment_path(spec.bundle, segment.name, ".network")
    if spec.precision != "int8" or not segment.has_network:
        return plain, spec.precision
    rounded = segment_path(spec.bundle, segment.name, ROUNDED)
    source = rounded if rounded.exists() else plain
    layers = load_network(source).layers
    is_rounded = any(isinstance(layer.kind, Quantize) for layer in layers)
    return source, "int8" if is_rounded else "fp32"


def _key(spec: BundleBuildSpec, bundle: Bundle, segment: BundleSegment) -> str:
    """Return what a plan depends on, in short."""
    settings = spec.to_json()
    settings.pop("bundle")
    network = sha256_of(_source(spec, segment)[0])
    text = json.dumps([network, bundle.max_batch_size, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _still_fits(folder: Path, segment: BundleSegment, key: str) -> SegmentBuilt | None:
    engine = segment_path(folder, segment.name, ".engine")
    card = read_card(engine) if segment.engine_key == key else None
    if card is None:
        return None
    return SegmentBuilt(segment.name, segment.layers, card.bytes, 0.0, reused=True)


def _build(
    spec: BundleBuildSpec, bundle: Bundle, segment: BundleSegment, report: Report
) -> BuildResult:
    from surgeon_gui.engine.build import build

    network_file, precision = _source(spec, segment)
    most = bundle.max_batch_size
    ranges = []
    for tensor in load_network(network_file).inputs:
        if any(dim < 0 for dim in tensor.shape):
            least, largest = (
                tuple(batch if dim < 0 else dim for dim in tensor.shape) for batch in (1, most)
            )
            ranges.append(ShapeRange(tensor.name, least, largest, largest))
    wanted = BuildSpec(
        network=network_file,
        engine=segment_path(spec.bundle, segment.name, ".engine"),
        gpus=spec.gpus,
        precision=precision,
        flavour=spec.flavour,
        profiles=(tuple(ranges),) if ranges else (),
        workspace_bytes=spec.workspace_bytes,
        plugins=spec.plugins,
    )
    return build(wanted, report)


@task("bundle-verify")
def verify_bundle(spec: BundleVerifySpec, report: Report) -> BundleVerifyResult:
    """Run the original and the bundle in TensorFlow, and compare outputs and segments."""
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

    report.progress("Opening the graphs")
    bundle = read_bundle(spec.bundle)
    original = open_graph(spec.original)
    outputs = [TensorRef.parse(name) for name in bundle.outputs]
    made = [TensorRef.parse(item.tensor) for part in bundle.segments for item in part.outputs]
    missing = next((ref for ref in (*outputs, *made) if ref.node not in original), None)
    if missing is not None:
        raise OpenError(
            "The bundle was made from another graph.",
            where=str(missing),
            hint="Give the graph the bundle was made from, or make the bundle again.",
        )
    tolerance = Tolerance(spec.max_rel, spec.min_cosine)
    given = {} if spec.inputs is None else load_npz(spec.inputs)
    report.progress("Running TensorFlow")
    with TensorflowRunner(original, [*outputs, *made], spec.shapes) as runner:
        missing_inputs = {name: kind for name, kind in runner.inputs().items() if name not in given}
        feeds = {**given, **random_inputs(missing_inputs, spec.seed)}
        reference = runner.run(feeds, outputs)
        inner: dict[str, Array] = {}
        for chunk in runner.run_many(feeds, made):
            inner.update(chunk)
    report.progress("Running the bundle, its segments in TensorFlow")
    with HybridRunner(spec.bundle, ("tensorflow",), shapes=spec.shapes) as hybrid:
        division = _compared(hybrid.run(feeds), reference, tolerance)
    report.progress("Running the bundle, its segments in ONNX Runtime")
    seen: dict[str, Mapping[str, Array]] = {}
    with HybridRunner(
        spec.bundle,
        ("network", "tensorflow"),
        shapes=spec.shapes,
        watcher=lambda name, _, made: seen.update({name: made}),
    ) as hybrid:
        rows = _compared(hybrid.run(feeds), reference, tolerance)
        segments = []
        for segment in bundle.segments:
            if segment.name not in seen:
                continue
            held = _compared(seen[segment.name], inner, tolerance)
            executor = hybrid.segments[segment.name]
            failure = executor.failures.get("network")
            segments.append(
                SegmentVerified(
                    segment.name,
                    all(row.ok for row in held),
                    held,
                    "network" if executor.runs["network"] else "tensorflow",
                    failure,
                )
            )
    idle = tuple(item.name for item in bundle.segments if item.name not in seen)
    ok = all(row.ok for row in division) and all(item.ok for item in segments)
    return BundleVerifyResult(ok, division, tuple(segments), rows, idle)


def _compared(
    values: Mapping[str, Array], reference: Mapping[str, Array], tolerance: Tolerance
) -> tuple[TensorComparison, ...]:
    names: Sequence[str] = [name for name in values if name in reference]
    return tuple(compare_tensor(name, values[name], reference[name], tolerance) for name in names)


@task("tf-trt")
def run_tftrt(spec: TfTrtSpec, report: Report) -> TfTrtResult:
    """Convert with TensorFlow's own TF-TRT, where there is one."""
    from surgeon_gui.reference.tftrt import convert_with_tftrt

    report.progress("Opening the graph")
    graph = graphdef_from_graph(open_graph(spec.graph))
    report.progress("Running TF-TRT")
    data = convert_with_tftrt(
        graph,
        spec.outputs,
        minimum_segment_size=spec.minimum_segment_size,
        max_batch_size=spec.max_batch_size,
        precision_mode=spec.precision.upper(),
        is_dynamic_op=spec.dynamic,
    )
    report.progress("Writing the graph")
    write_atomically(spec.result, [memoryview(data)])
    made = graph_from_graphdef(data)
    engines = sum(node.op == ENGINE_OP for node in made)
    return TfTrtResult(spec.result, engines, len(made))
