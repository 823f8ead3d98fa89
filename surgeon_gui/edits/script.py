"""Surgery scripts: a list of edits as TOML, replayed on another graph.

[[edit]]
do = "remove"
nodes = ["dropout/mul"]

[[edit]]
do = "replace"
node = "head/Maximum"
op = "LReLU_TRT"
attributes = { negSlope = 0.1 }
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from surgeon_gui.edits.base import EDITS, Edit, FieldInfo, edit_fields, edit_name
from surgeon_gui.errors import EditError, SaveError, ScriptError, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.rewrite.attributes import value_from_toml, value_to_toml
from surgeon_gui.rewrite.tomlfile import TomlFile


@dataclass(frozen=True)
class ScriptLine:
    """An edit of a script and the line it begins at."""

    edit: Edit
    line: int


@dataclass(frozen=True)
class Script:
    """Edits in order, read from a file of that name."""

    lines: tuple[ScriptLine, ...]
    name: str = "script"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(line.edit for line in self.lines)


def script_to_toml(edits: Iterable[Edit]) -> str:
    """Return the script of some edits.

    Raises:
        EditError: one of them cannot be part of a script.
    """
    tables = [{"do": edit_name(item), **edit_to_table(item)} for item in edits]
    return tomli_w.dumps({"edit": tables}, multiline_strings=True)


def save_script(edits: Iterable[Edit], path: Path) -> None:
    """Write the script of some edits, replacing the file whole.

    Raises:
        EditError: one of them cannot be part of a script.
        SaveError: the file cannot be written.
    """
    text = script_to_toml(edits)
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SaveError(
            "The script cannot be saved.", where=str(path), hint=f"{error.strerror}."
        ) from error


def script_from_toml(text: str, name: str = "script") -> Script:
    """Return the edits of a script.

    Raises:
        ScriptError: something in it is wrong; it names `name` and the line.
    """
    return _from_file(TomlFile(text, name, error=ScriptError))


def load_script(path: Path) -> Script:
    """Read a script's file.

    Raises:
        ScriptError: it cannot be read or something in it is wrong; it names file and line.
    """
    return _from_file(TomlFile.read(path, error=ScriptError))


def _from_file(file: TomlFile) -> Script:
    file.check_keys(file.table, ("edit",))
    lines = []
    for index, table in enumerate(file.tables(file.table, "edit")):
        word = file.get(table, "do", str, ..., "edit", index)
        fields = {key: value for key, value in table.items() if key != "do"}
        try:
            made = edit_from_table(word, fields)
        except EditError as problem:
            key = problem.where if problem.where in table else "do"
            raise file.error(problem.message, "edit", index, key, hint=problem.hint) from problem
        lines.append(ScriptLine(made, file.line("edit", index)))
    return Script(tuple(lines), file.name)


def replay(
    graph: Graph, script: Script, done: Callable[[Edit, Graph], None] = lambda edit, graph: None
) -> Graph:
    """Return the graph after every edit of a script.

    Args:
        graph: where to begin.
        script: the edits.
        done: called after each edit with the graph it made.

    Raises:
        ScriptError: an edit fails; it names the line. The edits before it were passed to `done`.
    """
    for line in script.lines:
        try:
            graph = line.edit.apply(graph)
        except SurgeonError as problem:
            node = f" ({problem.where})" if problem.where else ""
            raise ScriptError(
                f"{line.edit.title} failed: {problem.message}{node}",
                where=f"{script.name}:{line.line}",
                hint=problem.hint,
            ) from problem
        done(line.edit, graph)
    return graph


def edit_to_table(item: Edit) -> dict[str, Any]:
    """Return an edit's fields as TOML values; those at their default are left out."""
    table = {}
    for info in edit_fields(type(item)):
        value = getattr(item, info.name)
        if info.required or value != info.default:
            table[info.name] = _field_to_toml(info, value)
    return table


def edit_from_table(word: str, table: Mapping[str, Any]) -> Edit:
    """Return the edit a script's table states.

    Raises:
        EditError: there is no such edit, or a field is missing, unknown or wrong; `where` is the
            field.
    """
    kind = EDITS.get(word)
    if kind is None:
        near = difflib.get_close_matches(word, EDITS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(sorted(EDITS))}."
        raise EditError(f"There is no edit {word}.", where="do", hint=hint)
    infos = {info.name: info for info in edit_fields(kind)}
    for key in table:
        if key not in infos:
            near = difflib.get_close_matches(key, infos, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(infos) or 'none'}."
            raise EditError(f"{word} has no field {key}.", where=key, hint=hint)
    values = {}
    for name, info in infos.items():
        if name in table:
            try:
                values[name] = _field_from_toml(info, table[name])
            except (TypeError, ValueError) as problem:
                raise EditError(f"{name} of {word}: {problem}.", where=name) from problem
        elif info.required:
            raise EditError(f"{word} needs {name}.", where="do", hint=info.help)
    return kind(**values)


_LISTS = frozenset({"nodes", "tensors", "rules"})


def _field_to_toml(info: FieldInfo, value: Any) -> Any:
    if info.kind in _LISTS:
        return list(value)
    if info.kind == "attributes":
        return {key: value_to_toml(item) for key, item in value.items()}
    if info.kind == "value":
        return value_to_toml(value)
    if isinstance(value, Shape):
        return "?" if value.dims is None else list(value.dims)
    return value.text if isinstance(value, DType) else value


def _field_from_toml(info: FieldInfo, value: Any) -> Any:
    if info.kind in _LISTS:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ValueError("a list of texts is wanted")
        return tuple(items)
    if info.kind == "value":
        return value_from_toml(value)
    if info.kind == "attributes":
        if not isinstance(value, dict):
            raise ValueError("a table of attributes is wanted")
        return {key: value_from_toml(item) for key, item in value.items()}
    if info.kind == "shape":
        return value_from_toml({"shape": value})
    if info.kind == "dtype":
        return DType.from_text(_typed(value, str, "a dtype's name"))
    if info.kind == "bool":
        return _typed(value, bool, "true or false")
    if info.kind == "integer":
        return _typed(value, int, "a whole number")
    text = _typed(value, str, "text")
    if info.choices and text not in info.choices:
        raise ValueError(f"{text!r} is none of {', '.join(info.choices)}")
    return text


def _typed(value: Any, kind: type[Any], words: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{words} is wanted")
    return value
