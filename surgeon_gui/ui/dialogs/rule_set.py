"""The dialog for what a rule set says of itself: name, title, routes, note, parameters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFormLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.errors import RuleError
from surgeon_gui.rewrite.parameters import Parameter
from surgeon_gui.rewrite.routes import ROUTES
from surgeon_gui.rewrite.ruleset import RuleSet, rule_set_from_toml, rule_set_to_toml
from surgeon_gui.ui.dialogs.fields import one_line
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row, set_role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RuleSetDialog(QDialog):
    """Asks for all of a rule set but its items.

    Args:
        rule_set: what to begin with.
        title: of the dialog.
        theme: colours and fonts.
        parent: the window.
        taken: names it must not have; None keeps its name as it is.

    Signals:
        chosen(object): the `RuleSet` as stated.
    """

    chosen = Signal(object)

    def __init__(
        self,
        rule_set: RuleSet,
        title: str,
        theme: Theme,
        parent: QWidget,
        taken: Collection[str] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rule-set")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(520)
        self._set, self._taken = rule_set, taken
        self.name = QLineEdit(rule_set.id)
        self.name.setAccessibleName("Name")
        self.name.setToolTip("What scripts and the command line call it, and its file's name")
        self.name.setFont(theme.mono_font)
        self.name.setReadOnly(taken is None)
        self.title = QLineEdit(rule_set.title)
        self.title.setAccessibleName("Title")
        self.title.setToolTip("What the list of rule sets shows")
        self.routes = {route: QCheckBox(route) for route in ROUTES}
        for route, box in self.routes.items():
            box.setChecked(route in rule_set.targets)
            box.setAccessibleName(f"For the {route} route")
        self.note = QPlainTextEdit(rule_set.note)
        self.note.setAccessibleName("Note")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(84)
        self.parameters = self._parameter_table(rule_set, theme)
        self.add_button = button("Add", self._add, tip="Add a parameter, written <name> in fields")
        self.remove_button = button("Remove", self._remove, tip="Remove the chosen parameter")
        self.words = label(" ", "muted", wrap=True)
        self.use_button = button("Use these", self._use, kind="primary")
        self.use_button.setDefault(True)
        self._lay_out()
        self.finished.connect(lambda _result: self.deleteLater())

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Name", self.name)
        form.addRow("Title", self.title)
        form.addRow("Routes", row(*self.routes.values(), None, spacing=16))
        form.addRow("", label("None checked means any route.", "muted"))
        form.addRow("Note", self.note)
        form.addRow("Parameters", self.parameters)
        form.addRow("", row(self.add_button, self.remove_button, None))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.words)
        layout.addWidget(row(None, button("Cancel", self.reject, kind="button"), self.use_button))

    @staticmethod
    def _parameter_table(rule_set: RuleSet, theme: Theme) -> QTableWidget:
        table = QTableWidget(len(rule_set.parameters), 3)
        table.setAccessibleName("Parameters")
        table.setHorizontalHeaderLabels(["Name", "Value", "What it is"])
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setFixedHeight(132)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for at, parameter in enumerate(rule_set.parameters):
            value = parameter.value if isinstance(parameter.value, str) else None
            shown = value if value is not None else one_line(parameter.value)
            for column, text in enumerate((parameter.name, shown, parameter.help)):
                item = QTableWidgetItem(text)
                if column < 2:
                    item.setFont(theme.mono_font)
                table.setItem(at, column, item)
        return table

    def _add(self) -> None:
        at = self.parameters.rowCount()
        self.parameters.insertRow(at)
        for column, text in enumerate(("name", "0", "")):
            self.parameters.setItem(at, column, QTableWidgetItem(text))
        self.parameters.setCurrentCell(at, 0)
        self.parameters.edit(self.parameters.model().index(at, 0))

    def _remove(self) -> None:
        self.parameters.removeRow(self.parameters.currentRow())

    def rule_set(self) -> RuleSet:
        """Return the set as the fields state it.

        Raises:
            RuleError: a field is wrong, or something in the set asks for a missing parameter.
        """
        name = self.name.text().strip()
        if not _NAME.fullmatch(name):
            raise RuleError(
                f"{name!r} is no name for a rule set.", hint="Use letters, digits, '.', '_', '-'."
            )
        if self._taken is not None and name in self._taken:
            raise RuleError(f"There is a rule set {name} already.", hint="Choose another name.")
        made = replace(
            self._set,
            id=name,
            title=self.title.text().strip(),
            note=self.note.toPlainText().strip(),
            targets=tuple(route for route, box in self.routes.items() if box.isChecked()),
            parameters=tuple(map(self._parameter, range(self.parameters.rowCount()))),
        )
        # Reading it again finds what a file with these parameters would be refused for.
        again = rule_set_from_toml(rule_set_to_toml(made), name)
        return replace(again, id=name, items=made.items, origin=self._set.origin)

    def _parameter(self, at: int) -> Parameter:
        cells = [self.parameters.item(at, column) for column in range(3)]
        name, text, help_ = ("" if cell is None else cell.text().strip() for cell in cells)
        before = {each.name: each for each in self._set.parameters}.get(name)
        if before is None:
            return Parameter(name, _value(text, None), help_)
        value = _value(text, before.value)
        return Parameter(name, value, help_, before.read if value == before.value else "")

    def _use(self) -> None:
        try:
            made = self.rule_set()
        except RuleError as error:
            set_role(self.words, "refuses")
            self.words.setText(str(error))
            return
        self.chosen.emit(made)
        self.accept()


def _value(text: str, before: Any) -> Any:
    """The value typed: TOML, or plain text where it is none or was text before."""
    if isinstance(before, str):
        return text
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):
        return text
