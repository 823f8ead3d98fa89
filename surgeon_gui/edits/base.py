"""What an edit is: a frozen dataclass that turns a graph into another, and describes its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from surgeon_gui.errors import EditError
from surgeon_gui.graph.model import Graph
from surgeon_gui.registry import Registry

Kind = Literal[
    "node",
    "nodes",
    "namespace",
    "tensor",
    "tensors",
    "op",
    "text",
    "attribute",
    "value",
    "attributes",
    "shape",
    "dtype",
    "bool",
    "integer",
    "rules",
]
"""What a field holds; a dialog picks its editor by it."""


@runtime_checkable
class Edit(Protocol):
    """A change to a graph that can be repeated on another: a frozen dataclass.

    Its fields are built with `param`, so a dialog and the script form are derived from them.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def title(self) -> str:
        """What it does, for the history: `Remove dropout/mul`."""

    def apply(self, graph: Graph) -> Graph:
        """Return the changed graph, or the very same one when there is nothing to change.

        Raises:
            EditError: it cannot be applied to this graph; `where` is the node.
            GraphError: the result would be no valid graph.
        """


@dataclass(frozen=True)
class FieldInfo:
    """How a field of an edit is shown and written."""

    name: str
    label: str
    help: str
    kind: Kind
    required: bool
    default: Any
    choices: tuple[str, ...] = ()


def param(
    label: str,
    *,
    tip: str,
    kind: Kind,
    default: Any = MISSING,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field that carries its label, help and kind of value.

    Args:
        label: what a dialog calls it.
        tip: one sentence for the tooltip.
        kind: what it holds.
        default: its value when left out; without one it is required.
        choices: the words it can be, when it is one of a few.
    """
    metadata = {"label": label, "help": tip, "kind": kind, "choices": choices}
    if isinstance(default, Mapping):
        frozen = dict(default)
        return dataclasses.field(default_factory=lambda: dict(frozen), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


EDITS: Registry[type[Edit]] = Registry("surgeon_gui.edits")
"""Edits by the word a script calls them."""

_EditType = TypeVar("_EditType", bound=type[Edit])


def edit(name: str) -> Callable[[_EditType], _EditType]:
    """Return the decorator that files an edit's class under its script word."""

    def decorate(kind: _EditType) -> _EditType:
        EDITS.register(name)(kind)
        return kind

    return decorate


def edit_name(item: Edit | type[Edit]) -> str:
    """Return the script word of an edit.

    Raises:
        EditError: its class is not registered, so it cannot be written to a script.
    """
    kind = item if isinstance(item, type) else type(item)
    for name, candidate in EDITS.items():
        if candidate is kind:
            return name
    raise EditError(f"{kind.__name__} cannot be part of a script.")


def edit_fields(kind: type[Edit]) -> tuple[FieldInfo, ...]:
    """Return what a dialog needs to know of each field, in order."""
    infos = []
    for field in dataclasses.fields(kind):
        default = field.default
        if default is MISSING and field.default_factory is not MISSING:
            default = field.default_factory()
        infos.append(
            FieldInfo(
                name=field.name,
                label=field.metadata["label"],
                help=field.metadata["help"],
                kind=field.metadata["kind"],
                required=default is MISSING,
                default=None if default is MISSING else default,
                choices=field.metadata["choices"],
            )
        )
    return tuple(infos)


def summary(kind: type[Edit]) -> str:
    """Return the first line of the edit's docstring, for menus."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]


def counted(names: tuple[str, ...] | list[str], what: str = "nodes") -> str:
    """Return `a`, `a and b` or `12 nodes`, whichever is short enough for a title."""
    if len(names) == 1:
        return names[0]
    if len(names) == 2:
        return f"{names[0]} and {names[1]}"
    return f"{len(names)} {what}"
