"""Garbage is collected between events of the window's thread and in no other."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from surgeon_gui.ui import collector
from surgeon_gui.ui.collector import (
    INTERVAL_MS,
    collect_if_due,
    collect_in_this_thread,
    hold_collection,
    let_collect,
)

ENOUGH = 60_000


class Knot:
    """Holds itself, so that only the collector can free it, and one of Qt's objects."""

    def __init__(self) -> None:
        self.itself = self
        self.thing = QObject()


@pytest.fixture(autouse=True)
def here(qtbot: QtBot) -> None:
    collect_in_this_thread()
    gc.collect()


@pytest.fixture
def threads() -> Iterator[set[threading.Thread]]:
    """The threads in which something was collected."""
    seen: set[threading.Thread] = set()

    def note(_phase: str, _facts: dict[str, int]) -> None:
        seen.add(threading.current_thread())

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def litter() -> list[list[int]]:
    return [[] for _ in range(ENOUGH)]


def test_a_busy_thread_leaves_what_a_window_left_to_the_windows_thread(
    qtbot: QtBot, threads: set[threading.Thread]
) -> None:
    knot = weakref.ref(Knot())
    made: list[list[list[int]]] = []
    thread = threading.Thread(target=lambda: made.extend(litter() for _ in range(20)))
    thread.start()
    thread.join()
    assert not threads
    assert knot() is not None
    qtbot.waitUntil(lambda: knot() is None, timeout=20 * INTERVAL_MS)
    assert threads == {threading.main_thread()}


def test_nothing_is_collected_while_somebody_holds_it() -> None:
    holder = object()
    hold_collection(holder)
    knot = weakref.ref(Knot())
    kept = litter()
    collect_if_due()
    assert knot() is not None
    let_collect(holder)
    collect_if_due()
    assert knot() is None
    assert kept


def test_few_objects_are_not_worth_a_collection(threads: set[threading.Thread]) -> None:
    collect_if_due()
    assert not threads


def test_what_survives_while_young_is_looked_through_again_when_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector, "LIMITS", (50, 2, 2))
    knot = Knot()
    gone = weakref.ref(knot)
    kept: list[list[list[int]]] = []
    for _ in range(12):
        kept.append([[] for _ in range(60)])
        collect_if_due()
    del knot
    for _ in range(12):
        kept.append([[] for _ in range(60)])
        collect_if_due()
    assert gone() is None
