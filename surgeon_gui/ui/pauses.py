"""Keeping Python's own pauses short: its lock, its garbage collector, its late imports.

Measured with a graph of 50 000 nodes: a full collection takes 220 ms, and opening the graph set
off a dozen of them. Graphs have no cycles, so the collector has nothing to find in them.
"""

from __future__ import annotations

import gc
import sys

from surgeon_gui.graph.inference.base import INFERENCES
from surgeon_gui.network.lower.registry import CONVERTERS
from surgeon_gui.uff.convert import CONVERTERS as UFF_CONVERTERS

# How long another thread may hold Python's lock while the UI thread waits for it; Python's own
# 5 ms add up to visible stutter when a task computes.
SWITCH_SECONDS = 0.001
# Objects made before the young ones are looked through, and how often the old ones are.
THRESHOLDS = (50_000, 20, 20)


def shorten_pauses() -> None:
    """Set up lock and collector for a program with a window."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*THRESHOLDS)


def spare_present_objects() -> None:
    """Take what exists now out of the collector's sight; reference counting still frees it."""
    gc.freeze()


def collect_again() -> None:
    """Let the collector see everything again."""
    gc.unfreeze()


def warm_up() -> None:
    """Import what the first graph needs, before there is one; for a thread."""
    for registry in (CONVERTERS, INFERENCES, UFF_CONVERTERS):
        len(registry)
