"""How long the window stands still while a person works: `python -m benchmarks.latency`.

A clock ticks in the interface's thread; what is printed per action is the longest gap between two
ticks, the 95th percentile of the gaps, and how much of the longest gap the thread was working
itself (the rest it waited for Python's lock). The budget is 50 ms a gap. Where the kernel tells how
long the thread waited for a processor, that does not count, so that a busy machine does not spoil
the figures; `wall` is the longest gap with it. The exit status is 1 if a gap was too long. The
window is painted into memory, without a GPU.

`--why` prints, for every gap over the budget, what each thread was doing meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.log import LogBuffer
from surgeon_gui.settings import Settings
from surgeon_gui.ui.canvas.edges import edges_on
from surgeon_gui.ui.comparing.bar import MERGED, SIDES
from surgeon_gui.ui.main_window import MainWindow
from surgeon_gui.ui.theme import LIGHT
from surgeon_gui.view.carried import Edge

TICK_MS = 2
BUDGET_MS = 50.0
WHY_MS = 40.0
SIZES = (10_000, 50_000)
TIMEOUT_S = 120.0
STACK = 14
SAMPLE_S = 0.004


class Gap(NamedTuple):
    """A stretch between two ticks, in ms.

    Attributes:
        length: without the time the thread waited for a processor.
        worked: of that, what the thread worked itself.
        wall: the whole stretch.
        end: when it ended, on the performance counter.
    """

    length: float
    worked: float
    wall: float
    end: float


def queued_seconds() -> float:
    """Return how long this thread has waited for a processor, 0 where nobody counts."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as told:
            return int(told.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Watcher(threading.Thread):
    """Notes what every thread does while the interface's thread is late."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(daemon=True)
        self._probe = probe
        self._main = threading.main_thread().ident
        self.samples: list[tuple[float, dict[str, str]]] = []

    def run(self) -> None:
        while True:
            time.sleep(SAMPLE_S)
            late = time.perf_counter() - self._probe.last
            if self._probe.is_watching and late > 0.015:
                names = {thread.ident: thread.name for thread in threading.enumerate()}
                stacks = {
                    names.get(ident, "?"): _stack(frame)
                    for ident, frame in sys._current_frames().items()
                    if ident != self.ident
                }
                self.samples.append((time.perf_counter(), stacks))

    def between(self, start: float, end: float) -> str:
        """Return the commonest stacks of each thread in a stretch of time."""
        seen: dict[str, Counter[str]] = {}
        for at, stacks in self.samples:
            if start <= at <= end:
                for name, stack in stacks.items():
                    seen.setdefault(name, Counter())[stack] += 1
        return "\n".join(
            f"    {name} ×{count}: {stack}"
            for name, counted in seen.items()
            for stack, count in counted.most_common(4)
            if "wait" not in stack[-60:] and "_worker" not in stack[-40:]
        )


def _stack(frame: FrameType) -> str:
    frames = traceback.extract_stack(frame, limit=STACK)
    return " > ".join(f"{Path(f.filename).stem}.{f.name}:{f.lineno}" for f in frames[-7:])


class Probe:
    """Measures the gaps between the ticks of a timer."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.is_watching = False
        self._worked, self._queued = time.thread_time(), queued_seconds()
        self.gaps: list[Gap] = []
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    def tick(self) -> None:
        now, worked, queued = time.perf_counter(), time.thread_time(), queued_seconds()
        wall, waited = now - self.last, queued - self._queued
        self.gaps.append(
            Gap(max(wall - waited, 0.0) * 1e3, (worked - self._worked) * 1e3, wall * 1e3, now)
        )
        self.last, self._worked, self._queued = now, worked, queued

    def watch(self, action: Callable[[], object], done: Callable[[], bool]) -> float:
        """Do the action and process events until it is done; return the seconds it took."""
        self.gaps = []
        self.last, self._worked = time.perf_counter(), time.thread_time()
        self._queued = queued_seconds()
        self._timer.start()
        self.is_watching = True
        started = time.perf_counter()
        action()
        self.tick()
        while not done() and time.perf_counter() - started < TIMEOUT_S:
            QApplication.processEvents()
            time.sleep(0.0005)
        taken = time.perf_counter() - started
        until = time.perf_counter() + 0.2
        while time.perf_counter() < until:
            QApplication.processEvents()
            time.sleep(0.0005)
        self.tick()
        self.is_watching = False
        self._timer.stop()
        return taken


class Bench:
    """One window, driven through a person's actions on one graph after another."""

    def __init__(self, why: bool) -> None:
        self.window = MainWindow(Settings(), LogBuffer(), theme=LIGHT, remembers=False)
        self.window.resize(1600, 1000)
        self.window.show()
        self.probe = Probe()
        self.watcher = Watcher(self.probe) if why else None
        if self.watcher is not None:
            self.watcher.start()
        self.is_kept = True
        self.graph = ""

    def is_quiet(self) -> bool:
        window = self.window
        busy = window.session.tasks.is_busy() or window.canvas.is_laying_out()
        busy = busy or window.compare.is_working()
        return not (busy or window.problems.is_filling)

    def time(self, what: str, action: Callable[[], object]) -> None:
        taken = self.probe.watch(action, self.is_quiet)
        gaps = sorted(self.probe.gaps)
        worst, worked = gaps[-1].length, gaps[-1].worked
        wall = max(gap.wall for gap in gaps)
        common = gaps[int(0.95 * (len(gaps) - 1))].length
        kept = worst <= BUDGET_MS
        self.is_kept = self.is_kept and kept
        record(", ".join(filter(None, (self.graph, what))), worst, "ms", budget=BUDGET_MS)
        over = sum(gap.length > BUDGET_MS for gap in gaps)
        print(
            f"  {what:<16}longest {worst:6.1f} ms (working {worked:5.1f}, wall {wall:6.1f})   "
            f"95 % {common:5.1f} ms   over {over:2}   took {taken:5.2f} s   "
            f"budget {BUDGET_MS:.0f} ms   {'ok' if kept else 'OVER'}",
            flush=True,
        )
        if self.watcher is not None:
            for gap in self.probe.gaps:
                if gap.length > WHY_MS:
                    print(f"   gap {gap.length:.0f} ms, worked {gap.worked:.0f} ms")
                    print(self.watcher.between(gap.end - gap.wall / 1e3, gap.end))
            self.watcher.samples.clear()

    def over_edges(self) -> None:
        """Find the edge under the mouse where one stands, all over the canvas."""
        canvas = self.window.canvas
        room = canvas.viewport().rect()
        for x in range(0, room.width(), room.width() // 8):
            for y in range(0, room.height(), room.height() // 8):
                QTest.mouseMove(canvas.viewport(), QPoint(x, y))
                self.probe.tick()

    def widest_edge(self) -> tuple[Edge, ...]:
        """The drawn edge that stands for most of the graph's."""
        plan = self.window.canvas.plan()
        if plan is None:
            return ()
        strands = plan.picture.strands
        widest = max(range(len(strands)), key=lambda at: len(strands[at].links), default=None)
        return edges_on(plan, widest) if widest is not None else ()

    def walk(self, name: str, path: Path) -> None:
        """Open, expand, find, edit, compare, undo and judge anew."""
        window = self.window
        self.graph = name
        print(name)
        self.time("open", lambda: window.files.open(path))
        graph = window.session.graph
        if graph is None:
            raise SystemExit(f"{path} did not open")
        self.time("choose a wide edge", lambda: window.canvas.choose_edge(self.widest_edge()))
        self.time("let it go", lambda: window.canvas.choose_edge(()))
        self.time("expand all", window.canvas.expand_all)
        self.time("over edges", self.over_edges)
        self.time("choose an edge", lambda: window.canvas.choose_edge(self.widest_edge()))
        self.time("let go of it", lambda: window.canvas.choose_edge(()))
        self.time("search", lambda: window.search.setText("op:relu"))
        self.time("clear search", lambda: window.search.setText(""))
        middle = graph.nodes[len(graph) // 2].name
        self.time("go to a node", lambda: window.go_to(middle))
        self.time("rename it", lambda: window.session.apply(RenameNode(middle, f"{middle}_anew")))
        pages, compare = window.center.pages, window.compare
        self.time("before | after", lambda: pages.show_page("compare"))
        self.time("next change", lambda: compare.changes.step(1))
        self.time("merged", lambda: compare.bar.set_mode(MERGED))
        self.time("only changes", lambda: compare.bar.only.setChecked(True))
        self.time("all again", lambda: compare.bar.only.setChecked(False))
        self.time("with the file", lambda: compare.compare_file(path))
        self.time("side by side", lambda: compare.bar.set_mode(SIDES))
        pages.show_page("graph")
        self.time("undo", window.session.undo)
        self.time("switch target", partial(window.session.set_target, "uff-8"))
        self.time("switch back", partial(window.session.set_target, "direct"))
        self.time("close", lambda: window.session.set_document(None))


def heavy_graph(megabytes: int) -> Graph:
    """A graph of few nodes and large weights."""
    weights = np.zeros((1024, 1024), np.float32)
    nodes = [
        Node(
            f"w{n}",
            "Const",
            attrs={"dtype": DType.FLOAT32, "value": TensorValue.from_array(weights)},
        )
        for n in range(megabytes // 4)
    ]
    return Graph(tuple(nodes))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nodes", nargs="*", type=int, help="sizes of generated graphs")
    parser.add_argument("--file", type=Path, action="append", default=[], help="a graph file")
    parser.add_argument("--heavy", type=int, default=0, metavar="MB", help="a file of that size")
    parser.add_argument("--why", action="store_true", help="say what made each long gap")
    arguments = parser.parse_args()
    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SURGEON_HOME"] = os.environ["SURGEON_CACHE"] = folder
        bench = Bench(arguments.why)
        bench.time("start", lambda: None)
        for path in arguments.file:
            bench.walk(path.name, path)
        nothing_named = not (arguments.file or arguments.nodes or arguments.heavy)
        for nodes in arguments.nodes or (SIZES if nothing_named else ()):
            path = Path(folder) / f"{nodes}.pb"
            save_graphdef(generate_graph(nodes), path)
            bench.walk(f"{nodes} generated nodes", path)
        heavy = arguments.heavy or (100 if nothing_named else 0)
        if heavy:
            path = Path(folder) / "heavy.pb"
            save_graphdef(heavy_graph(heavy), path)
            bench.walk(f"{heavy} MB of weights", path)
        bench.window.close()
    application.processEvents()
    return 0 if bench.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
