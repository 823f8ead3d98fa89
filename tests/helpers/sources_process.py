"""What people have instead of frozen graphs, made by TensorFlow in a process of its own.

`make_sources` starts `python -m tests.helpers.sources_process FOLDER`, which writes a SavedModel
with two graphs (`both`), a checkpoint with a GraphDef (`checkpoint`), a Keras file (`small.keras`),
and what each computes (`values.npz`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.shared import ROOT


def make_sources(folder: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Write the sources; return the input `x` and what every source makes of it, by its name."""
    command = [sys.executable, "-m", "tests.helpers.sources_process", str(folder)]
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    with np.load(folder / "values.npz") as archive:
        return {name: archive[name] for name in archive.files}


def main(folder: Path) -> None:
    import tensorflow as tf

    v1 = tf.compat.v1
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    values: dict[str, Any] = {"x": x}
    with tf.Graph().as_default() as graph, v1.Session() as session:
        given = v1.placeholder(tf.float32, [None, 4], name="image")
        weights = v1.get_variable("w", [4, 3], initializer=v1.random_uniform_initializer(seed=1))
        hidden = tf.nn.relu(tf.matmul(given, weights), name="hidden")
        scores = tf.nn.softmax(tf.identity(hidden), name="dense/probabilities")
        session.run(v1.global_variables_initializer())
        (folder / "checkpoint").mkdir()
        v1.train.Saver().save(session, str(folder / "checkpoint" / "model.ckpt"))
        tf.io.write_graph(graph, str(folder / "checkpoint"), "graph.pb", as_text=False)
        signature = v1.saved_model.predict_signature_def
        builder = v1.saved_model.Builder(str(folder / "both"))
        builder.add_meta_graph_and_variables(
            session,
            ["train"],
            {"features": signature({"pixels": given}, {"features": hidden})},
        )
        builder.add_meta_graph(
            ["serve"],
            {
                "features": signature({"pixels": given}, {"features": hidden}),
                "serving_default": signature(
                    {"pixels": given}, {"scores": scores, "features": hidden}
                ),
            },
        )
        builder.save()
        values["features"], values["scores"] = session.run([hidden, scores], {given: x})
    model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(2, name="out")])
    model.save(folder / "small.keras")
    values["keras"] = model(x, training=False).numpy()
    np.savez(folder / "values.npz", **values)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
