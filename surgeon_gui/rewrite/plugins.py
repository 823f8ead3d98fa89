"""TensorRT's plugins as `rules/plugins/*.toml` describe them: fields, inputs, where they exist.

The descriptions fill the palette and the dialogs, and check what is typed into a plugin's fields.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from surgeon_gui.errors import EditError
from surgeon_gui.graph.creators import FoundCreator, found_creators
from surgeon_gui.graph.values import AttrValue, TensorValue, float32
from surgeon_gui.rewrite.attributes import SUFFIXES, plugin_field, value_from_toml
from surgeon_gui.rewrite.library import rules_dir
from surgeon_gui.rewrite.tomlfile import TomlFile

FieldType = Literal["int32", "float32", "char", "weights", "pointer"]
_TYPES: tuple[FieldType, ...] = ("int32", "float32", "char", "weights", "pointer")
_WORDS: dict[FieldType, str] = {
    "int32": "whole numbers",
    "float32": "numbers",
    "char": "text",
    "weights": "numbers",
    "pointer": "nothing a graph can hold",
}


@dataclass(frozen=True)
class PluginField:
    """A field of a plugin.

    Attributes:
        name: as the plugin's creator knows it.
        type: the kind of its elements.
        length: how many; a text such as `n` where it depends.
        default: what the plugin takes when it is left out; None where it must be given or the
            default is not known.
        meaning: what it does.
        since_tensorrt: the first TensorRT version that has it, empty for all.
    """

    name: str
    type: FieldType
    length: int | str = 1
    default: AttrValue | None = None
    meaning: str = ""
    since_tensorrt: str = ""

    def typed(self, value: AttrValue) -> AttrValue:
        """Return the value in the field's type: `1` as 1.0, one number as a list of one.

        Raises:
            EditError: the field cannot hold it.
        """
        if self.type == "char":
            if isinstance(value, bytes):
                return value
        elif self.type != "pointer":
            items = self._numbers(value)
            if items is not None and self.length == 1 and len(items) == 1:
                return items[0]
            if items is not None and self.length in (len(items), *_open(self.length)):
                return tuple(items)
            if items is not None:
                raise EditError(
                    f"{self.name} takes {self.length} elements, not {len(items)}.", where=self.name
                )
        raise EditError(
            f"{self.name} takes {_WORDS[self.type]}, not {_shown(value)}.",
            where=self.name,
            hint=self.meaning or None,
        )

    def _numbers(self, value: AttrValue) -> list[int] | list[float] | None:
        raw: Any = value
        if isinstance(value, TensorValue):
            raw = tuple(value.array.reshape(-1).tolist())
        items = list(raw) if isinstance(raw, tuple) else [raw]
        if not all(isinstance(item, int | float) for item in items):
            return None
        if self.type != "int32":
            return [float32(float(item)) for item in items]
        if all(float(item).is_integer() for item in items):
            return [int(item) for item in items]
        return None


def _open(length: int | str) -> tuple[int | str, ...]:
    """Return `length` itself when it is no number, so that any count passes."""
    return (length,) if isinstance(length, str) else ()


def _shown(value: AttrValue) -> str:
    if isinstance(value, bytes):
        return repr(value.decode(errors="replace"))
    return repr(list(value)) if isinstance(value, tuple) else repr(value)


@dataclass(frozen=True)
class Port:
    """An input or output of a plugin; `shape` is in TensorRT's layout."""

    name: str
    shape: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Plugin:
    """One plugin.

    Attributes:
        name: the name its creator is registered under, which is the node's op.
        aliases: other names of it.
        versions: of the plugin.
        tensorrt: the TensorRT releases whose plugin library has it.
        deprecated_in: the first release that calls it deprecated, empty for none.
        implicit_batch: whether it works without an explicit batch dimension, as UFF needs.
        dynamic_shapes: whether it works with dynamic shapes.
        replaces: what in a TensorFlow graph it stands for.
        native: how TensorRT's own layers do the same, empty when they do not.
        limits: what to mind.
        notes: more to know.
        source: where these facts are from.
        inputs: in order.
        outputs: in order.
        fields: in order.
    """

    name: str
    aliases: tuple[str, ...]
    versions: tuple[str, ...]
    tensorrt: tuple[str, ...]
    deprecated_in: str
    implicit_batch: bool
    dynamic_shapes: bool
    replaces: str
    native: str
    limits: tuple[str, ...]
    notes: str
    source: tuple[str, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    fields: tuple[PluginField, ...]

    @property
    def span(self) -> str:
        """The TensorRT releases that have it, as `5.0-10.x`; empty when none is known."""
        if not self.tensorrt:
            return ""
        first, last = self.tensorrt[0], self.tensorrt[-1]
        return first if first == last else f"{first}-{last}"

    def field(self, name: str) -> PluginField | None:
        return next((field for field in self.fields if field.name == name), None)

    def defaults(self) -> dict[str, AttrValue]:
        """Return the fields that have a default, with it."""
        return {field.name: field.default for field in self.fields if field.default is not None}

    def typed(self, attributes: Mapping[str, AttrValue]) -> dict[str, AttrValue]:
        """Return the attributes with each field in its type.

        A key that carries one of graphsurgeon's suffixes, begins with an underscore, or is
        `dtype` or `shape` is passed as it is.

        Raises:
            EditError: the plugin has no such field, or the field cannot hold the value.
        """
        found: dict[str, AttrValue] = {}
        for key, value in attributes.items():
            field = self.field(key)
            if field is not None:
                found[key] = field.typed(value)
            elif key.endswith(SUFFIXES) or key.startswith("_") or key in ("dtype", "shape"):
                found[key] = value
            else:
                names = [item.name for item in self.fields]
                near = difflib.get_close_matches(key, names, n=1)
                known = f"It has {', '.join(names)}." if names else "It has no fields."
                raise EditError(
                    f"{self.name} has no field {key}.",
                    where=key,
                    hint=f"Did you mean {near[0]}?" if near else known,
                )
        return found

    def missing(self, attributes: Mapping[str, AttrValue]) -> tuple[str, ...]:
        """Return the fields without a default that the attributes do not give."""
        given = {plugin_field(key) for key in attributes}
        return tuple(
            field.name
            for field in self.fields
            if field.default is None and field.type != "pointer" and field.name not in given
        )


_KEYS = (
    *("name", "aliases", "versions", "tensorrt", "deprecated_in", "implicit_batch"),
    *("dynamic_shapes", "replaces", "native", "limits", "notes", "source"),
    *("input", "output", "field"),
)
_FIELD_KEYS = ("name", "type", "length", "default", "meaning", "since_tensorrt")


def load_plugin(path: Path) -> Plugin:
    """Read a plugin's description.

    Raises:
        RuleError: it cannot be read or something in it is wrong; it names file and line.
    """
    file = TomlFile.read(path)
    table = file.table
    file.check_keys(table, _KEYS)
    fields = tuple(
        _field(file, stated, index) for index, stated in enumerate(file.tables(table, "field"))
    )
    return Plugin(
        name=file.get(table, "name", str, ...),
        aliases=file.texts(table, "aliases"),
        versions=file.texts(table, "versions"),
        tensorrt=file.texts(table, "tensorrt"),
        deprecated_in=file.get(table, "deprecated_in", str, ""),
        implicit_batch=file.get(table, "implicit_batch", bool, False),
        dynamic_shapes=file.get(table, "dynamic_shapes", bool, False),
        replaces=file.get(table, "replaces", str, ""),
        native=file.get(table, "native", str, ""),
        limits=file.texts(table, "limits"),
        notes=file.get(table, "notes", str, ""),
        source=file.texts(table, "source"),
        inputs=_ports(file, "input"),
        outputs=_ports(file, "output"),
        fields=fields,
    )


def _ports(file: TomlFile, key: str) -> tuple[Port, ...]:
    found = []
    for index, table in enumerate(file.tables(file.table, key)):
        file.check_keys(table, ("name", "shape", "meaning"), key, index)
        found.append(
            Port(
                file.get(table, "name", str, ..., key, index),
                file.get(table, "shape", str, "", key, index),
                file.get(table, "meaning", str, "", key, index),
            )
        )
    return tuple(found)


def _field(file: TomlFile, table: Mapping[str, Any], index: int) -> PluginField:
    path = ("field", index)
    file.check_keys(table, _FIELD_KEYS, *path)
    kind = file.get(table, "type", str, ..., *path)
    if kind not in _TYPES:
        raise file.error(
            f"There is no field type {kind}.", *path, "type", hint=f"Use {', '.join(_TYPES)}."
        )
    field = PluginField(
        name=file.get(table, "name", str, ..., *path),
        type=kind,
        length=table.get("length", 1),
        meaning=file.get(table, "meaning", str, "", *path),
        since_tensorrt=file.get(table, "since_tensorrt", str, "", *path),
    )
    if "default" not in table:
        return field
    try:
        default = field.typed(value_from_toml(table["default"]))
    except (EditError, ValueError) as problem:
        raise file.error(f"default: {problem}", *path, "default") from problem
    return PluginField(
        field.name, field.type, field.length, default, field.meaning, field.since_tensorrt
    )


@functools.cache
def described_plugins() -> Mapping[str, Plugin]:
    """Return every plugin that is described by name, in the order of their names."""
    found = [load_plugin(path) for path in sorted((rules_dir() / "plugins").glob("*.toml"))]
    return {plugin.name: plugin for plugin in found}


def plugins() -> Mapping[str, Plugin]:
    """Return every plugin by name: those described, and those found in libraries of this machine.

    What a described plugin's own library here adds is the TensorRT it is found in.
    """
    here = found_creators()
    if not here:
        return described_plugins()
    known = dict(described_plugins())
    for name, creator in here.items():
        described = known.get(name)
        if described is None:
            known[name] = _own_plugin(creator)
        elif creator.library not in described.tensorrt:
            known[name] = replace(described, tensorrt=(*described.tensorrt, creator.library))
    return dict(sorted(known.items()))


_CREATOR_TYPES: Mapping[str, FieldType] = {
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64", "DIMS"), "int32"),
    **dict.fromkeys(("FLOAT16", "FLOAT32", "FLOAT64", "BF16"), "float32"),
    "CHAR": "char",
}


def _own_plugin(creator: FoundCreator) -> Plugin:
    """Return what a creator tells of its plugin; it tells neither defaults nor lengths."""
    return Plugin(
        name=creator.name,
        aliases=(),
        versions=(creator.version,),
        tensorrt=(creator.library,),
        deprecated_in="",
        implicit_batch=False,
        dynamic_shapes=True,
        replaces="",
        native="",
        limits=(),
        notes=f"Found in a plugin library of this machine, for TensorRT {creator.tensorrt}.",
        source=("The plugin registry of this machine's TensorRT",),
        inputs=(),
        outputs=(),
        fields=tuple(
            PluginField(name, _CREATOR_TYPES.get(kind, "weights"), length="n")
            for name, kind in creator.fields
        ),
    )


def find_plugin(op: str) -> Plugin | None:
    """Return the plugin of that name or alias, None for an op that is no known plugin."""
    known = plugins()
    return known.get(op) or next((item for item in known.values() if op in item.aliases), None)
