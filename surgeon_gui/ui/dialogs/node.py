"""Dialogs that put a new node in the place of one or many, and show what goes in and out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.namespaces import Boundary, Collapse
from surgeon_gui.edits.nodes import ReplaceNode
from surgeon_gui.errors import EditError, SurgeonError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.ui.dialogs.base import EditDialog
from surgeon_gui.ui.dialogs.fields import AttributesField, OpField
from surgeon_gui.ui.facts import short_type
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, label

_REF = Qt.ItemDataRole.UserRole


class TensorList(QListWidget):
    """Tensors by name and type; as inputs they can be reordered and left out."""

    def __init__(self, name: str, font: QFont, *, editable: bool) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFont(font)
        self.setMinimumHeight(72)
        self.setMaximumHeight(140)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._editable = editable
        if editable:
            self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
            self.setToolTip("Drag to reorder; without its tick an input is left out")

    def add(self, ref: TensorRef, words: str) -> None:
        item = QListWidgetItem(f"{ref!s}   {words}".rstrip())
        item.setData(_REF, str(ref))
        item.setToolTip(item.text())
        if self._editable:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.addItem(item)

    def chosen(self) -> tuple[str, ...]:
        items = [self.item(at) for at in range(self.count())]
        return tuple(
            item.data(_REF)
            for item in items
            if not self._editable or item.checkState() is Qt.CheckState.Checked
        )


class _NodeDialog(EditDialog):
    """Op, attributes, inputs and outputs of the new node."""

    def __init__(
        self, session: Session, graph: Graph, title: str, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(session, graph, title, parent)
        self.resize(620, 560)
        self.op = OpField(tuple({node.op for node in graph}))
        self.op.setFont(theme.mono_font)
        self.attributes = AttributesField(theme)
        mono = theme.mono_font
        self.inputs = TensorList("Inputs of the new node", mono, editable=True)
        self.outputs = TensorList("Outputs of the new node", mono, editable=False)
        self.inputs_title = label("Inputs", "produces")
        self.outputs_title = label("Outputs", "consumes")
        ends = QHBoxLayout()
        ends.setSpacing(12)
        for name, view in ((self.inputs_title, self.inputs), (self.outputs_title, self.outputs)):
            side = QVBoxLayout()
            side.setSpacing(4)
            side.addWidget(name)
            side.addWidget(view)
            ends.addLayout(side)
        self.body.addLayout(ends)
        self.body.addWidget(self.attributes, 1)
        self.op.textChanged.connect(self._op_changed)
        self.attributes.changed.connect(self.changed)
        self.inputs.itemChanged.connect(lambda _item: self.changed())
        self.inputs.model().rowsMoved.connect(lambda *_: self.changed())

    def _op_changed(self) -> None:
        fields = self.op.fields()
        if fields:
            self.attributes.show_fields(fields)
        self.changed()

    def _words(self, ref: TensorRef) -> str:
        types = self._session.types
        return short_type(types.type(ref)) if types else ""

    def _fill(self, inputs: list[TensorRef], outputs: list[TensorRef]) -> None:
        self.inputs.blockSignals(True)
        for ref in inputs:
            self.inputs.add(ref, self._words(ref))
        self.inputs.blockSignals(False)
        for ref in outputs:
            self.outputs.add(ref, self._words(ref))
        self.inputs_title.setText(f"Inputs ({len(inputs)})")
        self.outputs_title.setText(f"Outputs ({len(outputs)})")
        if not outputs:
            self.outputs.addItem("none: it ends the graph")
        self._all_inputs = tuple(map(str, inputs))

    def _op(self) -> str:
        if not self.op.op():
            raise EditError("Say which plugin or operation to put there.")
        return self.op.op()

    def _chosen_inputs(self) -> tuple[str, ...]:
        chosen = self.inputs.chosen()
        return () if chosen == self._all_inputs else chosen

    def _leaves_all_out(self) -> bool:
        """Whether there are inputs and none of them has its tick."""
        return bool(self._all_inputs) and not self.inputs.chosen()


class ReplaceDialog(_NodeDialog):
    """Another operation or a plugin in the place of a node."""

    def __init__(
        self, session: Session, graph: Graph, node: str, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(session, graph, "Replace by plugin or operation", theme, parent)
        self._node = graph[node]
        self.form.addRow("Node", ElidedLabel(node, font=theme.mono_font))
        self.form.addRow("Was", label(self._node.op, "strong"))
        self.form.addRow("Becomes", self.op)
        self._fill(list(self._node.inputs), [TensorRef(node)])
        self.op.setFocus()

    def edit(self) -> Edit:
        return ReplaceNode(
            self._node.name,
            self._op(),
            self.attributes.attributes(),
            inputs=self._chosen_inputs(),
            no_inputs=self._leaves_all_out(),
        )


class CollapseDialog(_NodeDialog):
    """One node in the place of a namespace or of several nodes."""

    def __init__(
        self,
        session: Session,
        graph: Graph,
        items: tuple[str, ...],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(session, graph, "Collapse into one node", theme, parent)
        one = items[0].removesuffix("/") if len(items) == 1 and items[0].endswith("/") else ""
        self._namespace = one
        self._nodes = () if one else session.selected_nodes()
        self.name = QLineEdit(one)
        self.name.setAccessibleName("Name of the new node")
        self.name.setFont(theme.mono_font)
        self.name.setPlaceholderText("as the first node")
        what = one or f"{len(self._nodes)} nodes"
        self.form.addRow("Collapse", ElidedLabel(what, font=theme.mono_font))
        self.form.addRow("Into", self.op)
        self.form.addRow("Name", self.name)
        self.name.textChanged.connect(self.changed)
        self.op.setFocus()
        self._all_inputs = ()
        edit = Collapse("?", namespace=self._namespace, nodes=self._nodes)
        session.tasks.run("boundary", lambda: edit.preview(graph), self._show_boundary, self._fail)

    def _show_boundary(self, found: Boundary) -> None:
        self._fill(
            [crossing.ref for crossing in found.inputs],
            [crossing.ref for crossing in found.outputs],
        )
        self.words.setText(f"{len(found.names)} nodes become one.")

    def _fail(self, error: SurgeonError) -> None:
        self.words.setText(str(error))

    def edit(self) -> Edit:
        return Collapse(
            self._op(),
            namespace=self._namespace,
            nodes=self._nodes,
            name=self.name.text().strip(),
            attributes=self.attributes.attributes(),
            inputs=self._chosen_inputs(),
            no_inputs=self._leaves_all_out(),
        )
