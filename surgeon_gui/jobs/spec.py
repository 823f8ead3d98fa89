"""What a job is asked to do, and what it answers: frozen values that travel as JSON.

A spec's `kind` chooses the worker's task; a result carries the same `kind`. Paths are written
absolute. Tensors never travel in JSON: they lie in `.npz` files keyed by node name, without `:0`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.compare_spec import CompareResult as CompareResult
from surgeon_gui.jobs.compare_spec import CompareSpec as CompareSpec
from surgeon_gui.jobs.compare_spec import Divergence as Divergence
from surgeon_gui.jobs.compare_spec import SideSpec as SideSpec
from surgeon_gui.jobs.compare_spec import SideTime as SideTime
from surgeon_gui.jobs.compare_spec import Strange as Strange
from surgeon_gui.jobs.devices_spec import DevicesResult as DevicesResult
from surgeon_gui.jobs.devices_spec import DevicesSpec as DevicesSpec
from surgeon_gui.jobs.devices_spec import FlavourInfo as FlavourInfo
from surgeon_gui.jobs.devices_spec import GpuInfo as GpuInfo
from surgeon_gui.jobs.devices_spec import PluginInfo as PluginInfo
from surgeon_gui.jobs.freeze_spec import FreezeResult as FreezeResult
from surgeon_gui.jobs.freeze_spec import FreezeSpec as FreezeSpec
from surgeon_gui.jobs.freeze_spec import PassInfo as PassInfo
from surgeon_gui.jobs.hybrid_spec import BundleBuildResult as BundleBuildResult
from surgeon_gui.jobs.hybrid_spec import BundleBuildSpec as BundleBuildSpec
from surgeon_gui.jobs.hybrid_spec import BundleVerifyResult as BundleVerifyResult
from surgeon_gui.jobs.hybrid_spec import BundleVerifySpec as BundleVerifySpec
from surgeon_gui.jobs.hybrid_spec import TfTrtResult as TfTrtResult
from surgeon_gui.jobs.hybrid_spec import TfTrtSpec as TfTrtSpec
from surgeon_gui.jobs.message import JobResult as JobResult
from surgeon_gui.jobs.message import JobSpec as JobSpec
from surgeon_gui.jobs.message import TensorInfo as TensorInfo
from surgeon_gui.jobs.run_spec import RunResult as RunResult
from surgeon_gui.jobs.run_spec import RunSpec as RunSpec

PRECISIONS = ("fp32", "fp16", "bf16", "int8")
_CAPABILITY = re.compile(r"(?:sm_?)?(\d{1,2})\.?(\d)", re.IGNORECASE)

ROUTES = ("direct", "onnx", "uff")
PRINTED = "surgeon_gui.script"
"""The logger that tells what a preprocess script prints, line by line."""

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class ShapeRange:
    """The shapes one input may have: an optimization profile's three corners."""

    input: str
    minimum: tuple[int, ...]
    optimum: tuple[int, ...]
    maximum: tuple[int, ...]


@dataclass(frozen=True)
class Provenance:
    """The graph an engine comes from and what was done to it.

    Args:
        model: the file that was opened.
        model_sha256: of that file, empty for a folder.
        script: the surgery as a script's TOML, empty where nothing was done.
        verified: the comparison with TensorFlow that was made, a row per output.
    """

    model: str
    model_sha256: str = ""
    script: str = ""
    verified: tuple[TensorComparison, ...] = ()

    @property
    def verdict(self) -> str:
        """How the comparison with TensorFlow came out, in words."""
        if not self.verified:
            return "not compared with TensorFlow before the build"
        good = all(row.ok for row in self.verified)
        worst = max((row.metrics.get("max_abs", 0.0) for row in self.verified), default=0.0)
        words = "equal to TensorFlow" if good else "differs from TensorFlow"
        return f"{words}, largest difference {worst:.2g}"


def gpu_names(text: str) -> tuple[str, ...]:
    """Return the GPU targets of a list: `sm86`, as also `86`, `8.6` and `SM_86` say; others as is.

    Args:
        text: separated by commas or spaces.
    """
    found = []
    for part in text.replace(",", " ").split():
        match = _CAPABILITY.fullmatch(part)
        found.append(f"sm{match[1]}{match[2]}" if match else part)
    return tuple(found)


