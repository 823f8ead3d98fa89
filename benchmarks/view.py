"""How long the graph view takes, beside the same for a trivial graph.

`python -m benchmarks.view [NODES …]`

Each line states its budget in milliseconds and whether it was kept; the exit status is 1 if one was
not. The canvas is painted into memory at 1600 × 1000, without a GPU. `blocked` is the longest piece
of work without a look at events, in CPU time, so that a busy machine does not spoil it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.ui.canvas import GraphCanvas
from surgeon_gui.ui.collector import collect_in_this_thread
from surgeon_gui.ui.theme import LIGHT

SIZES = (2, 500, 2_000, 10_000, 50_000)
ZOOMS = (1.0, 0.6, 0.41, 0.3, 0.1)
FRAMES = 9


@dataclass(frozen=True)
class Budgets:
    """Milliseconds allowed for a graph of up to `nodes` nodes."""

    nodes: int
    shown: float
    everything: float
    scope: float = 100.0
    blocked: float = 50.0
    frame: float = 16.0
    zoom: float = 50.0


BUDGETS = (
    Budgets(2, 100, 100),
    Budgets(500, 300, 300),
    Budgets(2_000, 500, 500),
    Budgets(10_000, 1_000, 1_500),
    Budgets(50_000, 3_000, 15_000, scope=200.0),
)


class Report:
    """Prints and records each figure, of `graph`, and remembers whether all budgets were kept."""

    def __init__(self) -> None:
        self.is_kept = True
        self.graph = ""
        self._last = ""

    def line(self, what: str, milliseconds: float, budget: float) -> None:
        kept = milliseconds <= budget
        self.is_kept = self.is_kept and kept
        # An indented line says more of the one before.
        self._last = self._last if what.startswith(" ") else what
        name = f"{self._last}: {what.strip()}" if what.startswith(" ") else what
        record(f"{self.graph}, {name}", milliseconds, "ms", budget=budget)
        verdict = "ok" if kept else "OVER"
        print(f"  {what:<44}{milliseconds:9.1f} ms   budget {budget:7.0f} ms   {verdict}")


def timed(action: Callable[[], object]) -> float:
    """Return how many milliseconds `action` took."""
    started = perf_counter()
    action()
    return (perf_counter() - started) * 1e3


def worked(action: Callable[[], object]) -> float:
    """Return how many milliseconds of CPU time `action` took."""
    started = thread_time()
    action()
    return (thread_time() - started) * 1e3


def settled(canvas: GraphCanvas) -> float:
    """Process events until the picture is complete; return the longest stretch of work."""
    longest = 0.0
    while canvas.is_laying_out():
        longest = max(longest, worked(QApplication.processEvents))
    return max(longest, worked(QApplication.processEvents))


def frame(canvas: GraphCanvas) -> float:
    """Paint the whole view once, as a zoom step does."""

    def paint() -> None:
        canvas.viewport().update()
        QApplication.processEvents()

    return timed(paint)


def measure(graph_path: Path, nodes: int, report: Report) -> None:
    """Print all figures for one graph."""
    budget = next(found for found in BUDGETS if nodes <= found.nodes or found is BUDGETS[-1])
    canvas = GraphCanvas(theme=LIGHT)
    canvas.resize(1600, 1000)
    canvas.show()
    QApplication.processEvents()
    graphs: list[Graph] = []
    parse = timed(lambda: graphs.append(open_graph(graph_path)))
    report.graph = f"{len(graphs[0])} nodes"
    print(f"{report.graph} (file read in {parse:.0f} ms)")

    started = perf_counter()
    blocked = worked(lambda: canvas.set_graph(graphs[0]))
    blocked = max(blocked, settled(canvas))
    report.line("file parsed to graph shown", (perf_counter() - started) * 1e3, budget.shown)
    report.line("  blocked", blocked, budget.blocked)

    groups = [item for item in canvas.visible_items() if item.endswith("/")]
    if groups:
        largest = max(groups, key=lambda name: _size(canvas, name))
        for what, action in (("open", canvas.expand), ("close", canvas.collapse)):
            taken = timed(partial(action, largest))
            taken += timed(lambda: settled(canvas)) + frame(canvas)
            report.line(f"{what} {largest}", taken, budget.scope)

    started = perf_counter()
    blocked = worked(canvas.expand_all)
    blocked = max(blocked, settled(canvas))
    shown = len(canvas.visible_items())
    everything = (perf_counter() - started) * 1e3
    report.line(f"open everything, {shown} boxes", everything, budget.everything)
    report.line("  blocked", blocked, budget.blocked)
    for zoom in ZOOMS:
        _zoom(canvas, zoom, report, budget)
    report.line("zoom to fit everything", _first(canvas, canvas.fit), budget.zoom)
    middle = canvas.visible_items()[shown // 2]
    report.line(
        "select a node", timed(lambda: canvas.select([middle])) + frame(canvas), budget.zoom
    )
    canvas.close()


def _size(canvas: GraphCanvas, name: str) -> int:
    plan = canvas.plan()
    item = plan.tree.find_group(name) if plan is not None else None
    return plan.tree.group(item).count if plan is not None and item is not None else 0


def _first(canvas: GraphCanvas, action: Callable[[], None]) -> float:
    """The first frame after an action, tiles not there yet."""
    return timed(action) + timed(canvas.viewport().repaint)


def _zoom(canvas: GraphCanvas, zoom: float, report: Report, budget: Budgets) -> None:
    def change() -> None:
        canvas.set_zoom(zoom)
        canvas.centerOn(canvas.content().center())

    report.line(f"zoom to {zoom:.0%}, first frame", _first(canvas, change), budget.zoom)
    for _ in range(200):
        QApplication.processEvents()
    whole = statistics.median(frame(canvas) for _ in range(FRAMES))
    bar = canvas.verticalScrollBar()

    def pan() -> None:
        bar.setValue(bar.value() + 9)
        QApplication.processEvents()

    moved = statistics.median(timed(pan) for _ in range(FRAMES))
    report.line(
        f"  frame at {zoom:.0%}, the larger of pan and repaint", max(whole, moved), budget.frame
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", nargs="*", type=int, help="sizes of generated graphs")
    parser.add_argument("--file", type=Path, action="append", default=[], help="a graph file too")
    arguments = parser.parse_args()
    application = QApplication.instance() or QApplication([])
    collect_in_this_thread()  # as in the window
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        for nodes in arguments.nodes or ([] if arguments.file else SIZES):
            path = Path(folder) / f"{nodes}.pb"
            save_graphdef(generate_graph(nodes), path)
            measure(path, nodes, report)
    for path in arguments.file:
        print(path.name)
        measure(path, len(open_graph(path)), report)
    application.processEvents()
    return 0 if report.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
