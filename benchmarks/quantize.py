"""How long rounding a network to eight bits takes: `python -m benchmarks.quantize [FILE.pb …]`.

Ranges of random samples by every collector, the one that errs least taken, and the error measured
on the CPU, all in a worker as `surgeon quantize` does it. MobileNet from Keras unless told
otherwise. *noise* is the root mean square of the outputs' difference, relative to that of the
outputs; random samples say little of what real data would give.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import record
from benchmarks.freezing import frozen
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.quantize_spec import QuantizeResult, QuantizeSpec
from surgeon_gui.jobs.run import run_job
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import network_of

SAMPLES = 16


def quantize(path: Path, samples: int) -> QuantizeResult:
    """Quantize a frozen graph's network on so many random samples."""
    with tempfile.TemporaryDirectory(prefix="surgeon-quantize-") as folder:
        here = Path(folder)
        save_network(network_of(open_graph(path)), here / "float.network")
        spec = QuantizeSpec(
            here / "float.network",
            here / "ranges.json",
            here / "rounded.network",
            random=samples,
            held=samples,
        )
        return run_job(spec, directory=here / "job")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.pb")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    print(f"{'graph':24}{'seconds':>9}{'peak MB':>9}{'rounded':>9}{'noise':>8}  collector")
    for path in options.files or [frozen("MobileNet")]:
        found = quantize(path, options.samples)
        peak = found.peak_rss_bytes / 1e6
        print(
            f"{path.stem[:23]:24}{found.seconds:9.2f}{peak:9.0f}{found.rounded:9}"
            f"{found.noise:8.3f}  {found.collector}"
        )
        record(f"{path.stem}, {options.samples} samples", found.seconds, "s")
        record(f"{path.stem}, the worker's memory", peak, "MB")
        record(f"{path.stem}, noise by {found.collector}", found.noise, "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
