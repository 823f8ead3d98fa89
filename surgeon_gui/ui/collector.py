"""Python's garbage collector in a program with a window: where, when and over what it runs.

By itself Python collects in whichever thread happens to allocate, in the middle of whatever that
thread does. What a closed window leaves behind holds menus and other objects of Qt's, which only
the thread they live in may delete (Qt, "Threads and QObjects") and not while Qt is at work on them.
So collection is switched off and done here instead, between two events of the window's own thread.

Measured with a graph of 50 000 nodes: a full collection takes 220 ms, and opening the graph set
off a dozen of them. Graphs have no cycles, so the collector has nothing to find in them.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QCoreApplication, QTimer

# How often it is looked whether a collection is due.
INTERVAL_MS = 200
# Objects made before the young ones are looked through; how many such rounds before the older ones
# are, and how many rounds of those before the oldest are.
LIMITS = (50_000, 20, 20)

_holders: set[object] = set()


class _Collector(QTimer):
    """Collects between events of the thread that made it, as long as the application lives."""

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        gc.disable()
        self.setInterval(INTERVAL_MS)
        self.timeout.connect(collect_if_due)
        self.start()


def collect_in_this_thread() -> None:
    """Collect in no thread but this one, the application's, from now on; once is enough.

    Raises:
        RuntimeError: there is no application yet.
    """
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("Garbage is collected between events, so an application comes first.")
    if application.findChild(_Collector) is None:
        _Collector(application)


def collect_if_due() -> None:
    """Collect, if enough objects were made since the last time and nobody holds collection."""
    young, older, oldest = (
        count >= limit for count, limit in zip(gc.get_count(), LIMITS, strict=True)
    )
    if young and not _holders:
        gc.collect(2 if older and oldest else 1 if older else 0)


def hold_collection(holder: object) -> None:
    """Collect nothing until `let_collect` is called for the same object.

    For work that makes many objects and no cycles.
    """
    _holders.add(holder)


def let_collect(holder: object) -> None:
    """End what `hold_collection` began, if it did."""
    _holders.discard(holder)


def spare_present_objects() -> None:
    """Take what exists now out of the collector's sight; reference counting still frees it."""
    gc.freeze()


def spare_many_objects() -> None:
    """The same, where so many are new that looking through them would be felt."""
    if gc.get_count()[0] >= LIMITS[0]:
        gc.freeze()


def collect_again() -> None:
    """Let the collector see everything again."""
    gc.unfreeze()
