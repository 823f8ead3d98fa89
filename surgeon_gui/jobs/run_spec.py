"""The test-run of an engine: what is asked, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.compare.report import NonFinite, TensorComparison
from surgeon_gui.jobs.message import JobResult, JobSpec, TensorInfo


@dataclass(frozen=True)
class Latency:
    """How long one run took on the GPU, in milliseconds, copies left out."""

    min: float
    mean: float
    median: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True)
class LayerTime:
    """One layer of the engine, which may be several of the network fused.

    Args:
        name: as TensorRT names it.
        ms: mean time of one run.
        share: part of the sum of all layers, 0 to 1.
        nodes: the GraphDef nodes it came from, where they are known.
    """

    name: str
    ms: float
    share: float
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunResult(JobResult):
    """What a run showed.

    Args:
        device: the GPU's name.
        capability: its compute capability, as `sm89`.
        tensorrt: TensorRT's version.
        inputs: with the shapes of this run.
        outputs: with the shapes of this run.
        latency_ms: over all timed runs.
        latencies_ms: each timed run's, in order.
        to_device_ms: copying all inputs to the GPU, once.
        to_host_ms: copying all outputs back, once.
        throughput: runs per second, with all streams together, copies left out.
        layers: times by layer in execution order; empty unless asked for.
        gpu_memory_bytes: what the engine, its working memory and the buffers took.
        non_finite: outputs that hold NaN or infinities.
        saved: the `.npz` of the outputs.
        comparison: a row per output against the reference; None without one.
        compared_with: what the reference was.
        reference_ms: the median time of one run of the reference; None where nothing ran.
        precision: what the engine was built in, where its card says so.
    """

    kind: ClassVar[str] = "run"

    device: str
    capability: str
    flavour: str
    tensorrt: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    latency_ms: Latency
    latencies_ms: tuple[float, ...]
    to_device_ms: float
    to_host_ms: float
    throughput: float
    layers: tuple[LayerTime, ...]
    gpu_memory_bytes: int
    non_finite: tuple[NonFinite, ...] = ()
    saved: Path | None = None
    comparison: tuple[TensorComparison, ...] | None = None
    compared_with: str | None = None
    reference_ms: float | None = None
    precision: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was compared, or all of it agrees."""
        return self.comparison is None or all(row.ok for row in self.comparison)


@dataclass(frozen=True)
class RunSpec(JobSpec[RunResult]):
    """Run an engine on the GPU.

    Args:
        engine: the plan.
        inputs: `.npz` or `.npy` of the inputs; None draws them.
        images: image files for one of the inputs.
        seed: of the drawn inputs.
        distribution: of the drawn inputs, one of `compare.inputs.DISTRIBUTIONS`.
        shapes: of inputs with unknown dimensions; default: the given arrays', else the profile's
            optimum.
        batch: of inputs whose first dimension is open, where `shapes` does not say it.
        profile: which optimization profile.
        device: the GPU, as CUDA counts.
        warmup: runs before the timed ones.
        iterations: timed runs.
        streams: how many runs may be under way at once.
        cuda_graph: launch each run as one CUDA graph.
        layers: measure each layer too, in runs of their own.
        save_outputs: `.npz` for the outputs.
        reference: what to compare with: a graph TensorFlow runs, a `.network` or `.onnx` file ONNX
            Runtime runs, or an `.npz` of stored outputs.
        max_rel: largest relative difference that still counts as equal.
        min_cosine: smallest cosine similarity that still counts as equal.
        plugins: plugin libraries the engine needs; they are code.
    """

    kind: ClassVar[str] = "run"

    engine: Path
    inputs: Path | None = None
    images: ImageFeed | None = None
    seed: int = 0
    distribution: str = "uniform"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    batch: int | None = None
    profile: int = 0
    device: int = 0
    warmup: int = 10
    iterations: int = 100
    streams: int = 1
    cuda_graph: bool = False
    layers: bool = False
    save_outputs: Path | None = None
    reference: Path | None = None
    max_rel: float = 1e-3
    min_cosine: float = 0.99999
    plugins: tuple[Path, ...] = ()
