"""The freezing itself, as a dialog shows it: its phase, time and memory, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout

from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec
from surgeon_gui.settings import Settings
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.widgets import label, set_role


class FreezeWork(JobPanel):
    """The line of the job: its phase, time and memory, or how it ended.

    Signals:
        frozen(object): the `FreezeResult`.
    """

    frozen = Signal(object)

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__("freeze", "freezing", session, settings)
        self._phase = ""
        self.words = label("", "muted", wrap=True, copyable=True)
        self.words.setAccessibleName("How the freezing goes")
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

    def start(self, spec: FreezeSpec, directory: Path) -> None:
        """Freeze; the graph lies in the job's folder."""
        self.bar.show()
        self._begin("Preparing", lambda: (spec, directory))

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
        if not self.is_running():
            self.bar.hide()
        super()._enable()

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.say(f"{words}\n{hint}".strip(), role)

    def _show_result(self, result: Any) -> None:
        if isinstance(result, FreezeResult):
            self.say(result_words(result), "muted" if result.ok else "refuses")
            self.frozen.emit(result)


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


def result_words(result: FreezeResult) -> str:
    """Return what was frozen and how far it is from its source."""
    nodes = f"{result.nodes_after} nodes, frozen from a {result.source}."
    if result.unverified:
        return f"{nodes} It was not compared with its source: {result.unverified}"
    if not result.ok:
        first = next(row for row in result.verified if not row.ok)
        return f"{nodes} The numbers differ from the source's at {first.name}: {first.problem}"
    if not result.verified:
        return f"{nodes} It was not compared with its source."
    largest = result.largest_difference
    words = "" if largest is None else f" (largest relative difference {largest:.2g})"
    return f"{nodes} It computes what the source does{words}."
