"""Fields of the edits' dialogs: values as text, operations with their plugins, attributes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

import tomli_w
from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import EditError
from surgeon_gui.graph.values import AttrValue, DType, Shape
from surgeon_gui.rewrite.attributes import value_from_toml, value_to_toml
from surgeon_gui.rewrite.plugins import PluginField, find_plugin, plugins
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, row

VALUE_HELP = (
    '0.1, 3, true, "text", [1, 2], a dtype as {dtype = "float32"}, a shape as {shape = [-1, 28]}'
)


def value_to_text(value: AttrValue) -> str:
    """Return an attribute's value as `value_from_text` reads it."""
    if isinstance(value, DType):
        return value.text
    if isinstance(value, Shape):
        return "?" if value.dims is None else "[" + ", ".join(map(str, value.dims)) + "]"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return one_line(value_to_toml(value))


def one_line(value: Any) -> str:
    """Return a TOML value as a line of text: lists are not spread over several."""
    if isinstance(value, list):
        return f"[{', '.join(map(one_line, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {one_line(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()


def value_from_text(text: str, like: AttrValue | None = None) -> AttrValue:
    """Return the value a person typed.

    Args:
        text: a TOML value, or a bare word where `like` tells what it means.
        like: the present value, whose kind the new one takes.

    Raises:
        EditError: it cannot be read.
    """
    text = text.strip()
    if isinstance(like, DType):
        try:
            return DType.from_text(text)
        except ValueError as error:
            raise EditError(f"There is no dtype {text}.", hint="Such as float32.") from error
    if isinstance(like, Shape):
        return shape_from_text(text)
    if isinstance(like, bytes) and not text.startswith(('"', "'")):
        return text.encode()
    try:
        table = tomllib.loads(f"x = {text}")
        return value_from_toml(table["x"])
    except (tomllib.TOMLDecodeError, ValueError, TypeError) as error:
        if like is None and text and text.replace("_", "").replace("-", "").isalnum():
            return text.encode()
        raise EditError(f"{text!r} is no value.", hint=f"Such as {VALUE_HELP}.") from error


def shape_from_text(text: str) -> Shape:
    """Return the shape in `1, 224, 224, 3`, `1x224x224x3`, `[-1, ?]`, `scalar` or `?`.

    Raises:
        EditError: it is none of those.
    """
    inner = text.strip().strip("[]()").strip()
    if text.strip() == "?":
        return Shape(None)
    if inner in ("", "scalar"):
        return Shape(())
    try:
        dims = tuple(
            -1 if part.strip() in ("?", "-1", "None") else int(part)
            for part in inner.replace("x", ",").split(",")
            if part.strip()
        )
    except ValueError as error:
        raise EditError(f"{text!r} is no shape.", hint="Such as 1, 224, 224, 3.") from error
    return Shape(dims)


class OpField(QLineEdit):
    """The name of a plugin or operation, with the known plugins to choose from.

    Args:
        ops: operations to offer beside the plugins.
    """

    def __init__(self, ops: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.setAccessibleName("Plugin or operation")
        self.setPlaceholderText("LReLU_TRT, NMS_TRT, Reshape …")
        names = sorted({*plugins(), *ops})
        completer = QCompleter(QStringListModel(names, self), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(completer)

    def op(self) -> str:
        return self.text().strip()

    def fields(self) -> tuple[PluginField, ...]:
        """The fields of the plugin named, empty for an operation."""
        plugin = find_plugin(self.op())
        return plugin.fields if plugin else ()


class AttributesField(QWidget):
    """Names and values in a table.

    Signals:
        changed(): a cell was edited, a row added or removed.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Attributes")
        self.table.setHorizontalHeaderLabels(["Attribute", "Value"])
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().resizeSection(0, 160)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.setFont(theme.mono_font)
        self.table.setMinimumHeight(120)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.add_button = button("Add attribute", lambda: self.add("", ""))
        self.remove_button = button("Remove attribute", self._remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.table)
        layout.addWidget(row(self.add_button, self.remove_button, None))
        self.table.itemChanged.connect(lambda _item: self.changed.emit())

    def add(self, name: str, value: str, tip: str = "") -> None:
        """Append a row."""
        at = self.table.rowCount()
        self.table.blockSignals(True)
        self.table.insertRow(at)
        for column, text in enumerate((name, value)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip or VALUE_HELP)
            self.table.setItem(at, column, item)
        self.table.blockSignals(False)
        if not name:
            self.table.edit(self.table.model().index(at, 0))
        self.changed.emit()

    def show_fields(self, fields: Sequence[PluginField]) -> None:
        """Put a plugin's fields there, with their defaults; what the user typed is kept."""
        typed = {name: text for name, text in self._cells() if text}
        self.table.setRowCount(0)
        for field in fields:
            text = typed.pop(field.name, None)
            if text is None:
                text = "" if field.default is None else value_to_text(field.default)
            self.add(field.name, text, f"{field.meaning} ({field.type})")
        for name, text in typed.items():
            self.add(name, text)
        self.changed.emit()

    def attributes(self) -> dict[str, AttrValue]:
        """Return what the table states; rows without a value are left out.

        Raises:
            EditError: a value cannot be read; `where` is the attribute.
        """
        found: dict[str, AttrValue] = {}
        for name, text in self._cells():
            if not name or not text:
                continue
            try:
                found[name] = value_from_text(text)
            except EditError as error:
                raise EditError(error.message, where=name, hint=error.hint) from error
        return found

    def _cells(self) -> list[tuple[str, str]]:
        rows = []
        for at in range(self.table.rowCount()):
            name, value = self.table.item(at, 0), self.table.item(at, 1)
            rows.append(
                (name.text().strip() if name else "", value.text().strip() if value else "")
            )
        return rows

    def _remove(self) -> None:
        if self.table.currentRow() >= 0:
            self.table.removeRow(self.table.currentRow())
            self.changed.emit()
