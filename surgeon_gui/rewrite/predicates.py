"""The closed table of tests a rule's `where` may use: `scalar(alpha)`, `not dtype(x, float16)`.

A condition is one test or several joined by `or`; `not` before a test turns it round. Arguments are
captures, numbers and words. Each test returns None when it holds, else the reason why it does not.
"""

from __future__ import annotations

import fnmatch
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape
from surgeon_gui.rewrite.subject import Match, Mismatch, Subject


class NoSuchNode(LookupError):
    """A captured tensor has no producer."""


@dataclass(frozen=True)
class Place:
    """A match in its graph, as the tests see it."""

    subject: Subject
    match: Match

    def tensor(self, name: str) -> TensorRef:
        return self.match.tensors[name]

    def node(self, name: str) -> Node:
        """The node that makes the captured tensor.

        Raises:
            NoSuchNode: the graph is damaged, nothing makes it.
        """
        found = self.subject.get(self.tensor(name).node)
        if found is None:
            raise NoSuchNode(f"{self.tensor(name)} does not exist.")
        return found

    def value(self, name: str) -> Array | None:
        return self.subject.value(self.tensor(name))

    def shape(self, name: str) -> Shape:
        return self.subject.shape(self.tensor(name))


Test = Callable[..., str | None]
PREDICATES: dict[str, Test] = {}


def predicate(test: Test) -> Test:
    """File a test under its function's name, less a trailing underscore."""
    PREDICATES[test.__name__.rstrip("_")] = test
    return test


def _numbers(place: Place, name: str) -> tuple[Array | None, str]:
    value = place.value(name)
    if value is None:
        return None, f"{name} is not constant."
    if value.dtype.kind not in "fiub" and value.dtype.name != "bfloat16":
        return None, f"{name} holds no numbers."
    return value, ""


def _compare(
    place: Place, name: str, limit: float, holds: Callable[[Array, float], Any], words: str
) -> str | None:
    value, problem = _numbers(place, name)
    if value is None:
        return problem
    if value.size and bool(np.all(holds(value.astype(np.float64), limit))):
        return None
    shown = value.reshape(-1)[0] if value.size == 1 else "its values"
    return f"{name} ({shown}) is not {words} {limit:g}."


@predicate
def const(place: Place, name: str) -> str | None:
    """The tensor's elements are known."""
    return None if place.value(name) is not None else f"{name} is not constant."


@predicate
def scalar(place: Place, name: str) -> str | None:
    """It is a constant with one element."""
    value = place.value(name)
    if value is None:
        return f"{name} is not constant."
    return None if value.size == 1 else f"{name} has {value.size} elements, not one."


@predicate
def less(place: Place, name: str, limit: float) -> str | None:
    """All elements of a constant are less than the number."""
    return _compare(place, name, limit, np.less, "less than")


@predicate
def greater(place: Place, name: str, limit: float) -> str | None:
    """All elements of a constant are greater than the number."""
    return _compare(place, name, limit, np.greater, "greater than")


@predicate
def equal(place: Place, name: str, limit: float) -> str | None:
    """All elements of a constant equal the number, to 32-bit precision."""
    return _compare(
        place, name, limit, lambda a, b: np.isclose(a, b, rtol=1e-6, atol=0), "equal to"
    )


@predicate
def same(place: Place, name: str, other: str) -> str | None:
    """Two constants hold the same elements."""
    left, right = place.value(name), place.value(other)
    if left is None or right is None:
        return f"{name if left is None else other} is not constant."
    return None if np.array_equal(left, right) else f"{name} and {other} differ."


@predicate
def values(place: Place, name: str, *wanted: float) -> str | None:
    """The constant's elements are just these, in order."""
    value, problem = _numbers(place, name)
    if value is None:
        return problem
    if value.reshape(-1).tolist() == list(wanted):
        return None
    return f"{name} is not {', '.join(f'{item:g}' for item in wanted)}."


@predicate
def elements(place: Place, name: str, *counts: int) -> str | None:
    """The constant has one of these numbers of elements."""
    value = place.value(name)
    if value is None:
        return f"{name} is not constant."
    return None if value.size in counts else f"{name} has {value.size} elements."


