"""The builds that wait and those that were made: run again, look at, compare two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.jobs.build_history import BUILT, FAILED, BuildRecord, compared
from surgeon_gui.jobs.message import flavour_title
from surgeon_gui.jobs.spec import BuildResult, BuildSpec, TensorInfo
from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ElidedLabel, button, label

_COLUMNS = ("", "Graph", "Built as", "For", "Size", "Took", "When", "Engine")
_WIDTHS = (32, 200, 110, 170, 90, 70, 120)


@dataclass(frozen=True)
class Waiting:
    """A build that waits for its turn."""

    number: int
    model: str
    spec: BuildSpec


class _Rows(RowsModel[Waiting | BuildRecord]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(found)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            if isinstance(found, Waiting):
                return None
            status = {BUILT: "takes", FAILED: "refuses"}.get(found.outcome, "unknown")
            return status_icon(status, self.theme)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == 0:
            return "waits" if isinstance(found, Waiting) else found.outcome
        if role == Qt.ItemDataRole.FontRole and column > 0:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            if isinstance(found, Waiting):
                return "Waits for its turn"
            return found.message or str(found.spec.engine)
        return None


def _cells(found: Waiting | BuildRecord) -> tuple[str, ...]:
    spec = found.spec
    name = Path(found.model).name or "untitled"
    if isinstance(found, Waiting):
        return ("", name, spec.precision, ", ".join(spec.gpus), "", "", "waits", str(spec.engine))
    size = f"{found.bytes / 2**20:.2f} MiB" if found.bytes else "–"
    gpus = ", ".join(found.gpus or spec.gpus)
    when = _when(found).strftime("%d %b %H:%M")
    took = f"{found.seconds:.1f} s"
    outcome = "" if found.outcome == BUILT else f"{found.outcome}: {found.message}"
    return ("", name, spec.precision, gpus, size, took, when, outcome or str(spec.engine))


def _when(record: BuildRecord) -> datetime:
    return datetime.fromisoformat(record.started).astimezone()


def _result_rows(result: BuildResult, *, has_gpu: bool) -> list[tuple[str, str]]:
    """Return what was built, as names and words."""
    return [
        ("Engine", f"{result.path}"),
        ("Size", f"{result.bytes / 2**20:.2f} MiB, {result.layers} layers"),
        ("Built by", f"{flavour_title(result.flavour)} {result.tensorrt}"),
        ("For", ", ".join(result.gpu)),
        ("Inputs", ", ".join(map(_tensor, result.inputs))),
        ("Outputs", ", ".join(map(_tensor, result.outputs))),
        *(("Warning", words) for words in result.warnings),
        *([] if has_gpu else [("Test-run", "needs a GPU; this machine has none")]),
    ]


def _tensor(info: TensorInfo) -> str:
    dims = ",".join("?" if dim < 0 else str(dim) for dim in info.shape)
    return f"{info.name} {info.dtype} [{dims}]"


class ResultFacts(QWidget):
    """What was built, a line for each fact."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)

    def clear(self) -> None:
        """Show nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()

    def show_result(self, result: BuildResult, theme: Theme, *, has_gpu: bool) -> None:
        """Show a build; without a GPU, say that it cannot run here."""
        self.clear()
        for at, (name, words) in enumerate(_result_rows(result, has_gpu=has_gpu)):
            self._grid.addWidget(label(name, "muted"), at, 0)
            self._grid.addWidget(ElidedLabel(words, font=theme.mono_font), at, 1)


class RecentBuilds(QWidget):
    """The list and what can be done with a build of it.

    Signals:
        wanted(object): the settings of this `BuildRecord` shall be used.
        repeated(object): this `BuildRecord` shall be built again.
        opened(object): the path of an engine to look at.
        forgotten(object): this `BuildRecord` shall leave the list.
        dropped(int): the waiting build of this number shall not be made.
    """

    wanted = Signal(object)
    repeated = Signal(object)
    opened = Signal(object)
    forgotten = Signal(object)
    dropped = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = _Rows(_COLUMNS, theme)
        self.table = QTableView()
        set_up_table(self.table, self.rows, "Builds", _WIDTHS)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.use_button = button(
            "Use settings", lambda: self._tell(self.wanted), tip="Fill the form as for this build"
        )
        self.again_button = button(
            "Build again", lambda: self._tell(self.repeated), tip="The same network, the same way"
        )
        self.compare_button = button(
            "Compare two", self._compare, tip="What two builds differ in; select both"
        )
        self.open_button = button("Look at engine", self._open, tip="Open it in the run panel")
        self.remove_button = button("Remove", self._remove, tip="Take it off this list")
        self.words = ElidedLabel("No builds yet.", role="muted")
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(8)
        for each in (
            *(self.use_button, self.again_button, self.compare_button),
            *(self.open_button, self.remove_button),
        ):
            bar.addWidget(each)
        bar.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.table.doubleClicked.connect(lambda _index: self._tell(self.wanted))
        self._enable()

    def set_theme(self, theme: Theme) -> None:
        self.rows.theme = theme
        self.table.viewport().update()

    def show_builds(self, waiting: Sequence[Waiting], made: Sequence[BuildRecord]) -> None:
        """Show another list."""
        self.rows.show([*waiting, *made])
        count = len(waiting)
        self.words.set_full(f"{count} waiting" if count else "" if made else "No builds yet.")
        self._enable()

    def _selected(self) -> list[Waiting | BuildRecord]:
        chosen = self.table.selectionModel().selectedRows()
        return [self.rows.rows[index.row()] for index in chosen]

    def _enable(self) -> None:
        chosen = self._selected()
        made = [item for item in chosen if isinstance(item, BuildRecord)]
        one = len(chosen) == 1
        self.use_button.setEnabled(one)
        self.again_button.setEnabled(one and len(made) == 1)
        self.compare_button.setEnabled(len(made) == 2)
        self.open_button.setEnabled(one and len(made) == 1 and made[0].outcome == BUILT)
        self.remove_button.setEnabled(bool(chosen))

    def _tell(self, signal: Any) -> None:
        chosen = self._selected()
        if len(chosen) == 1:
            signal.emit(chosen[0])

    def _open(self) -> None:
        (chosen,) = self._selected()
        self.opened.emit(chosen.spec.engine)

    def _remove(self) -> None:
        for item in self._selected():
            if isinstance(item, Waiting):
                self.dropped.emit(item.number)
            else:
                self.forgotten.emit(item)

    def _compare(self) -> None:
        one, other = (item for item in self._selected() if isinstance(item, BuildRecord))
        dialog = ComparedBuilds(one, other, self.rows.theme, self.window())
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


class _Differences(RowsModel[tuple[str, str, str]]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = self.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text
        if role == Qt.ItemDataRole.FontRole and index.column() > 0:
            return self.theme.mono_font
        return None


class ComparedBuilds(QDialog):
    """What two builds differ in, side by side."""

    def __init__(
        self, one: BuildRecord, other: BuildRecord, theme: Theme, parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compared-builds")
        self.setWindowTitle("Two builds")
        heads = ("", *(_when(item).strftime("%d %b %H:%M:%S") for item in (one, other)))
        self.rows = _Differences(heads, theme)
        self.rows.show(compared(one, other))
        table = QTableView()
        set_up_table(table, self.rows, "What two builds differ in", (150, 240))
        table.horizontalHeader().setStretchLastSection(True)
        words = "They differ in this:" if self.rows.rows else "They are alike."
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label(words, "strong"))
        layout.addWidget(table, 1)
        layout.addWidget(buttons)
        self.resize(680, 380)
