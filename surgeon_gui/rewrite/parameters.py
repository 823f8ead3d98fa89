"""Parameters of rule sets: `<classes>` in a set's edits and rules stands for a value.

Written alone, `"<classes>"` is the value with its own kind; within other text it is the value as
text. Nothing is computed: a parameter is a number, a truth value, a text or a list of those.

Where a parameter says how to `read` it, and nobody chose a value, the graph a set is applied to
tells it; see `readers`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.readers import READERS, Source
from surgeon_gui.rewrite.tomlfile import Key, TomlFile

_PLACE = re.compile(r"<([a-z_][a-z0-9_]*)>")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Parameter:
    """A value the user of a rule set may choose.

    Attributes:
        name: what `<name>` refers to.
        value: the value, whose kind another value must have.
        help: one sentence for people.
        read: the reader that finds the value in a graph, empty where a person states it.
    """

    name: str
    value: Any
    help: str = ""
    read: str = ""

    def as_table(self) -> dict[str, Any]:
        table = {"name": self.name, "value": self.value, "help": self.help, "read": self.read}
        return {key: value for key, value in table.items() if value != "" or key == "value"}

    def with_value(self, value: Any) -> Parameter:
        """Return the parameter with another value of the same kind, which no graph changes.

        Raises:
            ValueError: the value is of another kind.
        """
        if isinstance(self.value, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.value):
            raise ValueError(f"{self.name} must be like {self.value!r}, not {value!r}")
        return Parameter(self.name, value, self.help)


def read_parameters(file: TomlFile) -> tuple[Parameter, ...]:
    """Return the parameters a rule set's file states.

    Raises:
        RuleError: one is wrong or stated twice.
    """
    found: dict[str, Parameter] = {}
    for index, table in enumerate(file.tables(file.table, "parameter")):
        path: tuple[Key, ...] = ("parameter", index)
        file.check_keys(table, ("name", "value", "help", "read"), *path)
        name = file.get(table, "name", str, ..., *path)
        if not _NAME.fullmatch(name):
            raise file.error(
                f"{name!r} is no name for a parameter.",
                *path,
                "name",
                hint="Use small letters, digits and _.",
            )
        if name in found:
            raise file.error(f"The parameter {name} is stated twice.", *path, "name")
        if not _is_value(table.get("value")):
            raise file.error(
                "A parameter's value is a number, true or false, text, or a list of those.", *path
            )
        read = file.get(table, "read", str, "", *path)
        if read and read not in READERS:
            raise file.error(
                f"Nothing is called {read} that a graph could be read by.",
                *path,
                "read",
                hint=f"Use {', '.join(READERS)}.",
            )
        about = file.get(table, "help", str, "", *path)
        found[name] = Parameter(name, table["value"], about, read)
    return tuple(found.values())


def found_in(graph: Graph, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return the values the graph itself tells, by the parameters' names."""
    source = Source(graph)
    found = {each.name: READERS[each.read](source) for each in parameters if each.read}
    return {name: value for name, value in found.items() if value is not None}


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, bool | int | float | str) for item in value)
    return isinstance(value, bool | int | float | str)


def chosen(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Return the parameters with these values, the others as they were.

    Raises:
        ValueError: there is no such parameter, or a value is of another kind.
    """
    listed = tuple(parameters)
    names = [parameter.name for parameter in listed]
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            known = f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"
            raise ValueError(f"there is no parameter {name} ({known})")
    return tuple(
        parameter.with_value(values[parameter.name]) if parameter.name in values else parameter
        for parameter in listed
    )


def fill(value: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a TOML value with every `<name>` replaced.

    Raises:
        KeyError: a name is no parameter.
    """
    if isinstance(value, Mapping):
        return {key: fill(item, parameters) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, parameters) for item in value]
    if not isinstance(value, str):
        return value
    alone = _PLACE.fullmatch(value)
    if alone:
        return parameters[alone.group(1)]
    return _PLACE.sub(lambda found: _text(parameters[found.group(1)]), value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
