"""Time of finding and applying rules on a large graph: `python -m benchmarks.rules [NODES]`.

Every bundled rule (the first 50) is counted on the graph, as the rules panel does, then rule sets
are applied. The graph has 100 000 nodes unless told otherwise. CPU seconds stand beside those of
the clock, which on a busy machine are more.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from benchmarks.figures import record
from benchmarks.generate import generate_graph
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import count_matches, why_not

RULES = 50
NODES = 100_000
MATCH_S = 5.0
"""CPU seconds allowed to match them all on so many nodes."""
T = TypeVar("T")


def rules(count: int = RULES) -> list[Rule]:
    """Return this many rules: the bundled ones, again from the first if there are too few."""
    known = list(bundled_rules().values())
    return [known[at % len(known)] for at in range(count)]


def timed(title: str, work: Callable[[], T], budget: float | None = None) -> T:
    """Do the work, print how long it took and record its CPU seconds."""
    started, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    print(f"{title:44}{seconds:8.2f} s{cpu:8.2f} s CPU")
    record(title, cpu, "s", budget=budget)
    return result


def matching_seconds(graph: Graph) -> float:
    """Return the CPU seconds all rules take to be matched, shapes inferred and all."""
    listed = rules()
    used = time.process_time()
    count_matches(graph, listed)
    return time.process_time() - used


def measure(graph: Graph) -> None:
    """Print the times of matching and of applying."""
    listed = rules()
    timed("first call, which loads what rules ask", lambda: count_matches(graph, listed))
    budget = MATCH_S * len(graph) / NODES
    title = f"match {len(listed)} rules on {len(graph)} nodes"
    counts = timed(title, lambda: count_matches(graph, listed), budget)
    print(f"{'':4}{sum(counts.values())} matches")
    timed("why not, for one node", lambda: why_not(graph, listed[0], graph.nodes[-1].name))
    for name in ("clean", "direct", "uff"):
        after = timed(f"apply the set {name}", partial(ApplyRules((name,)).apply, graph))
        print(f"{'':4}{len(graph)} nodes become {len(after)}")


def main() -> int:
    nodes = int(sys.argv[1]) if sys.argv[1:] else NODES
    graph = timed(f"make a graph of {nodes} nodes", lambda: generate_graph(nodes))
    measure(graph)
    return 0


if __name__ == "__main__":
    sys.exit(main())
