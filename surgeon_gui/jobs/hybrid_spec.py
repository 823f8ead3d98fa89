"""Hybrid bundles: what building and verifying one is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class SegmentBuilt:
    """What became of one segment.

    Args:
        name: the segment.
        layers: layers TensorRT was given; 0 where nothing was built.
        bytes: size of the plan.
        seconds: what its build took; 0 where the old plan still fits.
        reused: whether the plan of an earlier build still fits.
        problem: why there is no plan, None where there is.
    """

    name: str
    layers: int
    bytes: int
    seconds: float
    reused: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class BundleBuildResult(JobResult):
    """What was built.

    Args:
        path: the bundle.
        segments: in the order they can run.
        tensorrt: TensorRT's version, empty where nothing was built.
        gpu: the compute capabilities the plans hold code for.
    """

    kind: ClassVar[str] = "bundle-build"

    path: Path
    segments: tuple[SegmentBuilt, ...]
    tensorrt: str = ""
    gpu: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every segment has a plan."""
        return all(item.problem is None for item in self.segments)


@dataclass(frozen=True)
class BundleBuildSpec(JobSpec[BundleBuildResult]):
    """Build a plan for every segment of a bundle; done again, it builds what is missing.

    Args:
        bundle: the folder.
        gpus: compute capabilities, as in a build.
        precision: as in a build; in int8, segments that cannot be rounded are built in fp32.
        data: with int8, samples of whole runs, as for `QuantizeSpec`; none where the segments'
            networks are rounded already.
        random: with int8, draw this many samples instead; their ranges say little of real data.
        seed: of random samples.
        flavour: as in a build.
        workspace_bytes: as in a build, for each segment.
        plugins: plugin libraries the segments need; they are code.
    """

    kind: ClassVar[str] = "bundle-build"

    bundle: Path
    gpus: tuple[str, ...] = ()
    precision: str = "fp32"
    data: tuple[Path, ...] = ()
    random: int = 0
    seed: int = 0
    flavour: str | None = None
    workspace_bytes: int | None = None
    plugins: tuple[Path, ...] = ()


@dataclass(frozen=True)
class SegmentVerified:
    """How a segment compares with the nodes it stands for.

    Args:
        name: the segment.
        ok: every output is within the tolerance.
        outputs: a row per output, under the graph's names.
        backend: what ran it: `network` or `tensorflow`.
        fell_back: why the network did not run, None where it did.
    """

    name: str
    ok: bool
    outputs: tuple[TensorComparison, ...]
    backend: str
    fell_back: str | None = None

    @property
    def verdict(self) -> str:
        """`equal`, `differs`, or `not compared` where TensorFlow itself computes no numbers."""
        worse = {row.verdict for row in self.outputs if not row.ok}
        return "equal" if self.ok else "differs" if "differs" in worse else "not compared"


@dataclass(frozen=True)
class BundleVerifyResult(JobResult):
    """How a bundle on the CPU compares with the original graph in TensorFlow.

    Args:
        ok: the division changed nothing and every segment is within the tolerance.
        division: the outputs with every segment run by TensorFlow: what dividing changed.
        segments: a verdict per segment that ran, its network in ONNX Runtime.
        outputs: the outputs then. They may differ although every segment agrees: a rest that
            sorts or selects can turn rounding into another choice.
        idle: segments that did not run with these inputs.
    """

    kind: ClassVar[str] = "bundle-verify"

    ok: bool
    division: tuple[TensorComparison, ...]
    segments: tuple[SegmentVerified, ...]
    outputs: tuple[TensorComparison, ...]
    idle: tuple[str, ...] = ()

    @property
    def proves_nothing(self) -> bool:
        """Whether nothing differs, and yet TensorFlow gave too few numbers to say it is equal."""
        rows = [*self.division, *(row for item in self.segments for row in item.outputs)]
        return not self.ok and all(row.ok or not row.is_compared for row in rows)


@dataclass(frozen=True)
class BundleVerifySpec(JobSpec[BundleVerifyResult]):
    """Compare a bundle with the graph it was made from, in TensorFlow on the CPU.

    Args:
        original: the frozen graph before it was divided.
        bundle: the folder.
        inputs: `.npz` of the inputs; None draws them from `seed`.
        seed: of the random inputs.
        shapes: placeholder shapes that override the original's.
        max_rel: largest relative difference that still counts as equal.
        min_cosine: smallest cosine similarity that still counts as equal.
    """

    kind: ClassVar[str] = "bundle-verify"

    original: Path
    bundle: Path
    inputs: Path | None = None
    seed: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    max_rel: float = 1e-3
    min_cosine: float = 0.99999


@dataclass(frozen=True)
class TfTrtResult(JobResult):
    """The GraphDef TensorFlow's own TF-TRT made.

    Args:
        path: a `.pb`.
        engines: how many engine nodes it has.
        nodes: how many nodes it has.
    """

    kind: ClassVar[str] = "tf-trt"

    path: Path
    engines: int
    nodes: int


@dataclass(frozen=True)
class TfTrtSpec(JobSpec[TfTrtResult]):
    """Convert a frozen graph with the TF-TRT of the worker's TensorFlow.

    Args:
        graph: the frozen graph.
        result: the `.pb` to write.
        outputs: names of the nodes that stay, so that they can be fetched.
        minimum_segment_size: nodes below which a segment stays in TensorFlow.
        max_batch_size: the largest batch of the engines.
        precision: `fp32`, `fp16` or `int8`.
        dynamic: build engines when their shapes are met.
    """

    kind: ClassVar[str] = "tf-trt"

    graph: Path
    result: Path
    outputs: tuple[str, ...]
    minimum_segment_size: int = 3
    max_batch_size: int = 1
    precision: str = "fp32"
    dynamic: bool = False
