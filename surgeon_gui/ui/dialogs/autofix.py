"""The auto-fix dialog: the plan, what each step does, what remains, and the numeric check."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.comparing import tolerance_for
from surgeon_gui.edits.base import Edit
from surgeon_gui.errors import NotConvertible, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.jobs.spec import VerifyResult, VerifySpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.pipeline import prepare_verify
from surgeon_gui.settings import Settings
from surgeon_gui.targets.autofix import Fix, Step, find_fix
from surgeon_gui.targets.groups import group_remaining
from surgeon_gui.ui.backstage import backstage
from surgeon_gui.ui.icons import status_pixmap
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.scrolling import ScrollArea
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.tables import Index, RowsModel, set_up_table
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import button, label, row, set_role

_COLUMNS = ("", "Rule", "What it does", "Places", "Numbers", "Left after it")
_ROW = 26
_BETWEEN = 8


class _Steps(RowsModel[Step]):
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        step, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                str(index.row() + 1),
                step.rule,
                step.summary,
                str(step.changes),
                "stay the same" if step.exact else "may change",
                "none" if not step.left else str(step.left),
            )[column]
        if role == Qt.ItemDataRole.FontRole and column == 1:
            return self.theme.mono_font
        if role == Qt.ItemDataRole.ForegroundRole and column == 4 and not step.exact:
            return self.theme.status("caveat")
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{step.rule}: {step.summary}"
        return None


class Check(JobPanel):
    """The line of the numeric check: the fixed graph against TensorFlow, in a worker.

    Signals:
        checked(str): it ended; what it said.
    """

    checked = Signal(str)

    def __init__(self, session: Session, settings: Settings, theme: Theme) -> None:
        super().__init__("autofix-check", "check", session, settings)
        self.setAccessibleName("Numeric check")
        self._theme = theme
        self._phase = ""
        self.mark = QLabel()
        self.mark.setFixedSize(16, 16)
        self.words = label("", "muted", wrap=True, copyable=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.words, 1)

    def start(self, original: Graph, graph: Graph, edit: Edit) -> None:
        """Compare `graph` after the edit with TensorFlow's numbers of the original."""
        settings = self._settings

        def work() -> tuple[VerifySpec, Path]:
            directory = new_job_directory("verify")
            after = edit.apply(graph)
            spec = prepare_verify(
                original,
                after,
                directory,
                seed=settings.verify_seed,
                tolerance=tolerance_for(settings),
            )
            return spec, directory

        self._begin("Preparing", work)

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._phase = phase
        self._tick()

    def _tick(self) -> None:
        set_role(self.words, "muted")
        self.words.setText(f"Checking the numbers: {self._phase}…  {self._seconds():.0f} s")

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self._show("unknown", f"{words} {hint}".strip(), role)

    def _say_error(self, error: SurgeonError) -> None:
        if isinstance(error, NotConvertible) and error.problems:
            first, count = error.problems[0], len(error.problems)
            which = "A node does" if count == 1 else f"{count} nodes do"
            why = f"{which} not convert, so there are none: {first}"
        else:
            why = f"{error.message}{f' ({error.where})' if error.where else ''}"
        self._say(f"The numbers cannot be checked. {why}", "muted")

    def _show_result(self, result: Any) -> None:
        if not isinstance(result, VerifyResult):
            return
        worst = max((row.metrics.get("max_abs", 0.0) for row in result.outputs), default=0.0)
        if result.ok:
            count = len(result.outputs)
            outputs = "the output is" if count == 1 else f"all {count} outputs are"
            self._show(
                "takes",
                f"Checked: after it {outputs} equal to TensorFlow's within the tolerance "
                f"(largest difference {worst:.2g}).",
                "",
            )
            return
        first = result.first_divergence
        where = f" The first that differs is {first.node} ({first.op})." if first else ""
        self._show(
            "caveat", f"Checked: the numbers differ from TensorFlow's by {worst:.2g}.{where}", ""
        )

    def _show(self, status: str, words: str, role: str) -> None:
        self.mark.setPixmap(status_pixmap(status, self._theme, 16, self.devicePixelRatioF()))
        set_role(self.words, role)
        self.words.setText(words)
        self.checked.emit(words)


