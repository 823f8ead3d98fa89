"""Session: the document on show and what is known about it, worked out off the UI thread.

Panels listen to its signals and read its properties; they hold no graph state of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.document import Change, Document
from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.shapes import Types
from surgeon_gui.network.lower import Lowering
from surgeon_gui.pipeline import lowering_of, types_of
from surgeon_gui.targets import SupportReport, Target, catalogue, find_target
from surgeon_gui.targets.groups import Group
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.backstage_work import uff_words
from surgeon_gui.ui.collector import collect_again
from surgeon_gui.ui.farewell import let_go
from surgeon_gui.ui.tasks import Tasks
from surgeon_gui.ui.verdicts import Verdicts, judge
from surgeon_gui.view.overlay import Overlay
from surgeon_gui.view.series import namespaces_in

logger = logging.getLogger(__name__)
ask = backstage().ask

# Graphs up to this many nodes are lowered as soon as they change; larger ones when asked for.
LOWER_AT_ONCE = 5000


class Session(QObject):
    """The open document, the chosen target, and the selection.

    Attributes:
        document: the open document, None for none.
        types: what is known of the tensors; None while it is worked out.
        support: the target's report; None while it is worked out.
        problems, ignored: the report's problems by cause; empty while there is no report.
        is_curable: whether a rule cures something the target refuses.
        overlay: the report's marks; the last ones while a new report is worked out.
        lowering: the network, None while it is not known.
        lowering_error: why there is none.
        uff: what each node becomes in UFF, for those that become something.
        selection: the items selected.
        errors: node -> largest relative error of the last comparison; empty without one.
        times: node -> milliseconds of the last run of an engine; empty without one.
        verified: the graph's outputs against the opened graph in TensorFlow; empty before that.

    Items of the selection are named as the canvas names them: a node by its name, a namespace by
    its path with a closing slash.

    Signals:
        opened(): another document is shown, or none.
        changed(object): the document changed; the argument is its `Change`.
        edited(): the graph is another: an edit, undo, redo or jump.
        selected(tuple, object): the selected items, and the widget that selected them.
        types_changed(): `types` is new.
        support_changed(): `support` is new, or None while it is worked out.
        target_changed(): another target was chosen.
        network_changed(): `lowering` is new, or None while it is not known.
        uff_changed(): `uff` is new.
        measured(): `errors` or `times` is new.
        rules_noted(): `rules_in_use` has one more that changed nothing.
        failed(object): a SurgeonError to show.
    """

    opened = Signal()
    changed = Signal(object)
    selected = Signal(tuple, object)
    edited = Signal()
    types_changed = Signal()
    support_changed = Signal()
    target_changed = Signal()
    network_changed = Signal()
    uff_changed = Signal()
    measured = Signal()
    rules_noted = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None, *, target: str = "") -> None:
        super().__init__(parent)
        self.tasks = Tasks(self)
        self.document: Document | None = None
        self.types: Types | None = None
        self.support: SupportReport | None = None
        self.overlay = Overlay()
        self.problems: tuple[Group, ...] = ()
        self.ignored: tuple[Group, ...] = ()
        self.is_curable = False
        self.lowering: Lowering | None = None
        self.lowering_error: SurgeonError | None = None
        self.uff: Mapping[str, str] = {}
        self.selection: tuple[str, ...] = ()
        self.errors: Mapping[str, float] = {}
        self.times: Mapping[str, float] = {}
        self.verified: tuple[TensorComparison, ...] = ()
        self._idle_rules: tuple[ApplyRules, ...] = ()
        self._unsubscribe: Callable[[], None] | None = None
        self._target = _target_or_first(target)
        self.tasks.run("warm-up", backstage().start, lambda _: None, self.failed.emit)

    @property
    def graph(self) -> Graph | None:
        """The graph as it is now, None without a document."""
        return self.document.graph if self.document else None

    @property
    def path(self) -> Path | None:
        return self.document.path if self.document else None

    @property
    def title(self) -> str:
        """The file's name, as breadcrumb and window call the document."""
        if self.path is not None:
            return self.path.name
        return self.document.name if self.document and self.document.name else "Untitled"

    @property
    def target(self) -> Target:
        return self._target

    def set_document(self, document: Document | None) -> None:
        """Show another document, or none."""
        if self._unsubscribe:
            self._unsubscribe()
        collect_again()
        self.document = document
        self.overlay = Overlay()
        self._unsubscribe = document.subscribe(self._changed) if document else None
        self.selection = ()
        self._idle_rules = ()
        self._forget()
        self.opened.emit()
        self._examine()

    def set_target(self, target_id: str) -> None:
        """Judge the graph by another target.

        Raises:
            UsageError: there is no such target.
        """
        target = find_target(target_id)
        if target.id == self._target.id:
            return
        self._target = target
        self._forget_report()
        self.target_changed.emit()
        self.support_changed.emit()
        self._judge()

    def select(self, items: tuple[str, ...], source: object = None) -> None:
        """Select items; `source` is the widget that did, so that it does not follow itself.

        For a series, which only the canvas knows, the namespaces in it are selected.
        """
        graph = self.graph
        items = tuple(
            name
            for item in items
            for name in namespaces_in(item)
            if graph is not None and self._exists(name, graph)
        )
        if items == self.selection:
            return
        self.selection = items
        self.selected.emit(items, source)

    def selected_nodes(self) -> tuple[str, ...]:
        """The nodes selected, and those inside the namespaces selected, in node order."""
        graph = self.graph
        if graph is None:
            return ()
        spaces = tuple(item for item in self.selection if item.endswith("/"))
        names = {item for item in self.selection if item in graph}
        return tuple(
            node.name
            for node in graph
            if node.name in names or (spaces and node.name.startswith(spaces))
        )

    def apply(self, edit: Edit, then: Callable[[Delta], None] | None = None) -> None:
        """Apply an edit off the UI thread; a failure is told by `failed` and changes nothing."""
        document = self.document
        if document is None:
            return
        if self.tasks.is_busy("edit"):
            self.failed.emit(UsageError("Another edit is still at work.", hint="Wait a moment."))
            return
        before = document.graph

        def work() -> Graph:
            after = edit.apply(before)
            for node in after.nodes[:1]:
                after.consumers(node.name)  # builds the index here instead of on the UI thread
            return after

        def done(after: Graph) -> None:
            if self.document is not document or document.graph is not before:
                return
            change = document.commit(edit, after)
            if after is before:
                logger.info("%s: nothing to change", edit.title)
                if isinstance(edit, ApplyRules):
                    self.note_rules(edit)
            else:
                logger.info("%s", edit.title)
            if then is not None:
                then(change.delta)

        self.tasks.run("edit", work, done, self.failed.emit)

    def compute(
        self, channel: str, work: Callable[[], object], done: Callable[[object], None]
    ) -> None:
        """Run anything else off the UI thread; failures are told by `failed`."""
        self.tasks.run(channel, work, done, self.failed.emit)

    def undo(self) -> None:
        if self.document and not self.tasks.is_busy("edit"):
            self.document.undo()

    def redo(self) -> None:
        if self.document and not self.tasks.is_busy("edit"):
            self.document.redo()

    def jump(self, index: int) -> None:
        if self.document and not self.tasks.is_busy("edit"):
            self.document.jump(index)

    @property
    def rules_in_use(self) -> tuple[Edit, ...]:
        """The edits made, then the rule sets loaded or found to change nothing: ranges hold too."""
        return (*(self.document.edits if self.document else ()), *self._idle_rules)

    def note_rules(self, edit: ApplyRules) -> None:
        """Keep rules that leave the graph as it is, for the ranges they may hold."""
        if edit not in self._idle_rules[-1:]:
            self._idle_rules += (edit,)
            self.rules_noted.emit()

    def note_measured(
        self,
        *,
        errors: Mapping[str, float] | None = None,
        times: Mapping[str, float] | None = None,
    ) -> None:
        """Keep what a comparison or a run measured of the graph's nodes; None keeps the old."""
        self.errors = self.errors if errors is None else errors
        self.times = self.times if times is None else times
        self.measured.emit()

    def judge_again(self) -> None:
        """Judge the graph as it is once more: what this machine has is another."""
        if self.graph is None:
            return
        self.tasks.drop("network")
        self.lowering, self.lowering_error = None, None
        self.network_changed.emit()
        self._judge()
        if len(self.graph) <= LOWER_AT_ONCE:
            self._lower()

    def request_network(self) -> None:
        """Work out `lowering`, unless it is known or under way."""
        if self.graph is not None and self.lowering is None and self.lowering_error is None:
            self._lower()

    def close(self) -> None:
        """End what is at work, before the window goes."""
        self.tasks.close(backstage().interrupt)

    def _changed(self, change: Change) -> None:
        if change.reason != "saved":
            self._forget()
            kept = tuple(item for item in self.selection if self._exists(item, change.after))
            gone = kept != self.selection
            self.selection = kept
        else:
            gone = False
        self.changed.emit(change)
        if change.reason != "saved":
            self.edited.emit()
        if gone:
            self.selected.emit(self.selection, None)
        if change.reason != "saved":
            self._examine()

    @staticmethod
    def _exists(item: str, graph: Graph) -> bool:
        return item in graph or (
            item.endswith("/") and any(node.name.startswith(item) for node in graph)
        )

    def _forget(self) -> None:
        for channel in ("types", "support", "network", "uff"):
            self.tasks.drop(channel)
        let_go(self.types, self.lowering, self.uff)
        self.types = None
        self._forget_report()
        self.lowering = None
        self.lowering_error = None
        self.uff = {}
        self.verified = ()
        if self.errors or self.times:
            self.note_measured(errors={}, times={})

    def _forget_report(self) -> None:
        let_go(self.support)
        self.support = None
        self.problems = self.ignored = ()
        self.is_curable = False

    def _examine(self) -> None:
        """Work out types, verdicts and network of the graph as it is now."""
        graph = self.graph
        if graph is None:
            self.types_changed.emit()
            self.support_changed.emit()
            self.network_changed.emit()
            return
        present = graph

        def types_found(types: Types) -> None:
            self.types = types
            self.types_changed.emit()

        self.tasks.run("types", lambda: ask(types_of, present), types_found, self._note)
        self._judge()
        self.network_changed.emit()
        if len(present) <= LOWER_AT_ONCE:
            self._lower()

            def in_uff(found: Mapping[str, str]) -> None:
                self.uff = found
                self.uff_changed.emit()

            self.tasks.run("uff", lambda: ask(uff_words, present), in_uff, self._note)

    def _judge(self) -> None:
        graph, target = self.graph, self._target
        if graph is None:
            return
        present = graph

        def found(verdicts: Verdicts) -> None:
            self.support, self.overlay = verdicts.report, verdicts.overlay
            self.problems, self.ignored = verdicts.problems, verdicts.ignored
            self.is_curable = verdicts.is_curable
            self.support_changed.emit()

        self.tasks.run("support", lambda: judge(present, target.id), found, self._note)

    def _lower(self) -> None:
        graph = self.graph
        if graph is None or self.tasks.is_busy("network"):
            return
        present = graph

        def found(lowering: Lowering) -> None:
            self.lowering = lowering
            self.network_changed.emit()

        def refused(error: SurgeonError) -> None:
            self.lowering_error = error
            self.network_changed.emit()

        self.tasks.run("network", lambda: ask(lowering_of, present), found, refused)

    def _note(self, error: SurgeonError) -> None:
        """Log what keeps a view from being worked out; the problems list says the rest."""
        logger.warning("%s", error)


def _target_or_first(target_id: str) -> Target:
    known = catalogue()
    for target in known:
        if target.id == (target_id or "direct"):
            return target
    return known[0]
