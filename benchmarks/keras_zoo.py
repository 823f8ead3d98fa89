"""Every Keras application, from Keras to an engine: `python -m benchmarks.keras_zoo [NAME …]`.

Random weights, the default input size. Each is frozen, converted, compared with TensorFlow through
ONNX Runtime on the CPU, and built by TensorRT for RTX for sm86. *seconds* and *peak MB* are those
of the conversion, in a process of its own, the memory less that of a trivial graph. The difference
is the largest one of any output, relative.

Without names it takes all of them, which takes half an hour. `--keep` keeps the frozen graphs in
`benchmarks/.cache`.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import record
from benchmarks.freezing import CACHE, TRIVIAL, frozen
from benchmarks.measure import in_fresh_process
from surgeon_gui.compare.report import Tolerance
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import BuildSpec, VerifyResult, VerifySpec
from surgeon_gui.pipeline import network_of, prepare_build, prepare_verify

TITLES = ("architecture", "file MB", "nodes", "layers", "transposes", "seconds", "peak MB")


@dataclass(frozen=True)
class Proof:
    """What became of a converted architecture.

    Attributes:
        same: whether every output equals TensorFlow's within the tolerance of `surgeon verify`.
        difference: the largest one of any output, relative.
        engine_bytes: size of the plan.
    """

    same: bool
    difference: float
    engine_bytes: int


def architectures() -> list[str]:
    """Return the names of all architectures the installed Keras has."""
    import tensorflow as tf

    members = vars(tf.keras.applications).items()
    return sorted(name for name, item in members if inspect.isfunction(item))


def _in_a_job(spec: VerifySpec, directory: Path) -> VerifyResult:
    return run_job(spec, directory=directory)


def prove(path: Path, verify: Callable[[VerifySpec, Path], VerifyResult] = _in_a_job) -> Proof:
    """Compare a frozen graph's network with TensorFlow, and build it, as the program does.

    Args:
        path: the frozen graph.
        verify: does the comparison, in a folder that is there for it.

    Raises:
        SurgeonError: it does not convert, run or build.
    """
    graph = open_graph(path)
    with tempfile.TemporaryDirectory(prefix="surgeon-zoo-") as folder:
        here = Path(folder)
        network = network_of(graph)
        rng = np.random.default_rng(0)
        # As the weights are made for: larger numbers make logits that a softmax tears apart.
        images = {
            tensor.name: rng.uniform(-1, 1, tensor.shape).astype(np.float32)
            for tensor in network.inputs
        }
        np.savez(here / "inputs.npz", allow_pickle=False, **images)
        spec = prepare_verify(graph, graph, here / "verify", inputs=here / "inputs.npz")
        verified = verify(spec, here / "a")
        wanted = BuildSpec(Path(), here / "x.engine", gpus=("sm86",))
        built = run_job(prepare_build(graph, here / "build", wanted), directory=here / "b")
    return Proof(verified.ok, max(row.metrics["max_rel"] for row in verified.outputs), built.bytes)


def _line(name: str, base_mb: float) -> str:
    path = frozen(name)
    found = in_fresh_process("benchmarks.convert", "convert", str(path))
    facts = found.facts
    figures = (
        f"{name:20}{path.stat().st_size / 1e6:9.1f}{facts['nodes']:8.0f}{facts['layers']:8.0f}"
        f"{facts['transposes']:12.0f}{found.seconds:9.2f}{found.peak_mb - base_mb:9.0f}"
    )
    record(f"{name}, conversion", found.seconds, "s")
    record(f"{name}, peak memory", found.peak_mb - base_mb, "MB")
    try:
        proof = prove(path)
    except SurgeonError as error:
        return f"{figures}  {error}"
    what = f"{name}, largest relative difference from TensorFlow"
    record(what, proof.difference, "", budget=Tolerance().max_rel)
    record(f"{name}, plan", proof.engine_bytes / 1e6, "MB")
    verdict = "same" if proof.same else "DIFFERS"
    return f"{figures}{proof.difference:12.1e}  {verdict:8}{proof.engine_bytes / 1e6:9.1f}"


def main() -> int:
    keep = "--keep" in sys.argv
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or architectures()
    print(
        "{:20}{:>9}{:>8}{:>8}{:>12}{:>9}{:>9}".format(*TITLES)
        + f"{'difference':>12}  {'':8}{'plan MB':>9}"
    )
    base = in_fresh_process("benchmarks.convert", "convert", str(frozen(TRIVIAL))).peak_mb
    for name in names:
        there = (CACHE / f"{name}.pb").exists()
        print(_line(name, base), flush=True)
        if not (keep or there):
            (CACHE / f"{name}.pb").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
