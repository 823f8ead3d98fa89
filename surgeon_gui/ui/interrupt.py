"""Ctrl+C in the terminal the window was started from closes the window, as its cross does.

Left to Python, the signal waits until the window next runs Python code, and then ends whatever that
was in the middle.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier
from PySide6.QtWidgets import QWidget

STATUS = 3
"""The exit status of what was cancelled."""


class Interrupt(QObject):
    """Watches for SIGINT until `restore`. Only the main thread may make one.

    Args:
        window: what is closed. It may ask about unsaved work; a second Ctrl+C does not wait for
            the answer, and leaves the work to the next start to offer.
        save: keeps the unsaved work, before that.
    """

    def __init__(self, window: QWidget, save: Callable[[], object]) -> None:
        super().__init__()
        self.came = False
        self._window = window
        self._save = save
        self._end, self._start = socket.socketpair()
        for each in (self._end, self._start):
            each.setblocking(False)
        self._notifier = QSocketNotifier(self._end.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._act)
        self._waker = signal.set_wakeup_fd(self._start.fileno(), warn_on_full_buffer=False)
        self._handler = signal.signal(signal.SIGINT, _leave_it_to_the_notifier)

    def restore(self) -> None:
        """Give the signal back to whom it belonged."""
        signal.signal(signal.SIGINT, self._handler)
        signal.set_wakeup_fd(self._waker)
        self._notifier.setEnabled(False)
        self._end.close()
        self._start.close()

    def _act(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if signal.SIGINT not in self._end.recv(4096):
                return
        if self.came:
            self._save()
            QCoreApplication.exit(STATUS)
            return
        self.came = True
        self._window.close()


def _leave_it_to_the_notifier(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the byte Python wrote to the socket wakes the window."""
