"""The report of the window: what is on show, what was done to it, and what its jobs said."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from surgeon_gui.document import Document
from surgeon_gui.edits.changes import changes_of
from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.message import JobResult
from surgeon_gui.jobs.outcome import Outcome, Succeeded
from surgeon_gui.targets.report import model_facts
from surgeon_gui.targets.report_page import report_html
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.canvas.ink import Ink
from surgeon_gui.ui.picture import save_plan
from surgeon_gui.ui.theme import LIGHT

if TYPE_CHECKING:
    from surgeon_gui.ui.main_window import MainWindow

_LEFT_OUT = frozenset({"kind", "tensors", "left_out", "times", "latencies_ms", "saved"})

FILTERS = ("Report to read (*.html)", "Report as JSON (*.json)")


class Reporting(QObject):
    """Remembers what verification, build and run said of the graph as it is, and writes reports."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._said: dict[str, Mapping[str, Any]] = {}
        for panel in (window.verify, window.build, window.run_):
            panel.job.ended.connect(self._keep)
        # What was said of another graph says nothing of this one.
        window.session.edited.connect(self._said.clear)
        window.session.opened.connect(self._said.clear)

    def export(self) -> None:
        """Ask where, and write a report on the graph as it is for the chosen target."""
        window = self._window
        document = window.session.document
        if document is None:
            return
        window.chooser.save_file(
            window,
            "Export the report",
            window.files.suggest(".html"),
            FILTERS,
            lambda path: self._write(document, path),
        )

    def _keep(self, outcome: Outcome) -> None:
        if isinstance(outcome, Succeeded) and isinstance(outcome.result, JobResult):
            self._said[outcome.result.kind] = said_facts(outcome.result)

    def _write(self, document: Document, path: Path) -> None:
        window, session = self._window, self._window.session
        graph, original, edits = document.graph, document.original, document.edits
        target = session.target.id
        name = session.title
        attached = tuple(self._said.values())
        plan, marks = window.canvas.plan(), window.canvas.marks()
        wants_picture = path.suffix.lower() != ".json"

        def work() -> None:
            facts = backstage().ask(model_facts, graph, name, target)
            facts["changes"] = backstage().ask(changes_of, original, edits)
            facts["attached"] = list(attached)
            if not wants_picture:
                text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
            else:
                picture = ""
                if plan is not None and marks is not None:
                    with tempfile.TemporaryDirectory() as folder:
                        made = save_plan(plan, marks, Ink(LIGHT), Path(folder) / "graph.svg")
                        picture = made.path.read_text("utf-8")
                text = report_html(facts, picture)
            write_atomically(path, [text.encode()])

        def done(_: object) -> None:
            window.files.saved.emit(path)
            window.message.show_note(f"The report is {path}", "Attach it to a ticket or a review.")

        session.tasks.run("export", work, done, session.failed.emit)


def said_facts(result: JobResult) -> dict[str, Any]:
    """Return a job's result as JSON's own types, without what is only for drawing."""
    facts = result.to_json()
    return {key: value for key, value in facts.items() if key not in _LEFT_OUT}
