"""pyqtgraph, without the CUDA bindings it would import for a widget this program does not use.

The window's process stays free of CUDA; a driver that hangs must not take the window along.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Make `import name` fail in the block, unless it was imported before."""
    # None makes the import fail (importlib, "import system", 5.3.1); typeshed does not say so.
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


with _hidden("cuda"):
    import pyqtgraph

__all__ = ["pyqtgraph"]
