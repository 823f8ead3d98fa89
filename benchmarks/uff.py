"""Time and peak memory from a frozen .pb to a .uff file: `python -m benchmarks.uff`.

Beside it stands TensorFlow reading and importing the same file, which is where any converter built
on TensorFlow starts. Each figure is measured in a process of its own; the peak is over that of a
trivial graph.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.convert import MODELS
from benchmarks.figures import record
from benchmarks.freezing import TRIVIAL, frozen
from benchmarks.measure import in_fresh_process, report

BUDGETS = {"ResNet50": (2.0, 3.0)}
"""Seconds, and sizes of the file that the memory may take."""


def export(path: Path) -> dict[str, float]:
    """Write a graph as UFF; return nodes and bytes."""
    from surgeon_gui.graph.open import open_graph
    from surgeon_gui.uff.file import save_uff
    from surgeon_gui.uff.writer import uff_from_graph

    with tempfile.TemporaryDirectory() as folder:
        made = uff_from_graph(open_graph(path))
        return {"nodes": len(made.nodes), "bytes": save_uff(made.file, Path(folder) / "net.uff")}


def load(path: Path) -> dict[str, float]:
    """Read and import a graph in TensorFlow; return its nodes."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default():
        tf.import_graph_def(definition, name="")
    return {"nodes": len(definition.node)}


def main() -> int:
    works = {"export": export, "load": load}
    if sys.argv[1:2] and sys.argv[1] in works:
        report(lambda: works[sys.argv[1]](Path(sys.argv[2])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", choices=MODELS)
    models = parser.parse_args().model or MODELS
    titles = ("graph", "file MB", "UFF nodes", "seconds", "over file", "TF seconds", "over file")
    print("{:14}{:>9}{:>11}{:>9}{:>11}{:>12}{:>11}".format(*titles))
    base = dict.fromkeys(works, 0.0)
    for name in (TRIVIAL, *models):
        path = frozen(name)
        size = path.stat().st_size / 1e6
        found = {work: in_fresh_process("benchmarks.uff", work, str(path)) for work in works}
        over: dict[str, float] = {}
        for work, measured in found.items():
            base[work] = base[work] or measured.peak_mb
            over[work] = (measured.peak_mb - base[work]) / size
        shown = {work: f"{share:.2f} x" if size > 1 else "" for work, share in over.items()}
        print(
            f"{name:14}{size:9.1f}{found['export'].facts['nodes']:11.0f}"
            f"{found['export'].seconds:9.2f}{shown['export']:>11}"
            f"{found['load'].seconds:12.2f}{shown['load']:>11}"
        )
        if name != TRIVIAL:
            seconds, memory = BUDGETS.get(name, (None, None))
            ours, theirs = found["export"].seconds, found["load"].seconds
            whose = "TensorFlow's load"
            record(f"{name}, seconds", ours, "s", budget=seconds, other=theirs, whose=whose)
            record(
                f"{name}, peak memory in files",
                over["export"],
                "x",
                budget=memory,
                other=over["load"],
                whose=whose,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
