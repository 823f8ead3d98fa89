"""Letting large things go without the window standing still.

To free what a graph of 50 000 nodes was shown with takes a fifth of a second, in one piece and
wherever the last reference happens to go. Here it is taken apart between events, some at a time.
"""

from __future__ import annotations

import gc
import sys
from time import perf_counter

from PySide6.QtCore import QTimer

_LARGE = 256
# What is freed between two looks at the clock; each may hold a good deal itself.
_AT_ONCE = 16
_SLICE_S = 0.004
_PAUSE_MS = 8
# Where only this module holds a thing: its own name for it, and the argument of `getrefcount`.
_NOBODY_ELSE = 2

_things: list[object] = []
_elements: list[list[object]] = []


def let_go(*things: object) -> None:
    """Free the things a little later and bit by bit; the caller drops them.

    Args:
        things: pictures, graphs, reports; what others hold then is not touched.
    """
    if not _things and not _elements:
        QTimer.singleShot(_PAUSE_MS, _drop_some)
    _things.extend(things)


def _drop_some() -> None:
    until = perf_counter() + _SLICE_S
    while (_things or _elements) and perf_counter() < until:
        if _elements:
            del _elements[-1][-_AT_ONCE:]
            if not _elements[-1]:
                _elements.pop()
        else:
            _take_apart()
    if _things or _elements:
        QTimer.singleShot(_PAUSE_MS, _drop_some)


def _take_apart() -> None:
    """Drop one thing, and keep what it held for its turn."""
    thing = _things.pop()
    if sys.getrefcount(thing) > _NOBODY_ELSE:
        return
    held = gc.get_referents(thing)
    if len(held) < _LARGE:
        _things.extend(held)
    else:
        _elements.append(held)
