"""pyqtgraph, without the CUDA bindings it would import for a widget this program does not use.

The window's process stays free of CUDA; a driver that hangs must not take the window along.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Make `import name` fail in the block, unless it was imported before."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
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
