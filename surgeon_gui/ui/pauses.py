"""Keeping Python's own pauses short: its lock and its garbage collector.

Measured with a graph of 50 000 nodes: a full collection takes 220 ms, and opening the graph set
off a dozen of them. Graphs have no cycles, so the collector has nothing to find in them.
"""

from __future__ import annotations

import gc
import importlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# How long another thread may hold Python's lock while the UI thread waits for it; Python's own
# 5 ms add up to visible stutter when a task computes.
SWITCH_SECONDS = 0.001
# How often a loop in a thread lets go of the lock by itself, and for how long.
BREATH_ITEMS = 100
BREATH_SECONDS = 0.0003
# Objects made before the young ones are looked through, and how often the old ones are.
THRESHOLDS = (50_000, 20, 20)


def shorten_pauses() -> None:
    """Set up lock and collector for a program with a window."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*THRESHOLDS)


def load_early() -> None:
    """Import, in a thread, what numpy imports when first asked: 40 ms in the middle of a picture.

    `numpy.unique` and its like look for masked arrays.
    """
    if "numpy.ma" not in sys.modules:
        load = importlib.import_module
        threading.Thread(target=load, args=("numpy.ma",), name="load early", daemon=True).start()


def spare_present_objects() -> None:
    """Take what exists now out of the collector's sight; reference counting still frees it."""
    gc.freeze()


def collect_again() -> None:
    """Let the collector see everything again."""
    gc.unfreeze()


def breathing(items: Iterable[T]) -> Iterator[T]:
    """Yield the items of a loop that runs in a thread, letting the window's thread in between.

    A sleeping thread does not ask for Python's lock, so the window's calls into Qt find it free.
    """
    for count, item in enumerate(items, 1):
        yield item
        if count % BREATH_ITEMS == 0:
            time.sleep(BREATH_SECONDS)
