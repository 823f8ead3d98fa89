"""What can be done at an edge."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QVBoxLayout

from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.ui.edge_facts import MOST_TENSORS, tensor_name
from surgeon_gui.ui.widgets import ComboBox, button, label, row
from surgeon_gui.view.carried import Carried, Load

_MOST_READERS = 30


class EdgeCard(QFrame):
    """Buttons that cut the edge's tensor, put a node on it, or let a reader read another.

    Signals:
        asked(str, object): the edit the user wants, and what its dialog's fields hold at first.
    """

    asked = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("plain-card")
        self.setAccessibleName("What can be done at this edge")
        self._graph: Graph | None = None
        self._load = Load()
        self.choice = ComboBox("Tensor that is changed")
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.insert = button("Insert node…", self._insert, tip="Put a node between it and readers")
        self.rewire = button("Rewire…", self._rewire, tip="Let a reader read another tensor")
        self.cut = button(
            "Begin here…", self._cut, tip="Make it an input; what computes only it goes"
        )
        self.end = button("End here…", self._end, tip="Make it the output; what follows goes")
        self.output = button(
            "Also an output…", self._output, tip="Make it one more output of the graph"
        )
        self.drop = button(
            "Drop control inputs…", self._drop, tip="Let the waiting nodes wait for nothing"
        )
        self._title = label("At this tensor", "strong")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self.choice)
        self._rows = (row(self.insert, self.rewire, None), row(self.cut, self.end, None))
        for buttons in self._rows:
            layout.addWidget(buttons)
        self._last = row(self.output, None)
        layout.addWidget(self._last)
        layout.addWidget(self.drop)
        self.hide()

    def show_load(self, graph: Graph | None, load: Load) -> None:
        """Offer what can be done with what an edge carries; with nothing, hide."""
        self._graph, self._load = graph, load
        self.choice.clear()
        for carried in load.tensors[:MOST_TENSORS]:
            name = tensor_name(carried.ref)
            self.choice.addItem("/".join(name.rsplit("/", 2)[-2:]))
            self.choice.setItemData(self.choice.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        has_tensors = bool(load.tensors)
        self.choice.setVisible(len(load.tensors) > 1)
        self._title.setText("At this tensor" if has_tensors else "At this control edge")
        for part in (*self._rows, self._last):
            part.setVisible(has_tensors)
        self.drop.setVisible(bool(load.controls))
        self.setVisible(graph is not None and bool(load.tensors or load.controls))

    def pop_up(self, place: QPoint) -> None:
        """Show the same as a menu, at a place of the screen."""
        menu = QMenu(self)
        menu.setObjectName("edge-menu")
        tensor = (self.insert, self.rewire, self.cut, self.end, self.output)
        offered = tensor if self._load.tensors else ()
        for made in (*offered, *((self.drop,) if self._load.controls else ())):
            menu.addAction(made.text(), made.click)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _carried(self) -> Carried:
        return self._load.tensors[max(self.choice.currentIndex(), 0)]

    def _ask(self, word: str, **values: str) -> None:
        fields: Mapping[str, str] = values
        self.asked.emit(word, fields)

    def _insert(self) -> None:
        carried = self._carried()
        readers = [reader.node for reader in carried.here] if carried.elsewhere else []
        self._ask("insert", tensor=str(carried.ref), readers=", ".join(readers))

    def _cut(self) -> None:
        self._ask("cut", tensor=str(self._carried().ref))

    def _end(self) -> None:
        self._ask("extract", outputs=str(self._carried().ref))

    def _output(self) -> None:
        if self._graph is not None:
            outputs = dict.fromkeys((*deduce_outputs(self._graph), self._carried().ref))
            self._ask("set-outputs", outputs=", ".join(map(str, outputs)))

    def _drop(self) -> None:
        waiting = dict.fromkeys(edge.consumer for edge in self._load.controls)
        self._ask("drop-controls", nodes=", ".join(waiting))

    def _rewire(self) -> None:
        """Ask what the reader shall read; of several readers, first which."""
        carried = self._carried()
        ends = [(reader.node, slot) for reader in carried.here for slot in reader.slots]
        if len(ends) == 1:
            self._rewire_at(*ends[0])
            return
        menu = QMenu(self)
        menu.setObjectName("edge-readers")
        for node, slot in ends[:_MOST_READERS]:
            words = f"{node}, input {slot}".replace("&", "&&")
            menu.addAction(words, partial(self._rewire_at, node, slot))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.rewire.mapToGlobal(self.rewire.rect().bottomLeft()))

    def _rewire_at(self, node: str, slot: int) -> None:
        self._ask("rewire", node=node, input=str(slot), tensor=str(self._carried().ref))
