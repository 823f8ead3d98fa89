"""Every kind of source frozen and built into an engine, by the worker's tasks in one process.

`build_sources` starts `python -m tests.helpers.frozen_builds_process FOLDER`, which makes the
sources there, freezes each, holds it against its source and builds an engine of it. What came of
each is a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import resolve_output
from surgeon_gui.jobs.report import QuietReport
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, FreezeResult, FreezeSpec
from surgeon_gui.pipeline import prepare_build
from surgeon_gui.worker.tasks.build import build_engine
from surgeon_gui.worker.tasks.freeze import freeze
from tests.helpers.shared import ROOT
from tests.helpers.sources_process import main as make_sources


@dataclass(frozen=True)
class Built:
    """What came of one source.

    Args:
        name: the source's key in `SOURCES`.
        source: what the freezing took it for.
        difference: the largest relative difference to the source; None where none was measured.
        engine: the plan.
        bytes: the plan's size, as the build told it.
        layers: layers TensorRT was given.
        inputs: names of the engine's inputs.
        outputs: names of the engine's outputs.
    """

    name: str
    source: str
    difference: float | None
    engine: str
    bytes: int
    layers: int
    inputs: list[str]
    outputs: list[str]


SOURCES: dict[str, dict[str, Any]] = {
    "both": {},
    "exported": {"optimize": True},
    "checkpoint": {"outputs": ("dense/probabilities",)},
    "checkpoint/model.ckpt.index": {
        "outputs": ("dense/probabilities",),
        "graph": "checkpoint/graph.pb",
    },
    "small.keras": {},
    "small.h5": {},
    "frozen.pb": {},
}
"""The sources in the folder, and how each is frozen."""


def build_sources(folder: Path) -> dict[str, Built]:
    """Make, freeze and build all sources in another process; return what came of each."""
    command = [sys.executable, "-m", "tests.helpers.frozen_builds_process", str(folder)]
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    lines = (folder / "built.jsonl").read_text(encoding="utf-8").splitlines()
    return {built.name: built for built in (Built(**json.loads(line)) for line in lines)}


def _make_more(folder: Path) -> None:
    """Add a SavedModel of TensorFlow 2, an `.h5` file and a frozen graph to the other sources."""
    import tensorflow as tf

    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential(
        [
            layers.Input((8, 8, 3), name="image"),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    model.export(folder / "exported", verbose=False)
    model.save(folder / "small.h5")
    with tf.Graph().as_default() as graph:
        given = tf.compat.v1.placeholder(tf.float32, [1, 4], name="x")
        tf.nn.relu(given * 2.0 - 0.5, name="y")
    (folder / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())


def _build(folder: Path, name: str, options: dict[str, Any]) -> Built:
    work = folder / "built" / name.replace("/", "-")
    work.mkdir(parents=True)
    report = QuietReport(work)
    if "graph" in options:
        options = {**options, "graph": folder / options["graph"]}
    frozen = freeze(FreezeSpec(folder / name, work / "frozen.pb", **options), report)
    assert isinstance(frozen, FreezeResult)
    assert frozen.unverified == "", frozen.unverified
    graph = open_graph(frozen.path)
    outputs = tuple(resolve_output(graph, text) for text in frozen.outputs)
    spec = BuildSpec(work / "x.network", work / "x.engine", gpus=("sm86",), flavour="rtx")
    built = build_engine(prepare_build(graph.with_outputs(outputs), work, spec), report)
    assert isinstance(built, BuildResult)
    return Built(
        name,
        frozen.source,
        frozen.largest_difference,
        str(built.path),
        built.bytes,
        built.layers,
        [item.name for item in built.inputs],
        [item.name for item in built.outputs],
    )


def main(folder: Path) -> None:
    make_sources(folder)
    _make_more(folder)
    with (folder / "built.jsonl").open("w", encoding="utf-8") as file:
        for name, options in SOURCES.items():
            file.write(json.dumps(vars(_build(folder, name, options))) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
