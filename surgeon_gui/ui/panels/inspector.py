"""The inspector: everything about what is selected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from surgeon_gui.graph.model import Graph
from surgeon_gui.network.ir import Layer
from surgeon_gui.settings import Settings
from surgeon_gui.ui.edge_facts import Holders, constants_on, edge_facts, holders_in
from surgeon_gui.ui.facts import (
    Fact,
    constants_of,
    graph_facts,
    layers_by_node,
    namespace_facts,
    node_facts,
    op_counts,
    several_facts,
)
from surgeon_gui.ui.op_docs import OpDocsReader
from surgeon_gui.ui.panels.edge_card import EdgeCard
from surgeon_gui.ui.panels.facts_view import FactsView
from surgeon_gui.ui.panels.op_bars import OpBars
from surgeon_gui.ui.panels.op_doc import OpDocView
from surgeon_gui.ui.panels.values import ValuesView
from surgeon_gui.ui.panels.verdict_card import VerdictCard
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label, row
from surgeon_gui.view.carried import Edge, Load, load_of

_LEAST_WIDTH = 232
"""The verdict's buttons and the scroll bar have room in it."""
_AT_ONCE = 300
"""Edges of the graph; what more of them carry is found off the UI thread."""


class InspectorPanel(QWidget):
    """Facts, verdict and constants of the selection; the graph's own facts when nothing is.

    An edge that is chosen is shown instead, until it is let go.

    Signals:
        kind_changed(str): what the dock's title says at the right: `node`, `namespace` …
        followed(str): the user wants to go to an item.
        edge_followed(object): the user wants to know more of an `Edge`.
        edit_asked(str, object): an edit the user wants at the edge, and what its fields hold.
        attribute_requested(str, str): node and attribute the user wants to change.
        rule_previewed(str), rule_applied(str, str): a rule's id, and for the second the node it is
            to be applied at (empty: everywhere).
    """

    kind_changed = Signal(str)
    followed = Signal(str)
    edge_followed = Signal(object)
    edit_asked = Signal(str, object)
    attribute_requested = Signal(str, str)
    rule_previewed = Signal(str)
    rule_applied = Signal(str, str)

    def __init__(self, session: Session, settings: Settings, theme: Theme) -> None:
        super().__init__()
        self.op_docs = OpDocsReader(session, settings)
        self.doc = OpDocView(self.op_docs, theme)
        self._session = session
        self._layers: Mapping[str, tuple[Layer, ...]] = {}
        self._holders: Holders | None = None
        self._edge: tuple[Edge, ...] = ()
        self._load: Load | None = None
        self._shown = ""
        self._other: tuple[str, Sequence[Fact]] | None = None
        self.setAccessibleName("Inspector")
        self.setMinimumWidth(_LEAST_WIDTH)
        self.facts = FactsView(theme)
        self.bars = OpBars(theme)
        self.bars.hide()
        self.card = VerdictCard(theme)
        self.edge_card = EdgeCard()
        self.values = ValuesView(session, theme)
        self._values_title = row(label("Constants", "strong"), None)
        self._values_title.setObjectName("panel-title")
        self._values_title.setFixedHeight(30)
        margins = self._values_title.layout()
        if margins is not None:
            margins.setContentsMargins(12, 0, 12, 0)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.facts)
        inner.addWidget(self.bars)
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 4, 12, 12)
        holder.addWidget(self.card)
        holder.addWidget(self.edge_card)
        inner.addLayout(holder)
        inner.addWidget(self.doc)
        inner.addWidget(self._values_title)
        inner.addWidget(self.values, 1)
        inner.addStretch(0)
        scroll = ScrollArea(content)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self.facts.followed.connect(self.followed)
        self.facts.edge_followed.connect(self.edge_followed)
        self.edge_card.asked.connect(self.edit_asked)
        self.facts.attribute_requested.connect(
            lambda name: self.attribute_requested.emit(self._shown, name)
        )
        self.card.previewed.connect(self.rule_previewed)
        self.card.applied.connect(lambda rule: self.rule_applied.emit(rule, self._shown))
        self.card.applied_to_all.connect(lambda rule: self.rule_applied.emit(rule, ""))
        session.opened.connect(self.refresh)
        session.changed.connect(lambda _change: self.refresh())
        session.selected.connect(lambda _items, _source: self.refresh())
        session.types_changed.connect(self._refresh_facts)
        session.support_changed.connect(self._refresh_facts)
        session.network_changed.connect(self._learn_layers)
        session.uff_changed.connect(self._refresh_facts)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self.facts.set_theme(theme)
        self.bars.set_theme(theme)
        self.card.set_theme(theme)
        self.doc.set_theme(theme)
        self.values.set_theme(theme)

    def show_other(self, kind: str, facts: Sequence[Fact] | None) -> None:
        """Show what a page that is not about the selection says, until it takes that back.

        Args:
            kind: what the dock's title says at the right.
            facts: the rows; None goes back to the selection.
        """
        if facts is None and self._other is None:
            return
        self._other = None if facts is None else (kind, facts)
        self.refresh()

    def show_edge(self, edges: Sequence[Edge]) -> None:
        """Show what these edges of the graph carry; with none, the selection again."""
        self._edge = tuple(edges)
        self.refresh()

    def refresh(self) -> None:
        """Show the selection, or the edge, anew."""
        graph, edges = self._session.graph, self._edge
        self._session.tasks.drop("edge")
        if graph is None or self._other is not None:
            self._show(Load())
        elif len(edges) <= _AT_ONCE:
            self._show(load_of(graph, edges))
        else:
            present = graph
            self._session.tasks.run(
                "edge", lambda: load_of(present, edges), self._show, self._session.failed.emit
            )

    def _show(self, load: Load) -> None:
        graph, selection = self._session.graph, self._session.selection
        self._load = load if load.tensors or load.controls else None
        self.edge_card.show_load(graph, self._load or Load())
        is_one = graph is not None and len(selection) == 1 and self._other is None
        is_one = is_one and self._load is None
        node = graph.get(selection[0]) if graph and is_one else None
        self._shown = node.name if node else ""
        self.doc.show_op(node.op if node else "")
        constants = constants_of(graph, node) if graph and node else []
        if graph is not None and self._load is not None:
            constants = constants_on(graph, self._load)
        self.values.show_values(constants)
        self._values_title.setVisible(bool(constants))
        self._refresh_facts()

    def _refresh_facts(self) -> None:
        session, selection = self._session, self._session.selection
        graph, types = session.graph, session.types
        is_several = graph is not None and self._other is None and self._load is None
        if not is_several or self._shown:
            session.tasks.drop("ops")
            self.bars.hide()
        if self._other is not None:
            session.tasks.drop("facts")
            self.card.show_verdict(None, "")
            self.kind_changed.emit(self._other[0])
            self.facts.show_facts(self._other[1])
            return
        if self._load is not None and graph is not None:
            session.tasks.drop("facts")
            self.card.show_verdict(None, "")
            self.kind_changed.emit("edge")
            self.facts.show_facts(edge_facts(graph, self._load, types, self._holders))
            return
        if self._shown and graph is not None:
            session.tasks.drop("facts")
            self.kind_changed.emit("node")
            self._show_node(graph)
            return
        self.card.show_verdict(None, "")
        if graph is None:
            self.kind_changed.emit("")
            self.facts.show_facts([])
            return
        present, path, report = graph, session.path, session.support
        if not selection:
            self.kind_changed.emit("graph")
            self._work_out(lambda: graph_facts(present, path, types))
        elif len(selection) > 1:
            self.kind_changed.emit(f"{len(selection)} selected")
            self._work_out(lambda: several_facts(present, session.selected_nodes()))
        else:
            self.kind_changed.emit("namespace")
            self._work_out(lambda: namespace_facts(present, selection[0], types, report))

    def _work_out(self, work: Callable[[], list[Fact]]) -> None:
        """Show facts that take a walk over the graph, found off the UI thread."""
        graph, selection = self._session.graph, self._session.selection
        self._session.tasks.run("facts", work, self.facts.show_facts, self._session.failed.emit)
        if graph is not None:
            present, failed = graph, self._session.failed.emit
            count = partial(op_counts, present, selection)
            self._session.tasks.run("ops", count, self.bars.show_counts, failed)

    def _show_node(self, graph: Graph) -> None:
        name = self._shown
        layers = self._layers.get(name, ())
        self.facts.show_facts(
            node_facts(
                graph, graph[name], self._session.types, layers, self._session.uff.get(name, "")
            )
        )
        report = self._session.support
        verdict = report.verdicts.get(name) if report else None
        if report is None or verdict is None:
            self.card.show_verdict(None, "")
            return
        rule = verdict.rule
        alike = sum(1 for other in report.verdicts.values() if rule and other.rule == rule)
        self.card.show_verdict(verdict, report.target.title, alike)

    def _learn_layers(self) -> None:
        lowering = self._session.lowering
        network = lowering.network if lowering else None
        self._layers = layers_by_node(network) if network else {}
        self._holders = holders_in(network) if network else None
        self._refresh_facts()
