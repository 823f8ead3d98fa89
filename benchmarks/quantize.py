"""What eight bits take and cost a network: `python -m benchmarks.quantize [FILE.pb …]`.

Ranges by every collector, the one that errs least taken, and the error measured on the CPU, all in
a worker as `surgeon quantize` does it; then the engines. MobileNet from Keras unless told
otherwise. The samples are smooth coloured blobs drawn here, the same for ranges and errors:
they tell how the ways compare, not what a network's own data would give. *noise* is the root mean
square of the outputs' difference, relative to that of the outputs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.figures import record
from benchmarks.freezing import frozen
from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.jobs.quantize_spec import QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import BuildSpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.quantize import COLLECTORS
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.pipeline import network_of

SAMPLES = 16
SIDE = 224
"""Of images whose size the graph leaves open."""
_BLOBS = 8
_PRECISIONS = ("fp32", "fp16", "int8")


def network_at(path: Path, side: int = SIDE) -> Network:
    """Return a frozen graph's network for one image."""
    graph = open_graph(path)
    shapes = {}
    for name in (node.name for node in graph if node.op == "Placeholder"):
        shape = graph[name].attrs.get("shape")
        if isinstance(shape, Shape) and shape.dims is not None:
            first, *rest = shape.dims
            shapes[name] = Shape((max(first, 1), *(side if dim < 0 else dim for dim in rest)))
    return network_of(graph, shapes=shapes)


def blobs(count: int, shape: tuple[int, ...], seed: int) -> Array:
    """Draw smooth images, height before width before channels, from -1 to 1."""
    height, width, channels = shape
    rows = np.linspace(0, _BLOBS - 1.001, height)
    columns = np.linspace(0, _BLOBS - 1.001, width)
    grid = np.random.default_rng(seed).uniform(-1, 1, (count, _BLOBS, _BLOBS, channels))
    top, left = rows.astype(int), columns.astype(int)
    down, across = (rows - top)[:, None, None], (columns - left)[None, :, None]
    above = grid[:, top][:, :, left] * (1 - across) + grid[:, top][:, :, left + 1] * across
    below = grid[:, top + 1][:, :, left] * (1 - across) + grid[:, top + 1][:, :, left + 1] * across
    return np.asarray(above * (1 - down) + below * down, np.float32)


def quantize(path: Path, samples: int, folder: Path) -> QuantizeResult:
    """Quantize a frozen graph's network; it and the float one stay in `folder`."""
    network = network_at(path)
    save_network(network, folder / "float.network")
    drawn = {item.name: blobs(samples, item.shape[1:], 0) for item in network.inputs}
    save_npz(folder / "samples.npz", drawn)
    spec = QuantizeSpec(
        folder / "float.network",
        folder / "ranges.json",
        folder / "rounded.network",
        data=(folder / "samples.npz",),
        held=samples,
    )
    return run_job(spec, directory=folder / "job")


def plans(folder: Path, gpu: str) -> dict[str, int]:
    """Build the engines for one GPU; return their bytes by precision."""
    found = {}
    for precision in _PRECISIONS:
        source = folder / ("rounded.network" if precision == "int8" else "float.network")
        spec = BuildSpec(source, folder / f"{precision}.engine", gpus=(gpu,), precision=precision)
        found[precision] = run_job(spec, directory=folder / f"build-{precision}").bytes
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.pb")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--gpu", default="sm86", help="what the engines are built for")
    options = parser.parse_args()
    ways = "".join(f"{name:>12}" for name in ("fp16", *COLLECTORS))
    print(f"{'graph':24}{'seconds':>9}{'peak MB':>9}{'rounded':>9}{ways}{'top-1':>8}  plans MB")
    for path in options.files or [frozen("MobileNet")]:
        with tempfile.TemporaryDirectory(prefix="surgeon-quantize-") as name:
            folder = Path(name)
            found = quantize(path, options.samples, folder)
            sizes = plans(folder, options.gpu)
            layers = len(load_network(folder / "float.network").layers)
        peak = found.peak_rss_bytes / 1e6
        half = max(row.noise for row in found.half)
        noise = "".join(f"{value:12.3%}" for value in (half, *found.tried.values()))
        agreed = [row.top1 for row in found.outputs if row.top1 is not None]
        share = f"{min(agreed):8.1%}" if agreed else f"{'–':>8}"
        plan = " ".join(f"{precision} {size / 1e6:.2f}" for precision, size in sizes.items())
        print(
            f"{path.stem[:23]:24}{found.seconds:9.2f}{peak:9.0f}{found.rounded:5} /{layers:3}"
            f"{noise}{share}  {plan}"
        )
        record(f"{path.stem}, {options.samples} samples", found.seconds, "s")
        record(f"{path.stem}, the worker's memory", peak, "MB")
        record(f"{path.stem}, noise in fp16", half, "")
        for way, value in found.tried.items():
            record(f"{path.stem}, noise by {way}", value, "")
        for precision, size in sizes.items():
            record(f"{path.stem}, plan in {precision}", size / 1e6, "MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
