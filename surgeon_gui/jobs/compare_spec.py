"""The comparison of any two ways to compute a network: what is asked, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.compare.report import NonFinite, TensorComparison
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class Divergence:
    """The first tensor, in the order of the graph, that differs.

    Args:
        node: the original's node that produces it.
        op: that node's op.
        layer: the network layer that produces it, or None for an ONNX file.
        comparison: how far apart the two are.
    """

    node: str
    op: str
    layer: str | None
    comparison: TensorComparison


@dataclass(frozen=True)
class SideSpec:
    """One of the two.

    Args:
        path: a graph for TensorFlow (`.pb`, `.pbtxt`), a network for ONNX Runtime on the CPU
            (`.network`, `.onnx`), an engine for the GPU (`.engine`, `.plan`, `.trt`), or stored
            tensors (`.npz`).
        precision: of the engine: `fp32`, `fp16`, `bf16` or `int8`; a `.network` on the CPU is
            rounded to `fp16` or `bf16` as a build rounds it. Empty leaves it as it is.
        engine: builds a `.network` as an engine and runs that, instead of ONNX Runtime.
        title: what the user calls it; empty says it by the file.
        kept: with `fp16` and `bf16`, layers or GraphDef nodes that keep float32.
    """

    path: Path
    precision: str = ""
    engine: bool = False
    title: str = ""
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class SideTime:
    """How long one run of a side took in milliseconds; the median of `runs`, copies left out."""

    title: str
    ms: float
    runs: int


@dataclass(frozen=True)
class Strange:
    """The first tensor of a side, in the order of the graph, that holds NaN or infinities."""

    side: str
    tensor: NonFinite


@dataclass(frozen=True)
class CompareResult(JobResult):
    """How the two compare.

    Args:
        value: what was held against the reference.
        reference: the reference.
        ok: every output is within the tolerance.
        outputs: a row per output.
        first_divergence: None while everything agrees, or where no inner tensor could be compared.
        tensors: a row per inner tensor compared, in the order of the graph.
        strange: where NaN and infinities begin, at most one for each side.
        left_out: inner tensors that could not be computed on both sides.
        times: of the sides that compute something.
        max_rel: the tolerance.
        min_cosine: the tolerance.
        saved: the `.npz` of what the first side computed.
    """

    kind: ClassVar[str] = "compare"

    value: str
    reference: str
    ok: bool
    outputs: tuple[TensorComparison, ...]
    first_divergence: Divergence | None = None
    tensors: tuple[TensorComparison, ...] = ()
    strange: tuple[Strange, ...] = ()
    left_out: tuple[str, ...] = ()
    times: tuple[SideTime, ...] = ()
    max_rel: float = 1e-3
    min_cosine: float = 0.99999
    saved: Path | None = None


@dataclass(frozen=True)
class CompareSpec(JobSpec[CompareResult]):
    """Compare two ways to compute a network on the same inputs.

    Args:
        value: what is held against the reference.
        reference: what it should equal.
        outputs: tensors to compare, by the graph's names; empty compares the outputs both have.
        inputs: `.npz` or `.npy` of the inputs; None draws them.
        images: image files for one of the inputs.
        seed: of the drawn inputs.
        distribution: of the drawn inputs, one of `compare.inputs.DISTRIBUTIONS`.
        shapes: of inputs with unknown dimensions.
        all_tensors: compare every tensor that both sides have, not only the outputs.
        max_rel: largest relative difference that still counts as equal.
        min_cosine: smallest cosine similarity that still counts as equal.
        save_value: `.npz` for what the first side computed.
        save_reference: `.npz` for what the second side computed.
        plugins: plugin libraries engines need; they are code.
    """

    kind: ClassVar[str] = "compare"

    value: SideSpec
    reference: SideSpec
    outputs: tuple[str, ...] = ()
    inputs: Path | None = None
    images: ImageFeed | None = None
    seed: int = 0
    distribution: str = "uniform"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    all_tensors: bool = False
    max_rel: float = 1e-3
    min_cosine: float = 0.99999
    save_value: Path | None = None
    save_reference: Path | None = None
    plugins: tuple[Path, ...] = ()
