"""Time and memory from a frozen .pb to the Network: `python -m benchmarks.convert [FILE.pb …]`.

MobileNetV2, InceptionV3 and ResNet50 come from Keras with random weights and are frozen once, into
`benchmarks/.cache`; `--model` chooses among them, files named as arguments come after them. Each
line is measured in a process of its own; the memory above that of a trivial graph, which is what
the interpreter and the imports cost, is told in sizes of the file. `--shape NAME=1x224x224x3` gives
an input of a file the dimensions it leaves open; why a file does not convert is told.

The same figures of tf2onnx, its layers being those that TensorRT's own parser makes of its ONNX
file, stand beside where `SURGEON_TF2ONNX` names the Python of an environment that has it, which is
never this project's own:

    python -m venv /some/where && /some/where/bin/pip install tf2onnx tensorflow
    SURGEON_TF2ONNX=/some/where/bin/python python -m benchmarks.convert
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import record
from benchmarks.freezing import TRIVIAL, freeze, frozen
from benchmarks.measure import Measured, in_fresh_process, report

MODELS = ("MobileNetV2", "InceptionV3", "ResNet50")
BUDGETS = {"ResNet50": (1.0, 2.5)}
"""Seconds, and sizes of the file that the memory may take."""

_TF2ONNX = """
import json, sys, time
import onnx
import tensorflow as tf
import tf2onnx
definition = tf.compat.v1.GraphDef.FromString(open(sys.argv[1], "rb").read())
consumed = {name.split(":")[0].lstrip("^") for node in definition.node for name in node.input}
inputs = [f"{node.name}:0" for node in definition.node if node.op == "Placeholder"]
outputs = [f"{n.name}:0" for n in definition.node if n.name not in consumed and n.op != "NoOp"]
started = time.process_time()
model, _ = tf2onnx.convert.from_graph_def(definition, input_names=inputs, output_names=outputs)
seconds = time.process_time() - started
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
onnx.save(model, sys.argv[2])
print(json.dumps({"seconds": seconds, "peak_mb": peak, "facts": {"nodes": len(model.graph.node)}}))
"""


def convert(path: Path, shapes: Sequence[str] = ()) -> dict[str, float]:
    """Open a graph and lower it; return nodes, layers and how many of those move elements.

    Args:
        path: the graph's file.
        shapes: `NAME=1x224x224x3`; those of nodes that the graph does not have count for nothing.
    """
    from surgeon_gui.cli.options import parse_shape
    from surgeon_gui.graph.open import open_graph
    from surgeon_gui.network.layers import Shuffle
    from surgeon_gui.pipeline import network_of

    graph = open_graph(path)
    given = dict(map(parse_shape, shapes))
    network = network_of(graph, shapes={name: given[name] for name in given if name in graph})
    moving = sum(
        isinstance(layer.kind, Shuffle)
        and bool(layer.kind.first_transpose or layer.kind.second_transpose)
        for layer in network.layers
    )
    return {"nodes": len(graph), "layers": len(network.layers), "transposes": moving}


def parse(path: Path) -> dict[str, float]:
    """Read an ONNX file by TensorRT's own parser; return its layers and the transposes in them."""
    from surgeon_gui.engine.flavours import load_flavour
    from surgeon_gui.engine.log import logger_for
    from surgeon_gui.engine.onnx_route import parse_onnx

    flavour = load_flavour("rtx")
    builder = flavour.module.Builder(logger_for(flavour.module))
    definition, _parser = parse_onnx(path, builder, flavour)
    transposes = 0
    for place in range(definition.num_layers):
        layer = definition.get_layer(place)
        if layer.type == flavour.module.LayerType.SHUFFLE:
            layer.__class__ = flavour.module.IShuffleLayer
            orders = (list(layer.first_transpose), list(layer.second_transpose))
            transposes += any(order != sorted(order) for order in orders)
    return {"layers": definition.num_layers, "transposes": transposes}


