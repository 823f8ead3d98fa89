"""Putting our modules where scripts look for NVIDIA's."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_HERE = "surgeon_gui.compat"
_MODULES = {
    "graphsurgeon": "graphsurgeon",
    "graphsurgeon.extras": "graphsurgeon.extras",
    "graphsurgeon.node_manipulation": "graphsurgeon.node_manipulation",
    "graphsurgeon.StaticGraph": "graphsurgeon.static_graph",
    "graphsurgeon.DynamicGraph": "graphsurgeon.dynamic_graph",
    "uff": "uff_module",
}


@contextmanager
def installed() -> Iterator[ModuleType]:
    """Let `import graphsurgeon` and `import uff` find ours for a while; yield our graphsurgeon."""
    modules = {name: importlib.import_module(f"{_HERE}.{ours}") for name, ours in _MODULES.items()}
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield modules["graphsurgeon"]
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
