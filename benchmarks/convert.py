"""Time and peak memory from a frozen .pb to the Network: `python -m benchmarks.convert`.

MobileNetV2 and ResNet50 come from Keras with random weights and are frozen once, into
`benchmarks/.cache`. Each line is measured in a process of its own, beside the same figures for a
trivial graph, which is what the interpreter and the imports cost.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.measure import in_fresh_process, report

CACHE = Path(__file__).parent / ".cache"
MODELS = ("trivial", "MobileNetV2", "ResNet50")


def frozen(name: str) -> Path:
    """Return the frozen graph of that name, made when it is not there yet."""
    path = CACHE / f"{name}.pb"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        in_fresh_process("benchmarks.convert", "freeze", name, str(path))
    return path


def freeze(name: str, path: Path) -> dict[str, float]:
    """Write a Keras application, or a graph of one Relu, as a frozen GraphDef; return its size."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    if name == "trivial":
        function = tf.function(tf.nn.relu).get_concrete_function(
            tf.TensorSpec((1, 8), tf.float32, name="input")
        )
        definition = function.graph.as_graph_def()
    else:
        model = getattr(tf.keras.applications, name)(weights=None)
        function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
            tf.TensorSpec((1, 224, 224, 3), tf.float32, name="input")
        )
        definition = convert_variables_to_constants_v2(function).graph.as_graph_def()
    return {"bytes": path.write_bytes(definition.SerializeToString())}


def convert(path: Path) -> dict[str, float]:
    """Open a graph and lower it; return nodes and layers."""
    from surgeon_gui.graph.open import open_graph
    from surgeon_gui.pipeline import network_of

    graph = open_graph(path)
    network = network_of(graph)
    return {"nodes": len(graph), "layers": len(network.layers)}


def main() -> int:
    if sys.argv[1:2] == ["freeze"]:
        name, target = sys.argv[2:]
        report(lambda: freeze(name, Path(target)))
        return 0
    if sys.argv[1:2] == ["convert"]:
        report(lambda: convert(Path(sys.argv[2])))
        return 0
    titles = ("graph", "file MB", "nodes", "layers", "seconds", "peak MB", "over file")
    print("{:14}{:>9}{:>8}{:>8}{:>9}{:>9}{:>11}".format(*titles))
    base = 0.0
    for name in MODELS:
        path = frozen(name)
        size = path.stat().st_size / 1e6
        found = in_fresh_process("benchmarks.convert", "convert", str(path))
        base = base or found.peak_mb
        ratio = f"{(found.peak_mb - base) / size:.2f} x" if size > 1 else ""
        print(
            f"{name:14}{size:9.1f}{found.facts['nodes']:8.0f}{found.facts['layers']:8.0f}"
            f"{found.seconds:9.2f}{found.peak_mb:9.0f}  {ratio}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
