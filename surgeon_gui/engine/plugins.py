"""TensorRT plugins: finding a creator in the registry, filling in its fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import logger_for
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers import Plugin

_FIELD_TYPES = {
    "float16": "FLOAT16",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
}


def create_plugin(kind: Plugin, flavour: Flavour, name: str) -> tuple[Any, int]:
    """Return a new plugin and its interface version, 2 or 3.

    Raises:
        EngineError: there is no such creator, or it refuses the fields.
    """
    trt = flavour.module
    trt.init_libnvinfer_plugins(logger_for(trt), "")
    creator = _find_creator(kind, flavour)
    fields = trt.PluginFieldCollection([_field(trt, *item) for item in kind.fields])
    three = flavour.has("IPluginCreatorV3One") and isinstance(creator, trt.IPluginCreatorV3One)
    if three:
        made = creator.create_plugin(name, fields, flavour.get("TensorRTPhase", "BUILD"))
    else:
        made = creator.create_plugin(name, fields)
    if made is None:
        raise EngineError(f"The plugin {kind.plugin_name} refuses its fields.")
    return made, 3 if three else 2


def _find_creator(kind: Plugin, flavour: Flavour) -> Any:
    registry = flavour.module.get_plugin_registry()
    find = getattr(registry, "get_creator", None) or registry.get_plugin_creator
    creator = find(kind.plugin_name, kind.plugin_version, kind.plugin_namespace)
    if creator is None:
        raise EngineError(
            f"There is no plugin {kind.plugin_name} version {kind.plugin_version}.",
            hint="Load the plugin library that has it.",
        )
    return creator


def _field(trt: Any, name: str, value: Any) -> Any:
    if isinstance(value, str | bytes):
        data: Array = np.frombuffer(value.encode() if isinstance(value, str) else value, np.int8)
        return trt.PluginField(name, data, trt.PluginFieldType.CHAR)
    data = np.asarray(value)
    if data.dtype.kind == "b" or data.dtype == np.int64:
        data = data.astype(np.int32)
    elif data.dtype == np.float64 and not isinstance(value, np.ndarray):
        data = data.astype(np.float32)
    kind = _FIELD_TYPES.get(data.dtype.name)
    if kind is None:
        raise EngineError(f"A plugin field cannot hold {data.dtype}.", where=name)
    return trt.PluginField(
        name, np.ascontiguousarray(data).reshape(-1), getattr(trt.PluginFieldType, kind)
    )
