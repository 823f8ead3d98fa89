"""The optimise dialog: passes to switch, and what each does to the graph on show."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.edits.grappler import Grappler
from surgeon_gui.edits.optimise import (
    GRAPPLER,
    PASSES,
    PRESETS,
    Pass,
    PassDone,
    optimise,
    pass_done,
)
from surgeon_gui.errors import SurgeonError, UsageError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.graph.values import Shape
from surgeon_gui.settings import Settings
from surgeon_gui.ui.dialogs.optimise_work import GrapplerWork
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import ComboBox, button, label, row, set_role

_COLUMNS = ("Pass", "Nodes before", "After", "What it did")
_WAIT_MS = 150
_TITLES = {"all": "All passes", "nvidia": "As NVIDIA's recipes did"}
_CUSTOM = "My choice"


class PassesModel(RowsModel[Pass]):
    """The passes, each with a box to switch it, and what it did.

    Signals:
        switched(): another choice of passes.
    """

    switched = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(_COLUMNS, theme)
        self.chosen = set(PRESETS["all"])
        self.done: dict[str, PassDone] = {}
        self.show([GRAPPLER, *PASSES.values()])

    def choose(self, names: set[str]) -> None:
        """Switch on these passes and no others."""
        self.chosen = set(names)
        self._renew()
        self.switched.emit()

    def show_done(self, done: tuple[PassDone, ...]) -> None:
        """Show what the passes did; none takes the figures away."""
        self.done = {item.id: item for item in done}
        self._renew()

    def _renew(self) -> None:
        last = self.index(self.rowCount() - 1, len(_COLUMNS) - 1)
        self.dataChanged.emit(self.index(0, 0), last)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (1, 2):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return super().headerData(section, orientation, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        known = super().flags(index)
        return known | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else known

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        name = self.rows[index.row()].id
        wanted = Qt.CheckState(value) == Qt.CheckState.Checked
        self.choose(self.chosen | {name} if wanted else self.chosen - {name})
        return True

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item, column = self.rows[index.row()], index.column()
        done = self.done.get(item.id)
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            on = item.id in self.chosen
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DisplayRole:
            if column == 0:
                return item.title
            if done is None:
                return ""
            return ("", str(done.nodes_before), str(done.nodes_after), done.did)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (1, 2):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and done is not None and not done.steps:
            return self.theme.color("muted")
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.tip
        return None


class OptimiseDialog(QDialog):
    """Lets the user choose passes, shows what each would do, and applies them.

    Signals:
        accepted_passes(object, object): the graph they were tried on, and a tuple of `PassDone`.
        difference_wanted(object): a tuple of `PassDone` whose result is to be seen first.
    """

    accepted_passes = Signal(object, object)
    difference_wanted = Signal(object)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        graph: Graph,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("optimise")
        self.setWindowTitle("Optimise")
        self.setAccessibleName("Optimise")
        self.resize(760, 700)
        self._session, self._graph = session, graph
        self._done: tuple[PassDone, ...] = ()
        # What TensorFlow made of the graph, once it did, and whether it could not.
        self._after: Graph | None = None
        self._failed = self._cancelled = self._leaving = False
        self.title = label("", "strong", wrap=True)
        self.title.setAccessibleName("What the passes come to")
        self.preset = ComboBox("Preset")
        for key in PRESETS:
            self.preset.addItem(_TITLES[key], key)
        self.preset.addItem(_CUSTOM)
        self.preset.activated.connect(lambda _index: self._take_preset())
        self.sizes = QLineEdit()
        self.sizes.setAccessibleName("Input sizes")
        self.sizes.setPlaceholderText(_example(graph))
        self.sizes.setToolTip("Sizes to fix, separated by commas; empty leaves the inputs alone")
        self.sizes.textChanged.connect(lambda _text: self._later())
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.addRow("Preset", self.preset)
        form.addRow("Input sizes", self.sizes)
        self.model = PassesModel(theme)
        self.model.switched.connect(self._switched)
        self.table = QTableView()
        set_up_table(self.table, self.model, "Passes", (230, 104, 72))
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self.work = GrapplerWork(session, settings)
        self.work.hide()
        self.words = label("Each pass is a step of its own to undo.", "muted", wrap=True)
        self.difference_button = button("Difference", self._compare, kind="button")
        self.difference_button.setToolTip("Show in the window what the passes would change")
        self.apply_button = button("Apply", self._accept, kind="primary")
        self.apply_button.setDefault(True)
        self.cancel_button = button("Cancel", self._cancel, kind="button")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.title)
        layout.addLayout(form)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.work)
        layout.addWidget(self.words)
        layout.addWidget(row(self.difference_button, None, self.cancel_button, self.apply_button))
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_WAIT_MS)
        self._delay.timeout.connect(self._try)
        self.work.optimised.connect(self._take_optimised)
        self.work.stopped.connect(self._note_stopped)
        self.work.running_changed.connect(self._note_running)
        self.finished.connect(lambda _result: self._end())
        session.changed.connect(self._follow)
        session.opened.connect(self.reject)
        self._later()

    def _follow(self) -> None:
        """The graph was edited beside: what was tried is not what it would be now."""
        graph = self._session.graph
        if graph is not None and graph is not self._graph:
            self._graph = graph
            self._after, self._failed = None, False
            self._stop()
            self._later()

    def _take_preset(self) -> None:
        key = self.preset.currentData()
        if key is not None:
            self.model.choose(set(PRESETS[key]))

    def _switched(self) -> None:
        same = (key for key, names in PRESETS.items() if set(names) == self.model.chosen)
        self.preset.setCurrentIndex(self.preset.findData(next(same, None)))
        if not self._wants_tensorflow:
            self._failed = False
        self._later()

    # TensorFlow's optimiser

    @property
    def _wants_tensorflow(self) -> bool:
        return GRAPPLER.id in self.model.chosen

    def _optimise_first(self) -> bool:
        """Let TensorFlow optimise where that is wanted; False as long as it has not."""
        if not self._wants_tensorflow:
            self._stop()
            return True
        self.work.show()
        if self._after is not None:
            return True
        if self._failed:
            self._done = ()
            self.model.show_done(())
            set_role(self.title, "refuses")
            self.title.setText("TensorFlow's optimiser did not run")
            return False
        self.title.setText("TensorFlow is optimising…")
        if not self.work.is_running():
            self.work.start(self._graph)
        return False

    def _take_optimised(self, before: Graph, after: Graph) -> None:
        self._cancelled = False
        if before is self._graph:
            self._after = after
        self._later()

    def _note_stopped(self, graph: Graph) -> None:
        cancelled, self._cancelled = self._cancelled, False
        if graph is self._graph and not cancelled:
            self._failed = True
        self._later()

    def _note_running(self) -> None:
        running = self.work.is_running()
        self.cancel_button.setText("Stop" if running else "Cancel")
        if self._leaving and not running:
            super().reject()

    def _stop(self) -> None:
        if self.work.is_running() and not self._cancelled:
            self._cancelled = True
            self.work.cancel()

    def _cancel(self) -> None:
        """Go on without TensorFlow while it is at work, else close."""
        if self.work.is_running():
            self.model.choose(self.model.chosen - {GRAPPLER.id})
        else:
            self.reject()

    def reject(self) -> None:
        """Close; a job that runs is stopped first."""
        if self.work.is_running():
            self._leaving = True
            self._stop()
        else:
            super().reject()

    # All passes

    def _later(self) -> None:
        self._enable(False)
        set_role(self.title, "strong")
        self.title.setText("Trying the passes…")
        self._delay.start()

    def _try(self) -> None:
        graph, names = self._graph, tuple(self.model.chosen)
        try:
            shapes = _shapes(self.sizes.text())
        except UsageError as error:
            self._refuse(error)
            return
        if not self._optimise_first():
            return
        first = self._after if self._wants_tensorflow else None

        def work() -> tuple[PassDone, ...]:
            if first is None:
                return optimise(graph, names, shapes)
            steps = [] if first is graph else [(Grappler(), first)]
            return pass_done(GRAPPLER, graph, steps), *optimise(first, names, shapes)

        self._session.tasks.run("optimise", work, self._show, self._refuse)

    def _show(self, done: tuple[PassDone, ...]) -> None:
        self._done = done
        self.model.show_done(done)
        before = len(self._graph)
        after = done[-1].nodes_after if done else before
        changed = any(item.steps for item in done)
        self.title.setText(
            f"{before} nodes become {after}" if changed else "There is nothing to optimise"
        )
        self._enable(changed)

    def _enable(self, changed: bool) -> None:
        self.apply_button.setEnabled(changed)
        self.difference_button.setEnabled(changed)

    def _refuse(self, error: SurgeonError) -> None:
        self._done = ()
        self.model.show_done(())
        set_role(self.title, "refuses")
        self.title.setText(str(error))

    def _accept(self) -> None:
        self.accepted_passes.emit(self._graph, self._done)
        self.accept()

    def _compare(self) -> None:
        self.difference_wanted.emit(self._done)

    def _end(self) -> None:
        self._delay.stop()
        self._session.changed.disconnect(self._follow)
        self._session.opened.disconnect(self.reject)
        self._session.tasks.drop("optimise")
        self.work.drop()
        self.deleteLater()


def _example(graph: Graph) -> str:
    inputs = deduce_inputs(graph)
    return f"for example {inputs[0].name}=1x224x224x3" if inputs else "none"


def _shapes(text: str) -> dict[str, Shape]:
    """Read `name=1x224x224x3, other=1x8`.

    Raises:
        UsageError: it is not of that form.
    """
    found = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        name, equals, dims = part.rpartition("=")
        sizes = dims.strip().replace("?", "-1").split("x")
        if not (equals and name and all(size.removeprefix("-").isdigit() for size in sizes)):
            raise UsageError(f"{part} is no size.", hint="Write input=1x224x224x3.")
        found[name.strip()] = Shape(tuple(map(int, sizes)))
    return found
