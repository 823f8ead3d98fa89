"""The Network: TensorRT's layers as a table, each linked to the nodes it came from."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLineEdit, QTableView, QVBoxLayout, QWidget

from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.ui.facts import layer_text, short_dtype
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import label

_COLUMNS = ("#", "Layer", "Name", "Reads", "Makes", "From nodes")


def tensor_text(tensor: Tensor) -> str:
    dims = ",".join("?" if dim < 0 else str(dim) for dim in tensor.shape)
    return f"{short_dtype(tensor.dtype)} [{dims}]"


class _Layers(RowsModel[Layer]):
    def __init__(self, theme: Theme) -> None:
        super().__init__(_COLUMNS, theme)
        self._tensors: dict[str, Tensor] = {}

    def show_network(self, network: Network | None) -> None:
        self._tensors = network.tensors if network else {}
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
                tensor_text(self._tensors[name]) for name in layer.inputs if name in self._tensors
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


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class NetworkPanel(QWidget):
    """The table with its filter.

    Signals:
        followed(tuple): the user wants to see these nodes in the graph.
        count_changed(str): how many layers, for the tab.
    """

    followed = Signal(tuple)
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
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(12)
        bar.addWidget(self.filter)
        bar.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 0)
        inset.addWidget(self.table)
        layout.addLayout(inset, 1)
        self.table.selectionModel().selectionChanged.connect(lambda _a, _b: self._select())
        self.table.doubleClicked.connect(lambda _index: self._follow_row())
        self.table.activated.connect(lambda _index: self._follow_row())
        session.network_changed.connect(self.refresh)
        session.selected.connect(self._mirror)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.table.viewport().update()

    def refresh(self) -> None:
        lowering = self._session.lowering
        network = lowering.network if lowering else None
        self._following = True
        self._model.show_network(network)
        self._following = False
        self.count_changed.emit(f"{len(network.layers)} layers" if network else "")
        self.words.setText(self._status())
        self.table.setVisible(network is not None)
        self.filter.setEnabled(network is not None)

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

    def _nodes(self) -> tuple[str, ...]:
        rows = {
            self._sieve.mapToSource(i).row() for i in self.table.selectionModel().selectedRows()
        }
        return tuple(dict.fromkeys(n for row in sorted(rows) for n in self._model.rows[row].origin))

    def _select(self) -> None:
        if not self._following:
            graph = self._session.graph
            known = tuple(name for name in self._nodes() if graph is not None and name in graph)
            if known:
                self._session.select(known, self)

    def _follow_row(self) -> None:
        if nodes := self._nodes():
            self.followed.emit(nodes)

    def _mirror(self, items: tuple[str, ...], source: object) -> None:
        """Mark the layers of what was selected elsewhere."""
        if source is self or not self.isVisible():
            return
        self._following = True
        self.table.clearSelection()
        rows = self._model.rows_from(set(items))
        if rows:
            index = self._sieve.mapFromSource(self._model.index(rows[0], 0))
            self.table.selectRow(index.row())
        self._following = False
