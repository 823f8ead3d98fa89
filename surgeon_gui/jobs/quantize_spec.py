"""Quantization: what calibrating a network is asked, and the evidence it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.jobs.message import JobResult, JobSpec

DTYPES = ("int8", "fp8")


HELD = 16
"""Samples the errors are measured on where none are told to be."""

NO_NOISE_DB = 200.0
"""The SQNR of what equals its reference; no other is told to be higher."""


def sqnr_text(sqnr_db: float) -> str:
    """Return a signal to quantization noise ratio in words: `31.4 dB`, or `exact`."""
    return "exact" if sqnr_db >= NO_NOISE_DB else f"{sqnr_db:.1f} dB"


@dataclass(frozen=True)
class OutputNoise:
    """How far an output of the quantized network is from the float one's, over all samples held.

    Args:
        name: the output.
        noise: root mean square of the difference, relative to that of the output.
        sqnr_db: signal to quantization noise; more is better.
        cosine: of both.
        top1: share of rows with the same largest element; None where rows are no classes.
        top5: share of rows whose largest element is among the other's five; likewise.
    """

    name: str
    noise: float
    sqnr_db: float
    cosine: float
    top1: float | None = None
    top5: float | None = None


@dataclass(frozen=True)
class LayerNoise:
    """What rounding does at one layer.

    Args:
        layer: the network's layer.
        nodes: the GraphDef nodes it came from.
        sqnr_db: of its output, with everything rounded; None where it has no tensor to compare.
        alone: noise of the outputs where this layer alone is rounded; None unless asked for.
        kept: whether it stays in float.
    """

    layer: str
    nodes: tuple[str, ...]
    sqnr_db: float | None
    alone: float | None
    kept: bool


@dataclass(frozen=True)
class CurvePoint:
    """Noise of the outputs with this many layers kept in float, the most sensitive first."""

    kept: int
    noise: float


@dataclass(frozen=True)
class QuantizeResult(JobResult):
    """The quantized network, and what it costs.

    Args:
        network: the `.network` written, None where only ranges were asked for.
        ranges: the ranges written.
        collector: how they were chosen.
        samples: how many samples were run to find them.
        rounded: layers that compute in eight bits.
        layers: all that could, with what rounding does there.
        outputs: a row per output.
        noise: of the worst output.
        accuracy_float: share of samples whose label the float network finds; None without labels.
        accuracy_rounded: likewise of the quantized one.
        tried: noise of the worst output by collector, where all were tried.
        half: a row per output of the network in fp16, to hold the others against.
        accuracy_half: of the network in fp16; None without labels.
        float_bytes: of the float32 weights.
        rounded_bytes: of the weights where rounded ones have a byte each.
        share: multiplications in eight bits, of all.
        curve: noise against layers kept; empty unless asked for.
        meets: whether the tolerance is met; None without one.
        notes: what is worth knowing.
    """

    kind: ClassVar[str] = "quantize"

    network: Path | None
    ranges: Path
    collector: str
    samples: int
    rounded: int
    layers: tuple[LayerNoise, ...]
    outputs: tuple[OutputNoise, ...]
    noise: float
    accuracy_float: float | None = None
    accuracy_rounded: float | None = None
    tried: Mapping[str, float] = field(default_factory=dict)
    half: tuple[OutputNoise, ...] = ()
    accuracy_half: float | None = None
    float_bytes: int = 0
    rounded_bytes: int = 0
    share: float = 0.0
    curve: tuple[CurvePoint, ...] = ()
    meets: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuantizeSpec(JobSpec[QuantizeResult]):
    """Find the ranges of a network's tensors, quantize it, and measure what that costs.

    Args:
        network: a float `.network` file with a fixed batch.
        ranges: where the ranges go; written too when the job is cancelled half way.
        result: where the quantized network goes, or None.
        data: `.npz` files, or folders of them: arrays keyed by input, samples along the first
            dimension (an `.npy` file is of the only input); `labels` are class numbers. A `.py`
            file is run: its `samples()` yields mappings of such arrays.
        images: image files for one input, besides or instead.
        random: draw this many samples instead; their ranges say little of real data.
        seed: of random samples.
        known: ranges taken as they are, for the tensors they name.
        collector: one of `COLLECTORS`, or `auto` for the one that errs least on the samples.
        dtype: one of `DTYPES`.
        kept: layers, or GraphDef nodes, that stay in float.
        tolerance: largest noise of an output; as few layers as possible are kept to meet it.
        sensitivity: measure every layer alone, and the curve.
        validation: samples, as `data`, that the errors are measured on; none takes the first of
            `data`, which the ranges come from too.
        held: how many samples the errors are measured on, all in memory; 0 for all there are.
        every: find the range of every float32 tensor, as TensorRT 8.6 and 10 want them, not only
            of those that are rounded.
        histograms: `.npz` for how the values of each tensor are spread, or None: counts per bin of
            one width by tensor, and the outer edge under `TENSOR/reach`.
    """

    kind: ClassVar[str] = "quantize"

    network: Path
    ranges: Path
    result: Path | None = None
    data: tuple[Path, ...] = ()
    images: ImageFeed | None = None
    random: int = 0
    seed: int = 0
    known: Path | None = None
    collector: str = "auto"
    dtype: str = "int8"
    kept: tuple[str, ...] = ()
    tolerance: float | None = None
    sensitivity: bool = False
    validation: tuple[Path, ...] = ()
    held: int = HELD
    every: bool = False
    histograms: Path | None = None
