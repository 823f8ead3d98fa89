"""The verify panel: TensorFlow on the original against the network on the CPU, per output."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QSpinBox, QTableView, QVBoxLayout

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.pipeline import prepare_verify
from surgeon_gui.settings import Settings
from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, set_role

_COLUMNS = ("", "Output", "Shape", "Largest difference", "Relative", "Cosine", "")
_METRICS = {3: "max_abs", 4: "max_rel", 5: "cosine"}


class _Outputs(RowsModel[TensorComparison]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column in _METRICS:
                value = found.metrics.get(_METRICS[column])
                exact = ".7f" if column == 5 else ".3g"
                return "–" if value is None else format(value, exact)
            return {1: found.name, 2: str(list(found.shape)), 6: found.problem or ""}.get(column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return status_icon("takes" if found.ok else "refuses", self.theme)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == 0:
            return "equal" if found.ok else "differs"
        if role == Qt.ItemDataRole.FontRole and 1 <= column <= 5:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ToolTipRole:
            return found.problem or found.name
        return None


class VerifyPanel(JobPanel):
    """Runs the verification in a worker and shows its rows.

    Signals:
        followed(str): the user wants to see a node in the graph.
        verified(str): the result in a few words (rich text), for the status bar.
    """

    followed = Signal(str)
    verified = Signal(str)

    def __init__(self, session: Session, settings: Settings, theme: Theme) -> None:
        super().__init__("verify", "comparison", session, settings)
        self.setAccessibleName("Verify")
        self._phase = ""
        self._diverging = ""
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(settings.verify_seed)
        self.seed.setFixedWidth(96)
        self.seed.setAccessibleName("Seed of the random inputs")
        self.seed.setToolTip("The same seed gives the same inputs")
        self.verify_button = button(
            "Verify", self.start, kind="small-primary", tip="Compare with TensorFlow  (Ctrl+T)"
        )
        self.cancel_button = button("Cancel", self.cancel, tip="Stop the comparison")
        self.words = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.show_button = button(
            "Show the first node that differs", lambda: self.followed.emit(self._diverging)
        )
        self._model = _Outputs(_COLUMNS, theme)
        self.table = QTableView()
        set_up_table(self.table, self._model, "Outputs compared", (32, 320, 160, 140, 120, 120))
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(8)
        bar.addWidget(label("Seed", "muted"))
        bar.addWidget(self.seed)
        bar.addWidget(self.verify_button)
        bar.addWidget(self.cancel_button)
        bar.addWidget(self.words, 1)
        bar.addWidget(self.show_button)
        below = QVBoxLayout()
        below.setContentsMargins(12, 0, 12, 4)
        below.addWidget(self.hint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addLayout(below)
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 0)
        inset.addWidget(self.table)
        layout.addLayout(inset, 1)
        self.table.doubleClicked.connect(self._follow)
        self.table.activated.connect(self._follow)
        session.opened.connect(self._reset)
        session.edited.connect(self._reset)
        self._reset()

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.table.viewport().update()

    def start(self) -> None:
        """Write both graphs and start the worker."""
        document = self._session.document
        if document is None or self.is_running():
            return
        original, graph, seed = document.original, document.graph, self.seed.value()
        self._say("", "")
        self._model.show(())
        max_rel, min_cosine = self._settings.verify_max_rel, self._settings.verify_cosine

        def work() -> tuple[VerifySpec, Path]:
            directory = new_job_directory("verify")
            spec = prepare_verify(original, graph, directory, seed=seed)
            return replace(spec, max_rel=max_rel, min_cosine=min_cosine), directory

        self._begin("Preparing", work, warm=self._settings.warm_reference)

    def _show_result(self, result: VerifyResult) -> None:
        self._model.show(result.outputs)
        worst = max((row.metrics.get("max_abs", 0.0) for row in result.outputs), default=0.0)
        if result.ok:
            self._say(
                f"Equal to TensorFlow within the tolerance, {result.seconds:.1f} s.", "strong"
            )
            self.verified.emit(f"Verified: largest difference <b>{worst:.2g}</b>")
        else:
            self._say("The numbers differ from TensorFlow's.", "refuses")
            self.verified.emit(f"Differs by up to <b>{worst:.2g}</b>")
        first = result.first_divergence
        self._diverging = first.node if first else ""
        self.show_button.setVisible(bool(self._diverging))
        if first is not None:
            self._hint(f"The first that differs is {first.node} ({first.op}).")

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self._hint(hint)
        self.show_button.hide()

    def _hint(self, words: str) -> None:
        self.hint.setText(words)
        self.hint.setVisible(bool(words))

    def _reset(self) -> None:
        if self.is_running():
            return
        self._model.show(())
        self._say(
            "Runs the opened graph in TensorFlow and the edited one as a network on the CPU, "
            "with the same random inputs.",
            "muted",
        )
        self._enable()

    def _progress(self, phase: str, _done: int, _total: int) -> None:
        self._phase = phase
        self._tick()

    def _tick(self) -> None:
        set_role(self.words, "muted")
        self.words.setText(f"{self._phase}…  {self._seconds():.0f} s")

    def _enable(self) -> None:
        self.verify_button.setEnabled(self._session.graph is not None and not self.is_running())
        self.cancel_button.setEnabled(self.is_running())
        self.seed.setEnabled(not self.is_running())
        super()._enable()

    def _follow(self, index: QModelIndex) -> None:
        self.followed.emit(self._model.rows[index.row()].name.partition(":")[0])
