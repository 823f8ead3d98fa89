"""How a model becomes a graph, whatever file or script it comes from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from surgeon_gui.errors import GraphCycle
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import resolve_output, topological_order
from surgeon_gui.jobs.protocol import Event, Log
from surgeon_gui.jobs.run import run_job
from surgeon_gui.jobs.spec import PRINTED, FreezeSpec, PreprocessSpec
from surgeon_gui.uff.graph import graph_from_uff
from surgeon_gui.uff.reader import open_uff
from surgeon_gui.uff.restore import graph_from_uff_file, tensorflow_form


def open_model(path: Path) -> Graph:
    """Return the graph of a model; of a `.uff` file the TensorFlow graph it stands for.

    A SavedModel folder is frozen by a worker first.

    Raises:
        OpenError: the file is missing, damaged or of another kind.
        Unsupported, NotConvertible: nodes of a `.uff` file have no counterpart.
        JobError: the worker that freezes crashed or was cancelled.
    """
    if (path / "saved_model.pb").is_file():
        return _frozen(path)
    if path.suffix.lower() == ".uff":
        return graph_from_uff_file(open_uff(path))
    return open_graph(path)


def _frozen(source: Path) -> Graph:
    with tempfile.TemporaryDirectory(prefix="surgeon-freeze-") as folder:
        result = run_job(FreezeSpec(source.absolute(), Path(folder) / "frozen.pb", verify=False))
        graph = open_graph(result.path)
    return graph.with_outputs(resolve_output(graph, name) for name in result.outputs)


def open_view(path: Path) -> Graph:
    """Return the graph of a model file as the file has it: a `.uff` file by UFF's operations.

    Raises:
        OpenError: the file is missing, damaged or of another kind.
    """
    if path.suffix.lower() == ".uff":
        return graph_from_uff(open_uff(path))
    return open_graph(path)


def open_pair(one: Path, other: Path) -> tuple[Graph, Graph]:
    """Return two models so that they can be compared: both as they are, or as TensorFlow's."""
    shown = all(path.suffix.lower() == ".uff" for path in (one, other))
    opener = open_view if shown else open_model
    return opener(one), opener(other)


def came_from(path: Path) -> Path | None:
    """Return the frozen graph a `.uff` file was probably made from: its neighbour of that name."""
    if path.suffix.lower() != ".uff":
        return None
    names = (path.with_suffix(ending) for ending in (".pb", ".pbtxt"))
    return next((name for name in names if name.is_file()), None)


def preprocess(
    graph: Graph, script: Path, told: Callable[[str], object] | None = None
) -> tuple[Graph, tuple[str, ...]]:
    """Return what a graphsurgeon script makes of a graph, and what is odd about the result.

    The script is code; it runs in a worker process.

    Args:
        graph: what it works on.
        script: the script (`config.py`).
        told: called with each line the script prints, on another thread.

    Raises:
        ScriptError: the script is wrong or fails; `where` is its line.
        JobError: the worker crashed or was cancelled.
    """

    def heard(event: Event) -> None:
        if told is not None and isinstance(event, Log) and event.logger == PRINTED:
            told(event.text)

    with tempfile.TemporaryDirectory(prefix="surgeon-preprocess-") as folder:
        graph = tensorflow_form(graph)
        before, after = Path(folder) / "before.pb", Path(folder) / "after.pb"
        save_graphdef(graph, before)
        result = run_job(PreprocessSpec(before, script.absolute(), after), heard)
        changed = open_graph(after)
    notes = [f"{found} is not there any more." for found in result.dangling]
    notes += [f"Several nodes were named {name}; the last was kept." for name in result.duplicates]
    try:
        topological_order(changed)
    except GraphCycle as cycle:
        notes.append(cycle.message)
    kept = graph.outputs is not None and all(ref.node in changed for ref in graph.outputs)
    return changed.with_outputs(graph.outputs if kept else None), tuple(notes)
