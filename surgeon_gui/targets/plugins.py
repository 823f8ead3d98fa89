"""Fact tables of this package, and which TensorRT ships which plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from surgeon_gui.graph.model import Node
from surgeon_gui.graph.ops import is_known_op
from surgeon_gui.rewrite.attributes import plugin_field
from surgeon_gui.rewrite.plugins import find_plugin


@cache
def facts(table: str) -> Mapping[str, Any]:
    """Return a fact table of this package; its entries name their sources.

    In the files a source is a number into the file's list `sources`.
    """
    text = resources.files("surgeon_gui.targets").joinpath(f"data/{table}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    sources = loaded.pop("sources")
    spelled: Mapping[str, Any] = _spelled(loaded, sources)
    return spelled


def _spelled(value: Any, sources: list[str]) -> Any:
    if isinstance(value, list):
        return [_spelled(item, sources) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _named(item, sources) if key == "source" else _spelled(item, sources)
        for key, item in value.items()
    }


def _named(value: Any, sources: list[str]) -> Any:
    return [sources[item] for item in value] if isinstance(value, list) else sources[value]


def is_plugin_node(node: Node) -> bool:
    """Say whether a node carries a field of the plugin it is named after.

    Some ops of TensorFlow (Split, CropAndResize) have a plugin's name.
    """
    plugin = find_plugin(node.op)
    fields = {field.name for field in plugin.fields} if plugin is not None else set()
    return any(plugin_field(key) in fields for key in node.attrs)


def is_tensorrts_alone(op: str) -> bool:
    """Say whether TensorFlow lacks an operation because it is a TensorRT plugin."""
    return not is_known_op(op) and (op.endswith("_TRT") or find_plugin(op) is not None)


def plugin_available(op: str, tensorrt: str) -> bool | None:
    """Say whether that TensorRT ships the plugin; None when `op` names no known plugin.

    Args:
        op: the node's op, which is the plugin's name.
        tensorrt: a version as the descriptions spell it: `5.1`, `8.6`, `10.x`.
    """
    plugin = find_plugin(op)
    return None if plugin is None else tensorrt in plugin.tensorrt
