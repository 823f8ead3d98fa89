"""The way to a comparison: the files its two sides are computed from, and what counts as equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from surgeon_gui.compare.report import Tolerance, tolerance_of
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.spec import PRECISIONS, SideSpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.precision import HALVES, with_precision
from surgeon_gui.network.store import save_network
from surgeon_gui.pipeline import Outputs, Shapes, network_of
from surgeon_gui.settings import Settings
from surgeon_gui.uff.restore import tensorflow_form

HALF_NETWORKS = {f"network-{precision}": precision for precision in HALVES}
"""The ways to compute a network in half precision, as a build in it does, on the CPU."""

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
        kept: layers and nodes that keep float32 in a network of half precision.

    Raises:
        UsageError: there is no such way, or nothing is called as one of `kept`.
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
    network = network_of(graph, outputs=outputs, shapes=shapes)
    return network_side(network, way, file, title=name, kept=kept)


def network_side(
    network: Network, way: str, file: Path, *, title: str = "", kept: Sequence[str] = ()
) -> SideSpec:
    """Write a network and return the side it makes.

    Args:
        network: the network.
        way: one of `WAYS`, but for TensorFlow.
        file: what is written, without its ending.
        title: its name, for the user.
        kept: layers and nodes that keep float32 in half precision.

    Raises:
        UsageError: nothing is called as one of `kept`.
        SaveError: the file cannot be written.
    """
    name, path = title or file.name, file.with_name(file.name + ".network")
    half = HALF_NETWORKS.get(way)
    if half is not None:
        network = with_precision(network, HALVES[half], kept)
    save_network(network, path)
    if half is not None:
        return SideSpec(path, half, title=f"{name} as {half} network in ONNX Runtime")
    if way == "network":
        return SideSpec(path, title=f"{name} as network in ONNX Runtime")
    return SideSpec(path, way, engine=True, title=f"{name} as {way} engine")