@predicate
def dtype(place: Place, name: str, *wanted: str) -> str | None:
    """The tensor has one of these dtypes."""
    found = place.subject.type(place.tensor(name))
    if found.dtype is DType.INVALID:
        return f"The dtype of {name} is unknown."
    if found.dtype in {DType.from_text(text) for text in wanted}:
        return None
    return f"{name} is {found.dtype.text}, not {' or '.join(wanted)}."


@predicate
def rank(place: Place, name: str, *wanted: int) -> str | None:
    """The tensor's rank is known and one of these."""
    found = place.shape(name).rank
    if found is None:
        return f"The rank of {name} is unknown; give the inputs' shapes."
    if found in wanted:
        return None
    return f"{name} has rank {found}, not {' or '.join(map(str, wanted))}."


@predicate
def shape_known(place: Place, name: str) -> str | None:
    """Every dimension of the tensor is known, but perhaps the first."""
    shape = place.shape(name)
    if shape.dims is not None and all(dim >= 0 for dim in shape.dims[1:]):
        return None
    return f"The shape of {name} is {shape}; give the inputs' shapes."


@predicate
def static(place: Place, name: str) -> str | None:
    """Every dimension of the tensor is known."""
    shape = place.shape(name)
    if shape.is_static:
        return None
    return f"The shape of {name} is {shape}; give the inputs' shapes."


@predicate
def same_shape(place: Place, name: str, other: str) -> str | None:
    """Two tensors have the same known shape (an unknown first dimension counts as the same)."""
    left, right = place.shape(name), place.shape(other)
    if left.dims is not None and left == right and all(dim >= 0 for dim in left.dims[1:]):
        return None
    return f"The shapes of {name} {left} and {other} {right} are not known to be the same."


@predicate
def same_dimension(place: Place, name: str, other: str, axis: int) -> str | None:
    """Two tensors are equally long along an axis; a negative one counts from each one's end."""
    left, right = place.shape(name).dims, place.shape(other).dims
    sides = [
        dims[axis] if dims is not None and -len(dims) <= axis < len(dims) else -1
        for dims in (left, right)
    ]
    if sides[0] == sides[1] >= 0:
        return None
    return f"Axis {axis} of {name} and of {other} are not known to be equally long."


@predicate
def axes(place: Place, name: str, of: str, *wanted: int) -> str | None:
    """The constant names just these axes of tensor `of`; negative ones count from its end."""
    value, problem = _numbers(place, name)
    if value is None:
        return problem
    size = place.shape(of).rank
    if size is None:
        if value.reshape(-1).tolist() == list(wanted):
            return None
        return f"The rank of {of} is unknown; give the inputs' shapes."
    found = sorted(int(axis) % size for axis in value.reshape(-1))
    if found == sorted(axis % size for axis in wanted):
        return None
    return f"{name} is {found}, not {', '.join(map(str, wanted))} of {size} axes."


@predicate
def op(place: Place, name: str, *wanted: str) -> str | None:
    """The tensor is made by one of these operations."""
    found = place.node(name).op
    return None if found in wanted else f"{name} is made by {found}."


@predicate
def name_(place: Place, name: str, glob: str) -> str | None:
    """The name of the node matches the glob."""
    found = place.node(name).name
    return None if fnmatch.fnmatchcase(found, glob) else f"{found} does not match {glob}."


@predicate
def attr(place: Place, name: str, key: str, *wanted: str | float) -> str | None:
    """The node's attribute is one of these; without any, it is there."""
    found = place.node(name).attrs.get(key)
    if found is None:
        return f"{place.node(name).name} has no attribute {key}."
    if not wanted or any(_is(found, item) for item in wanted):
        return None
    return f"Its {key} is not {' or '.join(map(str, wanted))}."


def _is(found: AttrValue, wanted: str | float) -> bool:
    if isinstance(found, bytes):
        return found == str(wanted).encode()
    if isinstance(found, bool):
        return wanted in (found, str(found).lower())
    if isinstance(found, DType):
        return found.text == wanted
    return isinstance(found, int | float) and found == wanted


