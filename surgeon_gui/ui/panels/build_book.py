"""The builds that were asked for: those that wait, and the list of those that were made."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.build_history import (
    BUILT,
    CANCELLED,
    FAILED,
    BuildRecord,
    estimate,
    forget_build,
    keep_build,
    load_builds,
)
from surgeon_gui.jobs.outcome import Cancelled, Outcome, Succeeded
from surgeon_gui.jobs.spec import BuildResult, BuildSpec
from surgeon_gui.ui.panels.build_recent import RecentBuilds, Waiting
from surgeon_gui.ui.session import Session


@dataclass(frozen=True)
class BuildTask:
    """A build that was asked for.

    Args:
        number: tells it apart.
        model: the graph's file, empty for none.
        wanted: how.
        prepare: writes what is built from into a folder and returns what to do.
        source: the graph and what else it is made of; None for a kept network.
    """

    number: int
    model: str
    wanted: BuildSpec
    prepare: Callable[[Path], BuildSpec]
    source: tuple[Graph, object] | None = None

    def asks_for_the_same(self, other: BuildTask) -> bool:
        """Whether another build of the same graph would make the same engine."""
        mine, theirs = self.source, other.source
        if mine is None or theirs is None or self.wanted != other.wanted:
            return False
        return mine[0] is theirs[0] and mine[1] == theirs[1]


def outcome_facts(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    """Return the word for how a build ended, and what a `BuildRecord` keeps of it."""
    if isinstance(outcome, Succeeded) and isinstance(outcome.result, BuildResult):
        made = outcome.result
        return BUILT, {
            "bytes": made.bytes,
            "layers": made.layers,
            "tensorrt": made.tensorrt,
            "gpus": made.gpu,
        }
    if isinstance(outcome, Cancelled):
        return CANCELLED, {}
    return FAILED, {"message": outcome.message}


class BuildBook(QObject):
    """Keeps queue and list, and shows both in a `RecentBuilds`.

    Signals:
        waiting_changed(int): so many builds wait.
    """

    waiting_changed = Signal(int)

    def __init__(self, session: Session, shown: RecentBuilds) -> None:
        super().__init__(shown)
        self._session = session
        self._shown = shown
        self._queue: list[BuildTask] = []
        self._records: tuple[BuildRecord, ...] = ()
        self._numbers = itertools.count(1)
        shown.forgotten.connect(lambda record: self._change(lambda: forget_build(record)))
        shown.dropped.connect(self.drop)
        self._change(load_builds)

    def task(
        self,
        model: str,
        wanted: BuildSpec,
        prepare: Callable[[Path], BuildSpec],
        source: tuple[Graph, object] | None = None,
    ) -> BuildTask:
        """Return a new task; see `BuildTask`."""
        return BuildTask(next(self._numbers), model, wanted, prepare, source)

    def waits(self, task: BuildTask) -> bool:
        """Whether the same build is in the queue."""
        return any(task.asks_for_the_same(other) for other in self._queue)

    def wait(self, task: BuildTask) -> None:
        """Put a task at the end of the queue."""
        self._queue.append(task)
        self._show()

    def next(self) -> BuildTask | None:
        """Take the first task out of the queue."""
        task = self._queue.pop(0) if self._queue else None
        self._show()
        return task

    def drop(self, number: int) -> None:
        """Take a task out of the queue that shall not be made."""
        self._queue = [task for task in self._queue if task.number != number]
        self._show()

    def clear(self) -> None:
        """Take all tasks out of the queue."""
        self._queue.clear()
        self._show()

    def keep(
        self,
        task: BuildTask,
        launched: tuple[BuildSpec, Path] | None,
        outcome: str,
        seconds: float,
        **facts: Any,
    ) -> None:
        """Add a build that ended to the list.

        Args:
            task: what was asked for.
            launched: what the worker was given, and the job's folder; None: it never began.
            outcome: a word of `build_history`.
            seconds: how long it took.
            facts: more of the `BuildRecord`.
        """
        spec, folder = launched if launched is not None else (task.wanted, None)
        record = BuildRecord(
            spec=replace(spec, provenance=None),
            model=task.model,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            outcome=outcome,
            seconds=round(seconds, 2),
            log=folder,
            **facts,
        )
        self._change(lambda: keep_build(record))

    def estimate(self, task: BuildTask) -> float | None:
        """Return the seconds a build may take, None where nothing tells."""
        return estimate(task.wanted, task.model, self._records)

    def _change(self, change: Callable[[], tuple[BuildRecord, ...]]) -> None:
        # A channel of its own: a newer change must not take this one's place.
        self._session.tasks.run(
            f"builds-{next(self._numbers)}", change, self._take, self._session.failed.emit
        )

    def _take(self, records: tuple[BuildRecord, ...]) -> None:
        self._records = records
        self._show()

    def _show(self) -> None:
        waiting = [Waiting(task.number, task.model, task.wanted) for task in self._queue]
        self._shown.show_builds(waiting, self._records)
        self.waiting_changed.emit(len(waiting))