@dataclass(frozen=True)
class BuildResult(JobResult):
    """What was built.

    Args:
        bytes: size of the plan.
        layers: layers TensorRT was given, after lowering.
        tensorrt: TensorRT's version.
        gpu: the compute capabilities the plan holds code for.
    """

    kind: ClassVar[str] = "build"

    path: Path
    bytes: int
    layers: int
    tensorrt: str
    flavour: str
    route: str
    gpu: tuple[str, ...]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildSpec(JobSpec[BuildResult]):
    """Build an engine.

    Args:
        network: a `.network` file (`.uff` or `.onnx` on those routes).
        engine: where the plan goes; replaced only when the build succeeds.
        gpus: compute capabilities (`sm80`) or `current`; empty takes the GPU that is there, else
            the flavour's default list.
        precision: one of `PRECISIONS`.
        route: one of `ROUTES`.
        flavour: `rtx` or `tensorrt`; None takes the one that is installed and fits the GPU.
        profiles: optimization profiles, each a range per dynamic input.
        workspace_bytes: memory limit for tactics; None leaves TensorRT's own.
        optimization_level: 0 to 5, None leaves TensorRT's own.
        timing_cache: file read if it exists and written back after the build.
        dla_core: run what it can on this deep learning accelerator, the rest on the GPU.
        detailed: keep what TensorRT's inspector can tell of each layer.
        plugins: plugin libraries the network needs; they are code.
        kept: with fp16, bf16 and `ranges`, layers or GraphDef nodes that keep float32.
        half_ends: with fp16 and bf16, float32 inputs and outputs take that dtype too.
        ranges: with int8, how far tensors reach (a file of ranges, or a calibration cache), told
            to TensorRT 8.6 or 10, which choose what to round; the network is float32 then.
        provenance: where the network came from, for the engine's card.
    """

    kind: ClassVar[str] = "build"

    network: Path
    engine: Path
    gpus: tuple[str, ...] = ()
    precision: str = "fp32"
    route: str = "direct"
    flavour: str | None = None
    profiles: tuple[tuple[ShapeRange, ...], ...] = ()
    workspace_bytes: int | None = None
    optimization_level: int | None = None
    timing_cache: Path | None = None
    tf32: bool = False
    sparse_weights: bool = False
    refittable: bool = False
    version_compatible: bool = False
    hardware_compatible: bool = False
    dla_core: int | None = None
    detailed: bool = False
    plugins: tuple[Path, ...] = ()
    kept: tuple[str, ...] = ()
    half_ends: bool = False
    ranges: Path | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True)
class ReferenceResult(JobResult):
    """The tensors computed, in the `.npz` at `path`."""

    kind: ClassVar[str] = "reference"

    path: Path
    tensors: tuple[TensorInfo, ...]


@dataclass(frozen=True)
class ReferenceSpec(JobSpec[ReferenceResult]):
    """Run a frozen graph in TensorFlow on the CPU.

    Args:
        graph: a frozen `.pb` or `.pbtxt`.
        results: the `.npz` the tensors go to.
        fetches: tensors to compute (`name` or `name:1`); empty takes the deduced outputs.
        all_tensors: compute every tensor that can be fetched, besides `fetches`.
        inputs: `.npz` of the inputs; None draws them from `seed`.
        shapes: placeholder shapes that override the graph's.
    """

    kind: ClassVar[str] = "reference"

    graph: Path
    results: Path
    fetches: tuple[str, ...] = ()
    all_tensors: bool = False
    inputs: Path | None = None
    seed: int = 0
    shapes: Shapes = field(default_factory=dict)


@dataclass(frozen=True)
class VerifyResult(JobResult):
    """How network and TensorFlow compare.

    Args:
        ok: every output is within the tolerance.
        outputs: a row per output.
        first_divergence: None while everything agrees, or where no inner tensor could be compared.
        tensors: a row per inner tensor compared, in topological order.
    """

    kind: ClassVar[str] = "verify"

    ok: bool
    outputs: tuple[TensorComparison, ...]
    first_divergence: Divergence | None
    tensors: tuple[TensorComparison, ...] = ()


@dataclass(frozen=True)
class VerifySpec(JobSpec[VerifyResult]):
    """Compare a network in ONNX Runtime with TensorFlow on the original graph.

    Args:
        original: the frozen graph, `.pb` or `.pbtxt`, before any surgery.
        network: a `.network` file, or an `.onnx` whose tensors are named as the graph's.
        outputs: network outputs to compare; empty compares all.
        renamed: network input or output -> the original's tensor, where surgery changed the name.
        inputs: `.npz` of the inputs; None draws them from `seed`.
        shapes: placeholder shapes that override the original's.
        all_tensors: compare every tensor that exists on both sides, not only outputs.
        max_rel: largest relative difference that still counts as equal.
        min_cosine: smallest cosine similarity that still counts as equal.
        save_outputs: `.npz` for the network's outputs.
        save_reference: `.npz` for TensorFlow's outputs.
    """

    kind: ClassVar[str] = "verify"

    original: Path
    network: Path
    outputs: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    inputs: Path | None = None
    seed: int = 0
    shapes: Shapes = field(default_factory=dict)
    all_tensors: bool = False
    max_rel: float = 1e-3
    min_cosine: float = 0.99999
    save_outputs: Path | None = None
    save_reference: Path | None = None


@dataclass(frozen=True)
class PreprocessResult(JobResult):
    """The graph a preprocess script made.

    Args:
        path: a `.pb`.
        dangling: input strings no node answers to, as `node: input`.
        duplicates: names the script gave to several nodes.
    """

    kind: ClassVar[str] = "preprocess"

    path: Path
    dangling: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreprocessSpec(JobSpec[PreprocessResult]):
    """Run a graphsurgeon preprocess script on a graph.

    Args:
        graph: a frozen graph.
        script: the script (`config.py`).
        result: where the changed graph goes, a `.pb`.
    """

    kind: ClassVar[str] = "preprocess"

    graph: Path
    script: Path
    result: Path
