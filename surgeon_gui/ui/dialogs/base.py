"""What every edit's dialog has: fields, a line that says what the edit would do, Apply."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QFormLayout, QVBoxLayout, QWidget

from surgeon_gui.edits.base import Edit
from surgeon_gui.errors import EditError, SurgeonError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.widgets import button, label, row, set_role

PREVIEW_MS = 150


def delta_words(delta: Delta) -> str:
    """Return what an edit changes, in a few words."""
    parts = [
        f"{verb} {len(names)} {'node' if len(names) == 1 else 'nodes'}"
        for verb, names in (
            ("removes", delta.removed),
            ("adds", delta.added),
            ("changes", delta.changed),
        )
        if names
    ]
    return ", ".join(parts).capitalize() + "." if parts else "Changes nothing."


class EditDialog(QDialog):
    """Asks for an edit's fields; what the edit would do is tried off the UI thread.

    Signals:
        accepted_edit(object): the Edit the user wants applied.
        touches(tuple): the nodes of the graph that the edit as stated would change or remove.
    """

    accepted_edit = Signal(object)
    touches = Signal(tuple)

    def __init__(self, session: Session, graph: Graph, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(460)
        self._session = session
        self._graph = graph
        self._edit: Edit | None = None
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(8)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.words = label(" ", "muted", wrap=True)
        self.words.setAccessibleName("What the edit would do")
        self.words.setMinimumHeight(36)
        self.apply_button = button("Apply", self._accept, kind="primary")
        self.apply_button.setDefault(True)
        self.cancel_button = button("Cancel", self.reject, kind="button")
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(self.form)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.words)
        layout.addWidget(row(None, self.cancel_button, self.apply_button))
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(PREVIEW_MS)
        self._delay.timeout.connect(self._try)
        self.apply_button.setEnabled(False)
        self.finished.connect(lambda _result: self._session.tasks.drop("preview"))
        self.finished.connect(lambda _result: self.deleteLater())

    def edit(self) -> Edit:
        """Return the edit the fields state.

        Raises:
            SurgeonError: a field is wrong.
        """
        raise EditError("This dialog states no edit.")

    def showEvent(self, event: QShowEvent) -> None:
        """Let Tab walk the fields first and the buttons last."""
        super().showEvent(event)
        buttons = [self.cancel_button, self.apply_button]
        fields = [
            each
            for each in self.findChildren(QWidget)
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus
            and each.window() is self
            and each not in buttons
        ]
        fields.sort(key=self._place)
        for first, second in itertools.pairwise([*fields, *buttons]):
            QWidget.setTabOrder(first, second)
        if fields and self.focusWidget() not in fields:
            fields[0].setFocus()

    def _place(self, widget: QWidget) -> tuple[int, int]:
        """Where a field stands, as the eye reads."""
        corner = widget.mapTo(self, QPoint())
        return corner.y(), corner.x()

    def changed(self) -> None:
        """A field changed: try the edit again in a moment."""
        self.apply_button.setEnabled(False)
        self._delay.start()

    def _try(self) -> None:
        try:
            wanted = self.edit()
        except SurgeonError as error:
            self._refuse(error)
            return
        graph = self._graph

        def tried(delta: Delta) -> None:
            self._edit = wanted
            set_role(self.words, "muted")
            self.words.setText(delta_words(delta))
            self.apply_button.setEnabled(bool(delta))
            self.touches.emit((*delta.changed, *delta.removed))

        self._session.tasks.run(
            "preview", lambda: Delta.between(graph, wanted.apply(graph)), tried, self._refuse
        )

    def _refuse(self, error: SurgeonError) -> None:
        self._edit = None
        self.touches.emit(())
        set_role(self.words, "refuses")
        self.words.setText(str(error))
        self.apply_button.setEnabled(False)

    def _accept(self) -> None:
        if self._edit is not None:
            self.accepted_edit.emit(self._edit)
            self.accept()
