"""TensorFlow in a process of its own: what it infers and computes for a GraphDef.

`run_tensorflow` starts `python -m tests.helpers.tensorflow_process FOLDER`, which imports the graph
in that folder, runs every named tensor by itself, writes the arrays and all static types there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from tests.helpers.shared import ROOT


class TensorflowRun(NamedTuple):
    """What TensorFlow found: values by tensor (`name:port`), an error's text where it refused."""

    arrays: dict[str, np.ndarray[Any, Any]]
    errors: dict[str, str]
    types: dict[str, tuple[int, list[int] | None]]


def run_tensorflow(
    graph: Graph,
    folder: Path,
    tensors: Iterable[str] = (),
    feeds: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> TensorflowRun:
    """Import the graph with TensorFlow, compute the tensors, return all it knows."""
    save_graphdef(graph, folder / "graph.pb")
    arrays_to_feed: dict[str, Any] = dict(feeds or {})
    np.savez(folder / "feeds.npz", **arrays_to_feed)
    (folder / "names.json").write_text(json.dumps(list(tensors)))
    command = [sys.executable, "-m", "tests.helpers.tensorflow_process", str(folder)]
    # Dilated depthwise convolutions run on the CPU with oneDNN only, whatever other tests chose.
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environment = {**os.environ, **settings, "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = json.loads((folder / "found.json").read_text())
    with np.load(folder / "arrays.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    return TensorflowRun(arrays, found["errors"], found["types"])


def main(folder: Path) -> None:
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString((folder / "graph.pb").read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(definition, name="")
    types = {}
    for operation in graph.get_operations():
        for tensor in operation.outputs:
            dims = tensor.shape.as_list() if tensor.shape.rank is not None else None
            shape = None if dims is None else [-1 if dim is None else dim for dim in dims]
            types[tensor.name] = (tensor.dtype.base_dtype.as_datatype_enum, shape)
    arrays: dict[str, Any] = {}
    errors = {}
    with np.load(folder / "feeds.npz") as archive:
        feeds = {f"{name}:0": archive[name] for name in archive.files}
    with tf.compat.v1.Session(graph=graph) as session:
        for name in json.loads((folder / "names.json").read_text()):
            try:
                value = np.asarray(session.run(name, feeds))
            except (tf.errors.OpError, ValueError) as error:
                errors[name] = str(error)[:2000]
            else:
                arrays[name] = value.astype("S") if value.dtype == object else value
    np.savez(folder / "arrays.npz", **arrays)
    (folder / "found.json").write_text(json.dumps({"types": types, "errors": errors}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
