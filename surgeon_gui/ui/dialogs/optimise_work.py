"""TensorFlow's own optimiser at work for the optimise dialog, in a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from surgeon_gui.edits.grappler import Grappler
from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.optimise import optimise_spec, read_optimised
from surgeon_gui.jobs.optimise_spec import OptimiseResult, OptimiseSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.dialogs.work import WorkLine
from surgeon_gui.ui.session import Session

_CHANNELS = ("optimise-prepare", "optimise-read")


class GrapplerWork(WorkLine):
    """The line of the job that optimises one graph.

    Signals:
        optimised(object, object): the graph given, and what became of it: itself where nothing did.
        stopped(object): the graph given; the job was cancelled or failed, and the line says so.
    """

    optimised = Signal(object, object)
    stopped = Signal(object)

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__("optimise", "optimising", session, settings)
        self._graph = Graph(())

    def start(self, graph: Graph) -> None:
        """Optimise a graph; not to be called while the job is running."""
        self._graph = graph

        def work() -> tuple[OptimiseSpec, Path]:
            Grappler.check(graph)
            directory = new_job_directory("optimise")
            return optimise_spec(graph, directory), directory

        self._begin("Writing the graph", work)

    def drop(self) -> None:
        """Forget what is read and written aside."""
        for channel in _CHANNELS:
            self._session.tasks.drop(channel)

    def _say(self, words: str, role: str, hint: str = "") -> None:
        super()._say(words, role, hint)
        self.stopped.emit(self._graph)

    def _show_result(self, result: Any) -> None:
        if not isinstance(result, OptimiseResult):
            return
        before = self._graph

        def work() -> Graph:
            after = read_optimised(before, result)
            return after if Grappler.changed(before, after) else before

        def read(after: Graph) -> None:
            counts = [str(len(before)), *(str(item.nodes_after) for item in result.passes)]
            self.say(f"TensorFlow took {result.seconds:.1f} s; nodes: {' → '.join(counts)}")
            self.optimised.emit(before, after)

        self._session.tasks.run("optimise-read", work, read, self._refused)
