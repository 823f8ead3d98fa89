"""Long work on the interface's thread, in steps short enough not to be felt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from surgeon_gui.ui.collector import hold_collection, let_collect, spare_present_objects
from surgeon_gui.ui.farewell import let_go
from surgeon_gui.view.pace import Pace

_FIRST_S = 0.012
_SLICE_S = 0.008

_at_work: set[object] = set()


def _rest(hold: object) -> None:
    """Count what holds collection as work no longer."""
    _at_work.discard(hold)
    let_collect(hold)


class Steps(QObject):
    """Runs one piece of work at a time between events; a newer one supersedes an older.

    Work that fits the first slice is done when `run` returns. A thread would not help here: it
    would hold Python's lock against painting. The garbage collector rests meanwhile. All that is
    at work in a program shares one slice, so that two canvases hold the window up no longer than
    one.

    Args:
        share: of a slice this work takes at a time.

    Signals:
        started(): the work does not fit the first slice.
        progressed(float): the share done.
        finished(): the work is done or was cancelled, if it was started.
    """

    started = Signal()
    progressed = Signal(float)
    finished = Signal()

    def __init__(self, parent: QObject | None = None, *, share: float = 1.0) -> None:
        super().__init__(parent)
        self._share = share
        self._work: Pace[None] | None = None
        self._then: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._step)
        self._hold = object()
        # A window may close in the middle of it.
        self.destroyed.connect(partial(_rest, self._hold))

    @property
    def is_running(self) -> bool:
        return self._work is not None

    def run(self, work: Pace[None], then: Callable[[], None], *, is_long: bool = False) -> None:
        """Do `work`, then call `then`, unless newer work or `cancel` comes before.

        Args:
            work: is done in steps.
            then: shows its result.
            is_long: the work will not fit the first slice, so this event is spared it.
        """
        let_go(self._work)
        self._work, self._then = work, then
        hold_collection(self._hold)
        _at_work.add(self._hold)
        first = self._share * _FIRST_S / len(_at_work)
        is_left = is_long or self._advance(first) is not None
        if is_left and not self._timer.isActive():
            self._timer.start()
            self.started.emit()

    def cancel(self) -> None:
        """Stop; what was shown before stays."""
        let_go(self._work)
        self._end()

    def finish(self) -> None:
        """Do all that is left now."""
        while self._work is not None:
            self._advance(float("inf"))

    def _step(self) -> None:
        share = self._advance(self._share * _SLICE_S / len(_at_work))
        if share is not None:
            self.progressed.emit(share)

    def _advance(self, seconds: float) -> float | None:
        """Work for some time; return the share done, None when nothing is left."""
        work, until = self._work, perf_counter() + seconds
        if work is None:
            return None
        for share in work:
            if perf_counter() >= until:
                return share
        then = self._then
        self._end()
        if then is not None:
            then()
        return None

    def _end(self) -> None:
        self._work = self._then = None
        if self._timer.isActive():
            self._timer.stop()
            # What a long piece of work made lives long; later collections need not look at it.
            spare_present_objects()
            self.finished.emit()
        _rest(self._hold)
