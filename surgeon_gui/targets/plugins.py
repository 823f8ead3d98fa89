"""Fact tables of this package, and which TensorRT ships which plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from surgeon_gui.rewrite.plugins import find_plugin


@cache
def facts(table: str) -> Mapping[str, Any]:
    """Return a fact table of this package; its entries name their sources."""
    text = resources.files("surgeon_gui.targets").joinpath(f"data/{table}.json").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def plugin_available(op: str, tensorrt: str) -> bool | None:
    """Say whether that TensorRT ships the plugin; None when `op` names no known plugin.

    Args:
        op: the node's op, which is the plugin's name.
        tensorrt: a version as the descriptions spell it: `5.1`, `8.6`, `10.x`.
    """
    plugin = find_plugin(op)
    return None if plugin is None else tensorrt in plugin.tensorrt
