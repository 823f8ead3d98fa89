"""The Network: TensorRT's layers drawn and as a table, linked to the nodes they came from."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.ui.facts import Fact, short_dtype
from surgeon_gui.ui.panels.network_drawing import NetworkDrawing
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label
from surgeon_gui.view.network import layer_text

# Rows marked for what is selected elsewhere; more would only paint the table blue.
_MOST_MARKED = 500
_COLUMNS = ("#", "Layer", "Name", "Reads", "Makes", "From nodes")


def tensor_text(tensor: Tensor) -> str:
    dims = ",".join("?" if dim < 0 else str(dim) for dim in tensor.shape)
    return f"{short_dtype(tensor.dtype)} [{dims}]"


class _Layers(RowsModel[Layer]):
    def __init__(self, theme: Theme) -> None:
        super().__init__(_COLUMNS, theme)
        self.tensors: dict[str, Tensor] = {}

    def show_network(self, network: Network | None) -> None:
        self.tensors = network.tensors if network else {}
        self.show(network.layers if network else ())

    def rows_from(self, names: set[str]) -> list[int]:
        """Return the rows of layers that came from any of these nodes."""
        return [row for row, layer in enumerate(self.rows) if names.intersection(layer.origin)]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        layer = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(layer, index)
        if role == Qt.ItemDataRole.ToolTipRole:
            if index.column() == 1:
                return parameters_text(layer)
            return str(self._text(layer, index))
        if role == Qt.ItemDataRole.FontRole and index.column() > 1:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return self.theme.color("muted")
        return None

    def _text(self, layer: Layer, index: Index) -> Any:
        column = index.column()
        if column == 0:
            return index.row()
        if column == 1:
            return layer_text(layer)
        if column == 2:
            return layer.name
        if column == 3:
            return ", ".join(
                tensor_text(self.tensors[name]) for name in layer.inputs if name in self.tensors
            )
        if column == 4:
            return ", ".join(tensor_text(tensor) for tensor in layer.outputs)
        return ", ".join(layer.origin)


def parameters_text(layer: Layer) -> str:
    """Return a layer's parameters, one a line; weights by their shape."""
    lines = []
    for name, value in layer.kind.parameters().items():
        shape = getattr(value, "shape", None)
        shown = (
            f"{value.dtype} {list(shape)}" if shape is not None else getattr(value, "name", value)
        )
        lines.append(f"{name} = {shown}")
    return "\n".join([layer.kind.type_name, *lines])


