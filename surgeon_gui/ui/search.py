"""What can be typed into the search field, and finding it in a graph; Qt-free.

A query is words that must all fit. A plain word is looked for in name and op; `op:Conv2D`,
`name:block`, `attr:padding` or `attr:padding=SAME`, `dtype:float32`, `shape:1,7,7`
(`shape:[1,7,7]` for no longer ones), `status:refused` look elsewhere; `/…/` is a regular
expression over names. A quoted word may hold spaces.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.ui.facts import TypesOf, attribute_text

Test = Callable[[Node], bool]

STATUS_NAMES = {
    "takes": ("takes",),
    "taken": ("takes",),
    "converts": ("takes", "caveat", "vanishes"),
    "caveat": ("caveat",),
    "warning": ("caveat",),
    "cured": ("cured",),
    "rule": ("cured",),
    "refuses": ("refuses",),
    "refused": ("refuses",),
    "unsupported": ("refuses", "cured", "unknown"),
    "problem": ("refuses", "cured", "unknown", "caveat"),
    "unknown": ("unknown",),
    "vanishes": ("vanishes",),
}


@dataclass(frozen=True)
class Known:
    """What a search may look at beside the graph."""

    types: TypesOf | None = None
    statuses: Mapping[str, str] | None = None
    """Verdict by node name, as `Status.value`."""


def search(graph: Graph, query: str, known: Known | None = None) -> tuple[str, ...]:
    """Return the names of the nodes that fit, in node order; none for an empty query.

    Raises:
        UsageError: the query cannot be read.
    """
    tests = parse_query(query, known or Known())
    if not tests:
        return ()
    return tuple(node.name for node in graph if all(test(node) for test in tests))


def advice(graph: Graph, query: str) -> str:
    """Return how a query that finds nothing may be meant; empty where that is not known."""
    for word in _words(query.strip()):
        name, colon, value = re.sub("=", ":", word, count=1).partition(":")
        if colon and name not in _PREFIXES and any(name in node.attrs for node in graph):
            return f"To look in attributes, write attr:{name}{'=' if value else ''}{value}."
    return ""


def parse_query(query: str, known: Known) -> list[Test]:
    """Return a test per word.

    Raises:
        UsageError: a regular expression, status, dtype or prefix is wrong.
    """
    text = query.strip()
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return [_regex(text[1:-1])]
    return [_test(word, known) for word in _words(text)]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()  # a quote without its partner, while it is being typed


def _test(word: str, known: Known) -> Test:
    prefix, colon, rest = word.partition(":")
    prefix = prefix.lower()
    if not colon or prefix not in _PREFIXES:
        plain = word.lower()
        return lambda node: plain in node.name.lower() or plain in node.op.lower()
    return _PREFIXES[prefix](rest, known)


def _regex(text: str) -> Test:
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"The regular expression is wrong: {error}.", where=text) from error
    return lambda node: pattern.search(node.name) is not None


def _by_name(text: str, _known: Known) -> Test:
    wanted = text.lower()
    return lambda node: wanted in node.name.lower()


def _by_op(text: str, _known: Known) -> Test:
    wanted = text.lower()
    return lambda node: node.op.lower().startswith(wanted)


def _by_attribute(text: str, _known: Known) -> Test:
    name, equals, value = text.partition("=")
    wanted = value.lower()

    def test(node: Node) -> bool:
        found = node.attrs.get(name)
        return found is not None and (not equals or wanted in attribute_text(found).lower())

    return test


def _by_dtype(text: str, known: Known) -> Test:
    try:
        wanted = DType.from_text(text) if text else None
    except ValueError as error:
        raise UsageError(f"There is no dtype {text}.", where="dtype:") from error
    types = known.types
    if types is None or wanted is None:
        return lambda node: wanted in node.attrs.values()
    return lambda node: types.type(TensorRef(node.name)).dtype is wanted


def _by_shape(text: str, known: Known) -> Test:
    wanted = text.strip("[]").replace("x", ",").replace(" ", "")
    # Closed by a bracket it is the whole shape, else how the shape begins.
    wanted += "]" if text.endswith("]") else ""
    types = known.types
    if types is None:
        return lambda node: False
    return lambda node: str(types.type(TensorRef(node.name)).shape).strip("[").startswith(wanted)


def _by_status(text: str, known: Known) -> Test:
    wanted = STATUS_NAMES.get(text.lower())
    if wanted is None:
        near = [name for name in STATUS_NAMES if text and name.startswith(text.lower())]
        if not near:
            raise UsageError(
                f"There is no status {text}.", hint=f"One of {', '.join(STATUS_NAMES)}."
            )
        wanted = STATUS_NAMES[near[0]]
    statuses = known.statuses or {}
    return lambda node: statuses.get(node.name) in wanted


_PREFIXES: Mapping[str, Callable[[str, Known], Test]] = {
    "name": _by_name,
    "op": _by_op,
    "attr": _by_attribute,
    "dtype": _by_dtype,
    "shape": _by_shape,
    "status": _by_status,
}
