"""What the user does to the graph: dialogs and edits, applied through the session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from surgeon_gui.edits.base import EDITS, Edit, edit_fields
from surgeon_gui.edits.boundary import Extract, SetOutputs, StripUnreachable
from surgeon_gui.edits.namespaces import boundary
from surgeon_gui.edits.nodes import RemoveNodes
from surgeon_gui.edits.patch import Patch, patch_between
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import load_script
from surgeon_gui.errors import RuleError, ScriptError, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.pipeline import preprocess
from surgeon_gui.rewrite.generalise import rule_from_selection
from surgeon_gui.rewrite.library import find_rule_set, rules_of
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import find_rule_matches, why_not
from surgeon_gui.rewrite.subject import Mismatch
from surgeon_gui.targets.autofix import Fix, find_fix
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.any_edit import AnyEditDialog
from surgeon_gui.ui.dialogs.base import EditDialog, delta_words
from surgeon_gui.ui.dialogs.node import CollapseDialog, ReplaceDialog
from surgeon_gui.ui.dialogs.rule import RuleDialog
from surgeon_gui.ui.dialogs.simple import AttributeDialog, RenameDialog, ShapeDialog
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme

logger = logging.getLogger(__name__)

SCRIPT_FILTERS = ("Surgery script (*.toml)", "All files (*)")
CODE_FILTERS = ("Preprocess script (*.py)",)


class Surgery(QObject):
    """The commands that change the graph.

    Signals:
        told(str, str): something to say to the user, and a hint.
        explained(str, str): why a rule does not apply, and the node that stands against it.
        outlined(tuple): nodes to outline in the graph.
        extracted(object): a Graph that is to be shown as a new document.
    """

    told = Signal(str, str)
    explained = Signal(str, str)
    outlined = Signal(tuple)
    extracted = Signal(object)

    def __init__(
        self,
        session: Session,
        window: QWidget,
        chooser: PathChooser,
        theme: Callable[[], Theme],
    ) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._chooser = chooser
        self._theme = theme

    def do(self, edit: Edit) -> None:
        """Apply an edit."""
        self._session.apply(edit)

    def remove(self) -> None:
        if names := self._session.selected_nodes():
            self.do(RemoveNodes(names))

    def rename(self) -> None:
        graph, selection = self._session.graph, self._session.selection
        if graph is not None and len(selection) == 1:
            self._open(
                RenameDialog(self._session, graph, selection[0], self._theme(), self._window)
            )

    def replace(self) -> None:
        graph, node = self._session.graph, self._node()
        if graph is not None and node:
            self._open(ReplaceDialog(self._session, graph, node, self._theme(), self._window))

    def collapse(self) -> None:
        graph, selection = self._session.graph, self._session.selection
        if graph is not None and selection:
            self._open(CollapseDialog(self._session, graph, selection, self._theme(), self._window))

    def choose_attribute(self) -> None:
        if node := self._node():
            self.set_attribute(node, "")

    def set_attribute(self, node: str, attribute: str) -> None:
        """Ask for a new value of a node's attribute."""
        graph = self._session.graph
        if graph is not None and node in graph:
            self._open(
                AttributeDialog(self._session, graph, node, self._theme(), self._window, attribute)
            )

    def set_shape(self, node: str = "") -> None:
        """Ask for the shape of an input: that of the name, or the one selected."""
        graph, node = self._session.graph, node or self._node()
        if graph is not None and node in graph:
            self._open(ShapeDialog(self._session, graph, node, self._theme(), self._window))

    def ask(self, word: str) -> None:
        """Ask for the fields of the edit a script calls so, or apply it at once if it has none."""
        graph, kind = self._session.graph, EDITS[word]
        if graph is None:
            return
        if edit_fields(kind):
            self._open(
                AnyEditDialog(
                    kind, self._session, graph, self._theme(), self._window, self._chooser
                )
            )
        else:
            self.do(kind())

    def extract(self) -> None:
        """Make the selection a graph of its own, fed with what it reads, in a new document."""
        graph, names = self._session.graph, self._session.selected_nodes()
        if graph is None or not names:
            return
        present = graph

        def work() -> Graph:
            edge = boundary(present, names)
            if not edge.outputs:
                outputs = tuple(ref for ref in deduce_outputs(present) if ref.node in edge.names)
            else:
                outputs = tuple(crossing.ref for crossing in edge.outputs)
            inputs = tuple(
                str(crossing.ref)
                for crossing in edge.inputs
                if not present[crossing.ref.node].is_const
            )
            return Extract(tuple(map(str, outputs)), inputs).apply(present)

        self._session.tasks.run("extract", work, self.extracted.emit, self._session.failed.emit)

    def make_rule(self) -> None:
        """Generalise the selection to a rule and show it to be changed."""
        graph, names = self._session.graph, self._session.selected_nodes()
        if graph is None or not names:
            return
        present = graph

        def made(text: str) -> None:
            dialog = RuleDialog(
                text,
                self._session,
                present,
                self._theme(),
                self._window,
                self._chooser,
                self.outlined.emit,
            )
            dialog.finished.connect(lambda _result: self.outlined.emit(()))
            self._open(dialog)

        self._session.tasks.run(
            "make-rule",
            lambda: rule_from_selection(present, names),
            made,
            self._session.failed.emit,
        )

    def explain(self, rule: Rule) -> None:
        """Say why a rule does not apply to the selected node."""
        graph, node = self._session.graph, self._node()
        if graph is None or not node:
            return
        present = graph

        def found(miss: Mismatch | None) -> None:
            if miss is None:
                self.explained.emit(f"{rule.id} applies here.", node)
            else:
                self.explained.emit(f"{rule.id} does not apply here. {miss}", miss.node)

        self._session.tasks.run(
            "why-not", lambda: why_not(present, rule, node), found, self._session.failed.emit
        )

    def choose_script(self) -> None:
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
                self.run_script(path)
            box.deleteLater()

        box.finished.connect(answered)
        box.open()

    def run_script(self, path: Path) -> None:
        """Run a preprocess script in a worker process; its changes are one undoable step."""
        graph, document = self._session.graph, self._session.document
        if graph is None or document is None:
            return
        present = graph

        def work() -> tuple[Patch, Graph, tuple[str, ...]]:
            after, notes = preprocess(present, path)
            patch = patch_between(present, after, path.name)
            return patch, patch.apply(present), notes

        def done(found: tuple[Patch, Graph, tuple[str, ...]]) -> None:
            patch, after, notes = found
            if self._session.document is not document or document.graph is not present:
                return
            delta = document.commit(patch, after)
            logger.info("Ran %s", path)
            for note in notes:
                logger.warning("%s: %s", path.name, note)
            said = f"{path.name} ran: {delta_words(delta)}"
            self.told.emit(said, " ".join(notes) or "What it printed is in the log.")

        self._session.tasks.run("edit", work, done, self._session.failed.emit)

    def choose_outputs(self) -> None:
        graph = self._session.graph
        if graph is not None:
            chosen = tuple(item for item in self._session.selection if item in graph)
            self.do(SetOutputs(chosen or self._session.selected_nodes()))

    def strip(self) -> None:
        self.do(StripUnreachable())

    def apply_rule(self, rule: str, node: str = "") -> None:
        """Apply a rule everywhere, or only where it touches `node`."""
        graph = self._session.graph
        if graph is None:
            return
        if not node:
            self.do(ApplyRules((rule,)))
            return
        present = graph

        def roots() -> tuple[str, ...]:
            found = [
                match.root
                for each in rules_of(find_rule_set(rule))
                for match in find_rule_matches(present, each)
                if node in match.names
            ]
            if not found:
                raise RuleError(
                    f"{rule} does not fit there any more.",
                    where=node,
                    hint="Its problem may have another cure by now.",
                )
            return tuple(found)

        self._session.tasks.run(
            "rule-roots",
            roots,
            lambda found: self.do(ApplyRules((rule,), only=found)),
            self._session.failed.emit,
        )

    def autofix(self) -> None:
        """Apply, as one undoable step, the rules that cure what the target refuses."""
        graph, document = self._session.graph, self._session.document
        if graph is None or document is None:
            return
        present, target = graph, self._session.target

        def done(fix: Fix) -> None:
            if self._session.document is not document or document.graph is not present:
                return
            if not fix.rules:
                self.told.emit("No rule helps.", "What is left in Problems needs an edit by hand.")
                return
            document.commit(fix.edit, fix.graph)
            left = f"{fix.after} are left." if fix.after else "it refuses nothing now."
            self.told.emit(
                f"Auto-fix cured {fix.before - fix.after} of {fix.before} nodes; {left}",
                f"Applied {', '.join(fix.rules)}. Undo takes it back.",
            )

        self._session.tasks.run(
            "edit", lambda: find_fix(present, target.id), done, self._session.failed.emit
        )

    def matches(self, rule: str, then: Callable[[tuple[tuple[str, ...], ...]], None]) -> None:
        """Find the nodes a rule would touch at each place it fits, off the UI thread."""
        graph = self._session.graph
        if graph is None:
            return
        present = graph

        def work() -> tuple[tuple[str, ...], ...]:
            return tuple(
                match.names
                for each in rules_of(find_rule_set(rule))
                for match in find_rule_matches(present, each)
            )

        self._session.tasks.run("rule-preview", work, then, self._session.failed.emit)

    def replay_script(self) -> None:
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

    def _node(self) -> str:
        graph, selection = self._session.graph, self._session.selection
        return selection[0] if graph and len(selection) == 1 and selection[0] in graph else ""

    def _open(self, dialog: EditDialog) -> None:
        dialog.accepted_edit.connect(self.do)
        dialog.open()