def by_tf2onnx(path: Path, python: str) -> Measured | str:
    """Return tf2onnx's figures for a frozen graph, or the last line it died with."""
    with tempfile.TemporaryDirectory(prefix="surgeon-tf2onnx-") as folder:
        model = Path(folder) / "x.onnx"
        done = subprocess.run(
            [python, "-c", _TF2ONNX, str(path), str(model)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        if done.returncode:
            return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        parsed = in_fresh_process("benchmarks.convert", "parse", str(model))
    return Measured(answer["seconds"], answer["peak_mb"], parsed.facts)


def _figures(found: Measured, base_mb: float, size_mb: float) -> str:
    ratio = f"{(found.peak_mb - base_mb) / size_mb:8.2f} x" if size_mb > 1 else f"{'':10}"
    return (
        f"{found.facts['layers']:8.0f}{found.facts['transposes']:12.0f}"
        f"{found.seconds:9.2f}{found.peak_mb:9.0f}{ratio}"
    )


def _record(
    name: str, found: Measured, theirs: Measured | str, bases: tuple[float, float], size_mb: float
) -> None:
    """Record the figures of one file, beside tf2onnx's where it converted it."""
    if name == TRIVIAL:
        return
    other = theirs if isinstance(theirs, Measured) else None
    pairs: list[tuple[str, str, float, float | None]] = [
        ("seconds", "s", found.seconds, None if other is None else other.seconds)
    ]
    for what in ("layers", "transposes"):
        pairs += [(what, "", found.facts[what], None if other is None else other.facts[what])]
    if size_mb > 1:
        over = None if other is None else (other.peak_mb - bases[1]) / size_mb
        pairs += [("peak memory in files", "x", (found.peak_mb - bases[0]) / size_mb, over)]
    limits = dict(zip(("seconds", "peak memory in files"), BUDGETS.get(name, ()), strict=False))
    for what, unit, ours, beside in pairs:
        record(
            f"{name}, {what}", ours, unit, budget=limits.get(what), other=beside, whose="tf2onnx"
        )


def main() -> int:
    if sys.argv[1:2] == ["freeze"]:
        name, target = sys.argv[2:]
        report(lambda: freeze(name, Path(target)))
        return 0
    if sys.argv[1:2] == ["convert"]:
        path, *shapes = sys.argv[2:]
        report(lambda: convert(Path(path), shapes))
        return 0
    if sys.argv[1:2] == ["parse"]:
        report(lambda: parse(Path(sys.argv[2])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.pb")
    parser.add_argument("--model", action="append", choices=MODELS)
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=DIMS")
    options = parser.parse_args()
    other = os.environ.get("SURGEON_TF2ONNX", "")
    titles = ("layers", "transposes", "seconds", "peak MB", "over file")
    columns = "{:>8}{:>12}{:>9}{:>9}{:>10}".format(*titles)
    print(f"{'graph':24}{'file MB':>9}{'nodes':>8}{columns}" + (f" | {columns}" if other else ""))
    base, other_base = 0.0, 0.0
    files = [frozen(name) for name in (TRIVIAL, *(options.model or MODELS))] + options.files
    for path in files:
        size = path.stat().st_size / 1e6
        try:
            found = in_fresh_process("benchmarks.convert", "convert", str(path), *options.shape)
        except RuntimeError as error:
            print(f"{path.stem[:23]:24}{size:9.1f}  {str(error).splitlines()[-1]}", flush=True)
            continue
        base = base or found.peak_mb
        line = f"{path.stem[:23]:24}{size:9.1f}{found.facts['nodes']:8.0f}"
        line += _figures(found, base, size)
        theirs: Measured | str = ""
        if other:
            theirs = by_tf2onnx(path, other)
            if isinstance(theirs, Measured):
                other_base = other_base or theirs.peak_mb
                line += f" | {_figures(theirs, other_base, size)}"
            else:
                line += f" | {theirs}"
        print(line, flush=True)
        _record(path.stem, found, theirs, (base, other_base), size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
