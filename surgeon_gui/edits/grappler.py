"""The edit that lets TensorFlow's own optimiser loose on the graph, in a process of its own.

Neither this room nor the window may import TensorFlow: who starts the worker registers here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from surgeon_gui.edits.base import edit
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph
from surgeon_gui.registry import Registry
from surgeon_gui.uff.graph import is_uff_graph

OPTIMISERS: Registry[Callable[[Graph], Graph]] = Registry("surgeon_gui.jobs")
"""What runs the optimiser, by its name; raises SurgeonError."""


@edit("grappler")
@dataclass(frozen=True)
class Grappler:
    """Optimise with TensorFlow's Grappler, in a worker process."""

    @property
    def title(self) -> str:
        return "Optimise with TensorFlow (Grappler)"

    def apply(self, graph: Graph) -> Graph:
        self.check(graph)
        after = OPTIMISERS["grappler"](graph)
        return after if self.changed(graph, after) else graph

    @staticmethod
    def check(graph: Graph) -> None:
        """Refuse a graph that is not TensorFlow's.

        Raises:
            EditError: it holds UFF's operations.
        """
        if is_uff_graph(graph):
            raise EditError(
                "TensorFlow takes its own operations, this graph holds UFF's.",
                hint="Save it as .pb, which is the TensorFlow graph it stands for.",
            )

    @staticmethod
    def changed(before: Graph, after: Graph) -> bool:
        """Whether the optimiser did more than put the nodes into another order."""
        return bool(Delta.between(before, after)) or before.library != after.library
