"""How long a target takes to judge a graph, and to judge it again after an edit.

`python -m benchmarks.inspect [--nodes N] [--target ID …] [FILE …]`

A generated graph, then the files. Budget: 10 000 nodes in 2 s, after an edit in 0.2 s. The seconds
are processor time, so that they do not tell what else the machine did.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.targets.again import Inspector

TARGETS = ("direct", "trt-8.6", "uff-8", "tftrt-1.14", "onnx-trt-10")
ACTIVATIONS = ("Relu", "Relu6", "Tanh", "Elu", "Sigmoid", "LeakyRelu")
EDITS = 9
NODES = 10_000
WHOLE_S = 2.0
EDIT_S = 0.2


def edited(graph: Graph, share: float) -> Graph:
    """Return the graph with one activation replaced, so far into the graph."""
    names = [node.name for node in graph if node.op in ACTIVATIONS]
    draft = Draft(graph)
    name = names[int(share * (len(names) - 1))]
    draft.change(name, op="Elu" if graph[name].op != "Elu" else "Relu")
    return draft.commit()


def measure(graph: Graph, target: str) -> tuple[float, list[float], int]:
    """Return seconds for the whole graph, for each edit, and how many were judged locally."""
    inspector = Inspector()
    started = time.process_time()
    inspector.inspect(graph, target)
    whole = time.process_time() - started
    edits, local = [], 0
    for number in range(EDITS):
        graph = edited(graph, number / EDITS)
        started = time.process_time()
        inspector.inspect(graph, target)
        edits.append(time.process_time() - started)
        local += inspector.was_local
    return whole, edits, local


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--target", action="append")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args()
    measure(generate_graph(300), "direct")  # imports and tables are not what is measured
    named = [("generated", generate_graph(options.nodes))]
    named += [(path.stem, open_graph(path)) for path in options.files]
    print("seconds: whole graph, after an edit (median, worst), edits judged locally")
    for name, graph in named:
        print(f"{name}, {len(graph)} nodes")
        for target in options.target or TARGETS:
            whole, edits, local = measure(graph, target)
            edits.sort()
            median = edits[len(edits) // 2]
            share = max(1.0, len(graph) / NODES)
            record(f"{target}, {name}, {len(graph)} nodes", whole, "s", budget=WHOLE_S * share)
            record(f"{target}, {name}, after an edit", median, "s", budget=EDIT_S * share)
            print(f"  {target:12} {whole:6.2f} {median:6.3f} {edits[-1]:6.3f} {local}/{EDITS}")


if __name__ == "__main__":
    main()
