"""The field that names what keeps float32 in half precision or eight bits."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from surgeon_gui.ui.widgets import button

_TIP = (
    "Nodes whose layers keep float32, separated by spaces; "
    "softmax, norms and large sums keep it anyway"
)


class KeptNodes(QWidget):
    """Names of nodes, typed or taken from what is selected in the graph.

    Args:
        selected: tells the nodes that are selected.
    """

    def __init__(self, selected: Callable[[], tuple[str, ...]]) -> None:
        super().__init__()
        self._selected = selected
        self.field = QLineEdit()
        self.field.setAccessibleName("Nodes that keep float32")
        self.field.setToolTip(_TIP)
        self.field.setPlaceholderText("none but what must")
        self.take = button(
            "Add selected", self._take_selected, tip="Add the nodes selected in the graph"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.field)
        layout.addWidget(self.take)

    def names(self) -> tuple[str, ...]:
        """Return the names as they stand there."""
        return tuple(self.field.text().replace(",", " ").split())

    def show_names(self, names: tuple[str, ...]) -> None:
        self.field.setText(" ".join(names))

    def _take_selected(self) -> None:
        self.show_names(tuple(dict.fromkeys([*self.names(), *self._selected()])))
