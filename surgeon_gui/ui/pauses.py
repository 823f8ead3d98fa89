"""Keeping Python's own pauses short: how threads share its lock, and what it imports late."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# How long another thread may hold Python's lock while the UI thread waits for it; Python's own
# 5 ms add up to visible stutter when a task computes.
SWITCH_SECONDS = 0.0003
# How often a loop in a thread lets go of the lock by itself, and for how long.
BREATH_ITEMS = 100
BREATH_SECONDS = 0.0003


def shorten_pauses() -> None:
    """Have threads hand over Python's lock often enough for a program with a window."""
    sys.setswitchinterval(SWITCH_SECONDS)


def load_early() -> None:
    """Import, in a thread, what numpy imports when first asked: 40 ms in the middle of a picture.

    `numpy.unique` and its like look for masked arrays.
    """
    if "numpy.ma" not in sys.modules:
        load = importlib.import_module
        threading.Thread(target=load, args=("numpy.ma",), name="load early", daemon=True).start()


def breathing(items: Iterable[T]) -> Iterator[T]:
    """Yield the items of a loop that runs in a thread, letting the window's thread in between.

    A sleeping thread does not ask for Python's lock, so the window's calls into Qt find it free.
    """
    for count, item in enumerate(items, 1):
        yield item
        if count % BREATH_ITEMS == 0:
            time.sleep(BREATH_SECONDS)
