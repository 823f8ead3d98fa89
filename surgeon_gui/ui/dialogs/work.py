"""A job as a dialog shows it: a line with its phase, time and memory, and how it ended."""

from __future__ import annotations

import psutil
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QVBoxLayout

from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.widgets import label, set_role


class WorkLine(JobPanel):
    """The bar and the words of one job; what it does with the result is its heir's."""

    def __init__(self, kind: str, noun: str, session: Session, settings: Settings) -> None:
        super().__init__(kind, noun, session, settings)
        self._phase = ""
        self.words = label("", "muted", wrap=True, copyable=True)
        self.words.setAccessibleName(f"How the {noun} goes")
        self.words.setMinimumHeight(36)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        kept = self.bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(kept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        self.bar.hide()

    def say(self, words: str, role: str = "muted") -> None:
        """Show a sentence where the job's state stands."""
        set_role(self.words, role)
        self.words.setText(words)

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._phase = phase
        self.bar.setRange(0, max(total, 0))
        self.bar.setValue(max(done, 0))
        self._tick()

    def _tick(self) -> None:
        self.say(f"{self._phase}…  {self._seconds():.0f} s{memory_words(self.job.pid)}")

    def _enable(self) -> None:
        self.bar.setVisible(self.is_running())
        super()._enable()

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.say(f"{words}\n{hint}".strip(), role)


def memory_words(pid: int | None) -> str:
    """Return how much memory a process holds, in words; nothing where that is not known."""
    if pid is None:
        return ""
    try:
        size = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return ""
    words = f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
    return f"  ·  {words} of memory"
