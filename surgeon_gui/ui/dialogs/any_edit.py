"""The dialog of any edit, made from its fields: an editor for each kind of value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QLineEdit, QWidget

from surgeon_gui.edits.base import Edit, FieldInfo, edit_fields, summary
from surgeon_gui.errors import EditError, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import namespaces
from surgeon_gui.graph.values import AttrValue, DType, TensorValue
from surgeon_gui.rewrite.attributes import value_from_toml
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.dialogs.base import EditDialog
from surgeon_gui.ui.dialogs.fields import (
    AttributesField,
    OpField,
    shape_from_text,
    value_from_text,
)
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, button, label, row, set_role

_NAMES = frozenset({"node", "tensor", "nodes", "tensors"})
_LISTS = frozenset({"nodes", "tensors", "rules"})
_FROM_SELECTION = frozenset({"node", "nodes", "tensor", "tensors", "namespace"})
_DTYPES = ("float32", "float16", "bfloat16", "float64", "int32", "int64", "int8", "uint8", "bool")
ARRAY_FILTERS = ("Array (*.npy)",)
MOST_NAMES = 20_000
"""Names offered while typing; more would make typing slow."""


_SUCH_AS = {
    "value": "0.5, [1, 2] …",
    "attribute": '3, "SAME", [1, 2] …',
    "shape": "[1, 224, 224, 3]",
}
"""What a line of some kind holds, for who has typed nothing yet."""


class _Missing(EditError):
    """A field that must be filled is empty."""


def edit_title(kind: type[Edit]) -> str:
    """Return what a menu calls an edit: the beginning of its summary."""
    return re.split(r"[:;,.]", summary(kind))[0]


class AnyEditDialog(EditDialog):
    """Asks for the fields of an edit.

    Args:
        kind: the edit's class.
        session: where the selection comes from, which fills the first fields.
        graph: the graph to edit.
        theme: the colours and fonts.
        parent: the window.
        chooser: asks for a file where the edit reads one.
        values: what fields hold at first.
    """

    def __init__(
        self,
        kind: type[Edit],
        session: Session,
        graph: Graph,
        theme: Theme,
        parent: QWidget,
        chooser: PathChooser,
        values: Mapping[str, str],
    ) -> None:
        super().__init__(session, graph, edit_title(kind), parent)
        self.setObjectName("any-edit")
        self._kind = kind
        self._theme = theme
        self._chooser = chooser
        self._readers: dict[str, Callable[[], Any]] = {}
        self.editors: dict[str, QWidget] = {}
        self.form.addRow(label(summary(kind), "muted", wrap=True))
        selected = () if values else self._selection()
        for info in edit_fields(kind):
            editor, read = self._editor(info)
            editor.setToolTip(info.help)
            editor.setAccessibleName(info.label)
            self.editors[info.name] = editor
            self._readers[info.name] = read
            holder = self._with_browse(editor) if info.name == "file" else editor
            self.form.addRow(info.label, holder)
            if isinstance(editor, QLineEdit) and info.name in values:
                editor.setText(values[info.name])
            if info.kind in _FROM_SELECTION and isinstance(editor, QLineEdit) and selected:
                if not editor.text():
                    editor.setText(self._chosen(info, selected))
                selected = ()
        self.changed()

    def edit(self) -> Edit:
        values = {}
        for info in edit_fields(self._kind):
            try:
                values[info.name] = self._readers[info.name]()
            except ValueError as error:
                raise EditError(f"{info.label}: {error}.", hint=info.help) from error
            if info.required and values[info.name] in ("", (), None):
                raise _Missing(f"{info.label} is missing.", hint=info.help)
        return self._kind(**values)

    def _refuse(self, error: SurgeonError) -> None:
        super()._refuse(error)
        if isinstance(error, _Missing):
            # Nothing is wrong yet: the user is not done.
            set_role(self.words, "muted")

    def _with_browse(self, line: QWidget) -> QWidget:
        """Return the field of a file's path with a button that asks for it."""
        if not isinstance(line, QLineEdit):
            return line

        def ask() -> None:
            self._chooser.open_file(
                self, "Load an array", "", ARRAY_FILTERS, lambda path: line.setText(str(path))
            )

        return row(line, button("Browse…", ask))

    def _selection(self) -> tuple[str, ...]:
        return self._session.selection

    def _chosen(self, info: FieldInfo, selected: tuple[str, ...]) -> str:
        if info.kind == "namespace":
            spaces = [item for item in selected if item.endswith("/")]
            return spaces[0].rstrip("/") if len(spaces) == 1 else ""
        names = self._session.selected_nodes()
        if info.kind in _LISTS:
            return ", ".join(names)
        return names[0] if len(names) == 1 else ""

    def _editor(self, info: FieldInfo) -> tuple[QWidget, Callable[[], Any]]:
        if info.kind == "bool":
            box = QCheckBox()
            box.setChecked(bool(info.default))
            box.toggled.connect(lambda _on: self.changed())
            return box, box.isChecked
        if info.choices or info.kind == "dtype":
            return self._combo(info)
        if info.kind == "attributes":
            table = AttributesField(self._theme)
            table.changed.connect(self.changed)
            return table, table.attributes
        if info.kind == "op":
            op = OpField(tuple({node.op for node in self._graph}))
            op.setFont(self._theme.mono_font)
            op.textChanged.connect(self._op_changed)
            return op, op.op
        return self._line(info)

    def _combo(self, info: FieldInfo) -> tuple[QWidget, Callable[[], Any]]:
        combo = ComboBox(info.label)
        for word in info.choices or ("", *_DTYPES):
            combo.addItem(word or "as it is", word)
        if info.choices:
            combo.setCurrentIndex(max(combo.findData(info.default), 0))
        combo.currentIndexChanged.connect(lambda _at: self.changed())
        if info.choices:
            return combo, combo.currentData
        return combo, lambda: self._dtype(combo)

    @staticmethod
    def _dtype(combo: QComboBox) -> DType | None:
        word = combo.currentData()
        return DType.from_text(word) if word else None

    def _line(self, info: FieldInfo) -> tuple[QWidget, Callable[[], Any]]:
        line = QLineEdit()
        line.setFont(self._theme.mono_font)
        if info.kind == "integer" and not info.required:
            line.setText(str(info.default))
        elif isinstance(info.default, str):
            line.setText(info.default)
        if info.kind in _LISTS:
            line.setPlaceholderText("names with commas between them")
        else:
            line.setPlaceholderText(_SUCH_AS.get(info.kind, ""))
        if info.kind in _NAMES and len(self._graph) <= MOST_NAMES:
            self._complete(line, [node.name for node in self._graph])
        elif info.kind == "namespace":
            self._complete(line, [name for name in namespaces(self._graph) if name])
        line.textChanged.connect(self.changed)
        return line, lambda: self._read(info, line.text().strip())

    @staticmethod
    def _complete(line: QLineEdit, names: list[str]) -> None:
        completer = QCompleter(QStringListModel(names, line), line)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        line.setCompleter(completer)

    def _read(self, info: FieldInfo, text: str) -> Any:
        if info.kind in _LISTS:
            return tuple(part.strip() for part in re.split(r"[,\n]", text) if part.strip())
        if not text and info.kind != "text":
            return info.default if not info.required else ""
        if info.kind == "integer":
            return int(text)
        if info.kind == "shape":
            return shape_from_text(text)
        if info.kind == "value":
            return self._tensor(value_from_text(text))
        if info.kind == "attribute":
            return value_from_text(text)
        return text

    @staticmethod
    def _tensor(value: AttrValue) -> TensorValue:
        """Return a tensor for what was typed: `0.5`, `[1, 2]`, `{tensor = …}`."""
        if isinstance(value, TensorValue):
            return value
        items = list(value) if isinstance(value, tuple) else value
        made = value_from_toml({"tensor": items})
        if not isinstance(made, TensorValue):
            raise EditError("This is no tensor.", hint="Such as 0.5 or [1, 2].")
        return made

    def _op_changed(self) -> None:
        op, attributes = self.editors.get("op"), self.editors.get("attributes")
        if isinstance(op, OpField) and isinstance(attributes, AttributesField) and op.fields():
            attributes.show_fields(op.fields())
        self.changed()
