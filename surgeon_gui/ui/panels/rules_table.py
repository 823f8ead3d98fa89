"""The table of a rule set's rules, with its keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from surgeon_gui.ui.panels.rules_model import EXACT, FITS, GROUP, ID, ON, TITLE, RulesModel
from surgeon_gui.ui.tables import set_up_table


class RulesTable(QTableView):
    """The rules in order; Space switches a rule, Enter applies it.

    Signals:
        entered_row(int): Enter was pressed on a row.
    """

    entered_row = Signal(int)

    def __init__(self, model: RulesModel) -> None:
        super().__init__()
        set_up_table(self, model, "Rules in order", ())
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        head = self.horizontalHeader()
        head.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column, width in ((ON, 36), (ID, 260), (GROUP, 96), (EXACT, 96), (FITS, 64)):
            head.resizeSection(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if not index.isValid():
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_row.emit(index.row())
        elif event.key() == Qt.Key.Key_Space:
            cell = self.model().index(index.row(), ON)
            role = Qt.ItemDataRole.CheckStateRole
            on = self.model().data(cell, role) == Qt.CheckState.Checked
            state = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
            self.model().setData(cell, state.value, role)
        else:
            super().keyPressEvent(event)