def layer_facts(layer: Layer, tensors: dict[str, Tensor]) -> list[Fact]:
    """Return the inspector's rows for a layer."""
    rows = [Fact("Name", layer.name, "name"), Fact("Layer", layer_text(layer), "strong")]
    for line in parameters_text(layer).splitlines()[1:]:
        name, _, value = line.partition(" = ")
        rows.append(Fact(name, value))
    rows.extend(
        Fact("Reads", f"{name} · {tensor_text(tensors[name])}")
        for name in layer.inputs
        if name in tensors
    )
    rows.extend(Fact("Makes", f"{made.name} · {tensor_text(made)}") for made in layer.outputs)
    rows.extend(Fact("From", node, "input", item=node) for node in layer.origin)
    return rows


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class NetworkPanel(QWidget):
    """The layers drawn above the table of them, with its filter.

    Signals:
        followed(tuple): the user wants to see these nodes in the graph.
        inspected(str, object): what the inspector is to say: a word for its title and the facts;
            None where it may go back to the graph's selection.
        count_changed(str): how many layers, for the tab.
    """

    followed = Signal(tuple)
    inspected = Signal(str, object)
    count_changed = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Network")
        self._session = session
        self._following = False
        self._model = _Layers(theme)
        self._sieve = QSortFilterProxyModel(self)
        self._sieve.setSourceModel(self._model)
        self._sieve.setFilterKeyColumn(-1)
        self._sieve.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter layers")
        self.filter.setAccessibleName("Filter the layers")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(280)
        self.filter.textChanged.connect(self._sieve.setFilterFixedString)
        self.words = label(role="muted")
        self.table = QTableView()
        widths = (40, 160, 200, 160, 160)
        set_up_table(self.table, self._sieve, "Layers of the network", widths, row_height=24)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        head = self.table.horizontalHeader()
        for column in (2, len(_COLUMNS) - 1):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.drawing = NetworkDrawing(session, theme)
        self.drawn = button("Drawing", tip="Show the layers as a graph")
        self.listed = button("Table", tip="Show the layers as a table")
        self._inset = QWidget()
        inset = QVBoxLayout(self._inset)
        inset.setContentsMargins(8, 0, 8, 0)
        inset.addWidget(self.table)
        self.both = QSplitter(Qt.Orientation.Vertical)
        self.both.setChildrenCollapsible(False)
        self.both.addWidget(self.drawing)
        self.both.addWidget(self._inset)
        self.both.setSizes([300, 200])
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(12)
        bar.addWidget(self.filter)
        bar.addWidget(self.words, 1)
        switches = QHBoxLayout()
        switches.setSpacing(4)
        for switch in (self.drawn, self.listed):
            switch.setCheckable(True)
            switch.setChecked(True)
            switch.toggled.connect(lambda _on, it=switch: self._show_parts(it))
            switches.addWidget(switch)
        bar.addLayout(switches)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.both, 1)
        self.table.selectionModel().selectionChanged.connect(lambda _a, _b: self._chosen_in_table())
        self.table.doubleClicked.connect(lambda _index: self._follow_row())
        self.table.activated.connect(lambda _index: self._follow_row())
        self.drawing.chosen.connect(self._chosen_in_drawing)
        self.drawing.followed.connect(self.followed)
        session.network_changed.connect(self.refresh)
        session.selected.connect(self._mirror)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.table.viewport().update()
        self.drawing.set_theme(theme)

    def refresh(self) -> None:
        lowering = self._session.lowering
        network = lowering.network if lowering else None
        self._following = True
        self._model.show_network(network)
        self._following = False
        count = len(network.layers) if network else 0
        self.count_changed.emit(f"{count:,} layer{'s' * (count != 1)}" if network else "")
        self.words.setText(self._status())
        self.both.setVisible(network is not None)
        for part in (self.filter, self.drawn, self.listed):
            part.setEnabled(network is not None)
        if self.isVisible() or network is None:
            self._draw()

    def _draw(self) -> None:
        lowering = self._session.lowering
        self.drawing.show_network(lowering.network if lowering else None, self._session.title)

    def _show_parts(self, switched: QWidget) -> None:
        """Show drawing, table or both; one of them stays."""
        if not (self.drawn.isChecked() or self.listed.isChecked()):
            (self.listed if switched is self.drawn else self.drawn).setChecked(True)
        self.drawing.setVisible(self.drawn.isChecked())
        self._inset.setVisible(self.listed.isChecked())

    def _status(self) -> str:
        lowering = self._session.lowering
        if self._session.graph is None:
            return "Open a graph to see its TensorRT layers."
        if self._session.lowering_error is not None:
            return str(self._session.lowering_error)
        if lowering is None:
            return "Working out the layers…"
        if lowering.network is None:
            count = len(lowering.problems)
            return f"There is no network yet: {count} nodes do not convert. See Problems."
        network = lowering.network
        mib = network.weight_bytes / 2**20
        return (
            f"{_counted(len(network.inputs), 'input')}, "
            f"{_counted(len(network.outputs), 'output')}, "
            f"{mib:.1f} MiB of weights. Double click goes to the nodes a layer came from."
        )

    # Links

    def _layers(self) -> list[Layer]:
        """The layers selected in the table."""
        rows = {
            self._sieve.mapToSource(i).row() for i in self.table.selectionModel().selectedRows()
        }
        return [self._model.rows[row] for row in sorted(rows)]

    def _chosen_in_table(self) -> None:
        if self._following:
            return
        layers = self._layers()
        self.drawing.select((layer.name for layer in layers), shows=True)
        self._tell(layers)

    def _chosen_in_drawing(self, names: tuple[str, ...]) -> None:
        chosen = frozenset(names)
        rows = [row for row, layer in enumerate(self._model.rows) if layer.name in chosen]
        self._mark(rows)
        self._tell([self._model.rows[row] for row in rows])

    def _tell(self, layers: list[Layer]) -> None:
        """Select the nodes that layers came from, and let the inspector describe a single one."""
        graph = self._session.graph
        nodes = dict.fromkeys(node for layer in layers for node in layer.origin)
        known = tuple(node for node in nodes if graph is not None and node in graph)
        if known:
            self._session.select(known, self)
        one = layers[0] if len(layers) == 1 else None
        facts = None if one is None else layer_facts(one, self._model.tensors)
        self.inspected.emit("layer", facts)

    def _follow_row(self) -> None:
        nodes = dict.fromkeys(node for layer in self._layers() for node in layer.origin)
        if nodes:
            self.followed.emit(tuple(nodes))

    def _mirror(self, items: tuple[str, ...], source: object) -> None:
        """Mark the layers of what was selected elsewhere."""
        if source is self or not self.isVisible():
            return
        self.inspected.emit("", None)
        rows = self._model.rows_from(set(self._session.selected_nodes())) if items else []
        self._mark(rows)
        self.drawing.select((self._model.rows[row].name for row in rows), shows=True)

    def _mark(self, rows: list[int]) -> None:
        """Select rows of the table and show the first."""
        chosen = QItemSelection()
        for row in rows[:_MOST_MARKED]:
            index = self._sieve.mapFromSource(self._model.index(row, 0))
            if index.isValid():
                chosen.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        self._following = True
        self.table.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)
        if not chosen.isEmpty():
            self.table.scrollTo(chosen.indexes()[0])
        self._following = False

    # Qt's events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()
        self._mirror(self._session.selection, None)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.inspected.emit("", None)
