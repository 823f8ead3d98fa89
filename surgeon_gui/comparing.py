"""The way to a comparison: the files its two sides are computed from."""

from __future__ import annotations

from pathlib import Path

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.spec import PRECISIONS, SideSpec
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import Outputs, Shapes, network_of
from surgeon_gui.uff.restore import tensorflow_form

WAYS = ("tensorflow", "network", *PRECISIONS)
"""How a graph can be computed: in TensorFlow, as a network in ONNX Runtime, as an engine."""


def graph_side(
    graph: Graph,
    way: str,
    file: Path,
    *,
    title: str = "",
    outputs: Outputs = None,
    shapes: Shapes = None,
) -> SideSpec:
    """Write what a graph is computed from and return the side it makes.

    Args:
        graph: the graph.
        way: one of `WAYS`.
        file: what is written, without its ending.
        title: the graph's name, for the user.
        outputs: what it shall compute.
        shapes: placeholder shapes.

    Raises:
        UsageError: there is no such way.
        NotConvertible: the graph does not lower to a network.
        SaveError: the file cannot be written.
    """
    name = title or file.name
    if way not in WAYS:
        raise UsageError(f"There is no way {way!r}.", hint=f"Choose {', '.join(WAYS)}.")
    if way == "tensorflow":
        path = file.with_name(file.name + ".pb")
        plain = tensorflow_form(graph)
        save_graphdef(plain, path)
        return SideSpec(path, title=f"{name} in TensorFlow")
    path = file.with_name(file.name + ".network")
    save_network(network_of(graph, outputs=outputs, shapes=shapes), path)
    if way == "network":
        return SideSpec(path, title=f"{name} as network in ONNX Runtime")
    return SideSpec(path, way, engine=True, title=f"{name} as {way} engine")
