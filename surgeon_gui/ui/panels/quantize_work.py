"""What the quantize panel prepares for its worker, and what it says of the result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.quantize_spec import QuantizeResult, QuantizeSpec, sqnr_text
from surgeon_gui.network.quantize.ranges import Ranges, save_ranges
from surgeon_gui.network.quantize.trained import take_ranges
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import network_of

INTRO = (
    "Rounds the network to eight bits. Ranges come from samples of yours; the error is measured "
    "on the CPU, before any GPU."
)

COLLECTED = {
    "auto": "the one that errs least",
    "entropy": "entropy, as TensorRT's",
    "minmax": "everything seen",
    "percentile": "all but the rarest",
    "mse": "least mean square error",
}
"""What the ways to choose ranges are called."""


def prepared(
    graph: Graph, directory: Path, options: QuantizeSpec, known: Ranges | None
) -> QuantizeSpec:
    """Lower the graph and write what a calibration needs."""
    plain, trained = take_ranges(graph)
    network = network_of(plain)
    save_network(network, directory / "float.network")
    ranges = trained.in_network(network) if known is None else known
    if ranges.reach:
        save_ranges(ranges, directory / "known.json")
    return replace(
        options,
        network=directory / "float.network",
        ranges=directory / "ranges.json",
        result=directory / "quantized.network",
        known=directory / "known.json" if ranges.reach else None,
        histograms=directory / "histograms.npz",
    )


def summary(result: QuantizeResult) -> tuple[str, str, str]:
    """Return the result in a sentence, its role, and remarks."""
    rounded = f"{result.rounded} of {len(result.layers)} layers compute in eight bits"
    worst = max(result.outputs, key=lambda item: item.noise)
    words = f"{rounded}; the outputs are exact"
    if worst.noise:
        words = f"{rounded}; noise {worst.noise:.2%} ({sqnr_text(worst.sqnr_db)}) at {worst.name}"
    if worst.top1 is not None:
        words += f", top-1 the same in {worst.top1:.1%}"
    notes = list(result.notes)
    half = max((item.noise for item in result.half), default=None)
    if half is not None:
        notes.insert(0, f"In fp16 it would be {half:.3%}. {effect(result)}")
    if result.accuracy_float is not None and result.accuracy_rounded is not None:
        notes.insert(
            0,
            f"Accuracy: {result.accuracy_float:.2%} in float, {result.accuracy_half or 0.0:.2%} "
            f"in fp16, {result.accuracy_rounded:.2%} in eight bits.",
        )
    role = "strong"
    if result.meets is False:
        notes.insert(0, "The noise allowed is not met even with every layer in float.")
        role = "caveat"
    return f"{words}.", role, "\n".join(notes)


def effect(result: QuantizeResult) -> str:
    """Return in a sentence what can be counted of the network's size and work."""
    return (
        f"{result.share:.1%} of the multiplications are in eight bits; weights "
        f"{result.float_bytes / 1e6:.2f} MB in float32, {result.rounded_bytes / 1e6:.2f} MB so."
    )
