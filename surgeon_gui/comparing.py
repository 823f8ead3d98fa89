"""The way to a comparison: the files its two sides are computed from, and what counts as equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surgeon_gui.compare.report import Tolerance, tolerance_of
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.spec import PRECISIONS, SideSpec
from surgeon_gui.network.precision import HALVES
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import Outputs, Shapes, network_of
from surgeon_gui.settings import Settings
from surgeon_gui.uff.restore import tensorflow_form

HALF_NETWORKS = {f"network-{precision}": precision for precision in HALVES}
"""The ways to compute a network on the CPU rounded as a build in half precision rounds it."""

WAYS = ("tensorflow", "network", *HALF_NETWORKS, *PRECISIONS)
"""How a graph can be computed: in TensorFlow, as a network in ONNX Runtime, as an engine."""


def precision_of(way: str) -> str:
    """Return the precision of one of `WAYS`."""
    return HALF_NETWORKS.get(way, way if way in PRECISIONS else "fp32")


def tolerance_for(
    settings: Settings,
    *precisions: str,
    max_rel: float | None = None,
    min_cosine: float | None = None,
) -> Tolerance:
    """Return when results count as equal: as the settings and the precisions say, or as stated."""
    usual = Tolerance(settings.verify_max_rel, settings.verify_cosine)
    return tolerance_of(*precisions, usual=usual, max_rel=max_rel, min_cosine=min_cosine)


def graph_side(
    graph: Graph,
    way: str,
    file: Path,
    *,
    title: str = "",
    outputs: Outputs = None,
    shapes: Shapes = None,
    kept: Sequence[str] = (),
) -> SideSpec:
    """Write what a graph is computed from and return the side it makes.

    Args:
        graph: the graph.
        way: one of `WAYS`.
        file: what is written, without its ending.
        title: the graph's name, for the user.
        outputs: what it shall compute.
        shapes: placeholder shapes.
        kept: layers and nodes that keep float32 in half precision.

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
    return network_side(path, way, title=name, kept=kept)


def network_side(path: Path, way: str, *, title: str = "", kept: Sequence[str] = ()) -> SideSpec:
    """Return the side a network makes.

    Args:
        path: a `.network` file.
        way: one of `WAYS`, but for TensorFlow.
        title: its name, for the user.
        kept: layers and nodes that keep float32 in half precision.
    """
    name, precision = title or path.name, precision_of(way)
    only = tuple(kept) if precision in HALVES else ()
    if way in HALF_NETWORKS:
        words = f"{name} as {precision} network in ONNX Runtime"
        return SideSpec(path, precision, title=words, kept=only)
    if way == "network":
        return SideSpec(path, title=f"{name} as network in ONNX Runtime")
    return SideSpec(path, way, engine=True, title=f"{name} as {way} engine", kept=only)
