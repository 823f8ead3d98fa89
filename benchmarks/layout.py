"""What the layout makes of flat graphs, beside dagre: `python -m benchmarks.layout [NODES …]`.

Per graph the time, the crossings of the drawn edges, width, height and the length of all edges.
`cnn` is a generated network without its constants; `busy` has skips over up to 60 nodes from every
twentieth node on top, and heads of 8 to 30 branches. dagre lays out the very same boxes with the
same gaps where it can be run: `--dagre FOLDER` names a folder in which `npm install @dagrejs/dagre`
was run. Its figures of an earlier study of such graphs stand below.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.graph.model import Graph
from surgeon_gui.view.flow import flow_from_graph
from surgeon_gui.view.labels import Labels, Metrics
from surgeon_gui.view.layout import BOX_GAP, ROW_GAP, layout
from surgeon_gui.view.sketch import Sketch, Wire
from surgeon_gui.view.tree import tree_from_graph

SIZES = (50, 200, 1_000, 5_000)
STUDY: dict[tuple[str, int], tuple[float, int]] = {
    ("cnn", 50): (0.03, 0),
    ("cnn", 200): (0.15, 0),
    ("cnn", 1_000): (1.1, 0),
    ("cnn", 5_000): (5.6, 5),
    ("cnn", 10_000): (10.7, 11),
    ("busy", 200): (0.34, 15),
    ("busy", 1_000): (2.0, 266),
    ("busy", 5_000): (12.3, 860),
}
"""Seconds and crossings of dagre 3.1.3, measured on other graphs made by the same recipe."""

_DAGRE = """
const dagre = require('@dagrejs/dagre');
const sketch = JSON.parse(require('fs').readFileSync(0));
const g = new dagre.graphlib.Graph({multigraph: true});
g.setGraph({nodesep: sketch.nodesep, ranksep: sketch.ranksep, marginx: 0, marginy: 0});
g.setDefaultEdgeLabel(() => ({}));
sketch.sizes.forEach(([width, height], at) => g.setNode(at, {width, height}));
sketch.edges.forEach(([from, to], at) => g.setEdge(from, to, {}, String(at)));
const started = process.cpuUsage();
dagre.layout(g);
const used = process.cpuUsage(started);
const {width, height} = g.graph();
const routes = g.edges().map(e => [Number(e.name), g.edge(e).points.flatMap(p => [p.x, p.y])]);
console.log(JSON.stringify({seconds: (used.user + used.system) / 1e6, width, height, routes}));
"""


@dataclass(frozen=True)
class Figures:
    """What one layout came to; lengths in pixels."""

    seconds: float
    crossings: int
    width: float
    height: float
    length: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:8.3f} s{self.crossings:8d}{self.width:9.0f} ×{self.height:8.0f}"
            f"{self.length / 1e3:10.0f} k"
        )


def flat_sketch(graph: Graph, nodes: int, *, busy: bool) -> Sketch:
    """Return boxes and edges of the first `nodes` nodes that are no constants."""
    tree = tree_from_graph(graph)
    labels = Labels(tree, Metrics(), None)
    flow = flow_from_graph(graph)
    kept = sorted(range(len(tree.nodes)), key=lambda at: tree.nodes[at])[:nodes]
    number = {tree.nodes[at]: place for place, at in enumerate(kept)}
    sizes = [(labels.get(at).width, labels.get(at).height) for at in kept]
    pairs = {
        (number[source], place)
        for position, place in number.items()
        for source in flow.inputs[position]
        if source in number and flow.order[source] < flow.order[position]
    }
    if busy:
        _crowd(sizes, pairs)
    return Sketch(tuple(sizes), tuple(Wire(a, b) for a, b in sorted(pairs)))


def _crowd(sizes: list[tuple[float, float]], pairs: set[tuple[int, int]]) -> None:
    """Add skips and heads of parallel branches."""
    chance, count = random.Random(1), len(sizes)
    for _ in range(count // 20):
        source = chance.randrange(count - 2)
        # Only along the flow: what lies later in the file is computed later.
        target = min(source + chance.randint(2, 60), count - 1)
        pairs.add((source, target))
    for _ in range(max(count // 500, 1)):
        source = chance.randrange(count // 2, count)
        for _ in range(chance.randint(8, 30)):
            pairs.add((source, len(sizes)))
            sizes.append((120.0, 48.0))


def crossings(routes: Sequence[Sequence[float]]) -> int:
    """Return how many pairs of edges cross, wherever two of their pieces do."""
    pieces, owners = [], []
    for at, points in enumerate(routes):
        steps = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        pieces.append(np.hstack([steps[:-1], steps[1:]]))
        owners.append(np.full(len(steps) - 1, at))
    if not pieces:
        return 0
    lines, owner = np.vstack(pieces), np.concatenate(owners)
    top = np.minimum(lines[:, 1], lines[:, 3])
    order = np.argsort(top, kind="stable")
    lines, owner, top = lines[order], owner[order], top[order]
    bottom = np.maximum(lines[:, 1], lines[:, 3])
    found: set[tuple[int, int]] = set()
    for at, line in enumerate(lines):
        stop = int(np.searchsorted(top, bottom[at]))
        others = np.arange(at + 1, stop)
        others = others[owner[others] != owner[at]]
        if not len(others):
            continue
        hit = others[_cross(line, lines[others])]
        one = int(owner[at])
        found.update((min(one, other), max(one, other)) for other in owner[hit].tolist())
    return len(found)


def _cross(line: Any, others: Any) -> Any:
    """Whether a piece properly crosses each of others, ends not counted."""
    x0, y0, x1, y1 = line
    a = (x1 - x0) * (others[:, 1] - y0) - (y1 - y0) * (others[:, 0] - x0)
    b = (x1 - x0) * (others[:, 3] - y0) - (y1 - y0) * (others[:, 2] - x0)
    dx, dy = others[:, 2] - others[:, 0], others[:, 3] - others[:, 1]
    c = dx * (y0 - others[:, 1]) - dy * (x0 - others[:, 0])
    d = dx * (y1 - others[:, 1]) - dy * (x1 - others[:, 0])
    least = 1e-6
    return (
        (np.minimum(a, b) < -least)
        & (np.maximum(a, b) > least)
        & (np.minimum(c, d) < -least)
        & (np.maximum(c, d) > least)
    )


def length(routes: Sequence[Sequence[float]]) -> float:
    """Return how long all edges are together."""
    steps = (np.diff(np.asarray(points).reshape(-1, 2), axis=0) for points in routes)
    return float(sum(np.hypot(step[:, 0], step[:, 1]).sum() for step in steps))


def ours(sketch: Sketch) -> Figures:
    """Lay a sketch out here."""
    used = process_time()
    found = layout(sketch)
    seconds = process_time() - used
    return Figures(
        seconds, crossings(found.routes), found.width, found.height, length(found.routes)
    )


def dagres(sketch: Sketch, folder: Path) -> Figures:
    """Lay a sketch out by dagre.

    Raises:
        subprocess.CalledProcessError: node cannot run it.
    """
    text = json.dumps(
        {
            "sizes": sketch.sizes,
            "edges": [(wire.source, wire.target) for wire in sketch.wires],
            "nodesep": BOX_GAP,
            "ranksep": ROW_GAP,
        }
    )
    ran = subprocess.run(
        ["node", "--stack-size=8000", "-e", _DAGRE],
        input=text,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(ran.stdout)
    routes = [points for _, points in made["routes"]]
    return Figures(
        made["seconds"], crossings(routes), made["width"], made["height"], length(routes)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", nargs="*", type=int, help="sizes of the graphs")
    parser.add_argument("--dagre", type=Path, help="where @dagrejs/dagre is installed")
    arguments = parser.parse_args()
    print(f"{'':22}{'CPU time':>10}{'crossings':>10}{'width × height':>17}{'edges':>10}")
    for nodes in arguments.nodes or SIZES:
        graph = generate_graph(int(nodes * 2.2) + 200, loop=False)
        for kind in ("cnn", "busy"):
            sketch = flat_sketch(graph, nodes, busy=kind == "busy")
            found = ours(sketch)
            print(f"{kind:5}{nodes:7}  ours    {found}")
            theirs = None if arguments.dagre is None else dagres(sketch, arguments.dagre)
            if theirs is not None:
                print(f"{'':14}dagre   {theirs}")
            _record(f"{kind}, {nodes} boxes", found, theirs)
            if (kind, nodes) in STUDY:
                seconds, crossed = STUDY[kind, nodes]
                print(f"{'':14}(study) {seconds:8.2f} s{crossed:8d}")
    return 0


def _record(what: str, found: Figures, theirs: Figures | None) -> None:
    seconds, crossed = (None, None) if theirs is None else (theirs.seconds, theirs.crossings)
    record(what, found.seconds, "s", other=seconds, whose="dagre")
    record(f"{what}, crossings", found.crossings, "", other=crossed, whose="dagre")


if __name__ == "__main__":
    sys.exit(main())
