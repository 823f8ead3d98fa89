"""TensorRT plugin creators found in the libraries of this machine.

A worker that loads the libraries writes the list; whoever judges graphs reads it, so that an own
plugin counts as known. The list is empty until somebody looked.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.settings import config_dir

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundCreator:
    """A creator TensorRT's registry held here.

    Attributes:
        name: which is the op of its nodes.
        version: as text.
        namespace: mostly empty.
        fields: name and type, the type as TensorRT's PluginFieldType names it.
        tensorrt: the version whose registry it was.
    """

    name: str
    version: str
    namespace: str
    fields: tuple[tuple[str, str], ...]
    tensorrt: str

    @property
    def library(self) -> str:
        """The TensorRT releases it is for, as plugin descriptions spell them: `8.6`, `10.x`."""
        major, _, rest = self.tensorrt.partition(".")
        known = major.isdecimal() and int(major) >= 10
        return f"{major}.x" if known else f"{major}.{rest.partition('.')[0]}"


_NONE: Mapping[str, FoundCreator] = MappingProxyType({})


class _Store:
    """The list as it was read last; read anew when the file is another."""

    def __init__(self) -> None:
        self.stamp: tuple[Path, int, int] | None = None
        self.found = _NONE

    def read(self) -> Mapping[str, FoundCreator]:
        path = _path()
        try:
            state = path.stat()
        except OSError:
            return _NONE
        stamp = (path, state.st_mtime_ns, state.st_size)
        if stamp != self.stamp:
            self.stamp, self.found = stamp, _parsed(path)
        return self.found


_STORE = _Store()


def found_creators() -> Mapping[str, FoundCreator]:
    """Return the creators by name, those of the newest version."""
    return _STORE.read()


def note_creators(creators: Iterable[FoundCreator]) -> None:
    """Write what was found, in the place of what was known.

    Raises:
        SaveError: it cannot be written.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(item) for item in creators], indent=1)
    write_atomically(path, [text.encode()])


def _path() -> Path:
    return config_dir() / "plugins.json"


def _parsed(path: Path) -> Mapping[str, FoundCreator]:
    try:
        found = [_creator(item) for item in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning("The list of plugins cannot be read: %s", error)
        return _NONE
    return {item.name: item for item in sorted(found, key=lambda item: (item.name, item.version))}


def _creator(item: Mapping[str, Any]) -> FoundCreator:
    fields = tuple((str(name), str(kind)) for name, kind in item["fields"])
    name, version, namespace = (str(item[key]) for key in ("name", "version", "namespace"))
    return FoundCreator(name, version, namespace, fields, str(item["tensorrt"]))
