"""The rules panel's rows: a rule set's items in order, then the rest of the library."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal

from surgeon_gui.edits.script import edit_from_table
from surgeon_gui.errors import EditError
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.ruleset import Item, RuleSet
from surgeon_gui.ui.tables import Index, RowsModel
from surgeon_gui.ui.theme import Theme

COLUMNS = ("", "Rule", "Id", "Group", "Numbers", "Fits")
ON, TITLE, ID, GROUP, EXACT, FITS = range(len(COLUMNS))


class RulesModel(RowsModel[Item]):
    """A `RuleSet` that can be reordered and switched.

    Signals:
        edited(): the set is not the one that was loaded any more.
    """

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(COLUMNS, theme)
        self._set = RuleSet("rules")
        self._counts: Mapping[str, int] = {}

    def show_set(self, rule_set: RuleSet) -> None:
        """Show a set and, after its items, the bundled rules it does not name."""
        self._set = rule_set
        named = {item.name for item in rule_set.items if item.kind == "rule"}
        rest = [Item("rule", name, on=False) for name in bundled_rules() if name not in named]
        self.show([*rule_set.items, *rest])

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Show how often each rule fits."""
        self._counts = counts
        last = self.index(max(self.rowCount() - 1, 0), FITS)
        self.dataChanged.emit(self.index(0, FITS), last)

    def rule_set(self, name: str | None = None) -> RuleSet:
        """Return the set as it is now: what is on, and what the loaded set named.

        Args:
            name: its new id and title; None keeps both.
        """
        named = {(item.kind, item.name) for item in self._set.items}
        kept = tuple(item for item in self.rows if item.on or (item.kind, item.name) in named)
        made = dataclasses.replace(self._set, items=kept)
        if name is None or name == made.id:
            return made
        return dataclasses.replace(made, id=name, title=name)

    def item(self, row: int) -> Item:
        return self.rows[row]

    def rule(self, row: int) -> Rule | None:
        """The rule a row stands for; None for a set or an edit."""
        item = self.rows[row]
        if item.kind != "rule":
            return None
        return self._set.rules.get(item.name) or bundled_rules().get(item.name)

    def rules(self) -> list[Rule]:
        """Every rule listed."""
        return [rule for row in range(len(self.rows)) if (rule := self.rule(row)) is not None]

    def count(self, row: int) -> int:
        return self._counts.get(self.rows[row].name, 0)

    def move(self, row: int, by: int) -> int:
        """Move a row; return where it is afterwards."""
        to = row + by
        if not (0 <= row < len(self.rows) and 0 <= to < len(self.rows)):
            return row
        self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), to + (1 if by > 0 else 0))
        self.rows.insert(to, self.rows.pop(row))
        self.endMoveRows()
        self.edited.emit()
        return to

    def flags(self, index: Index) -> Qt.ItemFlag:
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsUserCheckable if index.column() == ON else found

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == ON:
            return Qt.CheckState.Checked if item.on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(index.row())
        if role == Qt.ItemDataRole.FontRole and column == ID:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(index.row(), column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == ON:
            return f"{item.name}, {'on' if item.on else 'off'}"
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != ON:
            return False
        on = Qt.CheckState(value) is Qt.CheckState.Checked
        self.rows[index.row()] = dataclasses.replace(self.rows[index.row()], on=on)
        self.dataChanged.emit(index, index)
        self.edited.emit()
        return True

    def _text(self, row: int, column: int) -> str:
        item, rule = self.rows[row], self.rule(row)
        if column == TITLE:
            return self._title(item, rule)
        if column == ID:
            return item.name
        if column == GROUP:
            return rule.group if rule else item.kind
        if column == EXACT:
            return "" if rule is None else "kept" if rule.exact else "may change"
        if column == FITS and rule is not None:
            found = self.count(row)
            return f"{found} ×" if found else "–"
        return ""

    def _title(self, item: Item, rule: Rule | None) -> str:
        if rule is not None:
            return rule.summary
        if item.kind == "edit":
            try:
                return edit_from_table(item.name, self._set.filled(item)).title
            except EditError:
                return f"{item.name}: cannot be read"
        return (
            f"All of {item.name}" if item.kind == "set" else f"{item.name}: there is no such rule"
        )

    def _tip(self, row: int) -> str:
        item, rule = self.rows[row], self.rule(row)
        parts = [self._title(item, rule)]
        if rule is not None:
            parts.append(f"Source: {rule.source}")
            if rule.targets:
                parts.append(f"For: {', '.join(rule.targets)}")
        if item.note:
            parts.append(item.note)
        return "\n".join(parts)

    def _color(self, row: int, column: int) -> Any:
        if column in (ID, GROUP, EXACT) or not self.rows[row].on:
            return self.theme.color("muted")
        if column == FITS and self.count(row):
            return self.theme.color("cured")
        return self.theme.color("text")
