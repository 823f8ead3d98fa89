"""The dialog for a rule set's parameters."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from surgeon_gui.errors import RuleError
from surgeon_gui.rewrite.parameters import Parameter
from surgeon_gui.rewrite.ruleset import RuleSet
from surgeon_gui.ui.dialogs.fields import one_line
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row, set_role


class ParametersDialog(QDialog):
    """Asks for the values of a rule set's parameters.

    Args:
        rule_set: the set.
        theme: colours and fonts.
        parent: the window.
        found: values the open graph tells, shown in place of the stated ones.

    Signals:
        chosen(object): the `RuleSet` with the values.
    """

    chosen = Signal(object)

    def __init__(
        self,
        rule_set: RuleSet,
        theme: Theme,
        parent: QWidget,
        found: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("parameters")
        self.setWindowTitle(f"Parameters of {rule_set.title or rule_set.id}")
        self.setAccessibleName("Parameters")
        self.setMinimumWidth(460)
        self._set, self._found = rule_set, found or {}
        self.lines: dict[str, QLineEdit] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for parameter in rule_set.parameters:
            line = QLineEdit(_text(self._shown(parameter)))
            line.setAccessibleName(parameter.name)
            line.setFont(theme.mono_font)
            note = " Read from the graph." if parameter.name in self._found else ""
            line.setToolTip(parameter.help + note)
            self.lines[parameter.name] = line
            form.addRow(parameter.name.replace("_", " ").capitalize(), line)
        self.words = label(self._note(), "muted", wrap=True)
        self.use_button = button("Use these", self._use, kind="primary")
        self.use_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.words)
        layout.addWidget(row(None, button("Cancel", self.reject, kind="button"), self.use_button))
        self.finished.connect(lambda _result: self.deleteLater())

    def _shown(self, parameter: Parameter) -> Any:
        return self._found.get(parameter.name, parameter.value)

    def _note(self) -> str:
        names = ", ".join(name.replace("_", " ") for name in self._found)
        return f"Read from this graph: {names}. What you change stays as you say." if names else " "

    def _use(self) -> None:
        values = {}
        for parameter in self._set.parameters:
            text = self.lines[parameter.name].text().strip()
            if text == _text(self._shown(parameter)):
                # What nobody changed is read again from the graph the set is applied to.
                continue
            try:
                values[parameter.name] = _value(text, parameter.value)
            except (ValueError, RecursionError):
                self._refuse(f"{parameter.name}: {text!r} is no value.")
                return
        try:
            made = self._set.with_parameters(values)
        except RuleError as error:
            self._refuse(str(error))
            return
        self.chosen.emit(made)
        self.accept()

    def _refuse(self, words: str) -> None:
        set_role(self.words, "refuses")
        self.words.setText(words)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else one_line(value)


def _value(text: str, like: Any) -> Any:
    return text if isinstance(like, str) else tomllib.loads(f"x = {text}")["x"]
