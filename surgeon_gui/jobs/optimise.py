"""TensorFlow's graph optimiser for a graph at hand: the job is prepared, run and read here."""

from __future__ import annotations

import sys
from pathlib import Path

from surgeon_gui.edits.grappler import OPTIMISERS
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.jobs.optimise_spec import OptimiseResult, OptimiseSpec
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import load_settings


def optimise_spec(graph: Graph, directory: Path) -> OptimiseSpec:
    """Return the job that optimises a graph; the graph is written to the job's folder.

    Raises:
        SaveError: it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    before = directory / "before.pb"
    save_graphdef(graph, before)
    return OptimiseSpec(before, directory / "optimised.pb", tuple(map(str, graph.outputs or ())))


def read_optimised(graph: Graph, result: OptimiseResult) -> Graph:
    """Return what the job made of `graph`, its outputs chosen as they were.

    Raises:
        OpenError: the file cannot be read.
    """
    return open_graph(result.path).with_outputs(graph.outputs)


@OPTIMISERS.register("grappler")
def optimised_by_worker(graph: Graph) -> Graph:
    """Run the job in the worker's Python that the settings name, and wait for it.

    Raises:
        ConvertError: TensorFlow cannot take the graph.
        JobError: TensorFlow is not installed, or the worker crashed.
    """
    directory = new_job_directory("optimise")
    python = load_settings().settings.worker_python or sys.executable
    result = run_job(optimise_spec(graph, directory), directory=directory, python=python)
    return read_optimised(graph, result)
