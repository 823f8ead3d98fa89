"""How long dividing a graph into TensorRT segments takes, beside judging it.

`python -m benchmarks.partition [--nodes N] [--target ID …] [MODEL …]`

Budget: 10 000 nodes in 2 s of processor time, the verdicts included. Every fifth activation is made
an op no target has, so that there are many segments; a MODEL is divided as it is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.opening import open_model
from surgeon_gui.targets import inspect
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.partitioner import Partitioner

TARGETS = ("direct", "tftrt-1.14", "tftrt-2.x")
NODES = 10_000
BUDGET_S = 2.0


def interrupted(graph: Graph) -> Graph:
    """Return the graph with every fifth activation replaced by Lgamma."""
    draft = Draft(graph)
    activations = [node.name for node in graph if node.op in ("Relu", "Relu6", "Tanh")]
    for name in activations[::5]:
        draft.change(name, op="Lgamma")
    return draft.commit()


def measure(graph: Graph, target: str, name: str) -> str:
    """Record the figures of a graph of that name; return them as a line."""
    outputs = deduce_outputs(graph)
    started = time.process_time()
    report = inspect(graph, target, outputs=outputs)
    judged = time.process_time()
    partitioner = Partitioner(graph, report, outputs)
    options = PartitionOptions()
    partition = partitioner.divide(options)
    divided = time.process_time()
    cures = partitioner.suggest(partition, options)
    suggested = time.process_time()
    what = f"{target}, {name}, {len(graph)} nodes"
    budget = BUDGET_S * len(graph) / NODES
    record(what, divided - started, "s", budget=budget)
    return (
        f"{target:12} {judged - started:7.2f} {divided - judged:7.2f} {suggested - divided:7.2f}"
        f" {divided - started:7.2f} {len(partition.segments):6} {partition.rate:6.0%}"
        f" {len(cures):5}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--target", action="append")
    options = parser.parse_args()
    graphs = {path.name: open_model(path) for path in options.models}
    if not graphs:
        graphs["generated"] = interrupted(generate_graph(options.nodes))
    # Imports and tables are not what is measured.
    inspect(generate_graph(300), "direct")
    for name, graph in graphs.items():
        print(f"{name}: {len(graph)} nodes")
        print("target         judge  divide   cures judge+divide  segments  rate cures")
        for target in options.target or TARGETS:
            print(measure(graph, target, name))


if __name__ == "__main__":
    main()
