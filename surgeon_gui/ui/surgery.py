"""What the user does to the graph: dialogs and edits, applied through the session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from surgeon_gui.edits.base import EDITS, Edit, edit_fields
from surgeon_gui.edits.boundary import Extract, SetOutputs, StripUnreachable
from surgeon_gui.edits.namespaces import boundary
from surgeon_gui.edits.nodes import RemoveNodes
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.wiring import RewireInput
from surgeon_gui.errors import RuleError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.ops import output_count
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.rewrite.generalise import rule_from_selection
from surgeon_gui.rewrite.library import find_rule_set, rules_of
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.search import find_rule_matches, why_not
from surgeon_gui.rewrite.subject import Mismatch
from surgeon_gui.ui.canvas.rewire import Wish
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.any_edit import AnyEditDialog
from surgeon_gui.ui.dialogs.base import EditDialog
from surgeon_gui.ui.dialogs.node import CollapseDialog, ReplaceDialog
from surgeon_gui.ui.dialogs.rule import RuleDialog
from surgeon_gui.ui.dialogs.simple import AttributeDialog, RenameDialog, ShapeDialog
from surgeon_gui.ui.scripts import Scripts
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme

logger = logging.getLogger(__name__)


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
        self.scripts = Scripts(session, window, chooser)
        self.scripts.told.connect(self.told)

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

    def rewire(self, wish: Wish) -> None:
        """Let an input read another node, as drawn; ask which where that can be several things."""
        graph = self._session.graph
        if graph is None or wish.consumer not in graph or wish.producer not in graph:
            return
        if len(wish.inputs) == 1 and output_count(graph[wish.producer]) <= 1:
            self.do(RewireInput(wish.consumer, wish.inputs[0], wish.producer))
        else:
            self.ask(
                "rewire",
                {"node": wish.consumer, "input": str(wish.inputs[0]), "tensor": wish.producer},
            )

    def ask(self, word: str, values: Mapping[str, str] | None = None) -> None:
        """Ask for the fields of the edit a script calls so, or apply it at once if it has none.

        Args:
            word: the edit.
            values: what its dialog's fields hold at first; the selection fills the others.
        """
        graph, kind = self._session.graph, EDITS[word]
        if graph is None:
            return
        if edit_fields(kind):
            self._open(
                AnyEditDialog(
                    kind,
                    self._session,
                    graph,
                    self._theme(),
                    self._window,
                    self._chooser,
                    values or {},
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

    def _node(self) -> str:
        graph, selection = self._session.graph, self._session.selection
        return selection[0] if graph and len(selection) == 1 and selection[0] in graph else ""

    def _open(self, dialog: EditDialog) -> None:
        dialog.accepted_edit.connect(self.do)
        dialog.touches.connect(self.outlined)
        dialog.finished.connect(lambda _result: self.outlined.emit(()))
        dialog.open()
