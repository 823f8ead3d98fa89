"""Freezing a Keras file beside TensorFlow alone: `python -m benchmarks.freeze [NAME …]`.

`surgeon freeze`, with its optimiser and without, beside a process in which TensorFlow loads the
same file, freezes it by `convert_variables_to_constants_v2` and writes it. Seconds are of the
clock, without TensorFlow's import there and with it here; peak memory is the worker's and that
process's, and ours may be a tenth more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import record
from benchmarks.measure import Measured, in_fresh_process, report

NAMES = ("MobileNetV2", "ResNet50")
MEMORY = 1.1


def make(name: str, path: Path) -> dict[str, float]:
    """Save a Keras application as Keras starts it."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    model = getattr(tf.keras.applications, name)(weights=None)
    model.save(path)
    return {"parameters": model.count_params()}


def freeze_by_tensorflow(path: Path) -> dict[str, float]:
    """Freeze a Keras file beside itself; return seconds and nodes."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    started = time.perf_counter()
    model = tf.keras.models.load_model(path, compile=False)
    size = tuple(model.inputs[0].shape)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec(size, tf.float32, name="input")
    )
    definition = convert_variables_to_constants_v2(function).graph.as_graph_def()
    path.with_suffix(".theirs.pb").write_bytes(definition.SerializeToString())
    return {"seconds": time.perf_counter() - started, "nodes": len(definition.node)}


def freeze(path: Path, *, optimised: bool) -> dict[str, Any]:
    """Freeze a Keras file as `surgeon freeze` does; return what it tells in JSON."""
    words = [str(path), "-o", str(path.with_suffix(".pb")), "--no-verify", "--json"]
    words += ["--optimize"] if optimised else []
    done = subprocess.run(
        [sys.executable, "-m", "surgeon_gui", "freeze", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"surgeon freeze {path.name} failed:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def measure(name: str, folder: Path) -> None:
    """Print and record the figures of one application."""
    path = folder / f"{name}.keras"
    in_fresh_process("benchmarks.freeze", "make", name, str(path))
    theirs = in_fresh_process("benchmarks.freeze", "tensorflow", str(path))
    _line(name, "TensorFlow", theirs.facts["seconds"], theirs.peak_mb, theirs.facts["nodes"])
    for title, optimised in (("plain", False), ("optimised", True)):
        told = freeze(path, optimised=optimised)
        seconds, peak = told["seconds"], told["peak_rss_bytes"] / 2**20
        _line(name, title, seconds, peak, told["nodes_after"])
        _record(f"{name}, {title}", seconds, peak, told["nodes_after"], theirs, optimised)


def _line(name: str, title: str, seconds: float, peak_mb: float, nodes: float) -> None:
    print(f"{name:16}{title:12}{seconds:9.2f}{peak_mb:9.0f}{nodes:8.0f}", flush=True)


def _record(
    what: str, seconds: float, peak: float, nodes: float, theirs: Measured, optimised: bool
) -> None:
    whose = "TensorFlow"
    # What optimising takes has no counterpart there.
    beside = (None, None) if optimised else (theirs.facts["seconds"], theirs.peak_mb)
    budget = None if optimised else MEMORY * theirs.peak_mb
    record(f"{what}, seconds", seconds, "s", other=beside[0], whose=whose)
    record(f"{what}, peak memory", peak, "MB", budget=budget, other=beside[1], whose=whose)
    record(f"{what}, nodes", nodes, "", other=theirs.facts["nodes"], whose=whose)


def main() -> int:
    if sys.argv[1:2] == ["make"]:
        report(lambda: make(sys.argv[2], Path(sys.argv[3])))
        return 0
    if sys.argv[1:2] == ["tensorflow"]:
        report(lambda: freeze_by_tensorflow(Path(sys.argv[2])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    names = parser.parse_args().names
    print(f"{'model':16}{'':12}{'seconds':>9}{'peak MB':>9}{'nodes':>8}")
    with tempfile.TemporaryDirectory(prefix="surgeon-freeze-") as folder:
        for name in names:
            measure(name, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