@predicate
def used_once(place: Place, name: str) -> str | None:
    """Only one node reads the tensor's node."""
    count = len(place.subject.consumers(place.tensor(name).node))
    return None if count == 1 else f"{count} nodes use {place.tensor(name)}."


@predicate
def unread(place: Place, name: str) -> str | None:
    """No node reads the captured node; at most some wait for it."""
    readers = place.subject.readers(place.tensor(name).node)
    return f"{readers[0].name} reads it." if readers else None


@predicate
def output(place: Place, name: str) -> str | None:
    """The node is an output of the graph."""
    found = place.tensor(name).node
    return None if place.subject.is_output(found) else f"{found} is no output."


_CALL = re.compile(r"\s*(not\s+)?([A-Za-z_]\w*)\s*\(([^()]*)\)\s*")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class _Call:
    name: str
    args: tuple[str | int | float, ...]
    negated: bool

    def problem(self, place: Place) -> str | None:
        try:
            found = PREDICATES[self.name](place, *self.args)
        except NoSuchNode as problem:
            return str(problem)
        if self.negated:
            shown = f"{self.name}({', '.join(map(str, self.args))})"
            return None if found else f"{shown} holds."
        return found


@dataclass(frozen=True)
class Condition:
    """One entry of a rule's `where`."""

    text: str
    calls: tuple[_Call, ...]

    def check(self, place: Place) -> Mismatch | None:
        """Return why the condition does not hold, None when it does."""
        problems = []
        for call in self.calls:
            problem = call.problem(place)
            if problem is None:
                return None
            problems.append(problem)
        return Mismatch(place.match.root, " ".join(problems))


def parse_condition(text: str, captures: Iterable[str]) -> Condition:
    """Return the condition a text states.

    Args:
        text: such as `scalar(alpha)`.
        captures: names the rule's pattern binds.

    Raises:
        ValueError: the text cannot be read, or names a test or capture that does not exist.
    """
    known = set(captures)
    calls: list[_Call] = []
    position = 0
    while True:
        found = _CALL.match(text, position)
        if found is None:
            raise ValueError(f"{text!r} is no condition such as scalar(alpha)")
        calls.append(_call(found, known))
        position = found.end()
        if position == len(text):
            return Condition(text, tuple(calls))
        if not text.startswith("or", position):
            raise ValueError(f"{text!r}: only 'or' may join two conditions")
        position += 2


def _call(found: re.Match[str], captures: set[str]) -> _Call:
    negated, name, inside = found.group(1) is not None, found.group(2), found.group(3)
    test = PREDICATES.get(name)
    if test is None:
        raise ValueError(f"there is no test {name}; known are {', '.join(sorted(PREDICATES))}")
    texts = [part.strip() for part in inside.split(",")] if inside.strip() else []
    parameters = list(inspect.signature(test).parameters.values())[1:]
    required = [item for item in parameters if item.kind is not item.VAR_POSITIONAL]
    if len(texts) < len(required) or (len(texts) > len(required) == len(parameters)):
        names = ", ".join(item.name for item in parameters)
        raise ValueError(f"{name} takes ({names}), not ({inside.strip()})")
    args: list[str | int | float] = []
    for index, text in enumerate(texts):
        parameter = parameters[min(index, len(parameters) - 1)]
        args.append(_argument(text, parameter, captures, name))
    return _Call(name, tuple(args), negated)


_CAPTURES = frozenset({"name", "other", "of"})


def _argument(
    text: str, parameter: inspect.Parameter, captures: set[str], test: str
) -> str | int | float:
    if parameter.name in _CAPTURES:
        if text not in captures:
            raise ValueError(f"{test}: the pattern captures no {text}")
        return text
    kind = str(parameter.annotation)
    if "float" in kind or "int" in kind:
        if _NUMBER.fullmatch(text):
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        if "str" not in kind:
            raise ValueError(f"{test}: {text!r} is no number")
    word = text.strip("\"'")
    if test == "dtype":
        DType.from_text(word)
    return word
