"""Preprocess scripts written for NVIDIA's converter: `config.py` with `preprocess(dynamic_graph)`.

A script is code and may do anything; run it in a worker process, after asking.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from surgeon_gui.compat.graphsurgeon.dynamic_graph import DynamicGraph
from surgeon_gui.compat.graphsurgeon.messages import GraphDef, new_graphdef
from surgeon_gui.compat.graphsurgeon.static_graph import StaticGraph
from surgeon_gui.compat.install import installed
from surgeon_gui.errors import DuplicateName, ScriptError
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.uff.wiring import clean_name

_ENTRIES = ("preprocess", "add_plugin")
"""Functions a script may offer: NVIDIA's, and the one of its object detection samples."""

_PACKAGES = {"tensorflow": "surgeon-gui[reference]", "cv2": "opencv-python", "PIL": "pillow"}
"""What to install for a module of another name."""


@dataclass(frozen=True)
class ScriptResult:
    """What a script made of a graph.

    Attributes:
        graph: unchanged nodes are the very nodes of the graph it was given.
        dangling: input strings no node answers to, with the nodes that have them.
        duplicates: names the script gave to several nodes; the last node of each was kept.
    """

    graph: Graph
    dangling: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[str, ...] = ()


def preprocess(graph: DynamicGraph, script: str | os.PathLike[str]) -> DynamicGraph:
    """Run a script on a graph; return the graph it gives back, mostly the one it was given.

    A script that imports TensorFlow is given TensorFlow's own messages.

    Raises:
        ScriptError: the script cannot be read, has no entry point, or fails; `where` is its line.
    """
    path = Path(script).resolve()
    if not path.is_file():
        raise ScriptError("There is no such script.", where=str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ScriptError("A script is a Python file (.py).", where=str(path))
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    arguments = sys.argv
    sys.path.insert(0, str(path.parent))
    sys.modules[path.stem] = module
    sys.argv = [str(path)]
    try:
        with installed():
            spec.loader.exec_module(module)
            return _enter(module, _of_loaded_messages(graph), path)
    except (Exception, SystemExit) as error:
        if isinstance(error, ScriptError):
            raise
        raise ScriptError(
            f"The script fails: {type(error).__name__}: {error}",
            where=_line(error, path),
            hint=_hint(error),
        ) from error
    finally:
        sys.argv = arguments
        sys.path.remove(str(path.parent))
        if before is None:
            sys.modules.pop(path.stem, None)
        else:
            sys.modules[path.stem] = before


def _of_loaded_messages(graph: DynamicGraph) -> DynamicGraph:
    """Return the graph in TensorFlow's messages where TensorFlow is loaded."""
    message = new_graphdef()
    if type(message) is type(graph.as_graph_def()):
        return graph
    message.ParseFromString(graph.as_graph_def().SerializeToString())
    return DynamicGraph(message)


def _enter(module: ModuleType, graph: DynamicGraph, path: Path) -> DynamicGraph:
    for entry in _ENTRIES:
        function = getattr(module, entry, None)
        if callable(function):
            result = function(graph)
            if isinstance(result, DynamicGraph):
                return result
            if isinstance(result, StaticGraph | GraphDef):
                return DynamicGraph(result)
            return graph
    raise ScriptError(
        "The script has no function preprocess(dynamic_graph).",
        where=str(path),
        hint="Define preprocess, or add_plugin, at its top level.",
    )


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = _PACKAGES.get(error.name.partition(".")[0], error.name)
        return f"Install {package}, or take the import out if the script does not need it."
    if isinstance(error, SyntaxError) and "call to 'print'" in error.msg:
        return "The script is Python 2's; 2to3 or a few parentheses make it Python 3's."
    return "Correct the script, or run it without what does not fit this graph."


def _line(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{path}:{error.lineno}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]
    return f"{path}:{lines[-1]}" if lines else str(path)


def run_script(graph: Graph, script: str | os.PathLike[str]) -> ScriptResult:
    """Return what a preprocess script makes of a graph, and what is odd about it.

    Chosen outputs are kept if all of them are still there.

    Raises:
        ScriptError: see `preprocess`; or no nodes are left.
    """
    message = pb.GraphDef.FromString(graphdef_from_graph(graph))
    changed = preprocess(DynamicGraph(message), script)
    if not len(changed):
        raise ScriptError("The script leaves no nodes.", where=str(script))
    for node in changed:
        if not node.name or not node.op:
            which = f"node {node.name}" if node.name else f"a node of op {node.op or 'none'}"
            missing = "an op" if node.name else "a name"
            raise ScriptError(
                f"The script leaves {which} without {missing}.",
                where=str(script),
                hint="Give each node that the script makes a name and an op.",
            )
    result, duplicates = graph_from_dynamic(changed)
    known = {node.name for node in changed}
    outputs = graph.outputs
    if outputs is not None and any(ref.node not in known for ref in outputs):
        outputs = None
    nodes = tuple(
        old if (old := graph.get(node.name)) is not None and old == node else node
        for node in result.nodes
    )
    return ScriptResult(
        Graph(nodes, graph.versions, graph.library, graph.extra, outputs),
        tuple(
            (text, node.name)
            for node in changed
            for text in node.input
            if clean_name(text) not in known
        ),
        duplicates,
    )


def run_preprocess(graph: Graph, script: str | os.PathLike[str]) -> Graph:
    """Return the graph a preprocess script makes; see `run_script`."""
    return run_script(graph, script).graph


def graph_from_dynamic(dynamic: DynamicGraph) -> tuple[Graph, tuple[str, ...]]:
    """Return a graph surgery was done on, and the names several nodes had.

    Of nodes with one name the last is kept, the one NVIDIA's converter finds.
    """
    data = dynamic.as_graph_def().SerializeToString()
    try:
        return graph_from_graphdef(data), ()
    except DuplicateName:
        message = pb.GraphDef.FromString(data)
    last = {node.name: place for place, node in enumerate(message.node)}
    repeated = [place for place, node in enumerate(message.node) if last[node.name] != place]
    duplicates = dict.fromkeys(message.node[place].name for place in repeated)
    for place in reversed(repeated):
        del message.node[place]
    return graph_from_graphdef(message.SerializeToString()), tuple(duplicates)
