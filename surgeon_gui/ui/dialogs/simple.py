"""Dialogs with a field or two: rename, attribute, input shape."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.boundary import SetInput
from surgeon_gui.edits.namespaces import RenameNamespace
from surgeon_gui.edits.nodes import RenameNode, SetAttribute
from surgeon_gui.errors import EditError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import DType, Shape, TensorValue
from surgeon_gui.ui.dialogs.base import EditDialog
from surgeon_gui.ui.dialogs.fields import (
    VALUE_HELP,
    shape_from_text,
    value_from_text,
    value_to_text,
)
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, ElidedLabel

_DTYPES = (
    *(DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16, DType.FLOAT64, DType.INT32, DType.INT64),
    *(DType.INT8, DType.UINT8, DType.BOOL),
)


class RenameDialog(EditDialog):
    """A new name for a node or a namespace."""

    def __init__(
        self, session: Session, graph: Graph, item: str, theme: Theme, parent: QWidget
    ) -> None:
        what = "namespace" if item.endswith("/") else "node"
        super().__init__(session, graph, f"Rename {what}", parent)
        self._item = item
        self.name = QLineEdit(item.removesuffix("/"))
        self.name.setAccessibleName("New name")
        self.name.setFont(theme.mono_font)
        self.name.selectAll()
        self.form.addRow("New name", self.name)
        self.name.textChanged.connect(self.changed)

    def edit(self) -> Edit:
        name = self.name.text().strip()
        if self._item.endswith("/"):
            return RenameNamespace(self._item.removesuffix("/"), name)
        return RenameNode(self._item, name)


class AttributeDialog(EditDialog):
    """A new value for an attribute of a node."""

    def __init__(
        self,
        session: Session,
        graph: Graph,
        node: str,
        theme: Theme,
        parent: QWidget,
        attribute: str = "",
    ) -> None:
        super().__init__(session, graph, "Set attribute", parent)
        self._node = graph[node]
        self.key = ComboBox("Attribute")
        self.key.setEditable(True)
        self.key.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.key.addItems(
            [
                name
                for name, value in sorted(self._node.attrs.items())
                if not isinstance(value, TensorValue)
            ]
        )
        self.value = QLineEdit()
        self.value.setAccessibleName("Value")
        self.value.setFont(theme.mono_font)
        self.value.setToolTip(VALUE_HELP)
        self.form.addRow("Node", ElidedLabel(node, font=theme.mono_font))
        self.form.addRow("Attribute", self.key)
        self.form.addRow("Value", self.value)
        self.key.currentTextChanged.connect(self._show)
        self.value.textChanged.connect(self.changed)
        if attribute:
            self.key.setCurrentText(attribute)
        self._show()
        self.value.setFocus()

    def _show(self) -> None:
        value = self._node.attrs.get(self.key.currentText())
        self.value.setText("" if value is None else value_to_text(value))
        self.value.selectAll()

    def edit(self) -> Edit:
        key = self.key.currentText().strip()
        if not key:
            raise EditError("Say which attribute to set.")
        like = self._node.attrs.get(key)
        return SetAttribute(self._node.name, key, value_from_text(self.value.text(), like))


class ShapeDialog(EditDialog):
    """Shape and dtype of an input."""

    def __init__(
        self, session: Session, graph: Graph, node: str, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(session, graph, "Set input shape", parent)
        found = graph[node]
        shape, dtype = found.attrs.get("shape"), found.attrs.get("dtype")
        self._node = node
        self.shape = QLineEdit()
        self.shape.setAccessibleName("Shape")
        self.shape.setFont(theme.mono_font)
        self.shape.setPlaceholderText("1, 224, 224, 3")
        self.shape.setToolTip("Dimensions with commas; ? for one that is not known")
        if isinstance(shape, Shape) and shape.dims is not None:
            self.shape.setText(", ".join("?" if dim < 0 else str(dim) for dim in shape.dims))
        self.dtype = ComboBox("Dtype")
        for kind in _DTYPES:
            self.dtype.addItem(kind.text, kind)
        if isinstance(dtype, DType):
            if dtype not in _DTYPES:
                self.dtype.addItem(dtype.text, dtype)
            self.dtype.setCurrentText(dtype.text)
        self.form.addRow("Input", ElidedLabel(node, font=theme.mono_font))
        self.form.addRow("Shape", self.shape)
        self.form.addRow("Dtype", self.dtype)
        self.shape.textChanged.connect(self.changed)
        self.dtype.currentIndexChanged.connect(lambda _index: self.changed())
        self.shape.selectAll()

    def edit(self) -> Edit:
        return SetInput(self._node, shape_from_text(self.shape.text()), self.dtype.currentData())
