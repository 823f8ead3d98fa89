"""TensorRT plugins: finding a creator in the registry, filling in its fields."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.engine.log import logger_for
from surgeon_gui.errors import EngineError
from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers import Plugin

_LOG = logging.getLogger(__name__)

_FIELD_TYPES = {
    "float16": "FLOAT16",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
}


@dataclass(frozen=True)
class Creator:
    """A plugin TensorRT can make.

    Attributes:
        name: its name.
        version: its version, as text.
        namespace: its namespace, mostly empty.
        fields: (name, type) of the fields it takes; the type as PluginFieldType names it.
    """

    name: str
    version: str
    namespace: str
    fields: tuple[tuple[str, str], ...]


def load_plugins(flavour: Flavour, libraries: Sequence[Path]) -> None:
    """Make TensorRT's own plugins and those of `libraries` known to this process.

    A TensorRT without plugins loads none: the libraries are the user's for all builds, and a
    network that needs one of them is refused at its layer.

    Raises:
        EngineError: a library is missing or does not load.
    """
    trt = flavour.module
    trt.init_libnvinfer_plugins(logger_for(trt), "")
    if libraries and not takes_plugins(flavour):
        names = ", ".join(path.name for path in libraries)
        _LOG.warning("%s takes no plugins, so %s stays out.", flavour.title, names)
        return
    for path in libraries:
        if not path.is_file():
            raise EngineError("There is no such plugin library.", where=str(path))
        try:
            handle = trt.get_plugin_registry().load_library(str(path))
        except (OSError, RuntimeError, TypeError) as error:
            raise EngineError(
                f"The plugin library does not load: {str(error).strip()}.", where=str(path)
            ) from error
        if handle is None:
            raise EngineError(
                "TensorRT does not take this plugin library.",
                where=str(path),
                hint="It must be built for this version of TensorRT and register its creators.",
            )


def takes_plugins(flavour: Flavour) -> bool:
    """Whether networks of this flavour can hold plugins."""
    return flavour.has("INetworkDefinition", "add_plugin_v2") or flavour.has(
        "INetworkDefinition", "add_plugin_v3"
    )


def list_creators(flavour: Flavour) -> tuple[Creator, ...]:
    """Return every plugin creator that is registered, by name."""
    registry = flavour.module.get_plugin_registry()
    listed = getattr(registry, "all_creators", None)
    creators = registry.plugin_creator_list if listed is None else listed
    found = [
        Creator(
            creator.name,
            creator.plugin_version,
            creator.plugin_namespace,
            tuple((field.name, field.type.name) for field in creator.field_names or ()),
        )
        for creator in creators
    ]
    return tuple(sorted(found, key=lambda item: (item.name, item.version)))


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
