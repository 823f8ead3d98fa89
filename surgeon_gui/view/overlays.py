"""The overlays a graph can be coloured by: one function each, and what each needs to be known.

A new overlay is a new function here; menus, commands, legend and `surgeon export --overlay` find it
in `OVERLAYS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.ops import category
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.view.coloring import MAX, Coloring, Kinds, Numbers
from surgeon_gui.view.labels import TensorTypes
from surgeon_gui.view.overlay import Overlay

PLAIN, PLAIN_TITLE = "category", "Kind of op"
"""What the canvas wears without an overlay."""

# From the best to the worst, as `view.overlay.STATUSES`.
STATUS_WORDS = {
    "vanishes": "vanishes on the way",
    "takes": "taken",
    "unknown": "not known",
    "caveat": "taken, with a caveat",
    "cured": "a rule cures it",
    "refuses": "target refuses",
}


@dataclass(frozen=True)
class Facts:
    """What overlays are made from.

    Attributes:
        graph: the graph.
        types: what is known of its tensors; None while that is worked out.
        verdicts: a target's marks; empty while they are worked out.
        errors: node name → largest relative error of the last comparison with TensorFlow.
        times: node name → milliseconds of the last run.
    """

    graph: Graph
    types: TensorTypes | None = None
    verdicts: Overlay = field(default_factory=Overlay)
    errors: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OverlayKind:
    """One way to colour a graph.

    Attributes:
        key: what commands and files call it.
        title: as menus and legend say it.
        make: makes it.
        lacks: says what is missing to make it, empty when nothing is; must be quick.
        is_of_graph: whether that depends on the graph alone.
    """

    key: str
    title: str
    make: Callable[[Facts], Coloring]
    lacks: Callable[[Facts], str]
    is_of_graph: bool = False


OVERLAYS: dict[str, OverlayKind] = {}

_Make = Callable[[Facts, str, str], Coloring]


def _overlay(
    key: str,
    title: str,
    lacks: Callable[[Facts], str] = lambda _: "",
    *,
    is_of_graph: bool = False,
) -> Callable[[_Make], _Make]:
    """File a function that makes a colouring from facts, a key and a title."""

    def decorate(make: _Make) -> _Make:
        OVERLAYS[key] = OverlayKind(
            key, title, lambda facts: make(facts, key, title), lacks, is_of_graph
        )
        return make

    return decorate


@_overlay(
    "verdict",
    "Target's verdict",
    lambda facts: "" if facts.verdicts.marks else "The target's verdicts are not known yet.",
)
def _verdict(facts: Facts, key: str, title: str) -> Coloring:
    values = {name: mark.status for name, mark in facts.verdicts.marks.items()}
    words = STATUS_WORDS
    return Kinds(key, title, values, tuple(words), words, True, facts.verdicts.title)


@_overlay(
    "dtype",
    "Dtype",
    lambda facts: "" if facts.types is not None else "The dtypes are not known yet.",
)
def _dtype(facts: Facts, key: str, title: str) -> Coloring:
    values: dict[str, str] = {}
    types = facts.types
    for node in facts.graph if types is not None else ():
        dtype = types.type(TensorRef(node.name)).dtype if types is not None else DType.INVALID
        if dtype is not DType.INVALID:
            values[node.name] = dtype.text
    return Kinds(key, title, values, note="Of each node's first output.")


def _no_device(facts: Facts) -> str:
    named = any(map(attrgetter("device"), facts.graph.nodes))
    return "" if named else "No node of this graph names a device."


@_overlay("device", "Device", _no_device, is_of_graph=True)
def _device(facts: Facts, key: str, title: str) -> Coloring:
    return Kinds(key, title, {node.name: node.device for node in facts.graph if node.device})


def _no_weights(facts: Facts) -> str:
    found = any(category(node.op) == "constant" for node in facts.graph)
    return "" if found else "This graph has no constants."


@_overlay("weights", "Weight size", _no_weights, is_of_graph=True)
def _weights(facts: Facts, key: str, title: str) -> Coloring:
    values = {
        node.name: float(value.nbytes)
        for node in facts.graph
        if category(node.op) == "constant"
        and isinstance(value := node.attrs.get("value"), TensorValue)
    }
    return Numbers(key, title, values, "B", note="A node counts the constants drawn in it.")


@_overlay(
    "error",
    "Numeric error",
    lambda facts: "" if facts.errors else "Verify with “Every layer” first.",
)
def _error(facts: Facts, key: str, title: str) -> Coloring:
    note = "Largest relative error in the last comparison."
    return Numbers(key, title, facts.errors, gather=MAX, note=note)


@_overlay(
    "time",
    "Layer time",
    lambda facts: "" if facts.times else "Run an engine with “Time each layer” first.",
)
def _time(facts: Facts, key: str, title: str) -> Coloring:
    note = "A layer's time is shared evenly by the nodes it came from."
    return Numbers(key, title, facts.times, "ms", note=note)


def errors_by_node(rows: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """Return the largest error of each node's outputs.

    Args:
        rows: tensors (`name` or `name:1`) and their errors; None where they cannot be compared.
    """
    found: dict[str, float] = {}
    for name, error in rows:
        node = TensorRef.parse(name).node
        value = math.inf if error is None or math.isnan(error) else error
        found[node] = max(value, found.get(node, 0.0))
    return found


def times_by_node(layers: Iterable[tuple[float, tuple[str, ...]]]) -> dict[str, float]:
    """Return each node's share of the layers' times.

    Args:
        layers: milliseconds, and the nodes a layer came from, who share them evenly.
    """
    found: dict[str, float] = {}
    for milliseconds, nodes in layers:
        for node in nodes:
            found[node] = found.get(node, 0.0) + milliseconds / len(nodes)
    return found
