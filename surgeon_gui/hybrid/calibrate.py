"""INT8 for the segments of a hybrid: each is calibrated with what reaches it in whole runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.errors import ConvertError
from surgeon_gui.graph.values import Array
from surgeon_gui.hybrid.bundle import segment_path, write_bundle
from surgeon_gui.hybrid.plan import HybridPlan
from surgeon_gui.hybrid.runner import HybridRunner
from surgeon_gui.jobs.quantize_spec import QuantizeSpec
from surgeon_gui.jobs.run import run_job
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize.place import placement_of
from surgeon_gui.network.store import load_network, save_network


def quantized_segments(
    plan: HybridPlan, samples: Iterable[Mapping[str, Array]], max_batch_size: int
) -> dict[str, Network]:
    """Return the networks of the segments that can compute in eight bits, rounded.

    TensorFlow runs the whole graph on each sample; what every segment is fed then is what it is
    calibrated with, in a worker of its own.

    Args:
        plan: the hybrid; its segments have fixed shapes.
        samples: inputs of whole runs, by name.
        max_batch_size: the batch of a segment that could not leave it open.

    Raises:
        ConvertError: no segment ran, or none can compute in eight bits.
        JobError: a worker crashed.
    """
    with tempfile.TemporaryDirectory(prefix="surgeon-calibrate-") as name:
        folder = Path(name)
        write_bundle(plan, folder, max_batch_size=max_batch_size)
        return rounded_segments(folder, samples, folder, run_job)


def rounded_segments(
    bundle: Path,
    samples: Iterable[Mapping[str, Array]],
    folder: Path,
    quantize: Callable[[QuantizeSpec], object],
) -> dict[str, Network]:
    """Return the networks of a bundle's segments that can compute in eight bits, rounded.

    Args:
        bundle: its folder.
        samples: inputs of whole runs, by name.
        folder: for the files in between.
        quantize: does what a spec asks.

    Raises:
        ConvertError: no segment ran, or none can compute in eight bits.
    """
    seen: dict[str, list[Mapping[str, Array]]] = {}
    found: dict[str, Network] = {}
    with HybridRunner(
        bundle,
        ("tensorflow",),
        watcher=lambda segment, read, _: seen.setdefault(segment, []).append(read),
    ) as hybrid:
        for sample in samples:
            hybrid.run(sample)
        segments = [item.name for item in hybrid.bundle.segments if item.has_network]
    for segment in segments:
        network = load_network(segment_path(bundle, segment, ".network"))
        if segment in seen and placement_of(network).layers:
            found[segment] = _quantized(folder, network, seen[segment], quantize)
    if not found:
        raise ConvertError(
            "No segment that ran can compute in eight bits.",
            hint="Segments need convolutions or products with constant weights.",
        )
    return found


def _quantized(
    folder: Path,
    network: Network,
    fed: list[Mapping[str, Array]],
    quantize: Callable[[QuantizeSpec], object],
) -> Network:
    arrays = {
        tensor.name: np.concatenate([np.asarray(item[tensor.name]) for item in fed])
        for tensor in network.inputs
    }
    data, source, result = (folder / name for name in ("fed.npz", "float.network", "int8.network"))
    save_npz(data, arrays)
    save_network(network, source)
    quantize(QuantizeSpec(source, folder / "ranges.json", result, data=(data,)))
    return load_network(result)
