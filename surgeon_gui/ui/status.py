"""The status bar: what converts, what verification said, what this machine builds for."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QStatusBar

from surgeon_gui.targets.base import SupportReport
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.widgets import label
from surgeon_gui.view.words import count_text

# Work that is over sooner than this is not worth a word.
PATIENCE_MS = 300
_EMPTY = "No graph"

_CHANNELS = {
    "open": "Reading the file",
    "edit": "Editing",
    "save": "Saving",
    "export": "Exporting",
    "picture": "Drawing a picture",
    "support": "Checking for the target",
    "types": "Working out shapes",
    "network": "Working out layers",
    "build-prepare": "Preparing",
}


class StatusLine:
    """Fills a status bar from the session."""

    def __init__(self, bar: QStatusBar, session: Session) -> None:
        self._session = session
        self._bar = bar
        bar.setAccessibleName("Status")
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(12, 0, 12, 0)
        self.support = self._rich("What converts")
        self.work = label(role="muted")
        self.verified = self._rich("Verification")
        self.verified.setContentsMargins(0, 0, 16, 0)
        self.machine = label(role="muted")
        self.machine.setAccessibleName("Machine")
        bar.addWidget(self.support)
        bar.addWidget(self.work)
        bar.addPermanentWidget(self.verified)
        bar.addPermanentWidget(self.machine)
        self._delay = QTimer(bar)
        self._delay.setSingleShot(True)
        self._delay.setInterval(PATIENCE_MS)
        self._delay.timeout.connect(self._show_work)
        session.opened.connect(self.refresh)
        session.changed.connect(lambda _change: self.refresh())
        session.support_changed.connect(self.refresh)
        session.tasks.busy_changed.connect(self._busy)
        self.refresh()

    def refresh(self) -> None:
        report = self._session.support
        graph = self._session.graph
        if graph is None:
            self.support.setText(_EMPTY)
        elif report is not None:
            self.support.setText(support_words(report))
        elif self.support.text() == _EMPTY:
            self.support.setText(f"{len(graph):,} nodes")

    def set_verified(self, words: str) -> None:
        self.verified.setText(words)

    def _rich(self, name: str) -> QLabel:
        made = label()
        made.setTextFormat(Qt.TextFormat.RichText)
        made.setAccessibleName(name)
        return made

    def _busy(self) -> None:
        if not self._session.tasks.is_busy(*_CHANNELS):
            self._delay.stop()
            self.work.clear()
        elif not self._delay.isActive() and not self.work.text():
            self._delay.start()
        elif self.work.text():
            self._show_work()

    def _show_work(self) -> None:
        names = [words for key, words in _CHANNELS.items() if self._session.tasks.is_busy(key)]
        self.work.setText(f"{names[0]}…" if names else "")


def support_words(report: SupportReport) -> str:
    """Return the report's counts as rich text: `214 of 230 convert   11 after rules …`."""

    def apart(counts: str) -> str:
        return re.sub(r"\d+", lambda found: count_text(int(found[0])), counts)

    told = [f"<b>{apart(counts)}</b> {words}" for counts, words in report.summary_parts]
    return "&nbsp;&nbsp;·&nbsp;&nbsp;".join(told)
