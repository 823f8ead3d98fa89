"""Work off the UI thread: a function runs in a thread, its result comes back as a call.

Work has a channel; in one channel the newest wins: what was asked before and is not finished is
answered to nobody. Everything a task touches must be immutable or its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from surgeon_gui.errors import SurgeonError
from surgeon_gui.ui.collector import (
    collect_in_this_thread,
    hold_collection,
    let_collect,
    spare_many_objects,
)
from surgeon_gui.ui.pauses import load_early, shorten_pauses

T = TypeVar("T")

# Channels whose work is about the whole graph and can take seconds; nobody waits for it.
LONG = frozenset(
    {
        *(
            "types",
            "support",
            "network",
            "uff",
            "rule-counts",
            "outline-marks",
            "machine",
            "warm-up",
        ),
        *("export", "save", "picture", "build-prepare", "verify-prepare"),
        *("autofix", "autofix-check-prepare", "explain"),
    }
)


@dataclass(frozen=True, eq=False)
class _Task:
    channel: str
    number: int
    done: Callable[[Any], None]
    failed: Callable[[SurgeonError], None]


class _Bridge(QObject):
    """Carries a finished future from its thread to the UI thread."""

    finished = Signal(object, object)


class Tasks(QObject):
    """Runs functions in two threads: one for long work, one for what the user waits for.

    More threads would not be quicker: they share Python's lock, and the UI thread with them.
    Neither collects garbage, a window's is not theirs to delete; nor does the window meanwhile.

    Signals:
        busy_changed(): the set of channels at work changed.
    """

    busy_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        collect_in_this_thread()
        shorten_pauses()
        load_early()
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="quick")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="long")
        self._bridge = _Bridge()
        self._bridge.finished.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self._ended: deque[tuple[_Task, Future[Any]]] = deque()
        self._deliver = QTimer(self)
        self._deliver.setSingleShot(True)
        self._deliver.setInterval(0)
        self._deliver.timeout.connect(self._hand_over)
        self._numbers: dict[str, int] = {}
        self._running: dict[str, Future[Any]] = {}
        self._closed = False

    def run(
        self,
        channel: str,
        function: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[SurgeonError], None],
    ) -> None:
        """Run `function` in a thread; then call `done` or `failed` in this one.

        Args:
            channel: a newer task of the same channel takes this one's place.
            function: must not touch widgets.
            done: gets the result.
            failed: gets the error for the user; any other exception goes to the crash dialog.
        """
        if self._closed:
            return
        self._forget(channel)
        task = _Task(channel, self._numbers[channel], done, failed)
        pool = self._long if channel in LONG else self._quick

        def ended(future: Future[T]) -> None:
            spare_many_objects()
            let_collect(task)
            self._bridge.finished.emit(task, future)

        hold_collection(task)
        future: Future[T] = pool.submit(function)
        self._running[channel] = future
        future.add_done_callback(ended)
        self.busy_changed.emit()

    def drop(self, channel: str) -> None:
        """Forget what the channel is doing; nobody hears of its result."""
        was_busy = channel in self._running
        self._forget(channel)
        if was_busy:
            self.busy_changed.emit()

    def is_busy(self, *channels: str) -> bool:
        """Whether one of `channels` is at work, or any at all when none is named."""
        return any(channel in self._running for channel in channels or tuple(self._running))

    def close(self, interrupt: Callable[[], object] = lambda: None) -> None:
        """Wait for the threads; results are dropped.

        Args:
            interrupt: ends what they are waiting for.
        """
        self._closed = True
        self._deliver.stop()
        self._ended.clear()
        self._running.clear()
        for pool in (self._quick, self._long):
            pool.shutdown(wait=False, cancel_futures=True)
        interrupt()
        for pool in (self._quick, self._long):
            pool.shutdown(wait=True)

    def _forget(self, channel: str) -> None:
        self._numbers[channel] = self._numbers.get(channel, 0) + 1
        waiting = self._running.pop(channel, None)
        if waiting is not None:
            waiting.cancel()

    @Slot(object, object)
    def _finish(self, task: _Task, ended: Future[Any]) -> None:
        if not self._closed:
            self._ended.append((task, ended))
            self._deliver.start()

    @Slot()
    def _hand_over(self) -> None:
        """Hand over one result an event, so that the window paints between two of them."""
        task, ended = self._ended.popleft()
        if self._ended:
            self._deliver.start()
        if ended.cancelled() or self._numbers[task.channel] != task.number:
            return
        self._running.pop(task.channel, None)
        try:
            result = ended.result()
        except SurgeonError as error:
            task.failed(error)
        else:
            task.done(result)
        finally:
            self.busy_changed.emit()
