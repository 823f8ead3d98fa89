"""Overlays from JSON files: a number or a word per node, or what `surgeon verify` and `run` print.

`{"conv1": 3.5, "conv2": 0.1}`, or `{"title": …, "unit": …, "groups": "sum", "values": {…}}`. Nodes
are named as in the graph; `conv1:0` is the node of that tensor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.view.coloring import MAX, SUM, Coloring, Kinds, Numbers
from surgeon_gui.view.overlays import errors_by_node, times_by_node

T = TypeVar("T")

_HINT = 'Write {"node": number or text, …}, or {"title": …, "unit": …, "values": {…}}.'


@dataclass(frozen=True)
class OverlayFile:
    """What a file gave.

    Attributes:
        coloring: the values of nodes the graph has.
        strangers: names in the file the graph does not have.
    """

    coloring: Coloring
    strangers: tuple[str, ...]

    @property
    def words(self) -> str:
        """How much of it the graph has, one or two sentences."""
        count, missing = len(self.coloring.values), len(self.strangers)
        words = f"{self.coloring.title}: {count:,} node{'s' * (count != 1)} coloured."
        if missing:
            names = ", ".join(self.strangers[:3]) + (", …" if missing > 3 else "")
            words += f" {missing:,} name{'s' * (missing != 1)} not in this graph: {names}"
        return words


def read_overlay(path: Path, graph: Graph) -> OverlayFile:
    """Read an overlay for a graph.

    Raises:
        OpenError: the file cannot be read, is no JSON, or holds something else than values.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OpenError(f"The file cannot be read: {error.strerror}.", where=str(path)) from error
    except UnicodeDecodeError as error:
        _refuse(path, f"byte {error.start}", "This is no text in UTF-8.")
    return overlay_from_text(text, path, graph)


def overlay_from_text(text: str, path: Path, graph: Graph) -> OverlayFile:
    """Return the overlay a JSON text holds; `path` names it.

    Raises:
        OpenError: as `read_overlay`.
    """

    def constant(word: str) -> NoReturn:
        _refuse(path, word, "JSON has no such number.")

    try:
        data = json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise OpenError(f"This is no JSON: {error.msg}.", where=where, hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        raise OpenError(
            "This JSON is too deep or has too long a number.", where=str(path)
        ) from error
    if not isinstance(data, dict):
        _refuse(path, "", "An overlay is a JSON object.")
    coloring = _from_verify(data, path) or _from_run(data, path) or _from_values(data, path)
    return _fitted(coloring, graph)


def _from_values(data: dict[str, Any], path: Path) -> Coloring:
    given = data.get("values")
    is_nested = isinstance(given, dict)
    values = given if is_nested else data
    place = "values." if is_nested else ""
    if not values:
        _refuse(path, "", "There are no values in it.")
    words = {
        name: _word(data, name, default, path) if is_nested else default
        for name, default in (("title", path.stem), ("unit", ""), ("groups", MAX))
    }
    if words["groups"] not in (SUM, MAX):
        _refuse(path, "groups", f"This must be {SUM} or {MAX}.")
    kind: type[float] | type[str] | None = None
    found: dict[str, Any] = {}
    for name, value in values.items():
        word = str(value).lower() if isinstance(value, bool) else value
        if not isinstance(word, int | float | str):
            _refuse(path, f"{place}{name}", "A value must be a number or text.")
        if kind is None:
            kind = str if isinstance(word, str) else float
        if isinstance(word, str) != (kind is str):
            other = "text" if kind is str else "a number"
            _refuse(path, f"{place}{name}", f"This must be {other} as the values before it.")
        found[name] = word if isinstance(word, str) else _float(word, path, f"{place}{name}")
    if kind is str:
        return Kinds(path.name, words["title"], found, note=path.name)
    return Numbers(
        path.name, words["title"], found, words["unit"], gather=words["groups"], note=path.name
    )


def _float(value: float, path: Path, place: str) -> float:
    try:
        return float(value)
    except OverflowError:
        _refuse(path, place, "This number is too large.")


def _word(data: dict[str, Any], name: str, default: str, path: Path) -> str:
    value = data.get(name, default)
    if not isinstance(value, str):
        _refuse(path, name, "This must be text.")
    return value


def _from_verify(data: dict[str, Any], path: Path) -> Coloring | None:
    """The rows of `surgeon verify --all-tensors --json`."""
    rows = data.get("tensors")
    if not isinstance(rows, list):
        return None
    outputs = data.get("outputs")
    every = [*rows, *(outputs if isinstance(outputs, list) else [])]
    try:
        errors = errors_by_node(
            (row["name"], row.get("max_rel", 0.0 if row["ok"] else None)) for row in every
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise OpenError("A row of tensors is not as verify writes it.", where=str(path)) from error
    if not errors:
        _refuse(path, "tensors", "No tensors were compared.")
    return Numbers(path.name, "Numeric error", errors, gather=MAX, note=path.name)


def _from_run(data: dict[str, Any], path: Path) -> Coloring | None:
    """The layers of `surgeon run --layers --json`."""
    layers = data.get("layers")
    if not isinstance(layers, list):
        return None
    try:
        times = times_by_node((float(layer["ms"]), tuple(layer["nodes"])) for layer in layers)
    except (KeyError, TypeError, ValueError) as error:
        raise OpenError("A layer is not as run writes it.", where=str(path)) from error
    if not times:
        _refuse(path, "layers", "No layer tells which nodes it came from.")
    return Numbers(path.name, "Layer time", times, "ms", note=path.name)


def _fitted(coloring: Coloring, graph: Graph) -> OverlayFile:
    """Keep what the graph has, under the names of its nodes."""
    strangers: list[str] = []
    if isinstance(coloring, Kinds):
        words = _known(coloring.values, graph, strangers)
        return OverlayFile(replace(coloring, values=words), tuple(strangers))
    numbers = _known(coloring.values, graph, strangers)
    return OverlayFile(replace(coloring, values=numbers), tuple(strangers))


def _known(values: Mapping[str, T], graph: Graph, strangers: list[str]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, value in values.items():
        node = name if name in graph else TensorRef.parse(name).node
        if node in graph:
            found.setdefault(node, value)
        else:
            strangers.append(name)
    return found


def _refuse(path: Path, place: str, message: str) -> NoReturn:
    where = f"{path}: {place}" if place else str(path)
    raise OpenError(message, where=where, hint=_HINT)
