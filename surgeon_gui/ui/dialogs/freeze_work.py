"""The freezing itself, as a dialog shows it: its phase, time and memory, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec
from surgeon_gui.settings import Settings
from surgeon_gui.ui.dialogs.work import WorkLine
from surgeon_gui.ui.session import Session


class FreezeWork(WorkLine):
    """The line of the job: its phase, time and memory, or how it ended.

    Signals:
        frozen(object): the `FreezeResult`.
    """

    frozen = Signal(object)

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__("freeze", "freezing", session, settings)

    def start(self, spec: FreezeSpec, directory: Path) -> None:
        """Freeze; the graph lies in the job's folder."""
        self._begin("Preparing", lambda: (spec, directory))

    def _show_result(self, result: Any) -> None:
        if isinstance(result, FreezeResult):
            self.say(result_words(result), "muted" if result.ok else "refuses")
            self.frozen.emit(result)


def result_words(result: FreezeResult) -> str:
    """Return what was frozen and how far it is from its source."""
    nodes = f"{result.nodes_after} nodes, frozen from a {result.source}."
    if result.unverified:
        return f"{nodes} It was not compared with its source: {result.unverified}"
    if not result.ok:
        first = next(row for row in result.verified if not row.ok and row.is_compared)
        return f"{nodes} The numbers differ from the source's at {first.name}: {first.problem}"
    if not result.verified:
        return f"{nodes} It was not compared with its source."
    largest = result.largest_difference
    words = "" if largest is None else f" (largest relative difference {largest:.2g})"
    lost = ", ".join(result.uncompared)
    blind = f" Not compared: the source gives NaN at {lost}." if lost else ""
    return f"{nodes} It computes what the source does{words}.{blind}"
