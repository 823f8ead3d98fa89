"""Rule sets: an ordered list of rules and edits, each on or off, in one TOML file to share.

id = "our-detector"                 # the file's name
title = "What our detector needs"
note = "checked with the July model"
targets = ["uff"]                   # the routes it is for; none means any
[[parameter]]                       # what its user may choose, written <classes> below
name = "classes"
value = 91
help = "Number of classes, the background included."
read = "ssd_classes"                # what the graph itself tells goes before the value above
[[item]]
rule = "strip-identity"             # a bundled rule, or one stated below
[[item]]
set = "clean"                       # all of another set
on = false
parameters = { size = 512 }         # for the parameters that set has
[[item]]
edit = "remove"                     # an edit, with its fields
nodes = ["debug/print"]
note = "not in the export"
[[rule]]                            # rules of its own, as in a rule file
id = "…"
[ranges]                            # for eight bits: how far tensors of its network reach
collector = "entropy"
samples = 500
kept = ["head/conv"]                # layers that stay in float
[ranges.reach]
"backbone/Relu" = 3.75
[ranges.largest]                    # seen, where it is more than is kept
"backbone/Relu" = 5.5
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import tomli_w

from surgeon_gui.errors import RuleError, SaveError
from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.parameters import Parameter, chosen, fill, found_in, read_parameters
from surgeon_gui.rewrite.routes import read_targets
from surgeon_gui.rewrite.rule import Rule, rule_from_table
from surgeon_gui.rewrite.tomlfile import Key, TomlFile

ItemKind = Literal["rule", "set", "edit"]
_KINDS: tuple[ItemKind, ...] = ("rule", "set", "edit")


@dataclass(frozen=True)
class Item:
    """One entry of a rule set.

    Attributes:
        kind: whether it names a rule, another set, or an edit.
        name: the rule's or set's id, or the edit's script word.
        on: whether it is applied.
        note: the author's remark.
        fields: an edit's fields, or the parameters of a set, as TOML values.
        line: where it stands in its file, 0 when it was not read from one.
    """

    kind: ItemKind
    name: str
    on: bool = True
    note: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class RuleSet:
    """An ordered list of rules and edits.

    Attributes:
        id: its name.
        title: for lists.
        note: the author's remark.
        targets: the routes it is for; empty for any.
        items: in order.
        rules: rules stated in the set itself, by id.
        sources: their TOML tables, to save them again.
        parameters: what its user may choose.
        ranges: how far tensors reach, as a TOML table; empty where the set has none.
        origin: file it was read from, for messages.
    """

    id: str
    title: str = ""
    note: str = ""
    targets: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict, compare=False)
    sources: tuple[Mapping[str, Any], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    ranges: Mapping[str, Any] = field(default_factory=dict)
    origin: str = field(default="", compare=False)

    def where(self, item: Item) -> str | None:
        """Return file and line of an item, for an error."""
        if not self.origin:
            return None
        return f"{self.origin}:{item.line}" if item.line else self.origin

    def filled(self, item: Item) -> Mapping[str, Any]:
        """Return an item's fields with the parameters' values in place."""
        filled: Mapping[str, Any] = fill(item.fields, _values(self.parameters))
        return filled

    def with_parameters(self, values: Mapping[str, Any]) -> RuleSet:
        """Return the set with other values for some of its parameters.

        Raises:
            RuleError: there is no such parameter, or a value is of another kind or unusable.
        """
        if not values:
            return self
        try:
            parameters = chosen(self.parameters, values)
        except ValueError as problem:
            raise RuleError(f"{self.id}: {problem}.", where=self.origin or self.id) from problem
        again = rule_set_from_toml(
            rule_set_to_toml(replace(self, parameters=parameters)), self.origin or self.id
        )
        # Lines are those of the file, not of the text made here.
        return replace(again, id=self.id, items=self.items)

    def found_in(self, graph: Graph) -> dict[str, Any]:
        """Return the values of its parameters that the graph tells."""
        return found_in(graph, self.parameters)

    def fitted_to(self, graph: Graph) -> RuleSet:
        """Return the set with what the graph tells in place of what nobody chose."""
        return self.with_parameters(self.found_in(graph))


def _values(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    return {parameter.name: parameter.value for parameter in parameters}


def rule_set_of(name: str, rules: tuple[str, ...], title: str = "") -> RuleSet:
    """Return a set of the rules so named."""
    return RuleSet(name, title or name, items=tuple(Item("rule", rule) for rule in rules))


_SET_KEYS = ("id", "title", "note", "targets", "parameter", "item", "rule", "ranges")


def rule_set_from_toml(text: str, name: str = "rule set") -> RuleSet:
    """Return the rule set a TOML text states.

    Raises:
        RuleError: something in it is wrong; it names `name` and the line.
    """
    return _from_file(TomlFile(text, name), Path(name).stem)


def load_rule_set(path: Path) -> RuleSet:
    """Read a rule set's file.

    Raises:
        RuleError: it cannot be read or something in it is wrong; it names file and line.
    """
    return _from_file(TomlFile.read(path), path.stem)


def _from_file(file: TomlFile, default_id: str) -> RuleSet:
    table = file.table
    file.check_keys(table, _SET_KEYS)
    own = file.tables(table, "rule")
    rules = {}
    parameters = read_parameters(file)
    for index, stated in enumerate(own):
        filled = _filled(file, stated, parameters, "rule", index)
        rule = rule_from_table(file, filled, "rule", index)
        if rule.id in rules:
            raise file.error(f"The rule {rule.id} is stated twice.", "rule", index, "id")
        rules[rule.id] = rule
    items = []
    for index, stated in enumerate(file.tables(table, "item")):
        items.append(_item(file, stated, index))
        _filled(file, items[-1].fields, parameters, "item", index)
    return RuleSet(
        id=file.get(table, "id", str, default_id),
        title=file.get(table, "title", str, ""),
        note=file.get(table, "note", str, ""),
        targets=read_targets(file, table),
        items=tuple(items),
        rules=rules,
        sources=tuple(own),
        parameters=parameters,
        ranges=_ranges(file),
        origin=file.name,
    )


def _ranges(file: TomlFile) -> Mapping[str, Any]:
    table: dict[str, Any] = file.get(file.table, "ranges", dict, {})
    if not table:
        return table
    file.check_keys(table, ("collector", "samples", "kept", "reach", "largest"), "ranges")
    file.get(table, "collector", str, "", "ranges")
    file.get(table, "samples", int, 0, "ranges")
    file.texts(table, "kept", "ranges")
    for key, default in (("reach", ...), ("largest", {})):
        for name, value in file.get(table, key, dict, default, "ranges").items():
            number = isinstance(value, float | int) and not isinstance(value, bool)
            if not number or not 0 <= value < math.inf:
                raise file.error(f"How far {name} reaches is a number from 0.", "ranges", key, name)
    return table


def _filled(
    file: TomlFile, table: Mapping[str, Any], parameters: tuple[Parameter, ...], *path: Key
) -> Mapping[str, Any]:
    try:
        filled: Mapping[str, Any] = fill(table, _values(parameters))
    except KeyError as problem:
        name = problem.args[0]
        raise file.error(
            f"There is no parameter {name}.", *path, hint=f"Add [[parameter]] name = {name!r}."
        ) from problem
    return filled


def _item(file: TomlFile, table: dict[str, Any], index: int) -> Item:
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) != 1:
        raise file.error("An item names one rule, set or edit.", "item", index)
    kind = kinds[0]
    fields = {key: value for key, value in table.items() if key not in (kind, "on", "note")}
    if kind == "rule":
        file.check_keys(table, (kind, "on", "note"), "item", index)
    elif kind == "set":
        file.check_keys(table, (kind, "on", "note", "parameters"), "item", index)
        fields = file.get(table, "parameters", dict, {}, "item", index)
    return Item(
        kind=kind,
        name=file.get(table, kind, str, ..., "item", index),
        on=file.get(table, "on", bool, True, "item", index),
        note=file.get(table, "note", str, "", "item", index),
        fields=fields,
        line=file.line("item", index),
    )


def rule_set_to_toml(rule_set: RuleSet) -> str:
    """Return the TOML text of a rule set."""
    table: dict[str, Any] = {"id": rule_set.id}
    for key in ("title", "note"):
        if value := getattr(rule_set, key):
            table[key] = value
    if rule_set.targets:
        table["targets"] = list(rule_set.targets)
    if rule_set.parameters:
        table["parameter"] = [parameter.as_table() for parameter in rule_set.parameters]
    table["item"] = [_item_table(item) for item in rule_set.items]
    if rule_set.sources:
        table["rule"] = [dict(source) for source in rule_set.sources]
    if rule_set.ranges:
        table["ranges"] = dict(rule_set.ranges)
    return tomli_w.dumps(table, multiline_strings=True)


def _item_table(item: Item) -> dict[str, Any]:
    table: dict[str, Any] = {item.kind: item.name}
    if not item.on:
        table["on"] = False
    if item.note:
        table["note"] = item.note
    if item.kind == "set":
        return {**table, "parameters": dict(item.fields)} if item.fields else table
    return table | dict(item.fields)


def save_rule_set(rule_set: RuleSet, path: Path) -> None:
    """Write a rule set's file, replacing it whole.

    Raises:
        SaveError: it cannot be written.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(rule_set_to_toml(rule_set), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SaveError(
            "The rule set cannot be saved.", where=str(path), hint=f"{error.strerror}."
        ) from error
