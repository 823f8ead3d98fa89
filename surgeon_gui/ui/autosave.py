"""Keeps the edits safe: written every minute, and offered again after a crash."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from surgeon_gui.recovery import Autosave, Leftover, leftovers
from surgeon_gui.ui.files import Files
from surgeon_gui.ui.panels.message import MessageBar
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.surgery import Surgery

EVERY_MS = 60_000


class Keeper(QObject):
    """Autosaves the session's edits.

    Args:
        session: whose edits.
        files: opens a graph again.
        surgery: replays the edits on it.
        message: where an offer is made.
    """

    def __init__(
        self, session: Session, files: Files, surgery: Surgery, message: MessageBar
    ) -> None:
        super().__init__(session)
        self._session = session
        self._files = files
        self._surgery = surgery
        self._message = message
        self._autosave = Autosave()
        self._restoring: Leftover | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.save)
        self._timer.start()
        session.opened.connect(self._opened)
        session.changed.connect(self._changed)
        files.load_failed.connect(lambda _error: self._drop())
        files.load_cancelled.connect(self._drop)

    def save(self) -> Path | None:
        """Write the edits now; return the file, None when there is nothing to lose."""
        document = self._session.document
        if document is None or document.is_clean:
            self._autosave.forget()
            return None
        return self._autosave.save(document.path, document.edits)

    def offer(self) -> None:
        """Offer the newest edits that an earlier run did not save."""
        for left in leftovers():
            if not left.model.exists():
                continue
            when = left.saved.astimezone().strftime("%d %B, %H:%M")
            self._message.show_note(
                f"The program ended with unsaved edits of {left.model.name} ({when}).",
                choices=[
                    ("Restore", partial(self.restore, left)),
                    ("Discard", partial(self._discard, left)),
                ],
            )
            return

    def restore(self, left: Leftover) -> None:
        """Open the model again and replay its edits."""
        self._message.hide()
        self._restoring = left
        self._files.open(left.model)

    def forget(self) -> None:
        """The program ends well: nothing is to be offered."""
        self._timer.stop()
        self._autosave.forget()

    def _discard(self, left: Leftover) -> None:
        left.discard()
        self._message.hide()

    def _opened(self) -> None:
        self._autosave.forget()
        left, self._restoring = self._restoring, None
        if left is not None and self._session.path == left.model:
            self._surgery.scripts.replay(left.file, left.discard)

    def _changed(self, _change: object) -> None:
        document = self._session.document
        if document is not None and document.is_clean:
            self._autosave.forget()

    def _drop(self) -> None:
        self._restoring = None
