"""Stand-ins for TensorRT's Python modules, made from their real API surfaces.

They know which names exist in a version and how many arguments its functions take, and refuse
everything else; they compute nothing.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from surgeon_gui.engine.flavours import Flavour
from tests.helpers.shared import data_path

VERSIONS = {
    "8.6.1": "tensorrt",
    "10.16.1.11": "tensorrt",
    "11.4.0.106": "tensorrt",
    "rtx-1.7.1.116": "rtx",
}
"""Flavour of each surface."""


_UNTOLD = {
    "get_plugin_registry": ("IPluginRegistry",),
    "get_creator": ("IPluginCreatorV3One", "IPluginCreator"),
}
"""What functions return whose signatures do not tell; the first class a version has."""


@cache
def surface(version: str) -> dict[str, dict[str, Any]]:
    """Return what a version has: `enums`, `functions`, `classes`."""
    path: Path = data_path(f"tensorrt-api/{version}.json")
    content: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return content


def flavour_of(version: str) -> Flavour:
    """Return a Flavour whose module is the stand-in of `version`."""
    return Flavour(VERSIONS[version], version, module_of(version))


class StandIn:
    """An object of one of the real classes: its members exist, no others."""

    __slots__ = ("values",)

    def __init__(self, *arguments: Any) -> None:
        self.values: dict[str, Any] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            self.values[name] = value
        else:
            super().__setattr__(name, value)  # which only takes what is in __slots__


def arguments_of(signature: str) -> tuple[int, int] | None:
    """Return fewest and most arguments of a signature, without self; None when overloaded."""
    inside = signature[signature.index("(") + 1 : signature.rindex(") ->")]
    if inside.startswith("*args"):
        return None
    flat = re.sub(r"\[[^\[\]]*\]", "", inside)
    parts = [part for part in flat.split(",") if part.strip() and not part.startswith("self")]
    return sum("=" not in part for part in parts), len(parts)


class _Module:
    def __init__(self, version: str) -> None:
        self.__name__ = f"standin-{version}"
        self.__version__ = version
        content = surface(version)
        for name, members in content["enums"].items():
            vars(self)[name] = enum.IntEnum(name, members)
        for name, members in content["classes"].items():
            if name not in content["enums"]:
                vars(self)[name] = self._class(name, members)
        for name, signature in content["functions"].items():
            vars(self).setdefault(name, self._function(name, signature))

    def _class(self, name: str, members: dict[str, str]) -> type:
        made: dict[str, Any] = {"__slots__": ()}
        for member, text in members.items():
            if member.startswith("__"):
                continue
            if "(" in text:
                made[member] = self._function(member, text)
            else:
                made[member] = property(self._getter(member))
        return type(name, (StandIn,), made)

    def _getter(self, name: str) -> Callable[[Any], Any]:
        return lambda holder: holder.values.get(name, ())

    def _function(self, name: str, signature: str) -> Callable[..., Any]:
        allowed = arguments_of(signature) if ") ->" in signature else None
        returns = signature.rpartition("-> ")[2].strip()
        method = "self" in signature or "*args" in signature

        def call(*arguments: Any, **named: Any) -> Any:
            count = len(arguments) + len(named) - method
            if allowed is not None and not allowed[0] <= count <= allowed[1]:
                raise TypeError(f"{name} takes {allowed} arguments, not {count}: {signature}")
            return self._result(name, returns)

        return call

    def _result(self, name: str, returns: str) -> Any:
        if name in _UNTOLD:
            returns = next(kind for kind in _UNTOLD[name] if kind in vars(self))
        elif name.startswith("add_") and returns.endswith("kwargs)"):
            # Overloaded functions do not tell what they return: add_topk makes an ITopKLayer.
            wanted = f"i{name[4:].replace('_', '')}layer"
            returns = next(key for key in vars(self) if key.lower() == wanted)
        made = vars(self).get(returns)
        if isinstance(made, type) and issubclass(made, StandIn):
            return made()
        return {"bool": True, "int": 0}.get(returns)


@cache
def module_of(version: str) -> Any:
    """Return the stand-in of a version's module."""
    return _Module(version)
