"""The verify panel: TensorFlow on the original against the network on the CPU, per output."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.errors import SurgeonError
from surgeon_gui.jobs.outcome import Cancelled, Outcome, Succeeded
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.pipeline import prepare_verify
from surgeon_gui.settings import Settings
from surgeon_gui.ui.icons import status_icon
from surgeon_gui.ui.jobs import JobRunner
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, set_role

logger = logging.getLogger(__name__)

_COLUMNS = ("", "Output", "Shape", "Largest difference", "Relative", "Cosine", "")
_METRICS = {3: "max_abs", 4: "max_rel", 5: "cosine"}


class _Outputs(QAbstractTableModel):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.rows: tuple[TensorComparison, ...] = ()

    def show(self, rows: tuple[TensorComparison, ...]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        return None

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
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


class VerifyPanel(QWidget):
    """Runs the verification in a worker and shows its rows.

    Signals:
        followed(str): the user wants to see a node in the graph.
        verified(str): the result in a few words (rich text), for the status bar.
        running_changed(): a comparison began or ended.
    """

    followed = Signal(str)
    verified = Signal(str)
    running_changed = Signal()

    def __init__(self, session: Session, settings: Settings, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Verify")
        self._session = session
        self._settings = settings
        self._preparing = False
        self._started = 0.0
        self._phase = ""
        self._diverging = ""
        self.job = JobRunner(self)
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
        self._model = _Outputs(theme)
        self.table = QTableView()
        self.table.setAccessibleName("Outputs compared")
        self.table.setModel(self._model)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        head = self.table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate((32, 320, 160, 140, 120, 120)):
            head.resizeSection(column, width)
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
        self._clock = QTimer(self)
        self._clock.setInterval(200)
        self._clock.timeout.connect(self._tick)
        self.job.progressed.connect(lambda phase, _done, _total: self._show_phase(phase))
        self.job.logged.connect(lambda level, text: logger.log(level, "%s", text))
        self.job.ended.connect(self._ended)
        self.table.doubleClicked.connect(self._follow)
        self.table.activated.connect(self._follow)
        session.opened.connect(self._reset)
        session.edited.connect(self._reset)
        self._reset()

    def set_theme(self, theme: Theme) -> None:
        self._model.theme = theme
        self.table.viewport().update()

    def use_settings(self, settings: Settings) -> None:
        """Verify as these settings say from now on."""
        self._settings = settings

    def is_running(self) -> bool:
        return self._preparing or self.job.is_running

    def start(self) -> None:
        """Write both graphs and start the worker."""
        document = self._session.document
        if document is None or self.is_running():
            return
        original, graph, seed = document.original, document.graph, self.seed.value()
        self._preparing = True
        self._say("", "")
        self._model.show(())
        self._started = time.monotonic()
        self._show_phase("Preparing")
        self._clock.start()
        self._enable()
        max_rel, min_cosine = self._settings.verify_max_rel, self._settings.verify_cosine

        def work() -> tuple[VerifySpec, Path]:
            directory = new_job_directory("verify")
            spec = prepare_verify(original, graph, directory, seed=seed)
            return replace(spec, max_rel=max_rel, min_cosine=min_cosine), directory

        self._session.tasks.run("verify-prepare", work, self._launch, self._refused)

    def cancel(self) -> None:
        if self._preparing:
            self._session.tasks.drop("verify-prepare")
            self._finish()
            self._say("The comparison was cancelled.", "muted")
        else:
            self.job.cancel()

    def stop(self) -> None:
        """End the worker, before the window goes."""
        self._clock.stop()
        self.job.close()

    def _launch(self, prepared: tuple[VerifySpec, Path]) -> None:
        spec, directory = prepared
        self._preparing = False
        timeout = float(self._settings.job_timeout_s) or None
        python = self._settings.worker_python or sys.executable
        warm = self._settings.warm_reference
        self.job.start(spec, directory, python=python, timeout=timeout, warm=warm)
        self._enable()

    def _refused(self, error: SurgeonError) -> None:
        self._finish()
        self._say_error(error)

    def _ended(self, outcome: Outcome) -> None:
        self._finish()
        if isinstance(outcome, Succeeded) and isinstance(outcome.result, VerifyResult):
            self._show_result(outcome.result)
        elif isinstance(outcome, Cancelled):
            self._say("The comparison was cancelled.", "muted")
        elif not isinstance(outcome, Succeeded):
            self._say_error(outcome.error())

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

    def _say_error(self, error: SurgeonError) -> None:
        where = f"{error.where}: " if error.where else ""
        self._say(where + error.message, "refuses")
        self._hint(error.hint or "")
        logger.error("%s", error)

    def _say(self, words: str, role: str) -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self._hint("")
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

    def _finish(self) -> None:
        self._preparing = False
        self._clock.stop()
        self._enable()

    def _show_phase(self, phase: str) -> None:
        self._phase = phase
        self._tick()

    def _tick(self) -> None:
        set_role(self.words, "muted")
        self.words.setText(f"{self._phase}…  {time.monotonic() - self._started:.0f} s")

    def _enable(self) -> None:
        self.verify_button.setEnabled(self._session.graph is not None and not self.is_running())
        self.cancel_button.setEnabled(self.is_running())
        self.seed.setEnabled(not self.is_running())
        self.running_changed.emit()

    def _follow(self, index: QModelIndex) -> None:
        self.followed.emit(self._model.rows[index.row()].name.partition(":")[0])
