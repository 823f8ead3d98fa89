"""Find the ranges of a network's tensors, round it to eight bits, and say what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from surgeon_gui.compare.images import ImageFeed
from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.errors import ConvertError, JobCancelled, UsageError
from surgeon_gui.graph.values import DType
from surgeon_gui.jobs.quantize_spec import DTYPES, LayerNoise, QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.report import Report
from surgeon_gui.network.ir import Network
from surgeon_gui.network.precision import with_precision
from surgeon_gui.network.quantize.effect import effect_of
from surgeon_gui.network.quantize.histogram import COLLECTORS
from surgeon_gui.network.quantize.place import Placement, kept_layers, placement_of
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges, save_ranges
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.worker.quantization import (
    Evidence,
    calibrate,
    float_tensors,
    input_types,
    ranges_from,
    worst,
)
from surgeon_gui.worker.registry import task
from surgeon_gui.worker.samples import Samples

AUTO = "auto"
_DTYPES = dict(zip(DTYPES, (DType.INT8, DType.FLOAT8_E4M3FN), strict=True))
_NOISE = "The samples are random: ranges and errors say little of what real data would give."


@task("quantize")
def quantize(spec: QuantizeSpec, report: Report) -> QuantizeResult:
    """Return the evidence; ranges and quantized network are where the spec wants them."""
    _check(spec)
    report.progress("Loading the network")
    network = load_network(spec.network)
    placement = placement_of(network)
    if not placement.layers:
        raise ConvertError(
            "Nothing of this network can be computed in eight bits.",
            where=str(spec.network),
            hint="It needs convolutions or products with constant weights, in float32.",
        )
    kept = kept_layers(network, spec.kept, placement)
    samples = Samples(spec, input_types(network))
    held = samples.first(spec.held)
    if spec.validation:
        apart = replace(spec, data=spec.validation, images=_recipe(spec), random=0)
        held = Samples(apart, input_types(network)).first(spec.held)
    if not held:
        raise UsageError(
            "There is not one whole batch of samples.",
            where="validation" if spec.validation else "data",
            hint=f"The network takes {samples.batch} at a time.",
        )
    evidence = Evidence(network, held, placement, _DTYPES[spec.dtype])
    ranges, tried = _ranges(spec, network, placement, samples, evidence, report)
    notes = (*ranges.notes, *((_NOISE,) if spec.random else ()))
    alone: Mapping[str, float] = {}
    if spec.sensitivity or spec.tolerance is not None:
        alone = evidence.alone(ranges, report)
    order = sorted((name for name in alone if name not in kept), key=lambda name: -alone[name])
    if spec.tolerance is not None:
        kept = evidence.kept_for(ranges, order, spec.tolerance, kept, report)
    points = evidence.curve(ranges, order, frozenset(), report) if spec.sensitivity else ()
    report.progress("Measuring the error")
    made = evidence.quantized(ranges, kept)
    rows = evidence.outputs(made)
    quality = evidence.layers(made)
    report.progress("Measuring fp16 beside it")
    half = with_precision(network, DType.FLOAT16)
    halves = evidence.outputs(half)
    report.progress("Writing the results")
    save_ranges(replace(ranges, notes=notes, kept=tuple(sorted(kept))), spec.ranges)
    if spec.result is not None:
        save_network(made, spec.result)
    rounded = set(placement.layers) - kept
    effect = effect_of(network, rounded)
    origins = {layer.name: layer.origin for layer in network.layers}
    noise = worst(rows)
    return QuantizeResult(
        network=spec.result,
        ranges=spec.ranges,
        collector=ranges.collector,
        samples=ranges.samples,
        rounded=len(rounded),
        layers=tuple(
            LayerNoise(name, origins[name], quality.get(name), alone.get(name), name in kept)
            for name in placement.layers
        ),
        outputs=rows,
        noise=noise,
        accuracy_float=evidence.accuracy(),
        accuracy_rounded=evidence.accuracy(made),
        tried=tried,
        half=halves,
        accuracy_half=evidence.accuracy(half),
        float_bytes=effect.float_bytes,
        rounded_bytes=effect.rounded_bytes,
        share=effect.share,
        curve=points,
        meets=None if spec.tolerance is None else noise <= spec.tolerance,
        notes=notes,
    )


def _recipe(spec: QuantizeSpec) -> ImageFeed | None:
    """Return how images become numbers, without the images to calibrate with."""
    return None if spec.images is None else replace(spec.images, paths=())


def _check(spec: QuantizeSpec) -> None:
    if spec.collector not in (AUTO, *COLLECTORS):
        raise UsageError(
            f"There is no collector {spec.collector!r}.",
            where="collector",
            hint=f"Choose {', '.join((AUTO, *COLLECTORS))}.",
        )
    if spec.dtype not in _DTYPES:
        raise UsageError(
            f"There is no eight-bit dtype {spec.dtype!r}.",
            where="dtype",
            hint=f"Choose {' or '.join(DTYPES)}.",
        )
    if spec.tolerance is not None and not 0 <= spec.tolerance < 1:
        raise UsageError("The tolerance is a share, from 0 to 1.", where="tolerance")


def _ranges(
    spec: QuantizeSpec,
    network: Network,
    placement: Placement,
    samples: Samples,
    evidence: Evidence,
    report: Report,
) -> tuple[Ranges, dict[str, float]]:
    """Return the ranges, and the noise by collector where all were tried."""
    known = load_ranges(spec.known) if spec.known is not None else Ranges({})
    wanted = dict.fromkeys(placement.tensors())
    if spec.every:
        wanted.update(dict.fromkeys(float_tensors(network)))
    missing = [name for name in wanted if name not in known.reach]
    if not missing:
        return known, {}
    histograms, count, whole = calibrate(network, samples, missing, report)
    if spec.histograms is not None:
        spread = {name: item.counts for name, item in histograms.items()}
        reaches = {f"{name}/reach": np.array(item.reach) for name, item in histograms.items()}
        save_npz(spec.histograms, {**spread, **reaches})
    if not count:
        raise UsageError(
            "There is not one whole batch of samples.",
            where="data",
            hint=f"The network takes {samples.batch} at a time.",
        )
    if not whole:
        # What was collected is worth keeping: it can be given as `known` the next time.
        collector = "percentile" if spec.collector == AUTO else spec.collector
        save_ranges(_joined(known, ranges_from(histograms, collector, count)), spec.ranges)
        raise JobCancelled("The calibration was cancelled; the ranges so far are kept.")
    if spec.collector != AUTO:
        report.progress("Choosing the ranges")
        return _joined(known, ranges_from(histograms, spec.collector, count)), {}
    found: dict[str, tuple[float, Ranges]] = {}
    for name in COLLECTORS:
        report.progress(f"Choosing the ranges by {name}")
        ranges = _joined(known, ranges_from(histograms, name, count))
        found[name] = (evidence.noise(ranges), ranges)
    best = min(found, key=lambda name: found[name][0])
    errors = ", ".join(f"{name} {noise:.2%}" for name, (noise, _) in found.items())
    noted = f"Noise by collector: {errors}. {best} was taken."
    tried = {name: noise for name, (noise, _) in found.items()}
    return replace(found[best][1], notes=(*known.notes, noted)), tried


def _joined(known: Ranges, found: Ranges) -> Ranges:
    return replace(
        found,
        reach={**found.reach, **known.reach},
        largest={**found.largest, **known.largest},
        notes=known.notes,
    )