class AutofixDialog(QDialog):
    """Finds the shortest list of rules, shows it with its effect, and applies it as one step.

    Signals:
        accepted_fix(object): the `Fix` the user wants applied.
    """

    accepted_fix = Signal(object)

    def __init__(
        self, session: Session, settings: Settings, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("autofix")
        self.setWindowTitle("Auto-fix")
        self.setAccessibleName("Auto-fix")
        self.resize(900, 420)
        self._session = session
        self._theme = theme
        self._fix: Fix | None = None
        self._started = time.monotonic()
        self.title = label("", "strong", wrap=True)
        self.title.setAccessibleName("What the plan comes to")
        self._model = _Steps(_COLUMNS, theme)
        self.table = QTableView()
        set_up_table(
            self.table, self._model, "Steps of the plan", (28, 232, 300, 56, 104), row_height=_ROW
        )
        self.table.setWordWrap(True)
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.left_title = label("", "strong")
        self.left = label("", wrap=True, copyable=True)
        self.left.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._scroll = ScrollArea(self.left, "What remains")
        self.check = Check(session, settings, theme)
        self.check.checked.connect(lambda _words: QTimer.singleShot(0, self._fit))
        self.apply_button = button("Apply", self._accept, kind="primary")
        self.apply_button.setDefault(True)
        self.cancel_button = button("Cancel", self.reject, kind="button")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.title)
        layout.addWidget(self.table)
        layout.addWidget(self.left_title)
        layout.addWidget(self._scroll, 1)
        layout.addStretch(0)
        layout.addWidget(self.check)
        layout.addWidget(row(None, self.cancel_button, self.apply_button))
        self._clock = QTimer(self)
        self._clock.setInterval(200)
        self._clock.timeout.connect(self._tick)
        self.finished.connect(lambda _result: self._end())
        self._look()

    def _look(self) -> None:
        graph, document = self._session.graph, self._session.document
        if graph is None or document is None:
            return
        present, target, original = graph, self._session.target, document.original
        self.table.hide()
        self.left_title.hide()
        self._scroll.hide()
        self.check.hide()
        self.apply_button.setEnabled(False)
        self._clock.start()
        self._tick()

        def found(fix: Fix) -> None:
            self._clock.stop()
            self._show(fix)
            if fix.rules:
                self.check.show()
                self.check.start(original, present, fix.edit)

        self._session.tasks.run(
            "autofix",
            lambda: backstage().ask(find_fix, present, target.id),
            found,
            self._refuse,
        )

    def _tick(self) -> None:
        seconds = time.monotonic() - self._started
        title = self._session.target.title
        self.title.setText(f"Trying rules for {title}…  {seconds:.0f} s")

    def _refuse(self, error: SurgeonError) -> None:
        self._clock.stop()
        set_role(self.title, "refuses")
        self.title.setText(str(error))

    def _show(self, fix: Fix) -> None:
        self._fix = fix
        self.title.setText(_headline(fix, self._session.target.title))
        self._model.show(fix.steps)
        self.table.setVisible(bool(fix.steps))
        self.table.resizeRowsToContents()
        rows = 0
        for at in range(len(fix.steps)):
            height = self.table.rowHeight(at)
            # Lines of one row stand closer than rows do.
            self.table.setRowHeight(at, height + _BETWEEN if height > _ROW else _ROW)
            rows += self.table.rowHeight(at)
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + min(rows, 9 * _ROW) + 2)
        groups = group_remaining(fix)
        self.left_title.setText("What remains, and needs you")
        self.left_title.setVisible(bool(groups))
        self._scroll.setVisible(bool(groups))
        self.left.setText(
            "\n\n".join(
                f"{group.words}: {group.reason}" + (f"\n{group.remedy}" if group.remedy else "")
                for group in groups
            )
        )
        self.apply_button.setEnabled(bool(fix.rules))
        self.cancel_button.setText("Cancel" if fix.rules else "Close")
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        """Be as high as what there is to say, within reason."""
        layout = self.layout()
        if layout is None:
            return
        text = self.left.heightForWidth(self.width() - 64)
        self._scroll.setMinimumHeight(min(text, 240) if self._scroll.isVisible() else 0)
        layout.activate()
        self.resize(self.width(), max(layout.totalMinimumHeightForWidth(self.width()), 160))

    def _accept(self) -> None:
        if self._fix is not None and self._fix.rules:
            self.accepted_fix.emit(self._fix)
            self.accept()

    def _end(self) -> None:
        self._clock.stop()
        self._session.tasks.drop("autofix")
        self._session.tasks.drop("autofix-check-prepare")
        self.check.stop()
        self.deleteLater()


def _headline(fix: Fix, target: str) -> str:
    if not fix.rules:
        if fix.before:
            return f"No bundled rule removes what {target} refuses."
        return f"{target} refuses nothing: there is nothing to fix."
    count = fix.size.replace("1 ", "One ", 1) if fix.size.startswith("1 ") else fix.size
    now = "1 node is" if fix.before == 1 else f"{fix.before} nodes are"
    then = f"{fix.after} afterwards" if fix.after else "none afterwards"
    return f"{count} for {target}: {now} refused now, {then}."
