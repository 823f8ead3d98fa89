"""Scripts: edit scripts replayed step by step, preprocess code run in a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.patch import Patch, patch_between
from surgeon_gui.edits.script import load_script
from surgeon_gui.errors import ScriptError, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.opening import preprocess
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.base import delta_words
from surgeon_gui.ui.session import Session

logger = logging.getLogger(__name__)

SCRIPT_FILTERS = ("Surgery script (*.toml)", "All files (*)")
CODE_FILTERS = ("Preprocess script (*.py)",)


class Scripts(QObject):
    """What runs and replays scripts on the graph on show.

    Signals:
        told(str, str): something to say to the user, and a hint.
    """

    told = Signal(str, str)

    def __init__(self, session: Session, window: QWidget, chooser: PathChooser) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._chooser = chooser

    def choose(self) -> None:
        """Ask for a preprocess script, and run it once the user agrees."""
        if self._session.graph is None:
            return
        path = self._session.path
        folder = str(path.parent) if path else ""
        self._chooser.open_file(
            self._window, "Run a preprocess script", folder, CODE_FILTERS, self.ask_to_run
        )

    def ask_to_run(self, path: Path) -> None:
        """Ask whether to run a script: it is code and may do anything the user may."""
        box = QMessageBox(self._window)
        box.setObjectName("run-script")
        box.setWindowTitle("Run script")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(f"Run {path.name}?")
        box.setInformativeText(
            "It is Python code and can do whatever you can: read it first if you did not write "
            "it. It runs in a process of its own; what it changes is one step to undo."
        )
        run = box.addButton("Run", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))

        def answered() -> None:
            if box.clickedButton() is run:
                self.run(path)
            box.deleteLater()

        box.finished.connect(answered)
        box.open()

    def run(self, path: Path) -> None:
        """Run a preprocess script in a worker process; its changes are one undoable step."""
        graph, document = self._session.graph, self._session.document
        if graph is None or document is None:
            return
        present = graph

        def work() -> tuple[Patch, Graph, tuple[str, ...]]:
            after, notes = preprocess(
                present, path, lambda line: logger.info("%s: %s", path.name, line)
            )
            patch = patch_between(present, after, path.name)
            return patch, patch.apply(present), notes

        def done(found: tuple[Patch, Graph, tuple[str, ...]]) -> None:
            patch, after, notes = found
            if self._session.document is not document or document.graph is not present:
                return
            delta = document.commit(patch, after).delta
            logger.info("Ran %s", path)
            for note in notes:
                logger.warning("%s: %s", path.name, note)
            said = f"{path.name} ran: {delta_words(delta)}"
            self.told.emit(said, " ".join(notes) or "What it printed is in the log.")

        self._session.tasks.run("edit", work, done, self._session.failed.emit)

    def choose_replay(self) -> None:
        """Ask for a script and apply its edits, one undoable step each."""
        if self._session.graph is None:
            return
        path = self._session.path
        folder = str(path.parent) if path else ""
        self._chooser.open_file(
            self._window, "Replay a script", folder, SCRIPT_FILTERS, self.replay
        )

    def replay(self, path: Path, then: Callable[[], object] = lambda: None) -> None:
        """Apply the edits of a script; it stops at the first that fails, the rest stays undone.

        Args:
            path: the script.
            then: called when every edit was applied.
        """
        graph, document = self._session.graph, self._session.document
        if graph is None or document is None:
            return
        start = graph

        def work() -> tuple[list[tuple[Edit, Graph]], SurgeonError | None]:
            steps: list[tuple[Edit, Graph]] = []
            present = start
            script = load_script(path)
            for line in script.lines:
                try:
                    present = line.edit.apply(present)
                except SurgeonError as error:
                    where = f"{script.name}:{line.line}"
                    message = f"{line.edit.title} failed: {error}"
                    return steps, ScriptError(message, where=where, hint=error.hint)
                steps.append((line.edit, present))
            return steps, None

        def done(found: tuple[list[tuple[Edit, Graph]], SurgeonError | None]) -> None:
            steps, error = found
            if self._session.document is not document or document.graph is not start:
                return
            for edit, after in steps:
                document.commit(edit, after)
            logger.info("Replayed %d edits of %s", len(steps), path)
            if error is not None:
                self._session.failed.emit(error)
            else:
                then()

        self._session.tasks.run("edit", work, done, self._session.failed.emit)
