"""TOML files with line numbers: every complaint about a rule or script names file and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from surgeon_gui.errors import RuleError, SurgeonError

Key = str | int

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGN = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class TomlFile:
    """The table of a TOML text, and where in the text its keys stand.

    Args:
        text: the TOML.
        name: the file's name for messages.
        error: the kind of error to raise.

    Raises:
        SurgeonError: (of that kind) the text is no TOML.
    """

    def __init__(self, text: str, name: str, *, error: type[SurgeonError] = RuleError) -> None:
        self.name = name
        self._error = error
        try:
            self.table: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as problem:
            found = _AT_LINE.search(str(problem))
            line = int(found.group(1)) if found and found.group(1) else text.count("\n") + 1
            message = _AT_LINE.sub("", str(problem)).strip()
            raise error(
                f"This is no TOML: {message}.",
                where=f"{name}:{line}",
                hint="Correct that line of the file.",
            ) from problem
        except (ValueError, RecursionError) as problem:
            # A number of thousands of digits, or brackets nested thousands deep.
            raise error(
                "A value in it is longer or nested deeper than TOML is read here.",
                where=name,
                hint="Shorten it.",
            ) from problem
        self._lines = _key_lines(text)

    @classmethod
    def read(cls, path: Path, *, error: type[SurgeonError] = RuleError) -> TomlFile:
        """Read a file.

        Raises:
            SurgeonError: (of kind `error`) it cannot be read, is no text or no TOML.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as problem:
            raise error(
                f"The file cannot be read: {problem.strerror or problem}.",
                where=str(path),
                hint="Check the path.",
            ) from problem
        except UnicodeDecodeError as problem:
            raise error(
                "The file is no text in UTF-8.", where=str(path), hint="Save it as UTF-8."
            ) from problem
        return cls(text, str(path), error=error)

    def line(self, *keys: Key) -> int:
        """Return the line of a key, or of the innermost table around it that has one."""
        for length in range(len(keys), 0, -1):
            found = self._lines.get(keys[:length])
            if found is not None:
                return found
        return 1

    def error(self, message: str, *keys: Key, hint: str | None = None) -> SurgeonError:
        """Return the error to raise about a key."""
        return self._error(message, where=f"{self.name}:{self.line(*keys)}", hint=hint)

    def check_keys(self, table: Mapping[str, Any], known: Iterable[str], *path: Key) -> None:
        """Refuse keys that are not known.

        Raises:
            SurgeonError: there is one; the hint offers the nearest known key.
        """
        names = list(known)
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}."
                raise self.error(f"There is no key {key} here.", *path, key, hint=hint)

    def get(
        self, table: Mapping[str, Any], key: str, kind: type[Any], default: Any, *path: Key
    ) -> Any:
        """Return `table[key]`, or `default` where it is absent; `...` makes it required.

        Raises:
            SurgeonError: it is required and absent, or of another type.
        """
        value = table.get(key, default)
        if value is ...:
            raise self.error(f"The key {key} is missing.", *path)
        if key in table and (not isinstance(value, kind) or (kind is int and value is True)):
            raise self.error(f"{key} must be {_KINDS[kind]}.", *path, key)
        return value

    def texts(self, table: Mapping[str, Any], key: str, *path: Key) -> tuple[str, ...]:
        """Return a text or a list of texts as a tuple; absent is empty.

        Raises:
            SurgeonError: it is something else.
        """
        value = table.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.error(f"{key} must be text or a list of texts.", *path, key)
        return tuple(items)

    def tables(self, table: Mapping[str, Any], key: str, *path: Key) -> list[dict[str, Any]]:
        """Return the tables of `[[key]]`; absent is empty.

        Raises:
            SurgeonError: it is something else.
        """
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(f"{key} must be tables, each headed [[{key}]].", *path, key)
        return value


_KINDS: dict[type[Any], str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _key_lines(text: str) -> dict[tuple[Key, ...], int]:
    """Return the line of each key and table header, by path; array tables are numbered."""
    lines: dict[tuple[Key, ...], int] = {}
    counts: dict[tuple[Key, ...], int] = {}
    prefix: tuple[Key, ...] = ()
    quote: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if quote is not None:
            if quote in line:
                quote = None
            continue
        header = _HEADER.match(line)
        if header and "=" not in line.split("#")[0]:
            prefix = _resolve(_split(header.group(2)), counts)
            if header.group(1) == "[[":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = (*prefix, counts[prefix])
            lines.setdefault(prefix, number)
            continue
        assign = _ASSIGN.match(line)
        if assign:
            path = (*prefix, *_split(assign.group(1)))
            for length in range(len(prefix) + 1, len(path) + 1):
                lines.setdefault(path[:length], number)
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quote = mark
    return lines


def _resolve(parts: tuple[str, ...], counts: Mapping[tuple[Key, ...], int]) -> tuple[Key, ...]:
    """Return a header's path with the number of the array table it continues."""
    path: tuple[Key, ...] = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    return (*path, parts[-1])
