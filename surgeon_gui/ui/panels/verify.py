"""The verify panel: any two ways to compute the graph, tensor by tensor.

As it opens, it holds the network on the CPU against the opened graph in TensorFlow.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from surgeon_gui.comparing import graph_side
from surgeon_gui.errors import SaveError, SurgeonError, UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.jobs.comparison_page import remarks, save_comparison
from surgeon_gui.jobs.feeding import load_preset, save_preset
from surgeon_gui.jobs.spec import CompareResult, CompareSpec, SideSpec
from surgeon_gui.jobs.store import new_job_directory
from surgeon_gui.settings import Settings
from surgeon_gui.ui.chooser import PathChooser
from surgeon_gui.ui.panels.comparison_limits import ComparisonLimits
from surgeon_gui.ui.panels.comparison_table import ComparisonTable
from surgeon_gui.ui.panels.feeding import FeedingForm, align_labels
from surgeon_gui.ui.panels.job_panel import JobPanel
from surgeon_gui.ui.session import Session
from surgeon_gui.ui.theme import Theme
from surgeon_gui.ui.widgets import (
    ComboBox,
    FormColumn,
    button,
    label,
    row,
    set_role,
    takes_what_is_left,
)

_FILE = "file"
_WAYS = (
    ("network", "The graph as network on the CPU"),
    ("network-fp16", "The graph as network on the CPU, fp16"),
    ("network-bf16", "The graph as network on the CPU, bf16"),
    ("fp32", "The graph as engine, fp32"),
    ("fp16", "The graph as engine, fp16"),
    ("bf16", "The graph as engine, bf16"),
    ("int8", "The graph as engine, int8"),
    ("tensorflow", "The graph in TensorFlow"),
    ("original", "The opened graph in TensorFlow"),
    (_FILE, "A file…"),
)
_SIDES = (
    "Engines, networks, graphs and stored results "
    "(*.engine *.plan *.trt *.network *.onnx *.pb *.pbtxt *.npz)",
    "All files (*)",
)
_REPORTS = ("Page (*.html)", "JSON (*.json)")


@dataclass(frozen=True)
class _Wanted:
    """A side as the form has it: one of `_WAYS`, the file where it is one, what keeps float32."""

    way: str
    file: Path | None
    kept: tuple[str, ...] = ()

    def side(self, original: Graph, graph: Graph, target: Path, name: str) -> SideSpec:
        """Write what it is computed from."""
        if self.file is not None:
            return SideSpec(self.file)
        if self.way == "original":
            return graph_side(original, "tensorflow", target, title=name)
        return graph_side(graph, self.way, target, title=name, kept=self.kept)


class VerifyPanel(JobPanel):
    """Runs comparisons in a worker and shows their rows.

    Signals:
        followed(str): the user wants to see a node in the graph.
        verified(str): the result in a few words (rich text), for the status bar.
    """

    followed = Signal(str)
    verified = Signal(str)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        theme: Theme,
        chooser: PathChooser | None = None,
    ) -> None:
        super().__init__("verify", "comparison", session, settings)
        self.setAccessibleName("Verify")
        self._chooser = chooser or PathChooser()
        self._phase = ""
        self._diverging = ""
        self._proves = False
        self.result: CompareResult | None = None
        self.value, self.value_file, value_row = self._side("Compare", "network")
        self.reference, self.reference_file, reference_row = self._side("With", "original")
        self._file_rows = (value_row, reference_row)
        self.feeding = FeedingForm(self._chooser, settings.verify_seed)
        self.limits = ComparisonLimits(settings, session.selected_nodes)
        self.layers = QCheckBox("Every layer")
        self.layers.setToolTip(
            "Compare all tensors both have; otherwise inner ones only where an output differs"
        )
        self.verify_button = button(
            "Verify", self.start, kind="primary", tip="Run both and compare  (Ctrl+T)"
        )
        self.cancel_button = button("Cancel", self.cancel, kind="button", tip="Stop the comparison")
        self.words = label("", wrap=True, copyable=True)
        self.hint = label("", "muted", wrap=True, copyable=True)
        self.show_button = button(
            "Show the first node that differs", lambda: self.followed.emit(self._diverging)
        )
        self.report_button = button("Save report…", self._save_report, tip="As a page or JSON")
        self.store_button = button(
            "Store results…", self._store, tip="Keep what was computed, to compare with later"
        )
        self.table = ComparisonTable(theme)
        self._lay_out()
        self.table.doubleClicked.connect(self._follow)
        self.table.activated.connect(self._follow)
        for box in (self.value, self.reference):
            box.currentIndexChanged.connect(lambda _index: self._enable())
        session.opened.connect(self._recall)
        session.opened.connect(self._reset)
        session.edited.connect(self._reset)
        self.set_theme(theme)
        self._reset()

    def _side(self, name: str, way: str) -> tuple[ComboBox, QLineEdit, QWidget]:
        box = ComboBox(name)
        box.setToolTip(f"{name}: what computes the tensors")
        for key, words in _WAYS:
            box.addItem(words, key)
        box.setCurrentIndex(box.findData(way))
        field = QLineEdit()
        field.setAccessibleName(f"{name}, file")
        field.setToolTip("An engine, a network, a graph or stored results")

        def choose() -> None:
            folder = str(Path(field.text()).parent) if field.text() else ""
            self._chooser.open_file(
                self.window(), name, folder, _SIDES, lambda path: field.setText(str(path))
            )

        return box, field, row(field, button("Choose…", choose, tip=name), spacing=4)

    def _lay_out(self) -> None:
        self._form = form = QFormLayout()
        form.addRow("Compare", self.value)
        form.addRow("", self._file_rows[0])
        form.addRow("With", self.reference)
        form.addRow("", self._file_rows[1])
        form.addRow(self.feeding)
        form.addRow(self.limits)
        align_labels(form, self.feeding.form, self.limits.form)
        right = QVBoxLayout()
        right.setContentsMargins(12, 12, 12, 8)
        right.setSpacing(8)
        right.addWidget(self.words)
        right.addWidget(self.hint)
        right.addWidget(row(self.show_button, self.report_button, self.store_button, None))
        right.addWidget(takes_what_is_left(self.table), 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        foot = row(self.verify_button, self.cancel_button, None, self.layers)
        layout.addWidget(FormColumn(form, foot))
        layout.addLayout(right, 1)

    def set_theme(self, theme: Theme) -> None:
        self.table.set_theme(theme)
        self.feeding.set_theme(theme)
        self.limits.set_theme(theme)
        for field in (self.value_file, self.reference_file):
            field.setFont(theme.mono_font)

    def use_settings(self, settings: Settings) -> None:
        super().use_settings(settings)
        self.limits.use_settings(settings)

    def start(self) -> None:
        """Write what both sides are computed from and start the worker."""
        document = self._session.document
        if document is None or self.is_running():
            return
        try:
            feeding = self.feeding.choice()
            value = self._wanted(self.value, self.value_file)
            reference = self._wanted(self.reference, self.reference_file)
            limits = self.limits.tolerance()
        except SurgeonError as error:
            self._say_error(error)
            return
        original, graph, name = document.original, document.graph, self._session.title
        path, settings = self._session.path, self._settings
        self.result = None
        self._say("", "")
        self.table.show_rows(())
        options = CompareSpec(
            SideSpec(Path()),
            SideSpec(Path()),
            inputs=feeding.inputs,
            images=feeding.images,
            seed=feeding.seed,
            distribution=feeding.distribution,
            all_tensors=self.layers.isChecked(),
            max_rel=limits.max_rel,
            min_cosine=limits.min_cosine,
            plugins=tuple(map(Path, settings.plugins)),
        )

        def work() -> tuple[CompareSpec, Path]:
            directory = new_job_directory("compare")
            if path is not None:
                save_preset(path, feeding)
            spec = replace(
                options,
                value=value.side(original, graph, directory / "value", name),
                reference=reference.side(original, graph, directory / "reference", name),
                save_value=directory / "computed.npz",
            )
            return spec, directory

        # Networks and engines of the graph as it is prove its surgery; files may be of another, and
        # half precision is allowed more.
        proves = reference.way == "original" and value.file is None
        self._proves = proves and not self.limits.is_half
        warm = settings.warm_reference and "tensorflow" in self._ways()
        self._begin("Preparing", work, warm=warm)

    def _wanted(self, box: ComboBox, field: QLineEdit) -> _Wanted:
        way = str(box.currentData())
        if way != _FILE:
            return _Wanted(way, None, self.limits.names())
        text = field.text().strip()
        if not text:
            raise UsageError("Choose the file to compare.", where=box.accessibleName())
        return _Wanted(way, Path(text).absolute())

    def _ways(self) -> set[str]:
        """Return how the two sides are computed, the opened graph as TensorFlow's."""
        ways = {str(box.currentData()) for box in (self.value, self.reference)}
        return {"tensorflow" if way == "original" else way for way in ways}

    def _show_result(self, result: CompareResult) -> None:
        self.result = result
        rows = (*result.outputs, *result.tensors)
        self.table.show_rows(rows)
        worst = max((row.metrics.get("max_abs", 0.0) for row in result.outputs), default=0.0)
        against = "TensorFlow" if "tensorflow" in self._ways() else result.reference
        if result.ok:
            self._say(f"Equal to {against} within the tolerance, {result.seconds:.1f} s.", "strong")
            self.verified.emit(f"Verified: largest difference <b>{worst:.2g}</b>")
        elif all(row.ok or not row.is_compared for row in result.outputs):
            self._say(f"Not compared: {against} gives NaN.", "muted")
            self.verified.emit(f"Not compared: {against} gives <b>NaN</b>")
        else:
            self._say(f"The numbers differ from {against}'s.", "refuses")
            self.verified.emit(f"Differs by up to <b>{worst:.2g}</b>")
        times = [f"{item.title}: {item.ms:.2f} ms a run." for item in result.times]
        self._hint("\n".join([*remarks(result), " ".join(times)]).strip())
        first = result.first_divergence
        self._diverging = first.node if first else ""
        graph = self._session.graph
        here = graph is not None and self._diverging in graph
        self.show_button.setVisible(bool(self._diverging) and here)
        self.report_button.show()
        self.store_button.show()
        self._note_errors(result)
        if self._proves:
            self._session.verified = result.outputs

    def _note_errors(self, result: CompareResult) -> None:
        errors: dict[str, float] = {}
        for item in (*result.tensors, *result.outputs):
            node = TensorRef.parse(item.name).node
            errors[node] = max(errors.get(node, 0.0), item.metrics.get("max_rel", float("inf")))
        self._session.note_measured(errors=errors)

    def _say(self, words: str, role: str, hint: str = "") -> None:
        self.words.setText(words)
        set_role(self.words, role)
        self._hint(hint)
        for each in (self.show_button, self.report_button, self.store_button):
            each.hide()

    def _hint(self, words: str) -> None:
        self.hint.setText(words)
        self.hint.setVisible(bool(words))

    def _recall(self) -> None:
        """Fill the form with how this model was fed last."""
        path = self._session.path
        preset = load_preset(path) if path is not None else None
        if preset is not None:
            self.feeding.show_choice(preset)

    def _reset(self) -> None:
        if self.is_running():
            return
        self.result = None
        self.table.show_rows(())
        self._say(
            "Runs the opened graph in TensorFlow and the edited one as a network on the CPU, "
            "with the same inputs. Engines and stored results can be compared too.",
            "muted",
        )
        self._enable()

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._phase = phase + (f"  {done} of {total}" if total > 0 else "")
        self._tick()

    def _tick(self) -> None:
        set_role(self.words, "muted")
        self.words.setText(f"{self._phase}…  {self._seconds():.0f} s")

    def _enable(self) -> None:
        running = self.is_running()
        self.verify_button.setEnabled(self._session.graph is not None and not running)
        self.cancel_button.setEnabled(running)
        for each in (self.value, self.reference, self.feeding, self.limits, self.layers):
            each.setEnabled(not running)
        self.limits.set_ways(self._ways())
        for box, file_row in zip((self.value, self.reference), self._file_rows, strict=True):
            file_row.setEnabled(not running)
            self._form.setRowVisible(file_row, box.currentData() == _FILE)
        super()._enable()

    def _follow(self, index: QModelIndex) -> None:
        self.followed.emit(TensorRef.parse(self.table.name_at(index.row())).node)

    def _ask_where(
        self, title: str, name: str, filters: tuple[str, ...], write: Callable[[Path], object]
    ) -> None:
        beside = self._session.path.parent if self._session.path is not None else Path()
        stem = self._session.path.stem if self._session.path is not None else "graph"
        self._chooser.save_file(
            self.window(),
            title,
            beside / f"{stem}_{name}",
            filters,
            lambda path: self._session.compute("export", partial(write, path), lambda _: None),
        )

    def _save_report(self) -> None:
        result, title = self.result, self._session.title
        if result is not None:
            self._ask_where(
                "Save the report",
                "comparison.html",
                _REPORTS,
                lambda path: save_comparison(path, result, title),
            )

    def _store(self) -> None:
        stored = self.result.saved if self.result is not None else None
        if stored is not None:
            self._ask_where(
                "Store the results",
                "results.npz",
                ("Arrays (*.npz)",),
                lambda path: _copied(stored, path),
            )


def _copied(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise SaveError(
            f"The results cannot be stored: {error.strerror or error}.", where=str(target)
        ) from error
