"""The catalogue of TensorRT plugins, as facts: which TensorRT has which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def facts(table: str) -> Mapping[str, Any]:
    """Return a fact table of this package; its entries name their sources."""
    text = resources.files("surgeon_gui.targets").joinpath(f"data/{table}.json").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


@cache
def plugin_catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return the plugins by name and by alias."""
    found: dict[str, Mapping[str, Any]] = {}
    for plugin in facts("plugins")["plugins"]:
        for name in [plugin["name"], *plugin["aliases"]]:
            found[name] = plugin
    return found


def plugin_available(op: str, tensorrt: str) -> bool | None:
    """Say whether that TensorRT ships the plugin; None when `op` names no known plugin.

    Args:
        op: the node's op, which is the plugin's name.
        tensorrt: a version as the table spells it: `5.1`, `8.6`, `10.x`.
    """
    plugin = plugin_catalogue().get(op)
    return None if plugin is None else bool(plugin["available"].get(tensorrt, False))
